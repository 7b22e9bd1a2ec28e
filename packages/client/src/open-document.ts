/**
 * The surroundings of one document: its `Y.Doc`, who is present, its store, and the other tabs.
 *
 * What happens to them becomes inputs of the core, and what the core says about the document is done here. A store's
 * operations are done in order, one at a time but for additions, which are begun together.
 */
import { ObservableV2 } from "lib0/observable";
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import * as Y from "yjs";
import type { CoreInput } from "./core.js";
import type { Replica, ReplicaEvents, ReplicaStatus } from "./document.js";
import { ClientError } from "./errors.js";
import type { Persistence, ReplicaStore, Tabs } from "./persistence.js";
import type { ReplicaEvent, ReplicaInput, ReplicaOutput, StoreOperation } from "./replica.js";
import { integrated, isEmptyUpdate } from "./unrecorded.js";

export interface OpenDocumentOptions {
  readonly documentId: string;
  readonly doc: Y.Doc;
  /** Null: one is made, and ends with the document. */
  readonly awareness: Awareness | null;
  readonly persistence: Persistence;
  readonly tabs: Tabs | null;
  readonly now: () => number;
  /** Runs once after so many milliseconds; returns what stops it. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly handle: (input: CoreInput) => void;
  /** It is closed, and all is stored. */
  readonly closed: () => void;
}

/** A document that is open, as the client holds it. */
export interface OpenDocument extends Replica {
  perform(output: ReplicaOutput): void;
  connectionFailed(error: unknown): void;
  connectionClosed(closing: { readonly code: number; readonly reason: string }): void;
  authenticated(user: string): void;
  authenticationFailed(reason: string): void;
}

export function openDocument(options: OpenDocumentOptions): OpenDocument {
  return new Document(options);
}

const unopened: ReplicaStatus = {
  connection: "disconnected",
  transport: null,
  breaker: "closed",
  loaded: false,
  synced: false,
  writable: true,
  epoch: 0,
  sequence: 0,
  leads: false,
  stopped: null,
};

/** Origins of what other tabs and the store bring; that of what the relay brings is the document itself. */
export const tabOrigin = "verso-tab";
const storeOrigin = "verso-store";

/** Whether what has this origin was done here, and came from no relay, tab or store. */
export function isLocal(origin: unknown): boolean {
  return !(origin instanceof Document) && origin !== tabOrigin && origin !== storeOrigin;
}

class Document extends ObservableV2<ReplicaEvents> implements OpenDocument {
  readonly documentId: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly whenLoaded: Promise<void>;
  readonly whenSynced: Promise<void>;

  readonly #options: OpenDocumentOptions;
  readonly #store: ReplicaStore;
  readonly #channel: ReturnType<Tabs["channel"]> | null = null;
  readonly #giveUpLead: () => void = () => {};
  readonly #listeners = new Set<() => void>();
  #status = unopened;
  #unsyncedChanges = 0;
  #user: string | null = null;
  #operations: StoreOperation[] = [];
  #storing: Promise<void> | null = null;
  #cancelRetry = () => {};
  /** Whom the relay told of, and who so is gone with the connection. */
  readonly #others = new Set<number>();
  #resolveLoaded = () => {};
  #resolveSynced = () => {};
  #waiting: { readonly answered: () => void; readonly ended: (error: ClientError) => void }[] = [];
  #closing: Promise<void> | null = null;

