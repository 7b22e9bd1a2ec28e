/**
 * What the requests of the JSON dialect do to documents.
 *
 *     request ─▶ a document that may be asked for? ─▶ may he? ─▶ is it there? ─▶ done, and answered
 *
 * Whether it may be done is settled first, and then it is begun at once: so requests that are admitted one after the other
 * reach the room of their document in this order, also where nobody waits for the answer in between.
 */
import type { JsonObject, Patch } from "@verso/bridge";
import {
  checkDocumentId,
  clockOfStateVector,
  forkOf,
  type JsonClientMessage,
  type VectorClock,
} from "@verso/protocol";
import type { Commit, Head, Ledger } from "@verso/storage";
import * as Y from "yjs";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";
import { toChangeEvent } from "./changes.js";
import type { Door, Refused } from "./door.js";
import { type Base, clockAt } from "./edit-base.js";
import { readFeed } from "./feed.js";
import type { History, HistoryEdit } from "./history.js";
import {
  answerOfEdit,
  type EditAnswer,
  type Fault,
  type JsonAnswer,
  type JsonMessage,
  JsonRefusal,
  messageOfChange,
  rejected,
  unchanged,
} from "./json-answers.js";
import type { JsonEdits } from "./json-edits.js";
import { type DocumentView, viewOf } from "./json-view.js";
import { type Kinds, knownRoots } from "./kinds.js";
import type { Rooms } from "./rooms.js";
import { createTags } from "./tags.js";

type Request<Type extends JsonClientMessage["type"]> = Extract<JsonClientMessage, { readonly type: Type }>;

/** Those that concern no connection. */
export type DocumentRequest = Exclude<
  JsonClientMessage,
  Request<"authenticate" | "ping" | "subscribe" | "unsubscribe" | "presence">
>;

export interface Asker {
  readonly actor: Actor;
  /** The document that is meant where the request names none; `undefined` where that is not clear. */
  readonly onlyDocument: string | undefined;
}

/** What is asked of one document. */
type Asking = DocumentRequest["type"] | "subscribe";

/** The present of a document, as it is shown. */
export interface PresentVersion {
  readonly sequence: number;
  readonly revision: string;
  readonly stateVector: ReadonlyMap<number, number>;
  readonly document: DocumentView;
}

/** What anything rejects with is what `faultOf` knows, or a failure of the relay's own. */
export interface JsonRequests {
  /** Settles whether it may be done; what this resolves with has begun it when it returns. */
  admit(request: DocumentRequest, asker: Asker): Promise<() => Promise<JsonAnswer>>;
  /** Settles whether this actor may read the document, which is there. */
  admitReader(documentId: string, actor: Actor): Promise<void>;
  present(documentId: string): Promise<PresentVersion>;
  /** Who has erased the document, if somebody has, and after which commit. */
  erasure(documentId: string): Promise<{ readonly user_id: string; readonly sequence: number } | undefined>;
}

