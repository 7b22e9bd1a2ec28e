/**
 * The inverse record of a span: what it takes to undo it later, by ids, when its deleted content is long collected.
 *
 * Yjs forgets what was deleted. So a record keeps the ids the span inserted, and of what it deleted the content, the
 * ids and the place: a list item's place is its tombstone, which stays in its sequence; a keyed item's is its parent
 * and key. In a deleted subtree all ids are kept, those of tombstones too: without them nothing could tell which of
 * its parts a later undo shall leave out, or where something deleted earlier belongs.
 *
 * `history.ts` reverts by such records.
 *
 * Long, because what a record holds, how it is captured and how it is encoded change together or not at all.
 */
import type * as Y from "yjs";
import {
  check,
  type Decoder,
  decodeVersioned,
  type Encoder,
  encodeVersioned,
  readByte,
  readBytes,
  readCount,
  readJson,
  readText,
  readUint,
  writeByte,
  writeBytes,
  writeJson,
  writeText,
  writeUint,
} from "./binary.js";
import { type Json, tagStored } from "./json.js";
import {
  bytesOf,
  classOf,
  contentKind,
  embedOf,
  firstEntry,
  firstItem,
  formatOf,
  type Item,
  itemOf,
  keysOf,
  nameOf,
  parentOf,
  type SharedType,
  type Span,
  subdocumentOf,
  type TypeClass,
  textOf,
  typeOf,
  valuesOf,
} from "./yjs.js";

/** `length` units from `clock` onwards, of one client. */
export interface IdRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/** A shared type: a root by its name, or the id of the item that holds it. */
export type TypeRef = string | { readonly client: number; readonly clock: number };

export interface InverseRecord {
  /** All that the span inserted, by client. */
  readonly inserted: readonly IdRange[];
  /** What it both inserted and deleted. */
  readonly vanished: readonly IdRange[];
  /** What it deleted of what was there before; a subtree once, at its root. */
  readonly deleted: readonly DeletedItem[];
}

export interface DeletedItem extends IdRange {
  readonly parent: TypeRef;
  /** `null` for a list item. */
  readonly key: string | null;
  readonly content: CapturedContent;
}

/** An item inside a deleted type; its content is `null` if it was a tombstone already. */
export interface CapturedItem extends IdRange {
  readonly content: CapturedContent | null;
}

/** Content as tagged JSON; its length is that of the text, of the values, or 1. */
export type CapturedContent =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "values"; readonly values: readonly Json[] }
  | { readonly type: "binary"; readonly bytes: Uint8Array }
  | { readonly type: "embed"; readonly value: Json }
  | { readonly type: "format"; readonly key: string; readonly value: Json }
  | { readonly type: "subdocument"; readonly guid: string; readonly options: Json }
  | CapturedType;

export interface CapturedType {
  readonly type: "type";
  readonly className: TypeClass;
  /** The tag of an element or the name of a hook. */
  readonly name: string;
  /** The chain of each key, by key: only its last item can have content. */
  readonly keys: readonly (readonly [key: string, chain: readonly CapturedItem[]])[];
  readonly items: readonly CapturedItem[];
}

/** Captures the record; only while the span's deleted content is still there. */
export function captureInverse(doc: Y.Doc, span: Span): InverseRecord {
  const inserted: IdRange[] = [];
  const vanished: IdRange[] = [];
  const deleted: DeletedItem[] = [];
  span.eachNewRange((client, clock, length) => inserted.push({ client, clock, length }));
  span.eachVanishedRange((client, clock, length) => vanished.push({ client, clock, length }));
  span.eachRemovedItem(item => {
    const parent = parentOf(item);
    // Inside a deleted subtree: captured with it.
    if (itemOf(parent)?.deleted === true) return;
    const content = captureContent(item, span);
    if (content === null) return;
    deleted.push({ ...idRange(item), parent: refOf(doc, parent), key: item.parentSub, content });
  });
  return { inserted: inserted.sort(byId), vanished: vanished.sort(byId), deleted: deleted.sort(byId) };
}

/**
 * The record as bytes. Equal records give equal bytes, for ever: they are hashed and stored.
 *
 *     byte version = 1
 *     uint count, ranges inserted; uint count, ranges vanished        range: uint client, uint clock, uint length
 *     uint count, deleted items
 *       byte content type + 16 if it has a key + 32 if its parent is that of the item before
 *       uint client, uint clock, [parent], [string key], content
 *     parent:  uint 0, string root name; or uint client + 1, uint clock
 *     content: 0 string:      string
 *              1 values:      uint count, json values
 *              2 binary:      bytes
 *              3 embed:       json
 *              4 format:      string key, json value
 *              5 subdocument: string guid, json options
 *              6 type:        byte class, string name, uint count, (string key, items), items
 *     items:   uint count, then for each
 *              byte content type, uint client, uint clock, content; 7 for a tombstone, whose content is uint length
 */
