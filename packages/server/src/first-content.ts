/** What a document begins with that a program makes. */
import { emptyDocument, type JsonObject, toPointer } from "@verso/bridge";
import { ServerError } from "./errors.js";
import { isShownByRoot } from "./json-view.js";
import type { Kind } from "./kinds.js";

/**
 * All of its roots: shown by a root `document` unless its kind has others. Throws `content-invalid` for what has no place in
 * documents of this kind.
 */
export function firstContent(
  { documentId, kind }: { readonly documentId: string; readonly kind: Kind },
  { content, title }: { readonly content: JsonObject; readonly title?: string | undefined },
): JsonObject {
  const { roots, initial } = kind;
  const names = Object.keys(roots);
  const begun = { ...emptyDocument(roots), ...initial };
  if (names.length === 0 || isShownByRoot(roots)) {
    const document = {
      ...(begun.document as JsonObject | undefined),
      id: documentId,
      title: title ?? "",
      content,
    };
    return { ...begun, document };
  }
  const unknownRoot = Object.keys(content).find(name => !names.includes(name));
  if (title !== undefined || unknownRoot !== undefined) {
    const pointer = title !== undefined ? "/title" : toPointer([unknownRoot!]);
    throw new ServerError("content-invalid", `Documents of this kind have no place for ${pointer}.`, {
      pointer,
    });
  }
  return { ...begun, ...content };
}
