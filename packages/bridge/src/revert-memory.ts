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
import { IdSet, SortedRanges } from "./id-ranges.js";
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
