/**
 * The one module that knows Yjs from the inside: items, their neighbours and content, the struct store, the delete
 * set of a transaction. All of it is Yjs 13.6; none of it is promised by Yjs, so nobody else here may reach for it.
 *
 * An item is a run of units (characters, list elements, one keyed value) with consecutive ids: client and clock. A
 * sequence is the chain of items that begins at its type's `_start`, deleted ones (tombstones) included; their order
 * never changes once they are in it. A keyed value is the last item of its key's chain.
 *
 * Long, because everything that may break with another version of Yjs is to be found in one file.
 */
import * as Y from "yjs";
import type { Json } from "./json.js";

export type Item = Y.Item;
export type Transaction = Y.Transaction;
export type Content = Y.Item["content"];
export type SharedType = Y.Doc["share"] extends Map<string, infer T> ? T : never;
type DeleteSet = Y.Transaction["deleteSet"];

/** What an item holds. The position of a kind is the number by which Yjs's update format calls it. */
const CONTENT_KINDS = [
  "collected",
  "deleted",
  "json",
  "binary",
  "string",
  "embed",
  "format",
  "type",
  "any",
  "subdocument",
] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

export function contentKind(item: Item): ContentKind {
  return CONTENT_KINDS[item.content.getRef()]!;
}

/** The text of an item of kind `string`. */
export function textOf(item: Item): string {
  return (item.content as Y.ContentString).str;
}

/** The values of an item of kind `any` or `json`. */
export function valuesOf(item: Item): readonly unknown[] {
  return (item.content as Y.ContentAny).arr;
}

export function bytesOf(item: Item): Uint8Array {
  return (item.content as Y.ContentBinary).content;
}

export function embedOf(item: Item): unknown {
  return (item.content as Y.ContentEmbed).embed;
}

export function formatOf(item: Item): { readonly key: string; readonly value: unknown } {
  return item.content as Y.ContentFormat;
}

/** The shared type that an item of kind `type` holds. */
export function typeOf(item: Item): SharedType {
  return (item.content as Y.ContentType).type;
}

export function subdocumentOf(item: Item): { readonly guid: string; readonly options: unknown } {
  const content = item.content as Y.ContentDoc;
  return { guid: content.doc.guid, options: content.opts };
}

/** The type an item belongs to. */
export function parentOf(item: Item): SharedType {
  // An integrated item's parent is a type; ids and null occur only while an update is being decoded.
  return item.parent as SharedType;
}

/** A type with nothing in it, as a root is that nobody has asked for yet. */
export function emptyType(): SharedType {
  return new Y.AbstractType();
}

/** The item that holds a type within its parent, or `null` for a root. */
export function itemOf(type: SharedType): Item | null {
  return type._item;
}

export function firstItem(type: SharedType): Item | null {
  return type._start;
}

/** The item after another, `null` being the start. */
export function nextOf(type: SharedType, item: Item | null): Item | null {
  return item === null ? type._start : item.right;
}

/** How many visible units a sequence has. */
export function lengthOf(type: SharedType): number {
  return type._length;
}

/** Visits all items of a sequence with the number of visible units before each. */
export function eachListItem(type: SharedType, visit: (item: Item, index: number) => void): void {
  let index = 0;
  for (let item = type._start; item !== null; item = item.right) {
    visit(item, index);
    if (!item.deleted && item.countable) index += item.length;
  }
}

/** The name of a root; `null` for any other type. */
export function rootName(doc: Y.Doc, type: SharedType): string | null {
  for (const [name, root] of doc.share) if (root === type) return name;
  return null;
}

export function keysOf(type: SharedType): Iterable<string> {
  return type._map.keys();
}

export function hasKeys(type: SharedType): boolean {
  return type._map.size > 0;
}

/** The last item of a key's chain, alive or not. */
export function lastEntry(type: SharedType, key: string): Item | undefined {
  return type._map.get(key);
}

