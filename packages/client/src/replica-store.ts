/**
 * A replica's store over any medium that keeps numbered updates and numbered records.
 *
 * What is the same on every medium is here: which stored updates a state holds, so that compaction takes nothing away that
 * others have written meanwhile; which records' updates are surely in the document, so that a record is let go of only
 * then; one durable write for all transactions that were made during the one before.
 *
 * The record of a transaction is kept before its update. A crash in between leaves a record whose update is missing in the
 * document: `load` gives it all the same, and `settle` puts it there before the record goes.
 */
import { ClientError } from "./errors.js";
import type { OutboxRecord, ReplicaMeta, ReplicaStore, StoredReplica } from "./persistence.js";

export type RecordDraft = Omit<OutboxRecord, "clientSequence">;

/**
 * Where a replica is kept. Other stores write to the same place at any time.
 *
 * Numbers of updates and of records increase over all that write, and none is given twice, not after `clear` either. A
 * function that fails has done nothing, and rejects with a `ClientError`.
 */
export interface ReplicaMedium {
  /** All updates in the order of their numbers, and the highest of these: 0 when there are none. */
  updates(): Promise<{ readonly updates: Uint8Array[]; readonly last: number }>;
  /** Gives each its number, in their order. */
  addUpdates(updates: readonly Uint8Array[]): Promise<number[]>;
  /** In one step: adds a state, and removes the updates that it holds. The number of what was added. */
  replaceUpdates(isHeld: (number: number) => boolean, state: Uint8Array): Promise<number>;
  /** Records behind a number, in order. */
  recordsSince(clientSequence: number): Promise<OutboxRecord[]>;
  /** Those of these records that are there. */
  records(clientSequences: readonly number[]): Promise<OutboxRecord[]>;
  /** Gives each its number, in their order. They survive a power cut when this resolves. */
  addRecords(records: readonly RecordDraft[]): Promise<number[]>;
  removeRecords(clientSequences: readonly number[]): Promise<void>;
  meta(): Promise<ReplicaMeta | null>;
  setMeta(meta: Partial<ReplicaMeta>): Promise<void>;
  /** Removes all of the above. */
  clear(): Promise<void>;
  /** Called once, when nothing is under way. */
  close(): Promise<void>;
}

/** What is known of a replica before anything is. */
export const NO_META: ReplicaMeta = { replicaId: "", epoch: 0, sequence: 0 };

export function openReplicaStore(medium: ReplicaMedium): ReplicaStore {
  /** The highest number of an update that `load` gave. */
  let heldUpTo = 0;
  /** Numbers above it that this store has written. */
  const own = new Set<number>();
  /** Records that `load` gave. */
  const loaded = new Set<number>();
  /** Records whose update is surely among the stored updates. */
  const stored = new Set<number>();
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | null = null;

  const addInGroup = inGroups(async (drafts: readonly RecordDraft[]) => {
    const clientSequences = await medium.addRecords(drafts);
    await addUpdates(drafts.map(({ update }) => update));
    for (const clientSequence of clientSequences) stored.add(clientSequence);
    return clientSequences;
  });

  return {
    load: () => run(load),
    add: draft => run(() => addInGroup(draft)),
    addRemote: (updates, meta) => run(() => addRemote(updates, meta)),
    settle: clientSequences => run(() => settle(clientSequences)),
    outboxSince: clientSequence => run(() => medium.recordsSince(clientSequence)),
    compact: state => {
      // Taken now: what is written from here on is not in the state.
      const covered = { upTo: heldUpTo, own: new Set(own), records: [...loaded] };
      return run(() => compact(state, covered));
    },
    clear: () => run(() => medium.clear()),
    close: () => {
      closing ??= Promise.allSettled(underWay).then(() => medium.close());
      return closing;
    },
  };

  async function run<T>(operation: () => Promise<T>): Promise<T> {
    if (closing !== null) throw new ClientError("closed", "The store was closed.");
    const done = operation();
    underWay.add(done);
    try {
      return await done;
    } finally {
      underWay.delete(done);
    }
  }

  /**
   * In this order others may write at any time: the metadata claims nothing that is not in the updates, and a record that
   * is there has been read, whether or not its update was.
   */
  async function load(): Promise<StoredReplica> {
    const meta = await medium.meta();
    const { updates, last } = await medium.updates();
    const outbox = await medium.recordsSince(0);
    heldUpTo = Math.max(heldUpTo, last);
    for (const { clientSequence } of outbox) loaded.add(clientSequence);
    return { updates: [...updates, ...outbox.map(({ update }) => update)], outbox, meta };
  }

  async function addRemote(updates: readonly Uint8Array[], meta?: Partial<ReplicaMeta>): Promise<void> {
    if (updates.length > 0) await addUpdates(updates);
    // Afterwards, for it must never claim more than is there.
    if (meta !== undefined) await medium.setMeta(meta);
  }

  async function addUpdates(updates: readonly Uint8Array[]): Promise<void> {
    for (const number of await medium.addUpdates(updates)) own.add(number);
  }

  async function settle(clientSequences: readonly number[]): Promise<void> {
    const unsure = clientSequences.filter(clientSequence => !stored.has(clientSequence));
    const records = unsure.length === 0 ? [] : await medium.records(unsure);
    if (records.length > 0) {
      const numbers = await medium.addUpdates(records.map(({ update }) => update));
      for (const [index, { clientSequence }] of records.entries()) {
        // Of what another tab has added since, it is not certain that a state will hold it.
        if (loaded.has(clientSequence)) own.add(numbers[index]!);
      }
    }
    if (clientSequences.length > 0) await medium.removeRecords(clientSequences);
    for (const clientSequence of clientSequences) {
      loaded.delete(clientSequence);
      stored.delete(clientSequence);
    }
  }

  async function compact(state: Uint8Array, covered: Covered): Promise<void> {
    const isHeld = (number: number) => number <= covered.upTo || covered.own.has(number);
    const number = await medium.replaceUpdates(isHeld, state);
    for (const each of covered.own) own.delete(each);
    own.add(number);
    for (const clientSequence of covered.records) if (loaded.has(clientSequence)) stored.add(clientSequence);
  }
}

/** What a state that is handed to `compact` holds. */
interface Covered {
  readonly upTo: number;
  readonly own: ReadonlySet<number>;
  readonly records: readonly number[];
}

/** Writes in one what has come while the write before was under way. */
function inGroups<Item, Result>(
  write: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let gathering: { readonly items: Item[]; readonly written: Promise<readonly Result[]> } | null = null;
  let last: Promise<unknown> = Promise.resolve();
  return async item => {
    if (gathering === null) {
      const items: Item[] = [];
      const written = last.then(() => {
        gathering = null;
        return write(items);
      });
      gathering = { items, written };
      // The next is tried whatever became of this one; whoever waits for this one is told.
      last = written.catch(() => undefined);
    }
    const { items, written } = gathering;
    const place = items.push(item) - 1;
    return (await written)[place]!;
  };
}
