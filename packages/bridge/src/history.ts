/**
 * Reverting recorded spans as a new edit, by ids: later edits stay, and nothing is found by counting positions.
 *
 * What the records inserted is deleted; what they deleted is inserted again where it was. A list item's place is its
 * tombstone. When its parent was collected in the meantime and restored by a revert, the parent's copy has copies of
 * all its tombstones, so the place is still known. A key gets its old value back only while what is in force there is
 * the records' own doing; and content comes back only if its last deletion is one of those that are reverted.
 */
import type * as Y from "yjs";
import { IdSet } from "./id-ranges.js";
import {
  type CapturedContent,
  type CapturedItem,
  type CapturedType,
  type DeletedItem,
  type IdRange,
  type InverseRecord,
  lengthOf,
  type TypeRef,
} from "./invert.js";
import { fromTagged } from "./json.js";
import { createRevertMemory, type Restoration, type RevertMemory, type RevertNote } from "./revert-memory.js";
import {
  type Content,
  contentKind,
  cutItem,
  deleteItem,
  findItem,
  firstItemFrom,
  type Item,
  insertItem,
  itemOf,
  lastEntry,
  newContent,
  parentOf,
  type SharedType,
  setEntry,
  type Transaction,
  typeOf,
} from "./yjs.js";

export interface RevertOptions {
  /** What earlier reverts have done. What this one does is added to it. */
  readonly memory?: RevertMemory;
  /** The origin of the transaction; without effect inside one that is already running. */
  readonly origin?: unknown;
}

export interface Reversion extends RevertNote {
  readonly restoredUnits: number;
  readonly deletedUnits: number;
  /** What did not come back, and why. */
  readonly skipped: readonly SkippedItem[];
}

/** Content that a revert did not bring back. */
export interface SkippedItem extends IdRange {
  readonly parent: TypeRef;
  readonly key: string | null;
  /**
   * - `parent-gone`: the type that held it is deleted, or its place was collected.
   * - `overwritten`: its key has a later value.
   * - `deleted-later`: it came back once and was deleted again, or its key was.
   */
  readonly reason: "parent-gone" | "overwritten" | "deleted-later";
}

/**
 * Reverts the records as one transaction, or as part of the running one. They are given in the order in which they
 * were made, and may be of one user or many, in a row or not.
 */
export function revert(
  doc: Y.Doc,
  records: readonly InverseRecord[],
  { memory = createRevertMemory(), origin = null }: RevertOptions = {},
): Reversion {
  return doc.transact(transaction => new Reverter(transaction, records, memory).run(), origin);
}

/** Sets a key to content that is not in force, over whatever is; the content's copies are noted in the memory. */
export function setAgain(transaction: Transaction, item: DeletedItem, memory: RevertMemory): RevertNote {
  return new Reverter(transaction, [], memory).setAgain(item);
}

interface Unit {
  readonly client: number;
  readonly clock: number;
}

class Reverter {
  readonly #transaction: Transaction;
  readonly #doc: Y.Doc;
  readonly #records: readonly InverseRecord[];
  readonly #memory: RevertMemory;
  /** What the records inserted, and the copies of it. */
  readonly #inserted = new IdSet();
  /** What the records deleted. */
  readonly #deleted = new IdSet();
  readonly #doomed: readonly IdRange[];
  readonly #restorations: Restoration[] = [];
  readonly #withdrawn: IdRange[] = [];
  readonly #skipped: SkippedItem[] = [];
  #restoredUnits = 0;
  #deletedUnits = 0;