/** The first item of a key's chain. */
export function firstEntry(type: SharedType, key: string): Item | null {
  let item = type._map.get(key) ?? null;
  while (item !== null && item.left !== null) item = item.left;
  return item;
}

/** The class of a shared type; `null` for a root that nobody has asked for by a class yet. */
export type TypeClass = "map" | "array" | "text" | "xmlText" | "xmlElement" | "xmlFragment" | "xmlHook";

export function classOf(type: SharedType): TypeClass | null {
  // Subclasses first: an element is a fragment, an XML text a text, a hook a map.
  if (type instanceof Y.Map) return type instanceof Y.XmlHook ? "xmlHook" : "map";
  if (type instanceof Y.Array) return "array";
  if (type instanceof Y.Text) return type instanceof Y.XmlText ? "xmlText" : "text";
  if (type instanceof Y.XmlFragment) return type instanceof Y.XmlElement ? "xmlElement" : "xmlFragment";
  return null;
}

/** The tag of an element or the name of a hook; empty for types that have no name. */
export function nameOf(type: SharedType): string {
  if (type instanceof Y.XmlElement) return type.nodeName;
  return type instanceof Y.XmlHook ? type.hookName : "";
}

/** Which items a reader takes for present. */
export interface View {
  shows(item: Item): boolean;
  /** The item that holds the value of a key, or `null`. */
  entry(type: SharedType, key: string): Item | null;
  /** Of a reader with a memory: the JSON of a nested type or of a stored object, read only when it is not known. */
  readonly remember?: (source: object, read: () => Json) => Json;
}

/** The document as it is. */
export const now: View = {
  shows: item => !item.deleted,
  entry(type, key) {
    const item = type._map.get(key);
    return item === undefined || item.deleted ? null : item;
  },
};

/**
 * What a batch of transactions did, and the document as it was before them.
 *
 * The view holds until the batch is cleaned up: what it deleted is marked as such, but its content is still there.
 */
export class Span implements View {
  readonly #doc: Y.Doc;
  readonly #before: ReadonlyMap<number, number>;
  readonly #deleted: DeleteSet;

  constructor(doc: Y.Doc, transactions: readonly Transaction[], { sorted = false } = {}) {
    this.#doc = doc;
    this.#before = transactions[0]!.beforeState;
    // Until its cleanup a delete set is in order of deletion, and a binary search in it finds nothing reliably.
    this.#deleted = sorted
      ? transactions[0]!.deleteSet
      : Y.mergeDeleteSets(transactions.map(t => t.deleteSet));
  }

