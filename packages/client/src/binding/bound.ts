/**
 * One document of one client, as bindings of frameworks read and edit it.
 *
 * Reading opens nothing, so that rendering has no effects and a server can render; following does, and who follows last
 * lets go of it. Before it is open everything has a value too: an empty document of its kind, nobody, nothing to undo.
 */
import { type Json, type Patch, parsePointer, valueAt } from "@verso/bridge";
import * as Y from "yjs";
import type { Rejection, ReplicaStatus } from "../document.js";
import type { Document } from "../documents.js";
import type { Recipe, Snapshot } from "../draft.js";
import { createEditing } from "../editing.js";
import type { UndoOutcome } from "../history.js";
import { type DocumentOf, type Kinds, kindOf } from "../kinds.js";
import { createHold } from "./hold.js";
import { nobody, nothingShown, type Other, type Presence } from "./presence.js";
import { noHistory, type RecentHistory } from "./recent-history.js";
import type { Session } from "./session.js";
import { createCell, type Source, type Store } from "./store.js";
import { nothingToUndo, type Undoing } from "./undoing.js";

/** Its functions are the same for as long as it lives, and can be called whenever something of it is followed. */
export interface Bound<T> {
  readonly documentId: string;
  /** Before it is open: the roots of its kind, empty. */
  readonly json: Store<Snapshot<T>>;
  /** The open document, for editors; null before it is open. */
  readonly replica: Store<Document<T> | null>;
  readonly status: Store<ReplicaStatus>;
  readonly unsyncedChanges: Store<number>;
  /** What one shows of oneself. */
  readonly self: Store<Presence>;
  readonly others: Store<readonly Other[]>;
  readonly undoing: Store<Undoing>;
  /** The oldest first, until they are dismissed. */
  readonly rejections: Store<readonly Rejection[]>;
  /** The latest commits, so many at most; the same store for the same number. */
  history(limit?: number): Store<RecentHistory>;
  change(recipe: Recipe<T>): void;
  patch(patch: Patch): void;
  /** Makes the text at a JSON Pointer this one, by the least edits; also where there is none yet. */
  setText(pointer: string, text: string): void;
  undo(): Promise<UndoOutcome>;
  redo(): Promise<UndoOutcome>;
  /** Writes what the document was after a commit, as one more commit. Rejects with `offline` or `refused`. */
  restore(sequence: number): Promise<UndoOutcome>;
  /** Shows this of oneself beside what one shows already; it may be called before the document is open. */
  setPresence(change: Presence): void;
  dismiss(rejection: Rejection): void;
  /**
   * Null when there is something to show: what this device had kept, or what the relay has. Else a promise, the same one
   * until then; the document is open meanwhile. It does not end without a relay for a document that this device never had.
   */
  ready(): Promise<void> | null;
}

/** What of a client is used: `createClient` makes one. */
export interface BindingClient<K extends Kinds = Kinds> {
  readonly kinds: K;
  isOpen(documentId: string): boolean;
  open(documentId: string): unknown;
}

const bindings = new WeakMap<object, Map<string, unknown>>();

/** The same object for the same client and id. Opens nothing. */
export function bind<K extends Kinds, const Id extends string>(
  client: BindingClient<K>,
  documentId: Id,
): Bound<DocumentOf<K, Id>> {
  const bound = bindings.get(client) ?? new Map<string, unknown>();
  bindings.set(client, bound);
  const known = bound.get(documentId) ?? createBound<DocumentOf<K, Id>>(client, documentId);
  bound.set(documentId, known);
  return known as Bound<DocumentOf<K, Id>>;
}

const notOpen: ReplicaStatus = Object.freeze({
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
});

function createBound<T>(client: BindingClient, documentId: string): Bound<T> {
  const rejections = createCell<readonly Rejection[]>([]);
  let shown: Presence = nothingShown;
  let blank: Snapshot<T> | undefined;
  let waiting: Promise<void> | null = null;
  const histories = new Map<number, Store<RecentHistory>>();
  const hold = createHold<T>(client, documentId, ({ document, presence }) => {
    document.on("rejected", rejection => rejections.set([...rejections.getSnapshot(), rejection]));
    if (shown !== nothingShown) presence.show(shown);
  });
  const ofDocument = <V>(initial: () => V, read: (document: Document<T>) => V): Store<V> =>
    store(initial, ({ document }) => ({ getSnapshot: () => read(document), subscribe: document.subscribe }));

  return {
    documentId,
    json: ofDocument(emptyJson, ({ json }) => json),
    replica: ofDocument<Document<T> | null>(
      () => null,
      document => document,
    ),
    status: ofDocument(
      () => notOpen,
      ({ status }) => status,
    ),
    unsyncedChanges: ofDocument(
      () => 0,
      ({ unsyncedChanges }) => unsyncedChanges,
    ),
    self: store(
      () => nothingShown,
      ({ presence }) => presence.self,
    ),
    others: store(
      () => nobody,
      ({ presence }) => presence.others,
    ),
    undoing: store<Undoing>(
      () => nothingToUndo,
      ({ undoing }) => undoing,
    ),
    rejections: store(rejections.getSnapshot, () => rejections),
    history(limit = 50) {
      const history =
        histories.get(limit) ??
        store(
          () => noHistory,
          session => session.history(limit),
        );
      histories.set(limit, history);
      return history;
    },
    change: recipe => open().document.change(recipe),
    patch: patch => open().document.patch(patch),
    setText(pointer, text) {
      const { document } = open();
      const isThere = valueAt(document.json as Json, parsePointer(pointer)) !== undefined;
      document.patch([{ op: isThere ? "replace" : "add", path: pointer, value: text }]);
    },
    undo: () => open().undoing.undo(),
    redo: () => open().undoing.redo(),
    restore: sequence => open().document.restore(sequence),
    setPresence(change) {
      shown = { ...shown, ...change };
      hold.session?.presence.show(change);
    },
    dismiss: rejection => rejections.set(rejections.getSnapshot().filter(each => each !== rejection)),
    ready() {
      if (hold.session !== null && isReady(hold.session)) return null;
      waiting ??= becomeReady();
      return waiting;
    },
  };

  function store<V>(initial: () => V, source: (session: Session<T>) => Source<V>): Store<V> {
    return {
      getInitialSnapshot: initial,
      getSnapshot: () => (hold.session === null ? initial() : source(hold.session).getSnapshot()),
      subscribe: listener => hold.take(session => source(session).subscribe(listener), listener),
    };
  }

  function emptyJson(): Snapshot<T> {
    blank ??= createEditing<T>(new Y.Doc(), { roots: kindOf(client.kinds, documentId).roots }).getSnapshot();
    return blank;
  }

  /** Of a document that nobody follows, an edit opens it for the moment. */
  function open(): Session<T> {
    const { session } = hold;
    if (session !== null) return session;
    hold.take(() => () => {})();
    if (hold.session === null) throw new TypeError(`${documentId} is being closed.`);
    return hold.session;
  }

  function becomeReady(): Promise<void> {
    return new Promise(resolve => {
      const letGo = hold.take(session => {
        const look = () => {
          if (!isReady(session)) return;
          waiting = null;
          resolve();
          // Who waited for it holds it by then: the hold's own patience is for that.
          letGo();
        };
        queueMicrotask(look);
        return session.document.subscribe(look);
      });
    });
  }

  function isReady({ document: { doc, status } }: Session<T>): boolean {
    return status.stopped !== null || status.synced || (status.loaded && doc.store.clients.size > 0);
  }
}