export function encodeInverse(record: InverseRecord): Uint8Array {
  return encodeVersioned(VERSION, encoder => {
    writeRanges(encoder, record.inserted);
    writeRanges(encoder, record.vanished);
    writeUint(encoder, record.deleted.length);
    let parent: TypeRef | undefined;
    for (const item of record.deleted) {
      const sameParent = parent !== undefined && refsEqual(parent, item.parent);
      parent = item.parent;
      const flags = (item.key === null ? 0 : HAS_KEY) | (sameParent ? SAME_PARENT : 0);
      writeByte(encoder, CONTENTS.indexOf(item.content.type) | flags);
      writeUint(encoder, item.client);
      writeUint(encoder, item.clock);
      if (!sameParent) writeRef(encoder, parent);
      if (item.key !== null) writeText(encoder, item.key);
      writeContent(encoder, item.content);
    }
  });
}

/** The record of such bytes. Throws `malformed-bytes` and `unsupported-version`. */
export function decodeInverse(bytes: Uint8Array): InverseRecord {
  return decodeVersioned(bytes, {
    version: VERSION,
    name: "inverse record",
    read: decoder => ({
      inserted: readRanges(decoder),
      vanished: readRanges(decoder),
      deleted: readDeleted(decoder),
    }),
  });
}

/** How many units a content holds. */
export function lengthOf(content: CapturedContent): number {
  switch (content.type) {
    case "string":
      return content.text.length;
    case "values":
      return content.values.length;
    default:
      return 1;
  }
}

const VERSION = 1;
const CONTENTS = ["string", "values", "binary", "embed", "format", "subdocument", "type"] as const;
const TOMBSTONE = 7;
const CONTENT = 15;
const HAS_KEY = 16;
const SAME_PARENT = 32;
const CLASSES = ["map", "array", "text", "xmlText", "xmlElement", "xmlFragment", "xmlHook"] as const;

function byId(a: IdRange, b: IdRange): number {
  return a.client - b.client || a.clock - b.clock;
}

function idRange({ id, length }: Item): IdRange {
  return { client: id.client, clock: id.clock, length };
}

/** What names a type in a record. */
export function refOf(doc: Y.Doc, type: SharedType): TypeRef {
  const item = itemOf(type);
  if (item !== null) return { client: item.id.client, clock: item.id.clock };
  for (const [name, root] of doc.share) if (root === type) return name;
  throw new Error("A root that its document does not have.");
}

function captureItem(item: Item, span: Captured): CapturedItem {
  return { ...idRange(item), content: span.shows(item) ? captureContent(item, span) : null };
}

/** Whose content a capture takes; `isNew` items were not there. */
export type Captured = Pick<Span, "isNew" | "shows">;

/** The content of an item with all that is in it; `null` for what has none any more. */
export function captureContent(item: Item, span: Captured): CapturedContent | null {
  switch (contentKind(item)) {
    case "string":
      return { type: "string", text: textOf(item) };
    case "any":
    case "json":
      return { type: "values", values: valuesOf(item).map(tagStored) };
    case "binary":
      return { type: "binary", bytes: bytesOf(item) };
    case "embed":
      return { type: "embed", value: tagStored(embedOf(item)) };
    case "format": {
      const { key, value } = formatOf(item);
      return { type: "format", key, value: tagStored(value) };
    }
    case "subdocument": {
      const { guid, options } = subdocumentOf(item);
      return { type: "subdocument", guid, options: tagStored(options) };
    }
    case "type":
      return captureType(typeOf(item), span);
    default:
      return null;
  }
}

function captureType(type: SharedType, span: Captured): CapturedType {
  const keys: [string, CapturedItem[]][] = [];
  for (const key of keysOf(type)) {
    const chain: CapturedItem[] = [];
    for (let item: Item | null = firstEntry(type, key); item !== null; item = item.right) {
      if (!span.isNew(item)) appendItem(chain, captureItem(item, span));
    }
    if (chain.length > 0) keys.push([key, chain]);
  }
  const items: CapturedItem[] = [];
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (!span.isNew(item)) appendItem(items, captureItem(item, span));
  }
  keys.sort(([a], [b]) => (a < b ? -1 : 1));
  return { type: "type", className: classOf(type) ?? "map", name: nameOf(type), keys, items };
}

/** Neighbouring tombstones with consecutive ids are one entry. */
function appendItem(items: CapturedItem[], item: CapturedItem): void {
  const last = items[items.length - 1];
  if (
    last !== undefined &&
    last.content === null &&
    item.content === null &&
    last.client === item.client &&
    last.clock + last.length === item.clock
  ) {
    items[items.length - 1] = { ...last, length: last.length + item.length };
  } else {
    items.push(item);
  }
}

function writeRanges(encoder: Encoder, ranges: readonly IdRange[]): void {
  writeUint(encoder, ranges.length);
  for (const { client, clock, length } of ranges) {
    writeUint(encoder, client);
    writeUint(encoder, clock);
    writeUint(encoder, length);
  }
}

