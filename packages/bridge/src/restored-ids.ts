/**
 * What became of restored content: Yjs cannot bring an item back, so a revert inserts its content anew, under new ids.
 *
 * The map from old ids to new ones must last as long as the inverse records that name the old ones, or undoing twice
 * would bring the same content back twice. It grows by the restorations of every revert.
 */
import {
  check,
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

export interface RestoredIds {
  add(restoration: Restoration): void;
  /** Where a range went, in the last of its copies: as much of it, from its beginning, as went together. */
  resolve(range: IdRange): IdRange;
  /** The unit of which a tombstone is the copy, or `null` for a unit that is no such copy. */
  originOf(client: number, clock: number): { readonly client: number; readonly clock: number } | null;
  /** All copies of a range, and their copies. */
  copiesOf(range: IdRange): IdRange[];
}

export function createRestoredIds(restorations: Iterable<Restoration> = []): RestoredIds {
  const byOldId = new SortedRanges<Restoration>();
  const tombstonesByNewId = new SortedRanges<Restoration>();
  const restored: RestoredIds = {
    add(restoration) {
      byOldId.insert(restoration);
      if (restoration.isTombstone) tombstonesByNewId.insert(reversed(restoration));
    },
    resolve(range) {
      for (let id = range; ; ) {
        const { found, length } = byOldId.stretch(id);
        if (found === undefined) return { ...id, length };
        id = image(found, id.clock, length);
      }
    },
    originOf(client, clock) {
      const { found } = tombstonesByNewId.stretch({ client, clock, length: 1 });
      return found === undefined ? null : image(found, clock, 1);
    },
    copiesOf(range) {
      const copies: IdRange[] = [];
      for (const { found, clock, length } of byOldId.stretches(range)) {
        if (found === undefined) continue;
        const copy = image(found, clock, length);
        copies.push(copy, ...restored.copiesOf(copy));
      }
      return copies;
    },
  };
  for (const restoration of restorations) restored.add(restoration);
  return restored;
}

/**
 * Restorations as bytes, to be kept with the commit that made them.
 *
 *     byte version = 1, uint count, then uint client, clock, length, newClient, newClock and byte isTombstone for each
 */
export function encodeRestorations(restorations: readonly Restoration[]): Uint8Array {
  return encodeVersioned(VERSION, encoder => {
    writeUint(encoder, restorations.length);
    for (const { client, clock, length, newClient, newClock, isTombstone } of restorations) {
      for (const value of [client, clock, length, newClient, newClock]) writeUint(encoder, value);
      writeByte(encoder, isTombstone ? 1 : 0);
    }
  });
}

/** Throws `malformed-bytes` and `unsupported-version`. */
export function decodeRestorations(bytes: Uint8Array): Restoration[] {
  return decodeVersioned(bytes, {
    version: VERSION,
    name: "list of restorations",
    read: decoder => {
      const restorations: Restoration[] = [];
      for (let count = readCount(decoder); count > 0; count--) {
        const [client, clock, length] = [readUint(decoder), readUint(decoder), readUint(decoder)];
        const [newClient, newClock, flag] = [readUint(decoder), readUint(decoder), readByte(decoder)];
        check(length > 0 && flag < 2);
        restorations.push({ client, clock, length, newClient, newClock, isTombstone: flag === 1 });
      }
      return restorations;
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
