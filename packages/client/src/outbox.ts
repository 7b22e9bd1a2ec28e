/**
 * The local transactions of a document that the relay has not answered, in the order in which they are sent.
 *
 * A record is sent once per connection, and taken out once, by its answer. What was answered does not come back in, however
 * late a tab or the store tells of it.
 */
import type { OutboxRecord } from "./persistence.js";

export interface Outbox {
  /** Records that wait for their answer, sent or not. */
  readonly size: number;
  /** In the order of sending. */
  readonly records: readonly OutboxRecord[];
  /** Those that no restart would find. */
  readonly volatile: readonly OutboxRecord[];
  /** Those that a restart would find. */
  readonly durable: ReadonlySet<number>;
  /** Takes one in; says whether it is new. One that is first stands before all others, since they may build on it. */
  add(record: OutboxRecord, options?: { readonly isVolatile?: boolean; readonly isFirst?: boolean }): boolean;
  /**
   * Takes in what the store held; what was `known` before it was read and is not in it was answered to another tab.
   * Returns what the store held though it was answered.
   */
  restore(records: readonly OutboxRecord[], known: ReadonlySet<number>): number[];
  /** Takes out what was answered. */
  take(clientSequence: number): { readonly record: OutboxRecord; readonly isVolatile: boolean } | null;
  /** The next to be sent, which it is from then on; none while enough are under way. */
  next(): OutboxRecord | null;
  /** The connection is gone, and with it whatever was under way. */
  unsend(): void;
}

/** What may be under way at once, so that a day's edits do not stand in a socket's buffer. */
const underWay = { records: 256, bytes: 1024 * 1024 };
/** How many answers are remembered; a tab or the store is behind by far fewer. */
const remembered = 4096;

export function createOutbox(): Outbox {
  let waiting = new Map<number, OutboxRecord>();
  const volatile = new Set<number>();
  const sent = new Map<number, number>();
  const answered = new Set<number>();
  let last = 0;
  let bytes = 0;

  const outbox: Outbox = {
    get size() {
      return waiting.size;
    },
    get records() {
      return [...waiting.values()];
    },
    get volatile() {
      return outbox.records.filter(({ clientSequence }) => volatile.has(clientSequence));
    },
    add(record, { isVolatile = false, isFirst = false } = {}) {
      const { clientSequence } = record;
      if (answered.has(clientSequence) || waiting.has(clientSequence)) return false;
      waiting.set(clientSequence, record);
      if (isVolatile) volatile.add(clientSequence);
      if (isFirst) waiting = new Map([[clientSequence, record], ...waiting]);
      else if (isVolatile) return true;
      else if (clientSequence < last) sort();
      else last = clientSequence;
      return true;
    },
    get durable() {
      return new Set([...waiting.keys()].filter(clientSequence => !volatile.has(clientSequence)));
    },
    restore(records, known) {
      for (const { clientSequence } of records) volatile.delete(clientSequence);
      const held = new Set(records.map(({ clientSequence }) => clientSequence));
      for (const clientSequence of known) {
        if (held.has(clientSequence)) continue;
        waiting.delete(clientSequence);
        forget(clientSequence);
      }
      for (const record of records) outbox.add(record);
      return [...held].filter(clientSequence => answered.has(clientSequence));
    },
    take(clientSequence) {
      answered.add(clientSequence);
      if (answered.size > remembered)
        for (const oldest of answered) {
          answered.delete(oldest);
          break;
        }
      const record = waiting.get(clientSequence);
      const isVolatile = volatile.delete(clientSequence);
      waiting.delete(clientSequence);
      forget(clientSequence);
      return record === undefined ? null : { record, isVolatile };
    },
    next() {
      if (sent.size >= underWay.records || bytes >= underWay.bytes) return null;
      for (const record of waiting.values()) {
        if (sent.has(record.clientSequence)) continue;
        sent.set(record.clientSequence, record.update.length);
        bytes += record.update.length;
        return record;
      }
      return null;
    },
    unsend() {
      sent.clear();
      bytes = 0;
    },
  };
  return outbox;

  function forget(clientSequence: number): void {
    bytes -= sent.get(clientSequence) ?? 0;
    sent.delete(clientSequence);
  }

  /** By their numbers, but for those in memory only: they stay before, or behind, what they stood before. */
  function sort(): void {
    const records = [...waiting];
    const durable = records.filter(([key]) => !volatile.has(key)).sort(([one], [other]) => one - other);
    waiting = new Map(records.map(record => (volatile.has(record[0]) ? record : durable.shift()!)));
  }
}