export interface JsonRequestsOptions {
  readonly ledger: Ledger;
  readonly rooms: Pick<Rooms, "get" | "isOpen">;
  readonly kinds: Kinds;
  readonly door: Pick<Door, "may">;
  readonly edits: JsonEdits;
  readonly history: Pick<History, "undo" | "redo" | "undoTo" | "restore">;
  readonly documentIdBytes: number;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

const pageSize = 100;
/** Bytes of encoded changes from which a page is complete: one may be as large as its document. */
const pageBytes = 4 * 1024 * 1024;

export function createJsonRequests(options: JsonRequestsOptions): JsonRequests {
  const { ledger, rooms, kinds, door, edits, history, documentIdBytes, now } = options;

  const requests: JsonRequests = {
    async admit(request, { actor, onlyDocument }) {
      if (request.type === "list_documents") return () => list(request, actor);
      const named = documentOf(request);
      if (request.type === "changes_since" && named === undefined) return () => feed(request, actor);
      const documentId = named ?? onlyDocument;
      if (documentId === undefined) throw new JsonRefusal(notClear);
      await demand(documentId, { actor, action: actions[request.type], of: request.type });
      return () => run(request, { documentId, actor });
    },
    admitReader: (documentId, actor) => demand(documentId, { actor, action: "read", of: "subscribe" }),
    present: documentId =>
      rooms.get(documentId).view(({ head, content, roots, stateVector }) => {
        // It may have gone since it was asked for.
        if (head === undefined) throw new JsonRefusal(unknownDocument(documentId));
        if (head.deleted !== undefined) throw new JsonRefusal(deletedDocument(documentId));
        return {
          sequence: head.sequence,
          revision: head.revision,
          stateVector: Y.decodeStateVector(stateVector()),
          document: viewOf(documentId, content(), { roots }),
        };
      }),
    async erasure(documentId) {
      const tombstone = await ledger.tombstone(documentId);
      return tombstone && { user_id: tombstone.actor.user, sequence: tombstone.sequence };
    },
  };
  return requests;

  async function demand(
    documentId: string,
    { actor, action, of }: { readonly actor: Actor; readonly action: AccessAction; readonly of: Asking },
  ): Promise<void> {
    if (forkOf(documentId) !== null) throw new JsonRefusal(isFork);
    const checked = checkDocumentId(documentId, { maxBytes: documentIdBytes });
    if (!checked.ok) throw new JsonRefusal({ code: "bad-document-id", detail: checked.detail });
    if (kinds.of(documentId) === null) {
      const detail = `No kind of document is configured for "${documentId}".`;
      throw new JsonRefusal({ code: "forbidden-document", detail });
    }
    const permitted = await door.may(actor, documentId, action);
    if (!permitted.ok) throw new JsonRefusal(refusedBy(permitted));
    // A patch finds out what its room knows; to ask the ledger for each would cost as much again.
    if (of === "update_document" && rooms.isOpen(documentId)) return;
    const head = await ledger.head(documentId);
    if (head === undefined) {
      if ((await ledger.tombstone(documentId)) !== undefined)
        throw new JsonRefusal(erasedDocument(documentId));
      if (of !== "create_document") throw new JsonRefusal(unknownDocument(documentId));
    } else if (head.deleted !== undefined && needsPresent.has(of)) {
      // What was deleted has a history still, by which it may come back.
      throw new JsonRefusal(deletedDocument(documentId));
    }
  }

  function run(
    request: Exclude<DocumentRequest, Request<"list_documents">>,
    { documentId, actor }: { readonly documentId: string; readonly actor: Actor },
  ): Promise<JsonAnswer> {
    const edited = async (edit: ReturnType<JsonEdits["patch"]>, by: EditAnswer) =>
      answerOfEdit(await edit, { documentId, user: actor.user, by });
    const takenBack = async (edit: Promise<HistoryEdit>) =>
      answerOfHistory(await edit, { documentId, user: actor.user });
    switch (request.type) {
      case "create_document": {
        const { title, content } = request.document;
        const creation = { title, content: content as JsonObject, dedupe: request.edit_id };
        return edited(edits.create(documentId, actor, withoutGaps(creation)), "document_created");
      }
      case "update_document": {
        const { patch, target, strategy } = request.patch;
        // What an operation has beside these two members the bridge finds out.
        const update = { patch: patch as Patch, target, strategy, base: baseOf(request) };
        return edited(
          edits.patch(documentId, actor, { ...update, dedupe: request.edit_id }),
          "document_updated",
        );
      }
      case "delete_document":
        return edited(edits.delete(documentId, actor, { dedupe: request.edit_id }), "document_deleted");
      case "resolve_conflict": {
        const { conflict_id, take, patch } = request;
        const resolution = take === undefined ? { patch: (patch ?? []) as Patch } : { take };
        return edited(edits.resolve(documentId, actor, conflict_id, resolution), "document_updated");
      }
      case "undo":
        return takenBack(history.undo(documentId, actor));
      case "redo":
        return takenBack(history.redo(documentId, actor));
      case "undo_to_sequence":
        return takenBack(history.undoTo(documentId, actor, request.target_sequence));
      case "restore":
        return takenBack(restore(request, { documentId, actor }));
      case "get_document":
        return get(documentId);
      case "changes_since":
        return changes(request, documentId);
    }
  }

  async function restore(
    { target_sequence, tag }: Request<"restore">,
    { documentId, actor }: { readonly documentId: string; readonly actor: Actor },
  ): Promise<HistoryEdit> {
    if (tag === undefined) return history.restore(documentId, actor, target_sequence ?? 0);
    const known = await createTags(ledger, documentId, { now }).get(tag);
    if (known === undefined) {
      throw new JsonRefusal({ code: "not-found", detail: "There is no tag of this name.", pointer: "/tag" });
    }
    return history.restore(documentId, actor, known.sequence);
  }

  async function get(documentId: string): Promise<JsonAnswer> {
    return { message: { type: "document", ...describeVersion(await requests.present(documentId)) } };
  }

  async function list(
    { after, limit = pageSize }: Request<"list_documents">,
    actor: Actor,
  ): Promise<JsonAnswer> {
    const documents: JsonMessage<"documents">["documents"] = [];
    let looked = 0;
    let last: string | null = null;
    for await (const head of ledger.documents(after === undefined ? { limit } : { after, limit })) {
      looked++;
      last = head.document;
      if (forkOf(last) !== null || head.deleted !== undefined) continue;
      if (await mayRead(actor, last)) documents.push(describeHead(head));
    }
    return { message: { type: "documents", documents, next: looked === limit ? last : null } };
  }

  async function feed(
    { sequence, limit = pageSize }: Request<"changes_since">,
    actor: Actor,
  ): Promise<JsonAnswer> {
    const page = await readFeed(ledger, { since: sequence, limit, mayRead: id => mayRead(actor, id) });
    return { message: { type: "changes_since", ...page } };
  }

  async function changes(
    { sequence, limit = pageSize }: Request<"changes_since">,
    documentId: string,
  ): Promise<JsonAnswer> {
    const head = await ledger.head(documentId);
    const roots = knownRoots(head?.roots);
    const found: JsonMessage<"changes_since">["changes"] = [];
    let bytes = 0;
    for await (const commit of ledger.read(documentId, { from: sequence + 1, limit })) {
      found.push(toChangeEvent(documentId, commit, { roots }));
      bytes += commit.change?.length ?? 0;
      if (bytes >= pageBytes) break;
    }
    const next = found.at(-1)?.sequence ?? sequence;
    return { message: { type: "changes_since", document_id: documentId, changes: found, next } };
  }

  async function mayRead(actor: Actor, documentId: string): Promise<boolean> {
    const permitted = await door.may(actor, documentId, "read");
    if (permitted.ok || permitted.code === "forbidden") return permitted.ok;
    throw new JsonRefusal(refusedBy(permitted));
  }

  async function answerOfHistory(
    edit: HistoryEdit,
    { documentId, user }: { readonly documentId: string; readonly user: string },
  ): Promise<JsonAnswer> {
    const present = await rooms.get(documentId).view(({ head, stateVector, roots }) => ({
      head: head!,
      stateVector: Y.decodeStateVector(stateVector()),
      roots,
    }));
    const { head, stateVector, roots } = present;
    switch (edit.type) {
      case "nothing": {
        const { sequence, revision } = head;
        return unchanged({
          documentId,
          user,
          sequence,
          revision,
          vectorClock: clockOfStateVector(stateVector),
        });
      }
      case "refused":
        return rejected({ documentId, roots, ...edit });
      case "done": {
        const { sequence } = edit;
        const vectorClock = await clockAt(ledger, sequence, present);
        const change = toChangeEvent(documentId, await commitAt(documentId, sequence), { roots });
        const message = messageOfChange(change, vectorClock);
        if (message === null) throw new Error("Retention has let go of what was made a moment ago.");
        return { message, place: { sequence, tells: true, vectorClock } };
      }
    }
  }

  async function commitAt(documentId: string, sequence: number): Promise<Commit> {
    for await (const commit of ledger.read(documentId, { from: sequence, limit: 1 })) return commit;
    throw new Error(`The ledger has no commit ${sequence}.`);
  }
}

/** A version as `document` and `subscribed` say it. */
export function describeVersion({ sequence, revision, stateVector, document }: PresentVersion): {
  document_id: string;
  revision_id: string;
  sequence: number;
  vector_clock: VectorClock;
  document: JsonMessage<"document">["document"];
} {
  return {
    document_id: document.id,
    revision_id: revision,
    sequence,
    vector_clock: clockOfStateVector(stateVector),
    document: document as JsonMessage<"document">["document"],
  };
}

/** The document that a request names. */
export function documentOf(request: DocumentRequest): string | undefined {
  switch (request.type) {
    case "create_document":
      return request.document.id;
    case "update_document":
      return request.patch.document_id;
    case "list_documents":
      return undefined;
    default:
      return request.document_id;
  }
}

/** What a request takes the right to do. */
const actions = {
  create_document: "create",
  update_document: "write",
  delete_document: "delete",
  resolve_conflict: "write",
  undo: "write",
  redo: "write",
  undo_to_sequence: "write",
  restore: "write",
  get_document: "read",
  changes_since: "read",
} as const satisfies Record<Exclude<DocumentRequest["type"], "list_documents">, AccessAction>;

/** Those for which a document must not be deleted. */
const needsPresent: ReadonlySet<Asking> = new Set([
  "create_document",
  "update_document",
  "delete_document",
  "resolve_conflict",
  "get_document",
  "subscribe",
] as const);

const notClear: Fault = {
  code: "bad-request",
  detail: "Name the document: this connection has not subscribed to exactly one.",
  pointer: "/document_id",
};

const isFork: Fault = {
  code: "forbidden-document",
  detail: "A fork is edited as a Yjs document, and merged over HTTP.",
};

function baseOf({
  patch: { revision_id: revision, vector_clock: vectorClock },
}: Request<"update_document">): Base | undefined {
  if (revision !== undefined) return { revision };
  return vectorClock === undefined ? undefined : { vectorClock };
}

function describeHead({
  document,
  sequence,
  revision,
  created,
  updated,
}: Head): JsonMessage<"documents">["documents"][number] {
  return {
    id: document,
    sequence,
    revision_id: revision,
    created_at: new Date(created.time).toISOString(),
    updated_at: new Date(updated.time).toISOString(),
  };
}

function unknownDocument(documentId: string): Fault {
  return { code: "not-found", detail: `There is no document "${documentId}".` };
}

function deletedDocument(documentId: string): Fault {
  return { code: "deleted", detail: `The document "${documentId}" was deleted.` };
}

function erasedDocument(documentId: string): Fault {
  return { code: "deleted", detail: `The document "${documentId}" was erased.` };
}

function refusedBy({ code, detail }: Refused): Fault {
  return { code, detail: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.` };
}

function withoutGaps<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
