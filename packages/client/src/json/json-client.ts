/**
 * A client of the JSON dialect: documents without a CRDT, followed and edited over one connection.
 *
 * The connection opens sockets, the queue keeps edits, documents hold what is seen; here they are joined. When there is a
 * connection again, the edits that may have been on their way are sent before the documents are asked for: so what has
 * become of them is known by the time their commits come.
 */
import type { JsonServerMessage } from "@verso/protocol";
import { ObservableV2 } from "lib0/observable";
import { type Clock, retryDelay, systemClock } from "./clock.js";
import { type ConnectionStatus, createConnection, type WebSocketLike } from "./connection.js";
import { committedPatch, documentOf, type StoredEdit } from "./edit.js";
import { type Commit, onTopOf } from "./edit-chain.js";
import { createEditQueue, type EditOutcome } from "./edit-queue.js";
import { type EditStorage, memoryStorage } from "./edit-storage.js";
import { ClientError } from "./errors.js";
import { expect, refused } from "./expect.js";
import { createJsonDocument, type FollowedDocument, type JsonDocument } from "./json-document.js";
import { type JsonObject, toWireObject } from "./json-patch.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;

export interface JsonClientOptions {
  /** Where the relay speaks this dialect, as `wss://example.com/ws`. */
  readonly url: string;
  /** Who is acting. With a token it is the one that the token is for. */
  readonly userId: string;
  /** Asked again at every connection when it is a function. */
  readonly token: string | (() => string | Promise<string>);
  /** @default the WebSocket of the platform */
  readonly webSocket?: new (
    url: string,
  ) => WebSocketLike;
  /** Keeps edits until they are answered. @default memoryStorage() */
  readonly storage?: EditStorage;
  /** Whether to connect at once. @default true */
  readonly connect?: boolean;
  /** @default systemClock */
  readonly clock?: Clock;
  /** At least 0, less than 1. @default Math.random */
  readonly random?: () => number;
  /** @default crypto.randomUUID */
  readonly uuid?: () => string;
}

export interface ClientEvents {
  status: (status: ConnectionStatus) => void;
  /** Nobody answers, or no more; it is tried again after so many milliseconds. */
  retry: (delay: number) => void;
  /** What waits has changed. */
  queue: (edits: readonly StoredEdit[]) => void;
  /** What became of an edit, which may be one of before a restart. */
  answered: (edit: StoredEdit, outcome: EditOutcome) => void;
  error: (error: ClientError) => void;
}

export interface NewDocument {
  readonly id: string;
  readonly title?: string;
  readonly content: JsonObject;
}