  isNew(item: Item): boolean {
    return item.id.clock >= (this.#before.get(item.id.client) ?? 0);
  }

  /** Whether the item was there before and is not any more. */
  removed(item: Item): boolean {
    return item.deleted && !this.isNew(item) && Y.isDeleted(this.#deleted, item.id);
  }

  shows(item: Item): boolean {
    return !this.isNew(item) && (!item.deleted || Y.isDeleted(this.#deleted, item.id));
  }

  entry(type: SharedType, key: string): Item | null {
    let item: Item | null = type._map.get(key) ?? null;
    while (item !== null && this.isNew(item)) item = item.left;
    return item !== null && this.shows(item) ? item : null;
  }

  /** Whether the span has nothing at all: no new struct, no deletion. */
  get isEmpty(): boolean {
    if (this.#deleted.clients.size > 0) return false;
    for (const [client, structs] of this.#doc.store.clients) {
      if (endOf(structs) > (this.#before.get(client) ?? 0)) return false;
    }
    return true;
  }

  eachNewRange(visit: (client: number, clock: number, length: number) => void): void {
    this.#doc.store.clients.forEach((structs, client) => {
      const from = this.#before.get(client) ?? 0;
      const end = endOf(structs);
      if (end > from) visit(client, from, end - from);
    });
  }

  /** Visits the ids that the span both inserted and deleted. */
  eachVanishedRange(visit: (client: number, clock: number, length: number) => void): void {
    for (const [client, ranges] of this.#deleted.clients) {
      const newFrom = this.#before.get(client) ?? 0;
      for (const { clock, len } of ranges) {
        const from = Math.max(clock, newFrom);
        if (from < clock + len) visit(client, from, clock + len - from);
      }
    }
  }

  eachNewItem(visit: (item: Item) => void): void {
    this.#doc.store.clients.forEach((structs, client) => {
      const from = this.#before.get(client) ?? 0;
      if (endOf(structs) <= from) return;
      for (let i = Y.findIndexSS(structs, Math.max(from, structs[0]!.id.clock)); i < structs.length; i++) {
        const struct = structs[i]!;
        if (struct instanceof Y.Item) visit(struct);
      }
    });
  }

  /** Visits the items that were there before and are deleted now. */
  eachRemovedItem(visit: (item: Item) => void): void {
    this.#deleted.clients.forEach((ranges, client) => {
      const structs = this.#doc.store.clients.get(client);
      if (structs === undefined) return;
      const newFrom = this.#before.get(client) ?? 0;
      for (const { clock, len } of ranges) {
        if (clock >= newFrom) continue;
        for (let i = Y.findIndexSS(structs, clock); i < structs.length; i++) {
          const struct = structs[i]!;
          if (struct.id.clock >= clock + len || struct.id.clock >= newFrom) break;
          if (struct instanceof Y.Item) visit(struct);
        }
      }
    });
  }

  /**
   * Splits items at the boundaries of the span: the cleanup of an earlier transaction may have merged what a
   * transaction begun by its observers had inserted.
   */
  splitItems(transaction: Transaction): void {
    const cut = (client: number, clock: number) => {
      const structs = this.#doc.store.clients.get(client);
      if (structs === undefined || clock <= structs[0]!.id.clock || clock >= endOf(structs)) return;
      const struct = structs[Y.findIndexSS(structs, clock)]!;
      if (struct.id.clock < clock && struct instanceof Y.Item) {
        Y.getItemCleanStart(transaction, Y.createID(client, clock));
      }
    };
    for (const client of this.#doc.store.clients.keys()) cut(client, this.#before.get(client) ?? 0);
    for (const [client, ranges] of this.#deleted.clients) {
      for (const { clock, len } of ranges) {
        cut(client, clock);
        cut(client, clock + len);
      }
    }
  }
}

/** The item that holds a unit, or `null` if the unit is unknown or collected together with its parent. */
export function findItem(doc: Y.Doc, client: number, clock: number): Item | null {
  const structs = doc.store.clients.get(client);
  if (structs === undefined || clock < structs[0]!.id.clock || clock >= endOf(structs)) return null;
  const struct = structs[Y.findIndexSS(structs, clock)]!;
  return struct instanceof Y.Item ? struct : null;
}

/** The item that holds a unit, or the client's next one after it, or `null`. */
export function firstItemFrom(doc: Y.Doc, client: number, clock: number): Item | null {
  const structs = doc.store.clients.get(client);
  if (structs === undefined || clock >= endOf(structs)) return null;
  for (let i = Y.findIndexSS(structs, Math.max(clock, structs[0]!.id.clock)); i < structs.length; i++) {
    const struct = structs[i]!;
    if (struct instanceof Y.Item) return struct;
  }
  return null;
}

/** Cuts an item so that it begins at a unit and holds no more than `length` units. */
export function cutItem(transaction: Transaction, item: Item, clock: number, length: number): Item {
  const { client } = item.id;
  const first = clock > item.id.clock ? Y.getItemCleanStart(transaction, Y.createID(client, clock)) : item;
  if (first.length > length) Y.getItemCleanStart(transaction, Y.createID(client, clock + length));
  return first;
}

/** The item that ends with a unit, cut off behind it. */
export function cutAfter(transaction: Transaction, client: number, clock: number): Item {
  return Y.getItemCleanEnd(transaction, transaction.doc.store, Y.createID(client, clock)) as Item;
}

/** An edit of a text; what is inserted is a string, or the content of one unit. */
export type TextEdit =
  | { readonly insert: string | Content; readonly attributes: Record<string, unknown> }
  | { readonly retain: number; readonly attributes: Record<string, unknown> }
  | { readonly delete: number };

/** Edits a text from its beginning; what is inserted has exactly the attributes it is given. */
export function editText(type: SharedType, edits: readonly TextEdit[]): void {
  const delta = edits.map(edit => {
    if (!("insert" in edit)) return edit;
    const { insert, attributes } = edit;
    return { insert: typeof insert === "string" ? insert : insert.getContent()[0], attributes };
  });
  if (!(type instanceof Y.Text)) throw new TypeError("Only a text can be edited as a text.");
  type.applyDelta(delta);
}

/** The type that content of kind `type` holds. */
export function typeIn(content: Content): SharedType {
  return (content as Y.ContentType).type;
}

/**
 * A root, made if it is not there; a text is given its class, which makes it editable as one. `null` if the
 * application uses a root that shall be a text as something else.
 */
export function openRoot(doc: Y.Doc, name: string, textClass: "text" | "xmlText" | null): SharedType | null {
  const known = doc.share.get(name);
  if (known === undefined || (textClass !== null && classOf(known) === null)) {
    if (textClass === null) doc.get(name);
    else doc.get(name, textClass === "text" ? Y.Text : Y.XmlText);
  }
  const root = doc.share.get(name)!;
  return textClass === null || classOf(root) === textClass ? root : null;
}

/** Inserts a list item between two neighbours. */
export function insertItem(
  transaction: Transaction,
  parent: SharedType,
  { left, right, content }: { left: Item | null; right: Item | null; content: Content },
): Item {
  return integrate(transaction, parent, { left, right, key: null, content });
}

/** Sets a key; its current value, if any, is deleted by that. */
export function setEntry(transaction: Transaction, parent: SharedType, key: string, content: Content): Item {
  return integrate(transaction, parent, { left: lastEntry(parent, key) ?? null, right: null, key, content });
}

export function deleteItem(transaction: Transaction, item: Item): void {
  forgetPositions(parentOf(item));
  item.delete(transaction);
}

/**
 * Lets go at once of all content that a running transaction has both inserted and deleted. Yjs does so when it ends,
 * unless somebody keeps it: a document without garbage collection or with a filter for it, an `UndoManager`, or another
 * transaction, begun meanwhile, whose update encodes this one's structs too.
 */
export function collectVanished({ doc, beforeState }: Transaction): void {
  for (const [client, structs] of doc.store.clients) {
    const from = beforeState.get(client) ?? 0;
    if (endOf(structs) <= from) continue;
    for (let i = Y.findIndexSS(structs, Math.max(from, structs[0]!.id.clock)); i < structs.length; i++) {
      const struct = structs[i]!;
      if (struct instanceof Y.Item && struct.deleted) struct.gc(doc.store, false);
    }
  }
}

export const newContent = {
  string: (text: string): Content => new Y.ContentString(text),
  values: (values: unknown[]): Content => new Y.ContentAny(values),
  binary: (bytes: Uint8Array): Content => new Y.ContentBinary(bytes),
  embed: (embed: unknown): Content => new Y.ContentEmbed(embed as object),
  format: (key: string, value: unknown): Content => new Y.ContentFormat(key, value as object),
  type: (className: TypeClass, name: string): Content => new Y.ContentType(newType(className, name)),
  subdocument: (guid: string, options: unknown): Content => new Y.ContentDoc(newSubdocument(guid, options)),
  /** Units that are deleted from the beginning. */
  tombstone: (length: number): Content => new Y.ContentDeleted(length),
} as const;

function integrate(
  transaction: Transaction,
  parent: SharedType,
  {
    left,
    right,
    key,
    content,
  }: { left: Item | null; right: Item | null; key: string | null; content: Content },
): Item {
  const { doc } = transaction;
  claim(transaction);
  const id = Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID));
  const item = new Y.Item(id, left, left?.lastId ?? null, right, right?.id ?? null, parent, key, content);
  item.integrate(transaction, 0);
  forgetPositions(parent);
  return item;
}

