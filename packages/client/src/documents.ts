/**
 * Documents as a program edits them: a replica, its JSON typed by its kind, and what edits it and takes edits back.
 */
import type { MutableJsonObject, Patch } from "@verso/bridge";
import type { ChangePage, Problem } from "@verso/protocol";
import type * as Y from "yjs";
import {
  type Client,
  type ClientOptions,
  createClient as createReplicas,
  type OpenOptions,
} from "./client.js";
import type { Replica } from "./document.js";
import type { Recipe, Snapshot } from "./draft.js";
import { createEditing } from "./editing.js";
import { createHistory, type HistoryRange, type UndoOutcome } from "./history.js";
import { type DocumentOf, type Kinds, kindOf, textsOf } from "./kinds.js";

/** What came of a proposed edit: all of it is in the document, or nothing is. Issues of an accepted one are warnings. */
export interface Proposed {
  readonly type: "accepted" | "rejected";
  readonly issues: NonNullable<Problem["issues"]>;
}

/** Judges edits of a document here, as its relay will. */
export interface DocumentJudge {
  /** Writes the edits in one transaction, and takes them back in it when they may not be. */
  propose(write: () => void): Proposed;
  close(): void;
}

/** What gives the documents of a client their judges; `judge` of `@verso/client/judge` makes one. */
export type Judging = (documentId: string, doc: Y.Doc) => DocumentJudge;

export interface DocumentOptions<K extends Kinds = Kinds> {
  /** By the patterns of the relay's configuration. They type what `open` gives. @default any JSON */
  readonly kinds?: K | undefined;
  /** @default nothing is judged here, and nothing can be proposed */
  readonly judge?: Judging | undefined;
}

/** An open document. Events are those of its replica. */
export interface Document<T = MutableJsonObject> extends Replica {
  /** The document as JSON: frozen, and the same object until something in it changes, as is all that is in it. */
  readonly json: Snapshot<T>;
  /** The same, for `useSyncExternalStore` and the like. */
  readonly getSnapshot: () => Snapshot<T>;
  /** Calls after every change of the JSON, of `status` and of `unsyncedChanges`. Returns what ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Makes the document what a recipe makes of a draft of its JSON, as the least edits, in one transaction or none.
   *
   * Throws what the recipe throws, and a `BridgeError` with a pointer for what cannot be done: `not-editable` for the
   * inside of formatted text and XML, `invalid-value`, `forbidden-key`, `fixed-root`. Then nothing was written.
   */
  change(recipe: Recipe<T>): void;
  /**
   * The same by a JSON Patch (RFC 6902), which may have `str_ins` and `str_del` in it.
   *
   * Throws a `BridgeError` with a code, the index of the operation and its pointer. Then nothing was written.
   */
  patch(patch: Patch): void;
  /**
   * Changes the document if the judge allows it; only then does anybody see it, and what is sent holds no refused value.
   *
   * Throws what `change` throws, and a `TypeError` for a client without a judge, and within a transaction.
   */
  propose(recipe: Recipe<T>): Proposed;
  /** Takes back the user's latest edit in force: by the relay, and without a connection that of this session here. */
  undo(): Promise<UndoOutcome>;
  redo(): Promise<UndoOutcome>;
  /** Writes what the document was after a commit, as one more commit. Rejects with `offline` or `refused`. */
  restore(sequence: number): Promise<UndoOutcome>;
  /** Commits of anybody, the oldest first. Rejects with `offline` or `refused`. */
  history(range?: HistoryRange): Promise<ChangePage>;
}

export interface Documents<K extends Kinds = Kinds> extends Omit<Client, "open"> {
  /** As they were given. */
  readonly kinds: K;
  /** Opens a document; while it is open, the same one again. */
  open<const Id extends string>(documentId: Id, options?: OpenOptions): Document<DocumentOf<K, Id>>;
}

/** A client of one relay, for one user: all its documents over one connection. */
export function createClient<const K extends Kinds = Record<never, never>>({
  // None, as the default of the type says.
  kinds = {} as K,
  judge,
  ...options
}: ClientOptions & DocumentOptions<K>): Documents<K> {
  const client = createReplicas(options);
  const openReplica = client.open;
  const documents = new WeakMap<Replica, unknown>();
  return Object.assign(client, { kinds, open });

  function open<const Id extends string>(documentId: Id, options?: OpenOptions): Document<DocumentOf<K, Id>> {
    const replica = openReplica(documentId, options);
    const document = documents.get(replica) ?? createDocument<DocumentOf<K, Id>>(replica);
    documents.set(replica, document);
    // By the kind that the id matches, whose schema the relay sees to.
    return document as Document<DocumentOf<K, Id>>;
  }

  function createDocument<T>(replica: Replica): Document<T> {
    const { documentId, doc } = replica;
    const kind = kindOf(kinds, documentId);
    let write = (edits: () => void) => doc.transact(edits);
    const editing = createEditing<T>(doc, {
      roots: kind.roots,
      textAt: textsOf(kind),
      write: edits => write(edits),
    });
    const history = createHistory(replica, options);
    let judging: DocumentJudge | null = null;

    return {
      ...replica,
      get status() {
        return replica.status;
      },
      get unsyncedChanges() {
        return replica.unsyncedChanges;
      },
      get hasUnsyncedChanges() {
        return replica.hasUnsyncedChanges;
      },
      get json() {
        return editing.getSnapshot();
      },
      getSnapshot: editing.getSnapshot,
      subscribe(listener) {
        const ends = [editing.subscribe(listener), replica.subscribe(listener)];
        return () => {
          for (const end of ends) end();
        };
      },
      change: editing.change,
      patch: editing.patch,
      propose(recipe) {
        if (judge === undefined) throw new TypeError("The client was made without a judge.");
        judging ??= judge(documentId, doc);
        const { propose } = judging;
        let outcome: Proposed = { type: "accepted", issues: [] };
        const usually = write;
        write = edits => {
          outcome = propose(edits);
        };
        try {
          editing.change(recipe);
        } finally {
          write = usually;
        }
        return outcome;
      },
      undo: history.undo,
      redo: history.redo,
      restore: history.restore,
      history: history.changes,
      close,
      [Symbol.asyncDispose]: close,
    };

    function close(): Promise<void> {
      editing.close();
      history.close();
      judging?.close();
      return replica.close();
    }
  }
}
