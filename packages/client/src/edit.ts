/** An edit that waits: the request it is, and what it was made on. */
import type { JsonClientMessage } from "@verso/protocol";
import {
  fromWire,
  isList,
  isObject,
  type Json,
  type Patch,
  parsePointer,
  toPointer,
  toWire,
} from "./json-patch.js";
import { toPattern } from "./rebase.js";

/** The requests that wait in the queue, named by an id of their own. */
export type EditMessage = Extract<
  JsonClientMessage,
  { type: "create_document" | "update_document" | "delete_document" }
> & { readonly edit_id: string };

/** An edit with all that it takes to send it after a restart: plain JSON. */
export interface StoredEdit {
  readonly message: EditMessage;
  /** Increases from each edit to the next. */
  readonly order: number;
  /** The version that it was made on; `null` where that was none. */
  readonly base: { readonly revision: string; readonly sequence: number } | null;
  /** The commits behind that version which were there all the same, since they are edits of this queue. */
  readonly seen: readonly number[];
  /** Patterns of the pointers of the lists that its places are in. */
  readonly lists: readonly string[];
}

export function documentOf({ message }: StoredEdit): string {
  switch (message.type) {
    case "create_document":
      return message.document.id;
    case "update_document":
      return message.patch.document_id;
    case "delete_document":
      return message.document_id;
  }
}

const content = "/content";

/** The patch of an edit, with pointers from the whole document. */
export function wholePatch(message: EditMessage): Patch {
  if (message.type !== "update_document") return [];
  const patch = fromWire(message.patch.patch);
  if (message.patch.target === "document") return patch;
  return fromContent(patch);
}

/** A patch relative to the content, with pointers from the whole document. */
export function fromContent(patch: Patch): Patch {
  return patch.map(operation => {
    const path = content + operation.path;
    return "from" in operation
      ? { ...operation, path, from: content + operation.from }
      : { ...operation, path };
  });
}

/** The lists that lie on the way to an edit's places, in the document before and after it, as patterns. */
export function listsOf(message: EditMessage, documents: readonly Json[]): string[] {
  const pointers = wholePatch(message).flatMap(operation =>
    "from" in operation ? [operation.path, operation.from] : [operation.path],
  );
  const lists = new Set<string>();
  for (const pointer of pointers) {
    const tokens = parsePointer(pointer);
    for (const document of documents) {
      let value: Json | undefined = document;
      for (const [depth, token] of tokens.entries()) {
        if (isList(value)) lists.add(toPattern(tokens.slice(0, depth), lists));
        value = isList(value) ? value[Number(token)] : isObject(value) ? value[token] : undefined;
      }
    }
  }
  return [...lists];
}

/** The same edit made on another version, with another patch if one is given: from the whole document. */
export function onto(edit: StoredEdit, base: NonNullable<StoredEdit["base"]>, whole?: Patch): StoredEdit {
  const { message } = edit;
  if (message.type !== "update_document") return edit;
  const { vector_clock: _, ...request } = message.patch;
  const patch = whole && (request.target === "document" ? whole : toContent(whole));
  const moved = { ...request, revision_id: base.revision, ...(patch && { patch: toWire(patch) }) };
  return { ...edit, base, seen: [], message: { ...message, patch: moved } };
}

function toContent(patch: Patch): Patch {
  const inside = (pointer: string) => toPointer(parsePointer(pointer).slice(1));
  return patch.map(operation => {
    const path = inside(operation.path);
    return "from" in operation
      ? { ...operation, path, from: inside(operation.from) }
      : { ...operation, path };
  });
}
