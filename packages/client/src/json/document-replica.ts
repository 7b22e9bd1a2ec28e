/**
 * A document as it is here: as the relay last told it, and on top of that the edits which the relay has not answered yet.
 *
 * Commits come in the order of their sequences; where one is missing, or cannot be run here, the document has to be
 * fetched again, and what comes meanwhile is kept for then.
 */
import type { JsonServerMessage } from "@verso/protocol";
import type { StoredEdit, Version } from "./edit.js";
import type { Commit } from "./edit-chain.js";
import { ClientError } from "./errors.js";
import { applyPatch, isObject, type Json, type JsonObject, type Patch } from "./json-patch.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;
export type Update = Message<"document_updated">;

/** What is seen of a document. The same object as long as nothing has changed; unchanged parts of the JSON are shared. */
export interface DocumentView extends DocumentJson {
  /** How many edits of this client are in it that the relay has not answered yet. */
  readonly pending: number;
}

export interface DocumentJson {
  readonly title: string | null;
  readonly content: JsonObject;
}

export interface Replica {
  /** The version that an edit made now is made on; `null` as long as nothing was received. */
  readonly base: Version | null;
  /** The last sequence that was told. */
  readonly sequence: number;
  /** `gap` says that the document has to be fetched again. */
  load(version: Version, document: DocumentJson): "current" | "gap";
  receive(commit: Commit): "current" | "gap";
  /** The document is not there any more; what is queued still is. */
  clear(): void;
  /** A commit that has changed nothing. */
  skip(sequence: number): void;
  /** With these edits on top, of which so many are not answered; `null` as long as there is nothing to show. */
  view(edits: readonly StoredEdit[], pending: number): DocumentView | null;
}

/** `onCommit` is told of each commit at the moment at which it is in what is seen. */
export function createReplica({ onCommit }: { readonly onCommit: (commit: Commit) => void }): Replica {
  let json: DocumentJson | null = null;
  let base: Version | null = null;
  let sequence = 0;
  let later: Commit[] = [];
  let shown: { from: DocumentJson | null; edits: readonly StoredEdit[]; view: DocumentView | null } | null =
    null;

  return {
    get base() {
      return base;
    },
    get sequence() {
      return sequence;
    },

    load(version, { title, content }) {
      json = { title, content };
      base = version;
      advance(version.sequence);
      return drain();
    },

    receive(commit) {
      later.push(commit);
      return drain();
    },

    clear() {
      json = null;
      base = null;
      later = [];
    },

    skip(told) {
      if (told === sequence + 1) advance(told);
    },

    view(edits, pending) {
      const isSame = shown?.from === json && shown.edits.length === edits.length;
      if (isSame && shown?.edits.every((edit, index) => edit === edits[index])) {
        if ((shown.view?.pending ?? pending) === pending) return shown.view;
      }
      shown = { from: json, edits, view: overlay(json, edits, pending) };
      return shown.view;
    },
  };

  /** Takes what was kept, as far as it follows. */
  function drain(): "current" | "gap" {
    if (json === null) return "current";
    for (const commit of later.toSorted((one, other) => one.sequence - other.sequence)) {
      if (commit.sequence <= sequence) continue;
      if (commit.sequence > sequence + 1) return "gap";
      const next = run(json, commit.patch);
      if (next === null) return "gap";
      json = next;
      base = { revision: commit.revision, sequence: commit.sequence };
      advance(commit.sequence);
      onCommit(commit);
    }
    later = [];
    return "current";
  }

  function advance(told: number): void {
    sequence = told;
    later = later.filter(commit => commit.sequence > told);
  }
}

/** The document after a patch, or `null` when that cannot be run here. */
function run(json: DocumentJson, patch: Patch): DocumentJson | null {
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
  for (const { message, standing } of edits) {
    if (message.type === "create_document") {
      const { title = null, content } = message.document;
      json ??= { title, content: content as JsonObject };
    } else if (message.type === "delete_document") json = null;
    else if (json !== null && standing.patch !== null) {
      json =
        run(
          json,
          standing.patch.filter(({ op }) => op !== "delta"),
        ) ?? json;
    }
  }
  return json && { ...json, pending };
}
