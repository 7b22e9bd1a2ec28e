/** What the HTTP API refuses: thrown by a route, it becomes the body of the answer (RFC 9457). */
import { type Problem, type ProblemCode, problemStatus, safeParse } from "@verso/protocol";
import { StorageError } from "@verso/storage";
import type { z } from "zod";
import { ServerError } from "./errors.js";

/** What else a problem has to tell. */
export type ProblemMembers = Pick<
  Problem,
  "issues" | "target" | "sequence" | "revision_id" | "pointer" | "conflict"
>;

export class HttpProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly members: ProblemMembers = {},
  ) {
    super(detail);
  }
}

/** What a client sent, checked; a problem names its place. */
export function parse<T>(schema: z.ZodType<T>, sent: unknown): T {
  const parsed = safeParse(schema, sent);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".");
  throw new HttpProblem(
    "bad-request",
    `${place ? `The parameter "${place}"` : "What was sent"} is not valid: ${issue?.message}`,
  );
}

export interface ProblemContext {
  /** Whether the relay still accepts requests: what one was using may have been closed under it. */
  readonly accepting: boolean;
  /** Told of what nobody has foreseen. */
  readonly onError: (error: unknown) => void;
}

/** The problem that an error is for whoever has asked. */
export function toProblem(error: unknown, { accepting, onError }: ProblemContext): Problem {
  const { code, message, members = {} } = refusalOf(error, accepting);
  // What is refused by intention has told what there is to tell.
  if (code === "internal" && !(error instanceof HttpProblem)) onError(error);
  const status = problemStatus[code];
  return {
    type: "about:blank",
    title: titles[status] ?? "Error",
    status,
    code,
    detail: message,
    ...members,
  };
}

type Refusal = Pick<HttpProblem, "code" | "message"> & Partial<Pick<HttpProblem, "members">>;

function refusalOf(error: unknown, accepting: boolean): Refusal {
  if (error instanceof HttpProblem) return error;
  if (!accepting) return { code: "unavailable", message: "The relay is shutting down." };
  if (error instanceof ServerError) {
    const code = codeOf(error.code);
    if (error.code === "document-closed")
      return { code: "unavailable", message: `${error.message} Try again.` };
    if (code !== null) {
      const { message, pointer } = error;
      return { code, message, members: pointer === undefined ? {} : { pointer } };
    }
  }
  if (error instanceof StorageError && error.transient) {
    return { code: "unavailable", message: "The store cannot be read now; try again." };
  }
  if (error instanceof StorageError && error.code === "erased") {
    return { code: "deleted", message: "The document was erased." };
  }
  // Express and its parts give client errors a status: a bad escape in the path, or a body in an unknown encoding (415).
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 400 || status === 415) return { code: "bad-request", message: (error as Error).message };
  if (status === 413) return { code: "too-large", message: "The body of the request is too large." };
  return { code: "internal", message: "The relay failed at this request; its log says more." };
}

/** What a server cannot do because of what it was asked for; `null` where it is not the asker's fault. */
function codeOf(code: ServerError["code"]): ProblemCode | null {
  switch (code) {
    case "document-unknown":
      return "not-found";
    case "document-deleted":
    case "document-erased":
      return "deleted";
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
      return code;
    default:
      return null;
  }
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
