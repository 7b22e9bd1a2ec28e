/**
 * One document that is followed: asked for, kept current by what the relay tells, edited through the queue.
 *
 * Edits go through the queue, and are seen at once. Undo, redo and the like are about what the relay has recorded, so they
 * need a connection, and wait until nothing of the document is queued.
 */
import type { JsonServerMessage } from "@verso/protocol";
import { ObservableV2 } from "lib0/observable";
import type { Connection, Request } from "./connection.js";
import { createReplica, type DocumentJson, type DocumentView, type Update } from "./document-replica.js";
import { committedPatch, documentOf, type EditMessage, type StoredEdit, type Version } from "./edit.js";
import { type Commit, onTopOf } from "./edit-chain.js";
import { type EditOutcome, type EditQueue, toOutcome } from "./edit-queue.js";
import { ClientError } from "./errors.js";
import { expect, refused } from "./expect.js";
import { applyPatch, type JsonObject, type Patch, toWire, toWireObject } from "./json-patch.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;
type UpdateRequest = Extract<EditMessage, { type: "update_document" }>["patch"];

/** What is known of a document. `refused`: the relay does not let this user read it. */
export type DocumentStatus = "loading" | "ready" | "missing" | "deleted" | "refused";

export interface PatchOptions {
  /** Where pointers begin: at the content, or at `{ title, content }`. @default "content" */
  readonly target?: "content" | "document";
  /** What becomes of it when the same places have changed meanwhile. @default what the document's kind says */
  readonly strategy?: NonNullable<UpdateRequest["strategy"]>;
}

export interface DocumentEvents {
  /** A commit of anybody, this client's own too. */
  update: (update: Update) => void;
  deleted: (event: Message<"document_deleted">) => void;
}

/** Where to restore to: a sequence of the document, or a name of a version. */
export type RestorePoint = { readonly sequence: number } | { readonly tag: string };
export type Resolution = { readonly take: "yours" | "theirs" | "merge" } | { readonly patch: Patch };

export interface JsonDocument {
  readonly id: string;
  readonly status: DocumentStatus;
  /** The last sequence that the relay has told. */
  readonly sequence: number;
  /** Who is here; empty while offline. */
  readonly users: Message<"presence">["users"];
  /** What is seen, with the edits that wait; `null` as long as there is nothing. The same object until it changes. */
  getSnapshot(): DocumentView | null;
  /** Calls when the snapshot, the status or the users may have changed; gives back how to end that. */
  subscribe(listener: () => void): () => void;
  on<Name extends keyof DocumentEvents>(event: Name, listener: DocumentEvents[Name]): () => void;
  /** The first snapshot. Rejects with `refused` where the document is not there or not for this user. */
  whenLoaded(): Promise<DocumentView>;
  /**
   * Changes the document: here at once, at the relay when there is a connection. Resolves when that has answered, which
   * may be after days. Rejects with `patch-invalid`, `not-loaded` or `storage-failed`; then nothing was queued.
   */
  patch(patch: Patch, options?: PatchOptions): Promise<EditOutcome>;
  /** Takes back the latest edit in force of this user. */
  undo(): Promise<EditOutcome>;
  redo(): Promise<EditOutcome>;
  /** Takes back everything behind a sequence, of everybody. */
  undoTo(sequence: number): Promise<EditOutcome>;
  /** Writes the content of a version as a new edit; brings back a deleted document, too. */
  restore(point: RestorePoint): Promise<EditOutcome>;
  /** Decides a conflict of which both sides were kept. */
  resolve(conflictId: string, resolution: Resolution): Promise<EditOutcome>;
  /** The commits behind a sequence, oldest first; `next` is where to read on. */
  history(options?: { since?: number; limit?: number }): Promise<Message<"changes_since">>;
  /** Shows others where one is; `null` shows nothing. Told again after a lost connection. */
  announce(state: JsonObject | null): void;
  /** Stops following. What waits is sent all the same. */
  close(): void;
}

/** The side of a document that the client drives. */
export interface FollowedDocument extends JsonDocument {
  /** There is a connection: asks for what is missing. */
  follow(): void;
  /** There is none any more. */
  pause(): void;
  receive(event: JsonServerMessage): void;
  /** The queue has changed, or one of its edits was answered. */
  refresh(): void;
  settle(edit: StoredEdit, outcome: EditOutcome, answer: JsonServerMessage | null): void;
  /** Commits that the queue has asked for. */
  take(commits: readonly Commit[]): void;
}

