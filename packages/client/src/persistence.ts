/**
 * What a replica keeps on its device, and how the tabs of one browser share it: the interfaces that the client drives.
 *
 * Invariants of an implementation: what `add`, `addRemote` and `settle` have resolved is there after a crash; a record is
 * never there without a `clientSequence` of its own; a mere `load` writes nothing. A rejection is a `ClientError` with code
 * `storage-failed`, `storage-full`, `storage-locked` or, once the store was closed, `closed`, and means that nothing of the call was kept, or that it may be kept: doing it again
 * is harmless but for `add`, which then makes a second record of the same update.
 */

/** One local transaction that the relay has not answered yet. */
export interface OutboxRecord {
  /** From 1, increasing over all tabs; gaps are allowed. */
  readonly clientSequence: number;
  /** When the transaction was made, in milliseconds since 1970 by the clock of this device. */
  readonly madeAt: number;
  /** The transaction as Yjs emitted it. */
  readonly update: Uint8Array;
}

export interface ReplicaMeta {
  /** Under which the records are sent: with the `clientSequence` it names a push over reconnects and restarts. */
  readonly replicaId: string;
  /** The document's generation on the relay; 0 when none is known. */
  readonly epoch: number;
  /** The last commit that the replica holds everything up to. */
  readonly sequence: number;
}

export interface StoredReplica {
  /** The document, records included, in any order. */
  readonly updates: Uint8Array[];
  /** By `clientSequence`. */
  readonly outbox: OutboxRecord[];
  readonly meta: ReplicaMeta | null;
}

/** What is kept of one document in one epoch. Every tab has its own. */
export interface ReplicaStore {
  load(): Promise<StoredReplica>;
  /**
   * Keeps a local transaction, the record first and then the document's update; resolves with its `clientSequence`.
   *
   * Those that are begun together, before anything else happens, are kept together in one write, in their order, or none.
   */
  add(record: { readonly madeAt: number; readonly update: Uint8Array }): Promise<number>;
  /** Keeps what came from the relay, which may be nothing but the metadata. */
  addRemote(updates: readonly Uint8Array[], meta?: Partial<ReplicaMeta>): Promise<void>;
  /** Lets go of records that the relay has answered; the document keeps their updates. */
  settle(clientSequences: readonly number[]): Promise<void>;
  /** Records behind this sequence, in order: also what other tabs have added. */
  outboxSince(clientSequence: number): Promise<OutboxRecord[]>;
  /**
   * Replaces by one state what this store has loaded and added until now, all of which the state must hold. What others
   * have written since it has loaded stays as it is; to take that in too, load again before.
   */
  compact(state: Uint8Array): Promise<void>;
  /** Removes everything that is kept of the document in this epoch; numbers of records go on all the same. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface Persistence {
  /** The store of a document; without an epoch, that of the newest one that is kept. */
  open(documentId: string, epoch?: number): ReplicaStore;
}

/** How the tabs of one browser find out who leads, and speak with one another. */
export interface Tabs {
  /** Asks for the lead under a name; `gained` is called once, when nobody else has it. Returns what gives it up. */
  lead(name: string, gained: () => void): () => void;
  /** Hears what other tabs send under the name, and never what this one sends. */
  channel(
    name: string,
    receive: (message: Uint8Array) => void,
  ): { send(message: Uint8Array): void; close(): void };
}