  constructor(transaction: Transaction, records: readonly InverseRecord[], memory: RevertMemory) {
    this.#transaction = transaction;
    this.#doc = transaction.doc;
    this.#records = records;
    this.#memory = memory;
    const inserted = records.flatMap(record => record.inserted);
    // Found before anything is restored, so that nothing of that is among it.
    this.#doomed = inserted.flatMap(range => [range, ...memory.copiesOf(range)]);
    for (const range of this.#doomed) this.#inserted.add(range);
    for (const { vanished, deleted } of records) {
      for (const range of vanished) this.#deleted.add(range);
      for (const item of deleted) this.#deleted.add(item);
    }
  }

  run(): Reversion {
    for (const range of this.#doomed) this.#withdraw(range);
    // Latest first: a parent comes back before what was deleted in it earlier.
    for (let i = this.#records.length - 1; i >= 0; i--) {
      for (const item of this.#records[i]!.deleted) {
        for (const { isMember, clock, length } of [...this.#inserted.split(item)]) {
          if (!isMember) this.#restore(item, clock, length);
        }
      }
    }
    return {
      restorations: this.#restorations,
      withdrawn: this.#withdrawn,
      restoredUnits: this.#restoredUnits,
      deletedUnits: this.#deletedUnits,
      skipped: this.#skipped,
    };
  }

  setAgain(item: DeletedItem): RevertNote {
    const parent = this.#findType(item.parent);
    if (parent !== null && item.key !== null)
      this.#note(item, this.#set(parent, item.key, item.content), false);
    return { restorations: this.#restorations, withdrawn: [] };
  }

  /** Restores a part of a deleted item, in the pieces that its earlier copies are in. */
  #restore(item: DeletedItem, from: number, length: number): void {
    for (let clock = from, end = from + length; clock < end; ) {
      const copy = this.#memory.resolve({ client: item.client, clock, length: end - clock });
      const piece = { client: item.client, clock, length: copy.length };
      clock +=
        item.key === null
          ? this.#restoreListItem(item, piece, copy)
          : this.#restoreEntry(item, item.key, piece, copy);
    }
  }

  /** Returns how many units it has dealt with. */
  #restoreListItem(item: DeletedItem, piece: IdRange, copy: IdRange): number {
    const found = findItem(this.#doc, copy.client, copy.clock);
    if (found === null) return this.#skip(item, piece, "parent-gone");
    const place = cutItem(this.#transaction, found, copy.clock, copy.length);
    const units = { ...piece, length: place.length };
    if (!place.deleted) return units.length;
    if (!this.#isDeletedByRecords(copy)) return this.#skip(item, units, "deleted-later");
    const parent = parentOf(place);
    if (itemOf(parent)?.deleted === true) return this.#skip(item, units, "parent-gone");
    const offset = piece.clock - item.clock;
    const content = sliceContent(item.content, offset, offset + units.length);
    const neighbours = { left: place.left, right: place };
    // The tombstone may have been cut since, so that it holds less than was asked for.
    this.#note({ ...copy, length: units.length }, this.#insert(parent, neighbours, content), false);
    this.#restoredUnits += units.length;
    return units.length;
  }

  #restoreEntry(item: DeletedItem, key: string, piece: IdRange, copy: IdRange): number {
    if (findItem(this.#doc, copy.client, copy.clock)?.deleted === false) return piece.length;
    const parent = this.#findType(item.parent);
    if (parent === null) return this.#skip(item, piece, "parent-gone");
    const current = this.#unitInForce(parent, key);
    if (current !== null) {
      if (!current.deleted) return this.#skip(item, piece, "overwritten");
      if (!this.#isDeletedByRecords(current)) return this.#skip(item, piece, "deleted-later");
    }
    const offset = piece.clock - item.clock;
    const content = sliceContent(item.content, offset, offset + piece.length);
    this.#note(copy, this.#set(parent, key, content), false);
    this.#restoredUnits += piece.length;
    return piece.length;
  }

  #skip(item: DeletedItem, { client, clock, length }: IdRange, reason: SkippedItem["reason"]): number {
    this.#skipped.push({ client, clock, length, parent: item.parent, key: item.key, reason });
    return length;
  }

  /** The last unit of a key's chain that tells what the key ought to hold, or `null`. */
  #unitInForce(parent: SharedType, key: string): (Unit & { readonly deleted: boolean }) | null {
    for (let item = lastEntry(parent, key) ?? null; item !== null; item = item.left) {
      const { id, length, deleted } = item;
      for (let clock = id.clock + length - 1; clock >= id.clock; clock--) {
        const unit = { client: id.client, clock, deleted };
        if (!deleted || this.#isDeletedByRecords(unit)) return unit;
        if (!this.#isMoot(unit) && !this.#hasLost(item)) return unit;
      }
    }
    return null;
  }

  /**
   * Whether a deleted unit tells nothing about what its key ought to hold: its insertion was reverted, or it came back
   * and its copy tells.
   */
  #isMoot(unit: Unit): boolean {
    if (this.#memory.isWithdrawn(unit.client, unit.clock) || this.#hasCopy(unit)) return true;
    const origin = this.#memory.originOf(unit.client, unit.clock);
    return origin?.isTombstone === true && this.#memory.isWithdrawn(origin.client, origin.clock);
  }

  /**
   * Whether a deleted entry never was in force: it came later than a write of the records, and lost to it. Such a one stands
   * behind what the write deleted, which was in force until then, and before the write.
   */
  #hasLost(entry: Item): boolean {
    return this.#records.some(
      ({ inserted, deleted }) =>
        stands(entry, "right", inserted) &&
        stands(
          entry,
          "left",
          deleted.filter(({ key }) => key !== null),
        ),
    );
  }

  #hasCopy({ client, clock }: Unit): boolean {
    const copy = this.#memory.resolve({ client, clock, length: 1 });
    return copy.client !== client || copy.clock !== clock;
  }

  /**
   * Whether the records are why this unit is deleted. A tombstone's copy is deleted for the reason its original was,
   * and so is what came back and was withdrawn again.
   */
  #isDeletedByRecords({ client, clock }: Unit): boolean {
    if (this.#deleted.has(client, clock)) return true;
    const origin = this.#memory.originOf(client, clock);
    if (origin === null || !(origin.isTombstone || this.#memory.isWithdrawn(client, clock))) return false;
    return this.#isDeletedByRecords(origin);
  }

  /** Deletes what is left of an insertion, and notes that nothing of it counts any more. */
  #withdraw(range: IdRange): void {
    const end = range.clock + range.length;
    let found = firstItemFrom(this.#doc, range.client, range.clock);
    while (found !== null && found.id.clock < end) {
      const from = Math.max(found.id.clock, range.clock);
      const item = cutItem(this.#transaction, found, from, end - from);
      const units = { client: range.client, clock: from, length: item.length };
      if (item.deleted) {
        // What somebody else deleted stays deleted by him.
        for (const { isMember, clock, length } of [...this.#deleted.split(units)]) {
          if (isMember) this.#noteWithdrawal({ client: range.client, clock, length });
        }
      } else {
        this.#deletedUnits += item.length;
        deleteItem(this.#transaction, item);
        this.#noteWithdrawal(units);
      }
      found = firstItemFrom(this.#doc, range.client, from + units.length);
    }
  }

  /** The type that a reference means now, or `null` if it is gone. */
  #findType(ref: TypeRef): SharedType | null {
    if (typeof ref === "string") return this.#doc.share.get(ref) ?? null;
    const { client, clock } = this.#memory.resolve({ ...ref, length: 1 });
    const item = findItem(this.#doc, client, clock);
    return item === null || item.deleted || contentKind(item) !== "type" ? null : typeOf(item);
  }

  #insert(
    parent: SharedType,
    { left, right }: { left: Item | null; right: Item | null },
    content: CapturedContent,
  ): Item {
    const item = insertItem(this.#transaction, parent, { left, right, content: contentOf(content) });
    if (content.type === "type") this.#fill(typeOf(item), content);
    return item;
  }

  #set(parent: SharedType, key: string, content: CapturedContent): Item {
    const item = setEntry(this.#transaction, parent, key, contentOf(content));
    if (content.type === "type") this.#fill(typeOf(item), content);
    return item;
  }

  /** Rebuilds what a deleted type held, without what the records inserted, and with the places of its tombstones. */
  #fill(type: SharedType, { items, keys }: CapturedType): void {
    let left: Item | null = null;
    for (const item of items) {
      for (const { copied, from, content } of this.#parts(item)) {
        if (content === null) {
          const tombstone = { left, right: null, content: newContent.tombstone(copied.length) };
          left = insertItem(this.#transaction, type, tombstone);
        } else {
          left = this.#insert(type, { left, right: null }, sliceContent(content, from, from + copied.length));
        }
        this.#note(copied, left, content === null);
      }
    }
    for (const [key, chain] of keys) this.#fillKey(type, key, chain);
  }

  /** Of a key's chain the last unit counts that is neither the records' own nor moot. */
  #fillKey(type: SharedType, key: string, chain: readonly CapturedItem[]): void {
    for (const item of chain.toReversed()) {
      for (const { copied, from, content } of [...this.#parts(item)].reverse()) {
        if (content !== null) {
          this.#note(copied, this.#set(type, key, sliceContent(content, from, from + copied.length)), false);
          return;
        }
        for (let clock = copied.clock + copied.length - 1; clock >= copied.clock; clock--) {
          const unit = { client: copied.client, clock, length: 1 };
          if (this.#isMoot(unit)) continue;
          this.#note(unit, setEntry(this.#transaction, type, key, newContent.tombstone(1)), true);
          return;
        }
      }
    }
  }

  /** The parts of a captured item that are not the records' own, by the ids of their last copies. */
  *#parts({ client, clock, length, content }: CapturedItem) {
    for (const part of [...this.#inserted.split({ client, clock, length })]) {
      if (part.isMember && content !== null) continue;
      for (let from = part.clock, end = part.clock + part.length; from < end; ) {
        const copied = this.#memory.resolve({ client, clock: from, length: end - from });
        const hasCopy = this.#hasCopy({ client, clock: from });
        // The copy of a tombstone stands beside it, and is captured and restored as what it is.
        if (content !== null || !hasCopy) yield { copied, from: from - clock, content };
        from += copied.length;
      }
    }
  }

  #note({ client, clock, length }: IdRange, { id }: Item, isTombstone: boolean): void {
    const restoration = { client, clock, length, newClient: id.client, newClock: id.clock, isTombstone };
    this.#memory.noteRestoration(restoration);
    this.#restorations.push(restoration);
  }

  #noteWithdrawal(range: IdRange): void {
    this.#memory.noteWithdrawal(range);
    const last = this.#withdrawn[this.#withdrawn.length - 1];
    if (last !== undefined && last.client === range.client && last.clock + last.length === range.clock) {
      this.#withdrawn[this.#withdrawn.length - 1] = { ...last, length: last.length + range.length };
    } else {
      this.#withdrawn.push(range);
    }
  }
}

function sliceContent(content: CapturedContent, from: number, to: number): CapturedContent {
  if (from === 0 && to === lengthOf(content)) return content;
  if (content.type === "string") return { type: "string", text: content.text.slice(from, to) };
  if (content.type === "values") return { type: "values", values: content.values.slice(from, to) };
  return content;
}

function contentOf(content: CapturedContent): Content {
  switch (content.type) {
    case "string":
      return newContent.string(content.text);
    case "values":
      return newContent.values(content.values.map(fromTagged));
    case "binary":
      return newContent.binary(content.bytes.slice());
    case "embed":
      return newContent.embed(fromTagged(content.value));
    case "format":
      return newContent.format(content.key, fromTagged(content.value));
    case "subdocument":
      return newContent.subdocument(content.guid, fromTagged(content.options));
    case "type":
      return newContent.type(content.className, content.name);
  }
}

/** Whether any of the ranges stands on that side of a key's entry. */
function stands(entry: Item, side: "left" | "right", ranges: readonly IdRange[]): boolean {
  for (let item = entry[side]; item !== null; item = item[side]) {
    const { id, length } = item;
    const holds = ({ client, clock, length: size }: IdRange) =>
      client === id.client && clock < id.clock + length && id.clock < clock + size;
    if (ranges.some(holds)) return true;
  }
  return false;
}
