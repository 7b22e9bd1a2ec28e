/**
 * What the firewall reads of a `Y.Doc` below its public face, and all of it: the store of structs, items and their
 * neighbours, and the types that hold them. Nothing here writes.
 *
 * Everything is looked up when it is asked for, so it is right inside of a running transaction too, where deleted
 * items still have their content and neighbouring structs are not joined yet.
 */
import * as Y from "yjs";

/** One entry of the store. A collected one has neither content nor parent any more. */
export type StoredStruct = Y.Item | Y.GC;

/** Whatever events it gives; written so since Yjs leaves that open in its own types. */
export type SharedType = Exclude<Y.Item["parent"], Y.ID | null>;

/** What a shared type can hold. A hook is a map; an XML text is a text. */
export type TypeKind = "array" | "map" | "text" | "element" | "fragment";

/** The structs of a client, by clock and without gaps; `undefined` when there are none. */
export function structsOf(doc: Y.Doc, client: number): readonly StoredStruct[] | undefined {
  return doc.store.clients.get(client);
}

/** The clock after the last struct. */
export function endOf(structs: readonly StoredStruct[] | undefined): number {
  if (structs === undefined) return 0;
  const last = structs[structs.length - 1]!;
  return last.id.clock + last.length;
}

/** The index of the struct that holds the clock, which must be before `endOf` and not before the struct at `from`. */
export function indexOf(structs: readonly StoredStruct[], clock: number, from = 0): number {
  let high = structs.length - 1;
  const last = structs[high]!;
  // Most edits touch what their author wrote last.
  if (last.id.clock <= clock) return high;
  let low = from;
  // Clocks are spread evenly enough that the first guess is often right (as in Yjs's `findIndexSS`).
  let middle = from === 0 ? Math.floor((clock / (last.id.clock + last.length)) * high) : from;
  while (low < high) {
    const struct = structs[middle]!;
    if (struct.id.clock > clock) high = middle - 1;
    else if (struct.id.clock + struct.length > clock) return middle;
    else low = middle + 1;
    middle = (low + high) >>> 1;
  }
  return low;
}

export function clientCount(doc: Y.Doc): number {
  return doc.store.clients.size;
}

/** How many structs the document has. Takes time for each client. */
export function structCount(doc: Y.Doc): number {
  let count = 0;
  for (const structs of doc.store.clients.values()) count += structs.length;
  return count;
}

/** The item, or `null` for a collected struct. */
export function itemOf(struct: StoredStruct): Y.Item | null {
  return struct instanceof Y.Item ? struct : null;
}

/** The type that the item is in. Yjs types it for items that are not in a document yet; in the store it is a type. */
export function parentOf(item: Y.Item): SharedType {
  return item.parent as SharedType;
}

/** The type that the item holds; `"gone"` when its content was deleted; `null` when it never was a type. */
export function typeIn(item: Y.Item): SharedType | "gone" | null {
  if (item.content instanceof Y.ContentType) return item.content.type;
  return item.content instanceof Y.ContentDeleted ? "gone" : null;
}

export function rootOf(doc: Y.Doc, name: string): SharedType | undefined {
  return doc.share.get(name);
}

/** The kind of a type that is inside of another; roots have the kind that their first reader gives them. */
export function kindOf(type: SharedType): TypeKind | "root" {
  if (type._item === null) return "root";
  if (type instanceof Y.Text) return "text";
  if (type instanceof Y.Map) return "map";
  if (type instanceof Y.Array) return "array";
  return type instanceof Y.XmlElement ? "element" : "fragment";
}

/** How many types the type is inside of; stops at `limit`. */
export function depthOf(type: SharedType, limit: number): number {
  let depth = 0;
  for (let item = type._item; item !== null && depth < limit; item = parentOf(item)._item) depth++;
  return depth;
}

/** Whether a cut before the unit at `offset` would part the halves of a character (`ContentString.splice`). */
export function partsPair(item: Y.Item, offset: number): boolean {
  if (!(item.content instanceof Y.ContentString)) return false;
  const text = item.content.str;
  return isHigh(text.charCodeAt(offset - 1)) && isLow(text.charCodeAt(offset));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** The keys of the formats in force in a text. Takes time for each of its items. */
export function formatKeysIn(type: SharedType): Set<string> {
  const keys = new Set<string>();
  for (let item = type._start; item !== null; item = item.right) {
    if (!item.deleted && item.content instanceof Y.ContentFormat) keys.add(item.content.key);
  }
  return keys;
}

/** The value in force of a key. */
export function entryOf(type: SharedType, key: string): Y.Item | undefined {
  return type._map.get(key);
}

/** How many items are in the list of a type, deleted ones included. Counts no further than `limit`. */
export function itemCount(type: SharedType, limit: number): number {
  let count = 0;
  for (let item = type._start; item !== null && count < limit; item = item.right) count++;
  return count;
}

/** Whether a text has or had formats. Yjs notes it on whatever a format was put into. */
export function hasFormatting(type: SharedType): boolean {
  return "_hasFormatting" in type && type._hasFormatting === true;
}

/** The items directly inside of the type that an item holds. */
export function* childrenOf(item: Y.Item): Generator<Y.Item> {
  if (!(item.content instanceof Y.ContentType)) return;
  const { type } = item.content;
  for (let child = type._start; child !== null; child = child.right) yield child;
  yield* type._map.values();
}

/** How many items next to an item, on both sides, are deleted or show nothing. Counts no further than `limit`. */
export function adjacentGap(item: Y.Item, limit: number): number {
  let count = 0;
  for (let right = item.right; right !== null && count < limit; right = right.right, count++) {
    if (!right.deleted && right.countable) break;
  }
  for (let left = item.left; left !== null && count < limit; left = left.left, count++) {
    if (!left.deleted && left.countable) break;
  }
  return count;
}

export function isFormat(item: Y.Item): boolean {
  return item.content instanceof Y.ContentFormat;
}

/** Where a new item says that it goes, in terms of what is stored. */
export interface Search {
  /** The item that holds the origin, or without an origin the list, or the history of a key. */
  readonly after:
    | Y.Item
    | { readonly list: SharedType }
    | { readonly history: SharedType; readonly key: string };
  readonly origin: Y.ID | null;
  readonly until: Y.Item | null;
}

/**
 * How many items `Item.integrate` looks at when it searches the place of a new one: those from its origin on, or from
 * the first of the list or of the key's history, until its right neighbour or until one whose own origin lies before
 * the new one's. Counts no further than `limit`.
 */
export function searchSteps(doc: Y.Doc, { after, origin, until }: Search, limit: number): number {
  let item: Y.Item | null;
  let steps = 0;
  if (after instanceof Y.Item) {
    // When both are parts of one item, they are next to each other.
    if (after === until) return 0;
    item = after.right;
  } else if ("list" in after) {
    item = after.list._start;
  } else {
    item = after.history._map.get(after.key) ?? null;
    for (; item !== null && item.left !== null && steps < limit; item = item.left) steps++;
  }
  const seen = new Set<StoredStruct>();
  for (; item !== null && item !== until && steps < limit; item = item.right) {
    steps++;
    if (item.origin === null ? origin !== null : !follows(item.origin)) break;
    seen.add(item);
  }
  return steps;

  function follows(id: Y.ID): boolean {
    if (origin !== null && Y.compareIDs(id, origin)) return true;
    const structs = structsOf(doc, id.client)!;
    const holder = structs[indexOf(structs, id.clock)]!;
    // What the origin's item holds after the origin becomes an item of its own.
    return seen.has(holder) || (holder === after && origin !== null && id.clock > origin.clock);
  }
}