/**
 * An update that is applied within a transaction marks all of it as remote. When something is then written under our
 * own client id, Yjs takes it for somebody else's and draws a new id: one more for the document, for ever. A local
 * transaction, though, is not expected to have moved positions behind the back of those who cache them.
 */
export function claim(transaction: Transaction): void {
  if (transaction.local) return;
  transaction.local = true;
  for (const type of transaction.changed.keys()) forgetPositions(type as SharedType);
}

/** Yjs caches where indexes are, and does so by its own methods only. */
function forgetPositions(type: SharedType): void {
  if (type._searchMarker) type._searchMarker.length = 0;
}

function newType(className: TypeClass, name: string) {
  switch (className) {
    case "map":
      return new Y.Map();
    case "array":
      return new Y.Array();
    case "text":
      return new Y.Text();
    case "xmlText":
      return new Y.XmlText();
    case "xmlElement":
      return new Y.XmlElement(name);
    case "xmlFragment":
      return new Y.XmlFragment();
    case "xmlHook":
      return new Y.XmlHook(name);
  }
}

function newSubdocument(guid: string, options: unknown): Y.Doc {
  const { autoLoad, shouldLoad } = options as { autoLoad?: boolean; shouldLoad?: boolean };
  return new Y.Doc({ ...(options as object), guid, shouldLoad: shouldLoad ?? autoLoad ?? false });
}