  constructor(options: OpenDocumentOptions) {
    super();
    const { documentId, doc, awareness, persistence, tabs } = options;
    this.#options = options;
    this.documentId = documentId;
    this.doc = doc;
    this.awareness = awareness ?? new Awareness(doc);
    this.whenLoaded = new Promise(resolve => {
      this.#resolveLoaded = resolve;
    });
    this.whenSynced = new Promise(resolve => {
      this.#resolveSynced = resolve;
    });
    this.#store = persistence.open(documentId);
    const content = Y.encodeStateAsUpdate(doc);
    options.handle({
      type: "open",
      documentId,
      openedAt: options.now(),
      isAlone: tabs === null,
      base: isEmptyUpdate(content) ? null : content,
      state: {
        stateVector: () => Y.encodeStateVector(doc),
        diff: stateVector => integrated(doc, stateVector),
      },
    });
    doc.on("update", this.#updated);
    this.awareness.on("update", this.#present);
    if (tabs === null) this.#tell({ type: "leads" });
    else {
      this.#channel = tabs.channel(documentId, message => this.#tell({ type: "tab", message }));
      this.#giveUpLead = tabs.lead(documentId, () => this.#tell({ type: "leads" }));
    }
  }

  get status(): ReplicaStatus {
    return this.#status;
  }

  get unsyncedChanges(): number {
    return this.#unsyncedChanges;
  }

  get hasUnsyncedChanges(): boolean {
    return this.#unsyncedChanges > 0;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  syncNow(): Promise<void> {
    return new Promise((answered, ended) => {
      if (this.#closing !== null || this.#status.stopped !== null) return ended(closedError());
      this.#waiting.push({ answered, ended });
      this.#tell({ type: "sync-now" });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  perform(output: ReplicaOutput): void {
    switch (output.type) {
      case "store":
        this.#enqueue(output.operation);
        this.#storing ??= this.#runStore();
        return;
      case "apply": {
        const origin = output.from === "relay" ? this : output.from === "tab" ? tabOrigin : storeOrigin;
        const apply = () => {
          for (const update of output.updates) Y.applyUpdate(this.doc, update, origin);
        };
        return Y.transact(this.doc, apply, origin, false);
      }
      case "apply-awareness":
        return applyAwarenessUpdate(
          this.awareness,
          output.update,
          output.from === "relay" ? this : tabOrigin,
        );
      case "share-awareness": {
        const known = [...this.awareness.getStates().keys()].filter(client => !this.#others.has(client));
        if (known.length > 0) this.#share(known);
        return;
      }
      case "tell-tabs":
        return this.#channel?.send(output.message);
      case "retry-after":
        this.#cancelRetry();
        this.#cancelRetry = this.#options.after(output.delay, () => this.#tell({ type: "retry" }));
        return;
      case "event":
        return this.#happened(output.event);
    }
  }

  connectionFailed(error: unknown): void {
    this.emit("connection-error", [error]);
  }

  connectionClosed(closing: { readonly code: number; readonly reason: string }): void {
    this.emit("connection-close", [closing]);
  }

  authenticated(user: string): void {
    this.#user = user;
  }

  authenticationFailed(reason: string): void {
    this.emit("authenticationFailed", [{ reason }]);
  }

  readonly #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) this.#tell({ type: "remote", update });
    else if (isLocal(origin)) this.#tell({ type: "local", madeAt: this.#options.now(), update });
  };

  readonly #present = (
    { added, updated, removed }: Record<"added" | "updated" | "removed", number[]>,
    origin: unknown,
  ): void => {
    for (const client of [...added, ...updated]) {
      if (origin === this) this.#others.add(client);
      else this.#others.delete(client);
    }
    const isOurs = origin !== this && origin !== tabOrigin;
    if (isOurs) this.#share([...added, ...updated, ...removed]);
    for (const client of removed) this.#others.delete(client);
  };

  #share(clients: number[]): void {
    this.#tell({ type: "awareness", update: encodeAwarenessUpdate(this.awareness, clients) });
  }

  #happened(event: ReplicaEvent): void {
    switch (event.type) {
      case "loaded":
        return this.#resolveLoaded();
      case "status":
        return this.#statusChanged(event.status, event.unsyncedChanges);
      case "answered":
        for (const { answered } of this.#waiting.splice(0)) answered();
        return;
      case "rejected":
        return this.emit("rejected", [event.rejection]);
      case "connection-close":
        return this.emit("connection-close", [event.closing]);
      case "closed":
        for (const { ended } of this.#waiting.splice(0)) ended(closedError());
        return this.emit("closed", [event.closing]);
      case "epoch":
        return this.emit("epoch", [event]);
      case "erased":
        return this.emit("erased", []);
      case "moved":
        return this.emit("moved", [event]);
      case "storage-error":
        return this.emit("storage-error", [event.error]);
    }
  }

  #statusChanged(status: ReplicaStatus, unsyncedChanges: number): void {
    const before = this.#status;
    const hadUnsynced = this.#unsyncedChanges;
    this.#status = status;
    this.#unsyncedChanges = unsyncedChanges;
    if (status.connection !== before.connection) this.#connectionChanged(status);
    if (status.synced !== before.synced) {
      this.emit("synced", [status.synced]);
      this.emit("sync", [status.synced]);
      if (status.synced) this.#resolveSynced();
    }
    if (unsyncedChanges !== hadUnsynced) this.emit("unsyncedChanges", [unsyncedChanges]);
    this.emit("status-change", [status]);
    for (const listener of this.#listeners) listener();
  }

  #connectionChanged({ connection, writable }: ReplicaStatus): void {
    if (connection !== "connected") removeAwarenessStates(this.awareness, [...this.#others], this);
    this.emit("status", [{ status: connection }]);
    if (connection === "connected" && this.#user !== null) {
      this.emit("authenticated", [{ user: this.#user, scope: writable ? "read-write" : "readonly" }]);
    }
  }

  #tell(input: ReplicaInput): void {
    this.#options.handle({ type: "document", documentId: this.documentId, input });
  }

  /** A turn of the relay is many operations of one kind, which are one to the store. */
  #enqueue(operation: StoreOperation): void {
    const last = this.#operations.at(-1);
    if (operation.type === "settle" && last?.type === "settle") {
      const clientSequences = [...last.clientSequences, ...operation.clientSequences];
      this.#operations.splice(-1, 1, { type: "settle", clientSequences });
    } else if (operation.type === "add-remote" && last?.type === "add-remote" && !operation.isWhole) {
      const updates = [...last.updates, ...operation.updates];
      this.#operations.splice(-1, 1, { ...last, updates, meta: operation.meta });
    } else this.#operations.push(operation);
  }

  async #runStore(): Promise<void> {
    while (this.#operations.length > 0) {
      const others = this.#operations.findIndex(({ type }) => type !== "add");
      const additions = others < 0 ? this.#operations.length : others;
      const next = this.#operations.splice(0, additions || 1);
      // Additions that are begun together are kept in one write, or not at all.
      const results = await Promise.all(next.map(operation => this.#operate(operation)));
      const [result] = results;
      if (result?.type === "store-failed" && result.operation.type === "add") {
        const { error } = result;
        const doomed = this.#operations.filter(({ type }) => type === "add");
        this.#operations = this.#operations.filter(({ type }) => type !== "add");
        for (const operation of doomed) results.push({ type: "store-failed", operation, error });
      }
      for (const each of results) this.#tell(each);
    }
    this.#storing = null;
  }

  /** What has become of an operation; never rejects. */
  async #operate(operation: StoreOperation): Promise<ReplicaInput> {
    const store = this.#store;
    try {
      switch (operation.type) {
        case "load":
          return { type: "loaded", stored: await store.load() };
        case "add": {
          const { madeAt, update } = operation;
          return { type: "added", operation, clientSequence: await store.add({ madeAt, update }) };
        }
        case "read-outbox":
          return { type: "outbox-read", records: await store.outboxSince(0) };
        case "add-remote":
          await store.addRemote(operation.updates, operation.meta);
          break;
        case "settle":
          await store.settle(operation.clientSequences);
          break;
        case "compact":
          await store.compact(Y.encodeStateAsUpdate(this.doc));
          break;
        case "clear":
          await store.clear();
          break;
        case "begin-epoch": {
          const begun = this.#options.persistence.open(this.documentId, operation.meta.epoch);
          await begun.addRemote([], operation.meta);
          await begun.close();
        }
      }
      return { type: "stored", operation };
    } catch (cause) {
      const isOurs = cause instanceof ClientError;
      const error = isOurs ? cause : new ClientError("storage-failed", "The store has failed.", { cause });
      return { type: "store-failed", operation, error };
    }
  }

  async #close(): Promise<void> {
    removeAwarenessStates(this.awareness, [this.doc.clientID], "closed");
    this.doc.off("update", this.#updated);
    this.awareness.off("update", this.#present);
    // What was typed last is to be stored, and told to the tabs, before the lead goes to another.
    while (this.#storing !== null) await this.#storing;
    this.#cancelRetry();
    this.#options.handle({ type: "close", documentId: this.documentId });
    this.#channel?.close();
    this.#giveUpLead();
    if (this.#options.awareness === null) this.awareness.destroy();
    for (const { ended } of this.#waiting.splice(0)) ended(closedError());
    this.#options.closed();
    await this.#store.close();
    super.destroy();
  }
}

function closedError(): ClientError {
  return new ClientError("closed", "The document is closed.");
}
