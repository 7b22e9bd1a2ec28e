/**
 * Reverting recorded spans as a new edit, by ids: later edits stay, and nothing is found by counting positions.
 *
 * What the records inserted is deleted; what they deleted is inserted again where it was. A list item's place is its
 * tombstone. When its parent was collected in the meantime and restored by a revert, the parent's copy has copies of
 * all its tombstones, so the place is still known. A key gets its old value back only while what is in force there is
 * the records' own doing; and content comes back only if its last deletion is one of those that are reverted.
 */
import type * as Y from "yjs";
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
import { createRestoredIds, IdSet, type Restoration, type RestoredIds } from "./restored-ids.js";
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
  /** What earlier reverts restored. It is extended by what this one restores. */
  readonly restored?: RestoredIds;
  /** The origin of the transaction; without effect inside one that is already running. */
  readonly origin?: unknown;
}

export interface Reversion {
  /** To be kept with the commit of this revert, for all later ones. */
  readonly restorations: readonly Restoration[];
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
  { restored = createRestoredIds(), origin = null }: RevertOptions = {},
): Reversion {
  return doc.transact(transaction => new Reverter(transaction, records, restored).run(), origin);
}

class Reverter {
  readonly #transaction: Transaction;
  readonly #doc: Y.Doc;
  readonly #records: readonly InverseRecord[];
  readonly #restored: RestoredIds;
  /** What the records inserted, and the copies of it. */
  readonly #inserted = new IdSet();
  /** What the records deleted. */
  readonly #deleted = new IdSet();
  readonly #doomed: readonly IdRange[];
  readonly #restorations: Restoration[] = [];
  readonly #skipped: SkippedItem[] = [];
  #restoredUnits = 0;
  #deletedUnits = 0;

  constructor(transaction: Transaction, records: readonly InverseRecord[], restored: RestoredIds) {
    this.#transaction = transaction;
    this.#doc = transaction.doc;
    this.#records = records;
    this.#restored = restored;
    const inserted = records.flatMap(record => record.inserted);
    // Before anything is restored, so that nothing of it is among them.
    this.#doomed = inserted.flatMap(range => [range, ...restored.copiesOf(range)]);
    for (const range of this.#doomed) this.#inserted.add(range);
    for (const { vanished, deleted } of records) {
      for (const range of vanished) this.#deleted.add(range);
      for (const item of deleted) this.#deleted.add(item);
    }
  }

  run(): Reversion {
    // Latest first: a parent comes back before what was deleted in it earlier.
    for (let i = this.#records.length - 1; i >= 0; i--) {
      for (const item of this.#records[i]!.deleted) {
        for (const { isMember, clock, length } of [...this.#inserted.split(item)]) {
          if (!isMember) this.#restore(item, clock, length);
        }
      }
    }
    for (const range of this.#doomed) this.#delete(range);
    return {
      restorations: this.#restorations,
      restoredUnits: this.#restoredUnits,
      deletedUnits: this.#deletedUnits,
      skipped: this.#skipped,
    };
  }

  /** Restores a part of a deleted item, in the pieces that its earlier copies are in. */
  #restore(item: DeletedItem, from: number, length: number): void {
    for (let clock = from, end = from + length; clock < end; ) {
      const copy = this.#restored.resolve({ client: item.client, clock, length: end - clock });
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
    if (!this.#isDeletedByRecords(copy.client, copy.clock)) return this.#skip(item, units, "deleted-later");
    const parent = parentOf(place);
    if (itemOf(parent)?.deleted === true) return this.#skip(item, units, "parent-gone");
    const offset = piece.clock - item.clock;
    const content = sliceContent(item.content, offset, offset + units.length);
    const neighbours = { left: place.left, right: place };
    this.#note(copy, this.#insert(parent, neighbours, content), false);
    this.#restoredUnits += units.length;
    return units.length;
  }

  #restoreEntry(item: DeletedItem, key: string, piece: IdRange, copy: IdRange): number {
    if (findItem(this.#doc, copy.client, copy.clock)?.deleted === false) return piece.length;
    const parent = this.#findType(item.parent);
    if (parent === null) return this.#skip(item, piece, "parent-gone");
    const current = lastEntry(parent, key);
    if (current !== undefined) {
      const { client, clock } = lastUnit(current);
      if (!current.deleted && !this.#inserted.has(client, clock))
        return this.#skip(item, piece, "overwritten");
      if (current.deleted && !this.#isDeletedByRecords(client, clock)) {
        return this.#skip(item, piece, "deleted-later");
      }
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

  /** Whether the records are why this unit is deleted; a copied tombstone is so for the reason its original was. */
  #isDeletedByRecords(client: number, clock: number): boolean {
    if (this.#deleted.has(client, clock)) return true;
    const origin = this.#restored.originOf(client, clock);
    return origin !== null && this.#isDeletedByRecords(origin.client, origin.clock);
  }

  #delete(range: IdRange): void {
    const end = range.clock + range.length;
    let found = firstItemFrom(this.#doc, range.client, range.clock);
    while (found !== null && found.id.clock < end) {
      const from = Math.max(found.id.clock, range.clock);
      const item = cutItem(this.#transaction, found, from, end - from);
      if (!item.deleted) {
        this.#deletedUnits += item.length;
        deleteItem(this.#transaction, item);
      }
      found = firstItemFrom(this.#doc, range.client, from + item.length);
    }
  }

  /** The type that a reference means now, or `null` if it is gone. */
  #findType(ref: TypeRef): SharedType | null {
    if (typeof ref === "string") return this.#doc.share.get(ref) ?? null;
    const { client, clock } = this.#restored.resolve({ ...ref, length: 1 });
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
    for (const [key, item] of keys) {
      for (const { copied, from, content } of this.#parts(item)) {
        const entry =
          content === null
            ? setEntry(this.#transaction, type, key, newContent.tombstone(copied.length))
            : this.#set(type, key, sliceContent(content, from, from + copied.length));
        this.#note(copied, entry, content === null);
      }
    }
  }

  /** The parts of a captured item that are not the records' own, by the ids of their last copies. */
  *#parts({ client, clock, length, content }: CapturedItem) {
    for (const part of [...this.#inserted.split({ client, clock, length })]) {
      if (part.isMember && content !== null) continue;
      for (let from = part.clock, end = part.clock + part.length; from < end; ) {
        const copied = this.#restored.resolve({ client, clock: from, length: end - from });
        yield { copied, from: from - clock, content };
        from += copied.length;
      }
    }
  }

  #note({ client, clock, length }: IdRange, { id }: Item, isTombstone: boolean): void {
    const restoration = { client, clock, length, newClient: id.client, newClock: id.clock, isTombstone };
    this.#restored.add(restoration);
    this.#restorations.push(restoration);
  }
}

function lastUnit({ id, length }: Item): { client: number; clock: number } {
  return { client: id.client, clock: id.clock + length - 1 };
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