export interface JsonDocumentOptions {
  readonly connection: Connection;
  readonly queue: EditQueue;
  readonly uuid: () => string;
  /** Runs something in a while, when the relay may have recovered. */
  readonly later: (run: () => void) => void;
  readonly onClose: () => void;
}

type Events = {
  [Name in keyof DocumentEvents]: DocumentEvents[Name];
} & { change: () => void };

export function createJsonDocument(
  id: string,
  { connection, queue, uuid, later, onClose }: JsonDocumentOptions,
): FollowedDocument {
  const replica = createReplica({ onCommit: commit => queue.pass(id, commit) });
  const events = new ObservableV2<Events>();
  /** What the relay has said of it. */
  let known: DocumentStatus = "loading";
  let refusal: ClientError | null = null;
  let users: Message<"presence">["users"] = [];
  let announced: JsonObject | null = null;
  /** Whether the relay shows something of this client to others. */
  let isTold = false;
  /** The last commit that was told of. */
  let told = 0;
  /** Whether the document was asked for and has not come yet. */
  let isAsked = false;

  return {
    id,
    get status() {
      if (view() !== null) return "ready";
      // It is there, and an edit that waits deletes it.
      return known === "ready" ? "deleted" : known;
    },
    get sequence() {
      return replica.sequence;
    },
    get users() {
      return users;
    },
    getSnapshot: view,
    subscribe: listener => listen("change", listener),
    on: (event, listener) => listen(event, listener as Events[typeof event]),

    whenLoaded() {
      return new Promise((resolve, reject) => {
        const end = listen("change", look);
        look();

        function look(): void {
          const shown = view();
          if (shown === null && refusal === null) return;
          end();
          if (shown !== null) resolve(shown);
          else reject(refusal);
        }
      });
    },

    async patch(patch, { target = "content", strategy } = {}) {
      const before = view();
      if (before === null) throw new ClientError("not-loaded", `Nothing of ${id} was received yet.`);
      const json = { title: before.title, content: before.content };
      assertFits(json, patch, target);
      const request: UpdateRequest = {
        document_id: id,
        patch: toWire(patch),
        ...(target === "document" && { target }),
        ...(strategy && { strategy }),
      };
      const message = { type: "update_document", patch: request, edit_id: uuid() } as const;
      const chain = queue.chain(id);
      const isNew = chain.some(edit => edit.message.type === "create_document");
      return queue.add(onTopOf(chain, { message, base: isNew ? null : replica.base, json }));
    },

    undo: () => takeBack({ type: "undo", document_id: id }),
    redo: () => takeBack({ type: "redo", document_id: id }),
    undoTo: sequence => takeBack({ type: "undo_to_sequence", document_id: id, target_sequence: sequence }),
    restore: point =>
      takeBack({
        type: "restore",
        document_id: id,
        ...("tag" in point ? point : { target_sequence: point.sequence }),
      }),
    resolve(conflict_id, resolution) {
      const how = "take" in resolution ? resolution : { patch: toWire(resolution.patch) };
      return takeBack({ type: "resolve_conflict", document_id: id, conflict_id, ...how });
    },

    async history({ since = 0, limit } = {}) {
      const answer = await connection.request({
        type: "changes_since",
        document_id: id,
        sequence: since,
        ...(limit !== undefined && { limit }),
      });
      return expect(answer, "changes_since");
    },

    announce(state) {
      announced = state;
      tellPresence();
    },

    close() {
      if (connection.status === "online") connection.send({ type: "unsubscribe", document_id: id }, () => {});
      events.destroy();
      onClose();
    },

    follow: () => follow(),

    pause() {
      isAsked = false;
      isTold = false;
      users = [];
      changed();
    },

    receive(event) {
      switch (event.type) {
        case "document_updated":
          tell(event);
          return takeUpdate(event);
        case "document_deleted":
          events.emit("deleted", [event]);
          return deleted();
        case "document_created":
          return follow();
        case "presence":
          users = event.users;
          return changed();
      }
    },

    refresh: changed,

    settle(edit, outcome, answer) {
      if (outcome.type === "rejected") replica.skip(outcome.sequence);
      if (outcome.type !== "done" || answer === null) return;
      if (edit.message.type !== "create_document") done(answer);
      else created(edit.message.document, outcome);
    },

    take(commits) {
      if (replica.base === null) return;
      for (const commit of commits) if (replica.receive(commit) === "gap") return fetchAgain();
    },
  };

  function view(): DocumentView | null {
    return replica.view(queue.chain(id), queue.edits.filter(edit => documentOf(edit) === id).length);
  }

  function listen<Name extends keyof Events>(event: Name, listener: Events[Name]): () => void {
    events.on(event, listener);
    return () => events.off(event, listener);
  }

  function changed(): void {
    events.emit("change", []);
  }

  /** Shown as it was asked for until it is asked what it has become: its kind may have put more into it. */
  function created(
    { title, content }: Extract<EditMessage, { type: "create_document" }>["document"],
    { revision, sequence }: Version,
  ): void {
    const shown = { title: title ?? null, content: content as JsonObject };
    replica.load({ revision, sequence }, shown);
    follow({ isAfresh: true });
  }

  /** What an edit of one's own has become comes once, as the answer. */
  function done(answer: JsonServerMessage): void {
    if (answer.type === "document_created") return follow();
    if (answer.type === "document_deleted") return deleted();
    if (answer.type !== "document_updated") return;
    // What is asked for will have it among all others.
    if (!isAsked) tell(answer);
    takeUpdate(answer);
  }

  function tell(update: Update): void {
    if (update.sequence <= told) return;
    told = update.sequence;
    events.emit("update", [update]);
  }

  function takeUpdate(update: Update): void {
    const commit = {
      sequence: update.sequence,
      revision: update.revision_id,
      patch: committedPatch(update),
    };
    // What was deleted is back.
    if (known === "deleted" || known === "missing") follow();
    else if (replica.receive(commit) === "gap") fetchAgain();
    changed();
  }

  function follow({ isAfresh = false } = {}): void {
    if (connection.status !== "online") return;
    isAsked = true;
    const since = isAfresh || replica.base === null ? {} : { since: replica.sequence };
    connection.send({ type: "subscribe", document_id: id, ...since }, answer => {
      void arrived(answer);
      tellPresence();
    });
  }

  function fetchAgain(): void {
    if (isAsked || connection.status !== "online") return;
    isAsked = true;
    connection.send({ type: "get_document", document_id: id }, answer => void arrived(answer));
  }

  async function arrived(answer: JsonServerMessage): Promise<void> {
    if (answer.type === "subscribed" || answer.type === "document") {
      known = "ready";
      refusal = null;
      // Without a document everything since the last one follows.
      if (answer.document !== undefined) await load(answer, answer.document);
      else isAsked = false;
      return changed();
    }
    isAsked = false;
    if (answer.type !== "error") return;
    if (answer.code === "unavailable") return later(follow);
    const isMissing = answer.code === "document-unknown" || answer.code === "not-found";
    gone(isMissing ? "missing" : answer.code === "deleted" ? "deleted" : "refused", refused(answer));
  }

  /** Shows a version when the edits that wait are on top of it, too. */
  async function load(
    { revision_id: revision, sequence }: Message<"subscribed" | "document">,
    document: DocumentJson,
  ): Promise<void> {
    const isBehind = queue.chain(id).some(({ standing }) => (standing.base?.sequence ?? sequence) < sequence);
    if (isBehind) await queue.bringTo(id, sequence);
    isAsked = false;
    // One that was only asked for may be overtaken.
    if (sequence < replica.sequence) return;
    if (replica.load({ revision, sequence }, document) === "gap") fetchAgain();
  }

  function deleted(): void {
    gone("deleted", new ClientError("refused", `${id} was deleted.`, { relayCode: "deleted" }));
  }

  function gone(next: DocumentStatus, why: ClientError): void {
    known = next;
    refusal = why;
    replica.clear();
    changed();
  }

  async function takeBack(request: Request): Promise<EditOutcome> {
    if (connection.status !== "online")
      throw new ClientError("offline", "This needs a connection to the relay.");
    await queue.whenIdle(id);
    const answer = await connection.request(request, told => {
      // One that has changed nothing names the version it found: a commit that may be on its way here still.
      if (toOutcome(told).type === "done") done(told);
    });
    return toOutcome(answer);
  }

  function tellPresence(): void {
    if (connection.status !== "online" || known !== "ready") return;
    if (announced === null && !isTold) return;
    isTold = announced !== null;
    connection.send(
      { type: "presence", document_id: id, state: announced && toWireObject(announced) },
      () => {},
    );
  }
}

/** Refuses here what cannot be right. */
function assertFits(json: JsonObject, patch: Patch, target: "content" | "document"): void {
  const known = patch.filter(({ op }) => op !== "delta");
  applyPatch(target === "document" ? json : json.content!, known);
}
