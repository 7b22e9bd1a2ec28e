/** What a failure means to whoever has asked, in the codes that all JSON dialects share. */
import type { ProblemCode } from "@verso/protocol";
import { StorageError } from "@verso/storage";
import { ServerError } from "./errors.js";

export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  /** JSON Pointer to what is wrong with what was sent. */
  readonly pointer?: string | undefined;
}

/** `null` for a failure that is the relay's own. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof StorageError) {
    if (error.code === "erased") return { code: "deleted", detail: "The document was erased." };
    return error.transient ? { code: "unavailable", detail: "The store is not ready; try again." } : null;
  }
  if (!(error instanceof ServerError)) return null;
  const { code, message: detail, pointer } = error;
  switch (code) {
    case "document-unknown":
      return { code: "not-found", detail };
    case "document-deleted":
    case "document-erased":
      return { code: "deleted", detail };
    case "document-closed":
    case "shutting-down":
      return { code: "unavailable", detail: `${detail} Try again.` };
    case "unknown-kind":
      return { code: "forbidden-document", detail };
    case "document-exists":
    case "document-full":
    case "base-unknown":
    case "patch-invalid":
    case "test-failed":
    case "content-invalid":
    case "conflict-unknown":
    case "conflicts-full":
    case "version-unknown":
    case "version-dropped":
    case "pointer-unknown":
      return { code, detail, pointer };
    default:
      return null;
  }
}
