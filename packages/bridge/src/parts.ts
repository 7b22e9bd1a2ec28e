/**
 * A span in parts, so that some of it can be taken back and the rest stays: what it did to each key, and to each run
 * of a list or text.
 *
 * Parts of one span nest: the insertion of an object is one part, and what was set in it are others. What a span both
 * inserted and deleted, and what it did inside of something that it deleted, is in no part.
 */
import type * as Y from "yjs";
import { captureContent, type DeletedItem, type IdRange, type InverseRecord, refOf } from "./invert.js";
import { escapeKey } from "./json.js";
import type { Path } from "./pointer.js";
import { itemsAreChildren, keysAreAttributes, nestedKind, type Roots } from "./read.js";
import { eachListItem, type Item, itemOf, parentOf, rootName, type SharedType, type Span } from "./yjs.js";

/** What a span did in one place; the inverse record of it alone. */
export interface SpanPart {
  /** Where it is after the span: of a key its member, of list items and characters the list or text. */
  readonly path: Path;
  /** Which units of the list or text: `length` is 0 for what was deleted before `index`. `null` for a key. */
  readonly units: { readonly index: number; readonly length: number } | null;
  readonly record: InverseRecord;
}

/** The parts of a span, while it is running or observed. Costs the length of the lists and texts that it changed. */
export function partsOf(doc: Y.Doc, roots: Roots, span: Span): SpanPart[] {
  const keyed = new Map<SharedType, Map<string, Builder>>();
  const lists = new Set<SharedType>();
  const visit = (item: Item, note: (builder: Builder) => void) => {
    const parent = parentOf(item);
    if (itemOf(parent)?.deleted === true) return;
    if (item.parentSub === null) lists.add(parent);
    else note(builderOf(keyed, parent, item.parentSub));
  };
  span.eachNewItem(item => visit(item, builder => builder.insert(item)));
  span.eachRemovedItem(item => visit(item, builder => builder.remove(doc, item, span)));

  const parts: SpanPart[] = [];
  for (const [type, keys] of keyed) {
    const path = keysPath(doc, roots, type);
    for (const [key, builder] of keys) {
      parts.push({ path: [...path, escapeKey(key)], units: null, record: builder.record });
    }
  }
  for (const type of lists) {
    const path = itemsPath(doc, roots, type);
    eachListItem(type, (item, index) => {
      const builder = new Builder();
      if (span.removed(item)) builder.remove(doc, item, span);
      else if (span.isNew(item) && !item.deleted) builder.insert(item);
      else return;
      const length = item.deleted || !item.countable ? 0 : item.length;
      parts.push({ path, units: { index, length }, record: builder.record });
    });
  }
  return parts;
}

/** Of a part that inserts several units, those from `index` onwards; a part that does not is given back as it is. */
export function cutPart(part: SpanPart, index: number, length: number): SpanPart {
  const { units, record } = part;
  const [range] = record.inserted;
  if (units === null || range === undefined || record.inserted.length > 1) return part;
  const from = Math.max(index, units.index);
  const to = Math.min(index + length, units.index + units.length);
  if (from >= to) return part;
  const inserted = [{ ...range, clock: range.clock + from - units.index, length: to - from }];
  return { ...part, units: { index: from, length: to - from }, record: { ...record, inserted } };
}

/** Several records as one: of parts of the same span. */
export function joinRecords(records: readonly InverseRecord[]): InverseRecord {
  return {
    inserted: records.flatMap(({ inserted }) => inserted),
    vanished: records.flatMap(({ vanished }) => vanished),
    deleted: records.flatMap(({ deleted }) => deleted),
  };
}

/** Where the keyed values of a type are. */
export function keysPath(doc: Y.Doc, roots: Roots, type: SharedType): Path {
  const path = pathOf(doc, roots, type);
  return keysAreAttributes(kindOf(doc, roots, type)) ? [...path, "attrs"] : path;
}

function itemsPath(doc: Y.Doc, roots: Roots, type: SharedType): Path {
  const path = pathOf(doc, roots, type);
  return itemsAreChildren(kindOf(doc, roots, type)) ? [...path, "children"] : path;
}

function pathOf(doc: Y.Doc, roots: Roots, type: SharedType): Path {
  const item = itemOf(type);
  if (item === null) return [rootName(doc, type) ?? ""];
  const parent = parentOf(item);
  if (item.parentSub !== null) return [...keysPath(doc, roots, parent), escapeKey(item.parentSub)];
  let position = 0;
  eachListItem(parent, (other, index) => {
    if (other === item) position = index;
  });
  return [...itemsPath(doc, roots, parent), position];
}

function kindOf(doc: Y.Doc, roots: Roots, type: SharedType) {
  if (itemOf(type) !== null) return nestedKind(type);
  const name = rootName(doc, type);
  return (name !== null && Object.hasOwn(roots, name) ? roots[name] : undefined) ?? nestedKind(type);
}

class Builder {
  readonly #inserted: IdRange[] = [];
  readonly #vanished: IdRange[] = [];
  readonly #deleted: DeletedItem[] = [];

  insert(item: Item): void {
    const range = rangeOf(item);
    this.#inserted.push(range);
    if (item.deleted) this.#vanished.push(range);
  }

  remove(doc: Y.Doc, item: Item, span: Span): void {
    const content = captureContent(item, span);
    if (content === null) return;
    this.#deleted.push({
      ...rangeOf(item),
      parent: refOf(doc, parentOf(item)),
      key: item.parentSub,
      content,
    });
  }

  get record(): InverseRecord {
    return { inserted: this.#inserted, vanished: this.#vanished, deleted: this.#deleted };
  }
}

function builderOf(all: Map<SharedType, Map<string, Builder>>, type: SharedType, key: string): Builder {
  let keys = all.get(type);
  if (keys === undefined) {
    keys = new Map();
    all.set(type, keys);
  }
  let builder = keys.get(key);
  if (builder === undefined) {
    builder = new Builder();
    keys.set(key, builder);
  }
  return builder;
}

function rangeOf({ id, length }: Item): IdRange {
  return { client: id.client, clock: id.clock, length };
}