function readRanges(decoder: Decoder): IdRange[] {
  return readList(decoder, () => ({
    client: readUint(decoder),
    clock: readUint(decoder),
    length: readLength(decoder),
  }));
}

function readDeleted(decoder: Decoder): DeletedItem[] {
  let previous: TypeRef | undefined;
  return readList(decoder, () => {
    const header = readByte(decoder);
    const client = readUint(decoder);
    const clock = readUint(decoder);
    const parent = (header & SAME_PARENT) === 0 ? readRef(decoder) : previous;
    check(parent !== undefined && ((header & SAME_PARENT) !== 0 || !refsEqual(previous, parent)));
    previous = parent;
    const key = (header & HAS_KEY) === 0 ? null : readText(decoder);
    check((header & ~(CONTENT | HAS_KEY | SAME_PARENT)) === 0);
    const content = readContent(decoder, header & CONTENT);
    return { client, clock, length: lengthOf(content), parent, key, content };
  });
}

function writeContent(encoder: Encoder, content: CapturedContent): void {
  switch (content.type) {
    case "string":
      writeText(encoder, content.text);
      break;
    case "values":
      writeUint(encoder, content.values.length);
      for (const value of content.values) writeJson(encoder, value);
      break;
    case "binary":
      writeBytes(encoder, content.bytes);
      break;
    case "embed":
      writeJson(encoder, content.value);
      break;
    case "format":
      writeText(encoder, content.key);
      writeJson(encoder, content.value);
      break;
    case "subdocument":
      writeText(encoder, content.guid);
      writeJson(encoder, content.options);
      break;
    case "type":
      writeByte(encoder, CLASSES.indexOf(content.className));
      writeText(encoder, content.name);
      writeUint(encoder, content.keys.length);
      for (const [key, chain] of content.keys) {
        writeText(encoder, key);
        writeItems(encoder, chain);
      }
      writeItems(encoder, content.items);
      break;
  }
}

function readContent(decoder: Decoder, type: number): CapturedContent {
  const name = CONTENTS[type];
  check(name !== undefined);
  switch (name) {
    case "string": {
      const text = readText(decoder);
      check(text.length > 0);
      return { type: "string", text };
    }
    case "values": {
      const values = readList(decoder, () => readJson(decoder));
      check(values.length > 0);
      return { type: "values", values };
    }
    case "binary":
      return { type: "binary", bytes: readBytes(decoder) };
    case "embed":
      return { type: "embed", value: readJson(decoder) };
    case "format":
      return { type: "format", key: readText(decoder), value: readJson(decoder) };
    case "subdocument":
      return { type: "subdocument", guid: readText(decoder), options: readJson(decoder) };
    case "type":
      return readType(decoder);
  }
}

function readType(decoder: Decoder): CapturedType {
  const className = CLASSES[readByte(decoder)];
  check(className !== undefined);
  const name = readText(decoder);
  const keys = readList(decoder, () => [readText(decoder), readItems(decoder)] as const);
  check(keys.every(([key], i) => i === 0 || keys[i - 1]![0] < key));
  return { type: "type", className, name, keys, items: readItems(decoder) };
}

function writeItems(encoder: Encoder, items: readonly CapturedItem[]): void {
  writeUint(encoder, items.length);
  for (const item of items) writeItem(encoder, item);
}

function readItems(decoder: Decoder): CapturedItem[] {
  return readList(decoder, () => readItem(decoder));
}

function writeItem(encoder: Encoder, { client, clock, length, content }: CapturedItem): void {
  writeByte(encoder, content === null ? TOMBSTONE : CONTENTS.indexOf(content.type));
  writeUint(encoder, client);
  writeUint(encoder, clock);
  if (content === null) writeUint(encoder, length);
  else writeContent(encoder, content);
}

function readItem(decoder: Decoder): CapturedItem {
  const type = readByte(decoder);
  const client = readUint(decoder);
  const clock = readUint(decoder);
  if (type === TOMBSTONE) return { client, clock, length: readLength(decoder), content: null };
  const content = readContent(decoder, type);
  return { client, clock, length: lengthOf(content), content };
}

function writeRef(encoder: Encoder, ref: TypeRef): void {
  if (typeof ref === "string") {
    writeUint(encoder, 0);
    writeText(encoder, ref);
  } else {
    writeUint(encoder, ref.client + 1);
    writeUint(encoder, ref.clock);
  }
}

function readRef(decoder: Decoder): TypeRef {
  const head = readUint(decoder);
  return head === 0 ? readText(decoder) : { client: head - 1, clock: readUint(decoder) };
}

function refsEqual(a: TypeRef | undefined, b: TypeRef): boolean {
  if (a === undefined || typeof a === "string" || typeof b === "string") return a === b;
  return a.client === b.client && a.clock === b.clock;
}

function readLength(decoder: Decoder): number {
  const length = readUint(decoder);
  check(length > 0);
  return length;
}

function readList<T>(decoder: Decoder, read: () => T): T[] {
  const list: T[] = [];
  for (let count = readCount(decoder); count > 0; count--) list.push(read());
  return list;
}