export interface JsonClient {
  readonly status: ConnectionStatus;
  /** The edits that are not answered yet, in the order in which they were made. */
  readonly queue: readonly StoredEdit[];
  on<Name extends keyof ClientEvents>(event: Name, listener: ClientEvents[Name]): () => void;
  /** Connects, at once even when it would have waited; after `disconnect`, or when the relay had refused. */
  connect(): void;
  /** Goes offline until `connect`. */
  disconnect(): void;
  /** Follows a document; the same object until it is closed. */
  open(documentId: string): JsonDocument;
  /** Queued like every edit. Rejects with `storage-failed`. */
  create(document: NewDocument): Promise<EditOutcome>;
  /** Queued like every edit; the document's history stays. Rejects with `storage-failed`. */
  delete(documentId: string): Promise<EditOutcome>;
  /** Asks once, without following. */
  get(documentId: string): Promise<Message<"document">>;
  /** A page of the documents that this user may read, in the order of their ids. */
  list(options?: { after?: string; limit?: number }): Promise<Message<"documents">>;
  /** The changes of all documents that this user may read, behind a `feed_sequence`. */
  changes(options?: { since?: number; limit?: number }): Promise<Message<"changes_since">>;
  /** Ends the connection. What waits is in the storage by then, and stays there. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Rejects with `storage-failed` when the storage does not give what it has kept. */
export async function createJsonClient({
  url,
  userId,
  token,
  webSocket,
  storage = memoryStorage(),
  connect = true,
  clock = systemClock,
  random = Math.random,
  uuid = () => crypto.randomUUID(),
}: JsonClientOptions): Promise<JsonClient> {
  const Socket = webSocket ?? (globalThis as { WebSocket?: new (url: string) => WebSocketLike }).WebSocket;
  if (Socket === undefined) throw new TypeError("There is no WebSocket on this platform; give one.");
  if (!/^wss?:\/\//.test(url)) throw new TypeError(`"${url}" is no address of a WebSocket.`);
  const documents = new Map<string, FollowedDocument>();
  const events = new ObservableV2<{ [Name in keyof ClientEvents]: ClientEvents[Name] }>();

  const connection = createConnection({
    url,
    userId,
    token: typeof token === "string" ? () => token : token,
    open: address => new Socket(address),
    clock,
    random,
    onStatus(status) {
      if (status === "online") {
        queue.resume();
        for (const document of documents.values()) document.follow();
      } else {
        queue.pause();
        for (const document of documents.values()) document.pause();
      }
      events.emit("status", [status]);
    },
    onRetry: delay => events.emit("retry", [delay]),
    onEvent(event) {
      // What cannot be answered, since nobody could read which request it was.
      if (event.type === "error") onError(refused(event));
      else if ("document_id" in event && event.document_id !== undefined) {
        documents.get(event.document_id)?.receive(event);
      }
    },
    onError,
  });

  const queue = createEditQueue({
    storage,
    kept: await load(storage),
    clock,
    random,
    send: connection.send,
    commitsBetween,
    onCommits: (documentId, commits) => documents.get(documentId)?.take(commits),
    onOutcome(edit, outcome, answer) {
      documents.get(documentOf(edit))?.settle(edit, outcome, answer);
      events.emit("answered", [edit, outcome]);
    },
    onChange() {
      for (const document of documents.values()) document.refresh();
      events.emit("queue", [queue.edits]);
    },
    onError,
  });

  if (connect) connection.start();

  return {
    get status() {
      return connection.status;
    },
    get queue() {
      return queue.edits;
    },
    on(event, listener) {
      events.on(event, listener);
      return () => events.off(event, listener);
    },
    connect: connection.start,
    disconnect: connection.stop,

    open(documentId) {
      const opened = documents.get(documentId);
      if (opened !== undefined) return opened;
      const onClose = () => void documents.delete(documentId);
      const later = (run: () => void) => void clock.after(retryDelay(2, random), run);
      const document = createJsonDocument(documentId, { connection, queue, uuid, later, onClose });
      documents.set(documentId, document);
      document.refresh();
      document.follow();
      return document;
    },

    create({ id, title, content }) {
      const document = { id, ...(title !== undefined && { title }), content: toWireObject(content) };
      return add({ type: "create_document", document, edit_id: uuid() });
    },
    delete: documentId => add({ type: "delete_document", document_id: documentId, edit_id: uuid() }),

    async get(documentId) {
      return expect(await connection.request({ type: "get_document", document_id: documentId }), "document");
    },
    async list(options = {}) {
      return expect(await connection.request({ type: "list_documents", ...options }), "documents");
    },
    async changes({ since = 0, ...options } = {}) {
      const request = { type: "changes_since", sequence: since, ...options } as const;
      return expect(await connection.request(request), "changes_since");
    },

    close,
    [Symbol.asyncDispose]: close,
  };

  function add(message: StoredEdit["message"]): Promise<EditOutcome> {
    return queue.add(onTopOf([], { message, base: null, json: null }));
  }

  async function commitsBetween(
    documentId: string,
    { since, until }: { readonly since: number; readonly until: number },
  ): Promise<Commit[]> {
    const found: Commit[] = [];
    for (let from = since; ; ) {
      const request = { type: "changes_since", document_id: documentId, sequence: from } as const;
      const { changes, next } = expect(await connection.request(request), "changes_since");
      for (const { sequence, revision_id: revision, event_type, forward_patch, target } of changes) {
        if (sequence > until) return found;
        if (revision === null || (event_type === "update" && forward_patch === null)) {
          throw new ClientError("refused", `The change ${sequence} is no longer kept.`);
        }
        // A document that was made or deleted meanwhile moves nothing.
        const patch = Array.isArray(forward_patch) ? committedPatch({ patch: forward_patch, target }) : [];
        found.push({ sequence, revision, patch });
      }
      if (next <= from || next >= until) return found;
      from = next;
    }
  }

  function onError(error: ClientError): void {
    events.emit("error", [error]);
  }

  async function close(): Promise<void> {
    connection.close();
    await queue.close();
    documents.clear();
    events.destroy();
  }
}

async function load(storage: EditStorage): Promise<readonly StoredEdit[]> {
  try {
    return await storage.load();
  } catch (cause) {
    throw new ClientError("storage-failed", "What was kept of the queue cannot be read.", { cause });
  }
}
