/** An edit that waits: the request that it is, and where it stands by now. */
import type { JsonClientMessage } from "@verso/protocol";
import {
  fromWire,
  isList,
  isObject,
  type Json,
  type Patch,
  type PlainPatch,
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

/** A version of a document. */
export interface Version {
  readonly revision: string;
  readonly sequence: number;
}

/** An edit with all that it takes to send it after a restart: plain JSON. */
export interface StoredEdit {
  /** As it is made on the version that it says: without the edits that waited before it. */
  readonly message: EditMessage;
  /** Increases from each edit to the next. */
  readonly order: number;
  /** The edits before it that still wait and that it stands on: it is in what they change, or they move it. */
  readonly on: readonly string[];
  /** Whether it is sent as it stands: `message` says too little where one of these is done, or has made its place. */
  readonly asItStands: boolean;
  readonly standing: Standing;
  /** Patterns of the pointers of the lists that its places are in. */
  readonly lists: readonly string[];
}

/** An edit as it is on top of a version and of the edits that wait before it. */
export interface Standing {
  /** The version, up to which others are taken into account; `null` where there was none. */
  readonly base: Version | null;
  /** What it does, with pointers from the whole document; `null` when its place is gone. */
  readonly patch: PlainPatch | null;
  /** Whether others have changed something in its places: then more than these may have come out otherwise. */
  readonly isContested: boolean;
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

/** The request to send; `null` when it cannot be made any more. */
export function toRequest({ message, asItStands, standing }: StoredEdit): EditMessage | null {
  if (message.type !== "update_document" || !asItStands) return message;
  const { base, patch } = standing;
  if (patch === null || base === null) return null;
  return withPatch(message, patch, base);
}

/** The same request with another patch, whose pointers are from the whole document, for another version. */
export function withPatch(
  message: Extract<EditMessage, { type: "update_document" }>,
  whole: Patch,
  base: Version | null,
): EditMessage {
  const patch = toWire(message.patch.target === "document" ? whole : toContent(whole));
  return { ...message, patch: { ...message.patch, ...(base && { revision_id: base.revision }), patch } };
}

const content = "/content";

/** A patch from the wire, with pointers from the whole document. */
export function wholePatch({
  patch,
  target,
}: {
  readonly patch: Parameters<typeof fromWire>[0];
  readonly target?: "content" | "document" | undefined;
}): Patch {
  return target === "document" ? fromWire(patch) : fromContent(fromWire(patch));
}

/** What a commit has changed, with pointers from the whole document. */
export function committedPatch(told: Parameters<typeof wholePatch>[0]): PlainPatch {
  // Nothing is moved or copied in a commit: what was is told as removed and added.
  return wholePatch(told) as PlainPatch;
}

/** A patch relative to the content, with pointers from the whole document. */
export function fromContent(patch: Patch): Patch {
  return onPointers(patch, pointer => content + pointer);
}

function toContent(patch: Patch): Patch {
  return onPointers(patch, pointer => toPointer(parsePointer(pointer).slice(1)));
}

function onPointers(patch: Patch, change: (pointer: string) => string): Patch {
  return patch.map(operation => {
    const path = change(operation.path);
    return "from" in operation
      ? { ...operation, path, from: change(operation.from) }
      : { ...operation, path };
  });
}

/** The lists that lie on the way to a patch's places, in the document before and after it, as patterns. */
export function listsOf(patch: Patch, documents: readonly Json[]): string[] {
  const pointers = patch.flatMap(operation =>
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