/** The transactions of a document, as they begin and as they are about to be observed. */
export interface TransactionHooks {
  begun(transaction: Transaction): void;
  /** The transaction's own delete set is sorted, nothing is collected, and none of its observers has run. */
  settled(transaction: Transaction): void;
}

/** Returns a function that detaches the hooks. */
export function hookTransactions(doc: Y.Doc, { begun, settled }: TransactionHooks): () => void {
  doc.on("beforeTransaction", begun);
  doc.on("beforeObserverCalls", settled);
  return () => {
    doc.off("beforeTransaction", begun);
    doc.off("beforeObserverCalls", settled);
  };
}

export function isRunning(doc: Y.Doc, transaction: Transaction): boolean {
  return doc._transaction === transaction;
}

/** Whether a transaction is running, or the observers of one. */
export function isBusy(doc: Y.Doc): boolean {
  return doc._transaction !== null || doc._transactionCleanups.length > 0;
}

/** Whether a transaction is running: its changes are not complete. */
export function isWriting(doc: Y.Doc): boolean {
  return doc._transaction !== null;
}

/** The transactions that are not cleaned up, the running one included. */
export function openTransactions(doc: Y.Doc): readonly Transaction[] {
  return doc._transactionCleanups;
}

/** Whether an observer of an earlier transaction, not yet cleaned up, began this one. */
export function isNested(doc: Y.Doc, transaction: Transaction): boolean {
  return doc._transactionCleanups[0] !== transaction;
}

/**
 * A number that changes with everything that happens in a transaction: struct ends and deleted ranges only grow.
 */
export function progressOf(doc: Y.Doc, transactions: readonly Transaction[]): number {
  let progress = 0;
  for (const structs of doc.store.clients.values()) progress += endOf(structs);
  for (const { deleteSet } of transactions) {
    for (const ranges of deleteSet.clients.values()) for (const { len } of ranges) progress += len;
  }
  return progress;
}

function endOf(structs: readonly (Y.Item | Y.GC)[]): number {
  const last = structs[structs.length - 1]!;
  return last.id.clock + last.length;
}
