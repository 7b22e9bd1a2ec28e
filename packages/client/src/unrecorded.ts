/**
 * What a document holds that neither the relay has nor any record of the outbox: edits of a time before there was an outbox.
 *
 * Structs are covered by the relay's state vector, extended record by record; deletions, which no state vector knows, by
 * the deletions in what the relay sent and in the records. The records themselves are never in the result, or they would
 * be judged as one.
 */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";

export interface Covered {
  /** The relay's. */
  readonly stateVector: Uint8Array;
  /** What the relay sent, which tells what is deleted there; null when that is not known, and no deletion is then told. */
  readonly updates: readonly Uint8Array[] | null;
  /** What will be sent anyway, in order. */
  readonly records: readonly Uint8Array[];
}

type Deletions = ReturnType<typeof Y.createDeleteSet>;
type Ranges = readonly { readonly clock: number; readonly len: number }[];

export interface Unrecorded {
  readonly update: Uint8Array;
  /** Whether it builds on records, so that it can only be sent behind them. */
  readonly isLater: boolean;
}

/** What is not covered, or null. `diff` gives what the document holds beyond a state vector, and all deletions. */
export function unrecorded(
  diff: (stateVector: Uint8Array) => Uint8Array,
  { stateVector, updates, records }: Covered,
): Unrecorded | null {
  const known = Y.decodeStateVector(stateVector);
  const clocks = extended(known, records);
  const update = diff(Y.encodeStateVector(clocks));
  const { structs, ds } = Y.decodeUpdate(update);
  const covering = [...(updates ?? []), ...records].map(each => Y.decodeUpdate(each).ds);
  const deletions =
    updates === null ? Y.createDeleteSet() : withoutDeletions(ds, Y.mergeDeleteSets(covering));
  if (structs.length === 0 && deletions.clients.size === 0) return null;
  // An update ends with its deletions, so what stands before them is its structs.
  const structBytes = update.subarray(0, update.length - encodeDeletions(ds).length);
  // The first struct of each client tells where it joins on.
  const { from } = Y.parseUpdateMeta(update);
  const isLater = [...from].some(([client, clock]) => clock > (known.get(client) ?? 0));
  return { update: join(structBytes, encodeDeletions(deletions)), isLater };
}

/** Clocks up to which a state vector and updates leave no gap. */
function extended(known: ReadonlyMap<number, number>, updates: readonly Uint8Array[]): Map<number, number> {
  const ranges: { client: number; from: number; to: number }[] = [];
  for (const update of updates) {
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) ranges.push({ client, from: from.get(client) ?? 0, to: end });
  }
  const clocks = new Map(known);
  for (const { client, from, to } of ranges.sort((one, other) => one.from - other.from)) {
    const clock = clocks.get(client) ?? 0;
    if (from <= clock) clocks.set(client, Math.max(clock, to));
  }
  return clocks;
}

/** What a document holds beyond a state vector, and all deletions; without what waits there for something that is missing. */
export function integrated(doc: Y.Doc, stateVector: Uint8Array): Uint8Array {
  if (doc.store.pendingStructs === null && doc.store.pendingDs === null) {
    return Y.encodeStateAsUpdate(doc, stateVector);
  }
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  copy.store.pendingStructs = null;
  copy.store.pendingDs = null;
  const update = Y.encodeStateAsUpdate(copy, stateVector);
  copy.destroy();
  return update;
}

/** What of an update stored ones do not hold, or null. Its deletions count only where it holds more than that. */
export function withoutStored(update: Uint8Array, stored: readonly Uint8Array[]): Uint8Array | null {
  const doc = new Y.Doc();
  for (const each of stored) Y.applyUpdate(doc, each);
  const rest = Y.diffUpdate(update, Y.encodeStateVector(doc));
  doc.destroy();
  return Y.decodeUpdate(rest).structs.length === 0 ? null : rest;
}

/** Whether an update has anything in it. */
export function isEmptyUpdate(update: Uint8Array): boolean {
  return update.length <= 2;
}

function withoutDeletions(all: Deletions, known: Deletions): Deletions {
  const left = Y.createDeleteSet();
  for (const [client, ranges] of Y.mergeDeleteSets([all]).clients) {
    const rest = withoutRanges(ranges, known.clients.get(client) ?? []);
    if (rest.length > 0) left.clients.set(client, rest);
  }
  return left;
}

/** Both sorted, and without overlaps. */
function withoutRanges(ranges: Ranges, known: Ranges): { clock: number; len: number }[] {
  const left: { clock: number; len: number }[] = [];
  let next = 0;
  for (const { clock, len } of ranges) {
    const end = clock + len;
    let at = clock;
    for (; next < known.length; next++) {
      const range = known[next]!;
      if (range.clock >= end) break;
      if (range.clock > at) left.push({ clock: at, len: range.clock - at });
      at = Math.max(at, range.clock + range.len);
      // The range may reach into the next one that is asked for.
      if (at >= end) break;
    }
    if (at < end) left.push({ clock: at, len: end - at });
  }
  return left;
}

/** As they end an update: a snapshot is deletions and a state vector, here of nothing, which is one byte. */
function encodeDeletions(deletions: Deletions): Uint8Array {
  return Y.encodeSnapshot(Y.createSnapshot(deletions, new Map())).subarray(0, -1);
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeUint8Array(encoder, one);
    encoding.writeUint8Array(encoder, other);
  });
}
