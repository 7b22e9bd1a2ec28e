/**
 * What reverts have done, for the reverts after them.
 *
 * Yjs cannot bring an item back, so a revert inserts its content anew, under new ids; and what it deletes because its
 * insertion is reverted is deleted in another sense than what somebody deletes. Both must be remembered as long as the
 * inverse records are: without the first, undoing twice brings the same content back twice; without the second, an
 * undo would take the undos before it for later edits.
 */
import {
  check,
  type Decoder,
  decodeVersioned,
  encodeVersioned,
  readByte,
  readCount,
  readUint,
  writeByte,
  writeUint,
} from "./binary.js";
import type { IdRange } from "./invert.js";

/** `length` units that came back under the ids from `newClock` of `newClient` onwards. */
export interface Restoration extends IdRange {
  readonly newClient: number;
  readonly newClock: number;
  /** Not content but the mark of a place: the units were tombstones, and so are their copies. */
  readonly isTombstone: boolean;
}

/** What one revert has done; to be kept with its commit. */
export interface RevertNote {
  readonly restorations: readonly Restoration[];
  /** What was deleted because its insertion was reverted. */
  readonly withdrawn: readonly IdRange[];
}

/** The notes of all reverts so far. */
export interface RevertMemory {
  noteRestoration(restoration: Restoration): void;
  noteWithdrawal(range: IdRange): void;
  /** Where a range went, in the last of its copies: as much of it, from its beginning, as went together. */
  resolve(range: IdRange): IdRange;
  /** The unit of which this one is the copy, or `null`. */
  originOf(client: number, clock: number): UnitOrigin | null;
  /** All copies of a range, and their copies. */
  copiesOf(range: IdRange): IdRange[];
  isWithdrawn(client: number, clock: number): boolean;
  /** Everything as one note, of which an equal memory can be made. */
  all(): RevertNote;
}

export interface UnitOrigin {
  readonly client: number;
  readonly clock: number;
  readonly isTombstone: boolean;
}

export function createRevertMemory(notes: Iterable<RevertNote> = []): RevertMemory {
  const byOldId = new SortedRanges<Restoration>();
  const byNewId = new SortedRanges<Restoration>();
  const withdrawn = new IdSet();
  const memory: RevertMemory = {
    noteRestoration(restoration) {
      byOldId.insert(restoration);
      byNewId.insert(reversed(restoration));
    },
    noteWithdrawal(range) {
      withdrawn.add(range);
    },
    resolve(range) {
      for (let id = range; ; ) {
        const { found, length } = byOldId.stretch(id);
        if (found === undefined) return { ...id, length };
        id = image(found, id.clock, length);
      }
    },
    originOf(client, clock) {
      const { found } = byNewId.stretch({ client, clock, length: 1 });
      return found === undefined ? null : { ...image(found, clock, 1), isTombstone: found.isTombstone };
    },
    copiesOf(range) {
      const copies: IdRange[] = [];
      for (const { found, clock, length } of byOldId.stretches(range)) {
        if (found === undefined) continue;
        const copy = image(found, clock, length);
        copies.push(copy, ...memory.copiesOf(copy));
      }
      return copies;
    },
    isWithdrawn: (client, clock) => withdrawn.has(client, clock),
    all: () => ({ restorations: [...byOldId], withdrawn: [...withdrawn] }),
  };
  for (const { restorations, withdrawn: ranges } of notes) {
    for (const restoration of restorations) memory.noteRestoration(restoration);
    for (const range of ranges) memory.noteWithdrawal(range);
  }
  return memory;
}

/**
 * The note as bytes. Equal notes give equal bytes, for ever: they are hashed and stored.
 *
 *     byte version = 1
 *     uint count, then uint client, clock, length, newClient, newClock and byte isTombstone for each restoration
 *     uint count, then uint client, clock, length for each range withdrawn
 */
