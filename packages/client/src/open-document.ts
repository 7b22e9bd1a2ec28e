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
import type { LinkEvent } from "./link.js";
import type { Persistence, Tabs } from "./persistence.js";
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
  happened(event: LinkEvent | ReplicaEvent): void;
}

/** Before anything is known. */
export const unopened: ReplicaStatus = {
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

/** Origins of what other tabs and the store bring; that of what the relay brings is the replica, as with any provider. */
export const tabOrigin = "verso-tab";
const storeOrigin = "verso-store";
const replicas = new WeakSet<object>();

/** Whether what has this origin was done here, and came from no relay, tab or store. */
export function isLocal(origin: unknown): boolean {
  return !replicas.has(origin as object) && origin !== tabOrigin && origin !== storeOrigin;
}

export function openDocument({
  documentId,
  doc,
  awareness: given,
  persistence,
  tabs,
  now,
  after,
  handle,
  closed,
}: OpenDocumentOptions): OpenDocument {
  const awareness = given ?? new Awareness(doc);
  const events = new ObservableV2<ReplicaEvents>();
  const whenLoaded = when(({ loaded }) => loaded);
  const whenSynced = when(({ synced }) => synced);
  let status = unopened;
  let unsyncedChanges = 0;
  let user: string | null = null;
  /** Whom the relay told of, and who so is gone with the connection. */
  const others = new Set<number>();
  const waiting: { readonly answered: () => void; readonly ended: (error: ClientError) => void }[] = [];
  let cancelRetry = () => {};
  const store = persistence.open(documentId);
  let operations: StoreOperation[] = [];
  let storing: Promise<void> | null = null;
  let closing: Promise<void> | null = null;

  const replica: OpenDocument = {
    documentId,
    doc,
    awareness,
    whenLoaded,
    whenSynced,
    get status() {
      return status;
    },
    get unsyncedChanges() {
      return unsyncedChanges;
    },
    get hasUnsyncedChanges() {
      return unsyncedChanges > 0;
    },
    on: (name, listener) => events.on(name, listener),
    once: (name, listener) => events.once(name, listener),
    off: (name, listener) => events.off(name, listener),
    subscribe(listener) {
      const call = () => listener();
      events.on("status-change", call);
      return () => events.off("status-change", call);
    },
    syncNow() {
      return new Promise((answered, ended) => {
        if (closing !== null || status.stopped !== null) return ended(closedError());
        waiting.push({ answered, ended });
        tell({ type: "sync-now" });
      });
    },
    close,
    [Symbol.asyncDispose]: close,
    perform,
    happened,
  };
  const origins = { relay: replica, tab: tabOrigin, store: storeOrigin };
  replicas.add(replica);

  const content = Y.encodeStateAsUpdate(doc);
  handle({
    type: "open",
    documentId,
    openedAt: now(),
    isAlone: tabs === null,
    base: isEmptyUpdate(content) ? null : content,
    state: {
      stateVector: () => Y.encodeStateVector(doc),
      diff: stateVector => integrated(doc, stateVector),
    },
  });
  doc.on("update", updated);
  awareness.on("update", present);
  const lead = () => tell({ type: "leads" });
  const channel = tabs?.channel(documentId, message => tell({ type: "tab", message }));
  const giveUpLead = tabs === null ? lead() : tabs.lead(documentId, lead);
  return replica;

  function when(isSo: (status: ReplicaStatus) => boolean): Promise<void> {
    return new Promise(resolve => {
      events.on("status-change", status => {
        if (isSo(status)) resolve();
      });
    });
  }

  function tell(input: ReplicaInput): void {
    handle({ type: "document", documentId, input });
  }

  // What happens here

  function updated(update: Uint8Array, origin: unknown): void {
    if (origin === origins.relay) tell({ type: "remote", update });
    else if (isLocal(origin)) tell({ type: "local", madeAt: now(), update });
  }

  function present(
    { added, updated, removed }: Record<"added" | "updated" | "removed", number[]>,
    origin: unknown,
  ): void {
    for (const client of [...added, ...updated]) {
      if (origin === origins.relay) others.add(client);
      else others.delete(client);
    }
    const isOurs = origin !== origins.relay && origin !== origins.tab;
    if (isOurs) share([...added, ...updated, ...removed]);
    for (const client of removed) others.delete(client);
  }

  function share(clients: number[]): void {
    tell({ type: "awareness", update: encodeAwarenessUpdate(awareness, clients) });
  }

  // What the core says

  function perform(output: ReplicaOutput): void {
    switch (output.type) {
      case "store":
        enqueue(output.operation);
        storing ??= runStore();
        return;
      case "apply": {
        const origin = origins[output.from];
        const apply = () => {
          for (const update of output.updates) Y.applyUpdate(doc, update, origin);
        };
        return Y.transact(doc, apply, origin, false);
      }
      case "apply-awareness":
        return applyAwarenessUpdate(awareness, output.update, origins[output.from]);
      case "share-awareness": {
        const known = [...awareness.getStates().keys()].filter(client => !others.has(client));
        if (known.length > 0) share(known);
        return;
      }
      case "tell-tabs":
        return channel?.send(output.message);
      case "retry-after":
        cancelRetry();
        cancelRetry = after(output.delay, () => tell({ type: "retry" }));
        return;
      case "event":
        return happened(output.event);
    }
  }

  function happened(event: LinkEvent | ReplicaEvent): void {
    switch (event.type) {
      case "welcomed":
        user = event.user;
        return;
      case "status":
        return statusChanged(event.status, event.unsyncedChanges);
      case "answered":
        for (const { answered } of waiting.splice(0)) answered();
        return;
      case "closed":
        endWaiting();
        return events.emit(event.type, event.args);
      default:
        return events.emit(event.type, event.args);
    }
  }

  function statusChanged(newStatus: ReplicaStatus, newUnsynced: number): void {
    const before = { status, unsyncedChanges };
    status = newStatus;
    unsyncedChanges = newUnsynced;
    events.emit("status-change", [status]);
    if (status.connection !== before.status.connection) connectionChanged(status);
    if (status.synced !== before.status.synced) {
      events.emit("synced", [status.synced]);
      events.emit("sync", [status.synced]);
    }
    if (unsyncedChanges !== before.unsyncedChanges) events.emit("unsyncedChanges", [unsyncedChanges]);
  }

  function connectionChanged({ connection, writable }: ReplicaStatus): void {
    const isConnected = connection === "connected";
    if (!isConnected) removeAwarenessStates(awareness, [...others], origins.relay);
    events.emit("status", [{ status: connection }]);
    if (isConnected && user !== null) {
      events.emit("authenticated", [{ user, scope: writable ? "read-write" : "readonly" }]);
    }
  }

  // The store

  /** A turn of the relay is many operations of one kind, which are one to the store. */
  function enqueue(operation: StoreOperation): void {
    const last = operations.at(-1);
    if (operation.type === "settle" && last?.type === "settle") {
      const clientSequences = [...last.clientSequences, ...operation.clientSequences];
      operations.splice(-1, 1, { type: "settle", clientSequences });
    } else if (operation.type === "add-remote" && last?.type === "add-remote" && !operation.isWhole) {
      const updates = [...last.updates, ...operation.updates];
      operations.splice(-1, 1, { ...last, updates, meta: operation.meta });
    } else operations.push(operation);
  }

  async function runStore(): Promise<void> {
    while (operations.length > 0) {
      const firstOther = operations.findIndex(({ type }) => type !== "add");
      const additions = firstOther < 0 ? operations.length : firstOther;
      const next = operations.splice(0, additions || 1);
      // Additions that are begun together are kept in one write, or not at all.
      const results = await Promise.all(next.map(operate));
      const [result] = results;
      if (result?.type === "store-failed" && result.operation.type === "add") {
        const { error } = result;
        const doomed = operations.filter(({ type }) => type === "add");
        operations = operations.filter(({ type }) => type !== "add");
        for (const operation of doomed) results.push({ type: "store-failed", operation, error });
      }
      results.forEach(tell);
    }
    storing = null;
  }

  /** What has become of an operation; never rejects. */
  async function operate(operation: StoreOperation): Promise<ReplicaInput> {
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
          await store.compact(Y.encodeStateAsUpdate(doc));
          break;
        case "clear":
          await store.clear();
          break;
        case "begin-epoch": {
          const begun = persistence.open(documentId, operation.meta.epoch);
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

  // The end

  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  async function end(): Promise<void> {
    removeAwarenessStates(awareness, [doc.clientID], "closed");
    doc.off("update", updated);
    awareness.off("update", present);
    // What was typed last is to be stored, and told to the tabs, before the lead goes to another.
    while (storing !== null) await storing;
    cancelRetry();
    handle({ type: "close", documentId });
    channel?.close();
    giveUpLead?.();
    if (given === null) awareness.destroy();
    endWaiting();
    closed();
    await store.close();
    events.destroy();
  }

  function endWaiting(): void {
    for (const { ended } of waiting.splice(0)) ended(closedError());
  }
}

function closedError(): ClientError {
  return new ClientError("closed", "The document is closed.");
}
