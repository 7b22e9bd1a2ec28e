/**
 * A document as it is here: as the relay last told it, and on top of that the edits which the relay has not answered yet.
 *
 * Pure. Updates come in the order of their sequences; where one is missing, or cannot be run here, the document has to
 * be fetched again, and what comes meanwhile is kept for then.
 */
import type { JsonServerMessage } from "@verso/protocol";
import { fromContent, type StoredEdit, wholePatch } from "./edit.js";
import { ClientError } from "./errors.js";
import { applyPatch, fromWire, isObject, type Json, type JsonObject } from "./json-patch.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;
export type Update = Message<"document_updated">;
export type Version = Pick<Message<"document">, "sequence" | "revision_id" | "document">;

/** What is seen of a document. The same object as long as nothing has changed; unchanged parts of the JSON are shared. */
export interface DocumentView {
  readonly title: string | null;
  readonly content: JsonObject;
  /** How many edits of this client are in it that the relay has not answered yet. */
  readonly pending: number;
}

/** Where the relay's side of it stands. */
export interface Base {
  readonly revision: string;
  readonly sequence: number;
}

export interface Replica {
  /** The version that an edit made now is made on; `null` as long as nothing was received. */
  readonly base: Base | null;
  /** The last sequence that was told. */
  readonly sequence: number;
  /** The commits behind `base` that are shown all the same. */
  readonly seen: readonly number[];
  load(version: Version): "current" | "gap";
  /** `gap` says that the document has to be fetched again. */
  receive(update: Update): "current" | "gap";
  /** The document is not there any more; what is queued still is. */
  clear(): void;
  /** A commit that has changed nothing. */
  skip(sequence: number): void;
  /** An edit is done, whose commit may not have been told yet: until then it stays on top. */
  settle(edit: StoredEdit, sequence: number): void;
  /** `null` as long as there is nothing to show. */
  view(edits: readonly StoredEdit[]): DocumentView | null;
}

interface DocumentJson {
  readonly title: string | null;
  readonly content: JsonObject;
}

export function createReplica(): Replica {
  let json: DocumentJson | null = null;
  let base: Base | null = null;
  let sequence = 0;
  let later: Update[] = [];
  let settled: readonly { readonly edit: StoredEdit; readonly sequence: number }[] = [];
  let shown: { from: DocumentJson | null; edits: readonly StoredEdit[]; view: DocumentView | null } | null =
    null;

  return {
    get base() {
      return base;
    },
    get sequence() {
      return sequence;
    },
    get seen() {
      return settled.map(each => each.sequence);
    },

    load({ document, revision_id: revision, ...version }) {
      json = { title: document.title, content: document.content };
      base = { revision, sequence: version.sequence };
      advance(version.sequence);
      return drain();
    },

    receive(update) {
      later.push(update);
      return drain();
    },

    clear() {
      json = null;
      base = null;
      later = [];
      settled = [];
    },

    skip(told) {
      if (told === sequence + 1) advance(told);
    },

    settle(edit, committed) {
      if (committed > sequence) settled = [...settled, { edit, sequence: committed }];
    },

    view(edits) {
      const isSame = shown?.from === json && shown.edits.length === edits.length + settled.length;
      const shownEdits = [...settled.map(({ edit }) => edit), ...edits];
      if (isSame && shown?.edits.every((edit, index) => edit === shownEdits[index])) return shown.view;
      shown = { from: json, edits: shownEdits, view: overlay(json, shownEdits, edits.length) };
      return shown.view;
    },
  };

  /** Takes what was kept, as far as it follows. */
  function drain(): "current" | "gap" {
    if (json === null) return "current";
    for (const update of later.toSorted((one, other) => one.sequence - other.sequence)) {
      if (update.sequence <= sequence) continue;
      if (update.sequence > sequence + 1) return "gap";
      const next = applied(json, update);
      if (next === null) return "gap";
      json = next;
      base = { revision: update.revision_id, sequence: update.sequence };
      advance(update.sequence);
    }
    later = [];
    return "current";
  }

  function advance(told: number): void {
    sequence = told;
    later = later.filter(update => update.sequence > told);
    settled = settled.filter(each => each.sequence > told);
  }
}

function applied(json: DocumentJson, update: Update): DocumentJson | null {
  const patch = fromWire(update.patch);
  return run(json, update.target === "document" ? patch : fromContent(patch));
}

/** The document after a patch, or `null` when that cannot be run here. */
function run(json: DocumentJson, patch: Parameters<typeof applyPatch>[1]): DocumentJson | null {
  let after: Json;
  try {
    after = applyPatch({ ...json }, patch);
  } catch (error) {
    if (error instanceof ClientError) return null;
    throw error;
  }
  if (!isObject(after) || !isObject(after.content)) return null;
  return { title: typeof after.title === "string" ? after.title : null, content: after.content };
}

/** What does not fit is left out: what becomes of it is for the relay to say. */
function overlay(
  from: DocumentJson | null,
  edits: readonly StoredEdit[],
  pending: number,
): DocumentView | null {
  let json = from;
  for (const edit of edits) {
    const { message } = edit;
    if (message.type === "create_document") {
      const { title = null, content } = message.document;
      json ??= { title, content: content as JsonObject };
    } else if (message.type === "delete_document") json = null;
    else if (json !== null) json = run(json, wholePatch(message)) ?? json;
  }
  return json && { ...json, pending };
}