export function encodeRevertNote({ restorations, withdrawn }: RevertNote): Uint8Array {
  return encodeVersioned(VERSION, encoder => {
    writeUint(encoder, restorations.length);
    for (const { client, clock, length, newClient, newClock, isTombstone } of restorations) {
      for (const value of [client, clock, length, newClient, newClock]) writeUint(encoder, value);
      writeByte(encoder, isTombstone ? 1 : 0);
    }
    writeUint(encoder, withdrawn.length);
    for (const { client, clock, length } of withdrawn) {
      for (const value of [client, clock, length]) writeUint(encoder, value);
    }
  });
}

/** The note of such bytes. Throws `malformed-bytes` and `unsupported-version`. */
export function decodeRevertNote(bytes: Uint8Array): RevertNote {
  return decodeVersioned(bytes, {
    version: VERSION,
    name: "revert note",
    read: decoder => {
      const restorations: Restoration[] = [];
      for (let count = readCount(decoder); count > 0; count--) {
        const [range, newClient, newClock] = [readRange(decoder), readUint(decoder), readUint(decoder)];
        const flag = readByte(decoder);
        check(flag < 2);
        restorations.push({ ...range, newClient, newClock, isTombstone: flag === 1 });
      }
      const withdrawn: IdRange[] = [];
      for (let count = readCount(decoder); count > 0; count--) withdrawn.push(readRange(decoder));
      return { restorations, withdrawn };
    },
  });
}

/** A set of ids. */
export class IdSet {
  readonly #ranges = new SortedRanges<IdRange>();

  add(range: IdRange): void {
    for (const { found, clock, length } of [...this.#ranges.stretches(range)]) {
      if (found === undefined) this.#ranges.insert({ client: range.client, clock, length });
    }
  }

  has(client: number, clock: number): boolean {
    return this.#ranges.stretch({ client, clock, length: 1 }).found !== undefined;
  }

  [Symbol.iterator](): Iterator<IdRange> {
    return this.#ranges[Symbol.iterator]();
  }

  /** The parts of a range that are in the set, and those that are not, in turn. */
  *split(
    range: IdRange,
  ): Generator<{ readonly isMember: boolean; readonly clock: number; readonly length: number }> {
    for (const { found, clock, length } of this.#ranges.stretches(range)) {
      yield { isMember: found !== undefined, clock, length };
    }
  }
}

const VERSION = 1;

function readRange(decoder: Decoder): IdRange {
  const range = { client: readUint(decoder), clock: readUint(decoder), length: readUint(decoder) };
  check(range.length > 0);
  return range;
}

function reversed({ client, clock, length, newClient, newClock, isTombstone }: Restoration): Restoration {
  return { client: newClient, clock: newClock, length, newClient: client, newClock: clock, isTombstone };
}

function image({ clock, newClient, newClock }: Restoration, from: number, length: number): IdRange {
  return { client: newClient, clock: newClock + (from - clock), length };
}

/** Disjoint ranges, found by the ids in them. */
class SortedRanges<T extends IdRange> {
  readonly #clients = new Map<number, T[]>();

  insert(range: T): void {
    const ranges = this.#clients.get(range.client);
    if (ranges === undefined) this.#clients.set(range.client, [range]);
    else ranges.splice(lastAtOrBefore(ranges, range.clock) + 1, 0, range);
  }

  /** The known range that holds the first unit, or `undefined`; and for how many units that is so. */
  stretch({ client, clock, length }: IdRange): { readonly found: T | undefined; readonly length: number } {
    const ranges = this.#clients.get(client) ?? [];
    const at = lastAtOrBefore(ranges, clock);
    const range = ranges[at];
    if (range !== undefined && clock < range.clock + range.length) {
      return { found: range, length: Math.min(length, range.clock + range.length - clock) };
    }
    const next = ranges[at + 1];
    return { found: undefined, length: next === undefined ? length : Math.min(length, next.clock - clock) };
  }

  *[Symbol.iterator](): Generator<T> {
    for (const ranges of this.#clients.values()) yield* ranges;
  }

  *stretches({ client, clock, length }: IdRange) {
    for (let from = clock, end = clock + length; from < end; ) {
      const part = this.stretch({ client, clock: from, length: end - from });
      yield { ...part, clock: from };
      from += part.length;
    }
  }
}

function lastAtOrBefore(ranges: readonly IdRange[], clock: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.clock <= clock) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
