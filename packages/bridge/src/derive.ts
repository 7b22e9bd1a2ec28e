/**
 * Deriving the change of a span of transactions, at the cost of the change and not of the document.
 *
 * Only what the span inserted or deleted is looked at: new structs and the delete set. Old values are read from the
 * deleted items themselves, whose content is still there. What makes it right:
 *
 * - A type that is there before and after keeps its chain of parents; only indexes change. So an item under a parent
 *   that the span inserted or deleted belongs to that parent's value, and the remaining items are exactly the
 *   difference of the two trees.
 * - Types are taken from the roots downwards. When one has its turn, all lists above it are in their final state, and
 *   what is below does not influence its path: its path after the span is its path at this point of the change.
 * - Within a sequence each operation is given in terms of the index as it stands, so operation i maps state i-1 to
 *   state i, and the inverse operations in reverse order walk the same states back.
 *
 * Cost: O(touched structs × (depth + log n)), plus the size of the values that come and go. The first touch of a
 * long sequence builds its index; a formatted text is walked as a whole.
 */
import type * as Y from "yjs";
import type { Change, Operation } from "./change.js";
import { Attributes, commonPrefix, commonSuffix, type Delta, DeltaComparison } from "./delta.js";
import { escapeKey, type Json, jsonEqual, tagStored } from "./json.js";
import type { Path } from "./pointer.js";
import {
  admitsItem,
  admitsKeys,
  inferKind,
  isTextual,
  itemsAreChildren,
  keysAreAttributes,
  nestedKind,
  projectEntry,
  projectInserts,
  projectType,
  projectValues,
  type RootKind,
  showsKeys,
  type TypeKind,
  textForm,
} from "./read.js";
import { Sequence } from "./sequence.js";
import {
  contentKind,
  firstItem,
  formatOf,
  hasKeys,
  type Item,
  itemOf,
  now,
  parentOf,
  type SharedType,
  type Span,
  textOf,
  type View,
} from "./yjs.js";

export interface Derivation {
  readonly change: Change;
  /** The roots that became visible. */
  readonly appeared: readonly string[];
}

/** What is remembered of a shared type from one span to the next. */
interface Known {
  /** The name of a root; `null` for a nested type. */
  readonly name: string | null;
  readonly kind: TypeKind | null;
  /** The path of a root. */
  readonly path: Path;
  /** `null` until its items matter. */
  sequence: Sequence | null;
}

/** A type in which the span inserted or deleted something, while the type itself stayed. */
interface Touched {
  readonly type: SharedType;
  readonly known: Known;
  readonly depth: number;
  keys: Set<string> | null;
  /** New and removed list items. */
  items: Item[] | null;
  /** Children of a leaf that stayed themselves and have changed inside. */
  inner: Set<Item> | null;
  leafness: Leafness | null;
  hasTurn: boolean;
}

/** How a type that is there before and after shows itself: in its parts, or as one value. */
interface Leafness {
  readonly before: boolean;
  readonly after: boolean;
}

export class Deriver {
  readonly #doc: Y.Doc;
  /** Shared with the observer, which shows it to the outside. */
  readonly #roots: Record<string, RootKind>;
  #types = new WeakMap<SharedType, Known>();

  constructor(doc: Y.Doc, roots: Record<string, RootKind>) {
    this.#doc = doc;
    this.#roots = roots;
  }

  derive(span: Span): Derivation {
    const touched = this.#collect(span);
    const appeared: string[] = [];
    const operations: Operation[] = [];
    if (touched.size === 0) return { change: operations, appeared };
    for (const entry of this.#arrange(span, touched, appeared, operations)) {
      this.#compare(span, touched, entry, operations);
    }
    return { change: operations, appeared };
  }

  /** Takes back what a derivation of an earlier state of this span has left: indexes and inferred roots. */
  rewind(span: Span, { appeared }: Derivation): void {
    for (const name of appeared) {
      delete this.#roots[name];
      const root = this.#doc.share.get(name);
      if (root !== undefined) this.#types.delete(root);
    }
    span.eachNewItem(item => this.#types.get(parentOf(item))?.sequence?.rewind(item, false));
    span.eachRemovedItem(item => this.#types.get(parentOf(item))?.sequence?.rewind(item, true));
  }

  /** Forgets all indexes; they are built again when they are needed. */
  forget(): void {
    this.#types = new WeakMap();
  }

  #collect(span: Span): Map<SharedType, Touched> {
    const touched = new Map<SharedType, Touched>();
    const note = (item: Item) => {
      const parent = parentOf(item);
      const holder = itemOf(parent);
      // Inserted or deleted as a whole, together with all that is in it.
      if (holder !== null && (holder.deleted || span.isNew(holder))) return;
      const entry = this.#touch(touched, parent);
      if (item.parentSub === null) {
        if (entry.items === null) entry.items = [item];
        else entry.items.push(item);
      } else {
        entry.keys ??= new Set();
        entry.keys.add(item.parentSub);
      }
    };
    span.eachNewItem(note);
    span.eachRemovedItem(note);
    return touched;
  }

  #touch(touched: Map<SharedType, Touched>, type: SharedType): Touched {
    let entry = touched.get(type);
    if (entry === undefined) {
      entry = {
        type,
        known: this.#know(type),
        depth: depthOf(type),
        keys: null,
        items: null,
        inner: null,
        leafness: null,
        hasTurn: false,
      };
      touched.set(type, entry);
    }
    return entry;
  }

  /**
   * The touched types in the order of their turns. What happened inside a leaf is put down to the outermost leaf, what
   * happened in a root that nobody declared becomes the root's appearance.
   */
  #arrange(
    span: Span,
    touched: Map<SharedType, Touched>,
    appeared: string[],
    operations: Operation[],
  ): Touched[] {
    const turns: Touched[] = [];
    const take = (entry: Touched) => {
      if (!entry.hasTurn) turns.push(entry);
      entry.hasTurn = true;
    };
    const unknown = new Set<SharedType>();
    for (const entry of [...touched.values()]) {
      const { leaf, child, root } = this.#outermostLeaf(span, touched, entry.type);
      if (this.#know(root).kind === null) {
        entry.known.sequence = null;
        unknown.add(root);
      } else if (leaf === null || leaf === entry.type) {
        take(entry);
      } else {
        entry.known.sequence = null;
        const outer = this.#touch(touched, leaf);
        outer.inner ??= new Set();
        outer.inner.add(child!);
        take(outer);
      }
    }
    for (const root of unknown) this.#appear(root, appeared, operations);
    return turns.sort((a, b) => a.depth - b.depth);
  }

  #outermostLeaf(span: Span, touched: Map<SharedType, Touched>, from: SharedType) {
    let leaf: SharedType | null = null;
    let child: Item | null = null;
    let below: Item | null = null;
    for (let type = from; ; type = parentOf(below)) {
      const { before, after } = this.#leafness(span, touched, type);
      if (before || after) {
        leaf = type;
        child = below;
      }
      below = itemOf(type);
      if (below === null) return { leaf, child, root: type };
    }
  }

  #leafness(span: Span, touched: Map<SharedType, Touched>, type: SharedType): Leafness {
    const { kind } = this.#know(type);
    if (kind === null) return NO_LEAF;
    if (isTextual(kind)) return LEAF;
    const entry = touched.get(type);
    if (entry === undefined) return this.#contradictions(span, kind, type, undefined);
    // Once the type has had its turn, its index no longer tells what it was before.
    entry.leafness ??= this.#contradictions(span, kind, type, entry);
    return entry.leafness;
  }

  #contradictions(span: Span, kind: TypeKind, type: SharedType, entry: Touched | undefined): Leafness {
    const keys = hasKeys(type) && !admitsKeys(kind);
    if (firstItem(type) === null && !keys) return NO_LEAF;
    const { before, after } = this.#sequence(type).hasSpecials(span, entry?.items ?? []);
    if (!keys) return before || after ? { before, after } : NO_LEAF;
    return { before: before || showsKeys(type, span), after: after || showsKeys(type, now) };
  }

  #appear(root: SharedType, appeared: string[], operations: Operation[]): void {
    const { name } = this.#know(root);
    const kind = inferKind(root);
    if (name === null || kind === null) return;
    this.#roots[name] = kind;
    appeared.push(name);
    const after = projectType(root, kind, now);
    operations.push({ type: "set", path: [], key: name, before: undefined, after, kind });
  }

  #compare(span: Span, touched: Map<SharedType, Touched>, entry: Touched, operations: Operation[]): void {
    const { type, known } = entry;
    const kind = known.kind!;
    if (isTextual(kind)) {
      if (this.#staysPlain(span, kind, entry)) this.#compareString(span, entry, operations);
      else this.#compareLeaf(span, kind, entry, operations);
      return;
    }
    const { before, after } = this.#leafness(span, touched, type);
    if (before && after) this.#compareLeaf(span, kind, entry, operations);
    else if (before || after) this.#replace(span, kind, entry, operations);
    else {
      const path = this.#pathOf(span, type);
      if (entry.keys !== null) {
        compareKeys(span, entry, keysAreAttributes(kind) ? [...path, "attrs"] : path, operations);
      }
      if (entry.items !== null) {
        const listPath = itemsAreChildren(kind) ? [...path, "children"] : path;
        this.#sequence(type).eachGap(span, entry.items, (position, removed, inserted) => {
          compareValues(span, listPath, position, removed, inserted, operations);
        });
      }
    }
  }

  /** Whether a text is nothing but text before and after, so that positions alone tell what happened to it. */
  #staysPlain(span: Span, kind: TypeKind, { type, items, keys, inner }: Touched): boolean {
    if (kind !== "text" || inner !== null || keys !== null || showsKeys(type, now)) return false;
    const { before, after } = this.#sequence(type).hasSpecials(span, items ?? []);
    return !before && !after;
  }

  #compareString(span: Span, { type, items }: Touched, operations: Operation[]): void {
    const path = this.#pathOf(span, type);
    this.#sequence(type).eachGap(span, items ?? [], (position, removed, inserted) => {
      compareText(path, position, textOfAll(removed), textOfAll(inserted), operations);
    });
  }

  /** Compares a formatted text or a mixed type: one walk over all of it. */
  #compareLeaf(span: Span, kind: TypeKind, entry: Touched, operations: Operation[]): void {
    const { type } = entry;
    const walk = compareContent(span, kind, entry);
    const before = textForm(kind, { ...walk.before, hasKeys: showsKeys(type, span) });
    const after = textForm(kind, { ...walk.after, hasKeys: showsKeys(type, now) });
    if (before !== after && isTextual(kind)) {
      this.#replace(span, kind, entry, operations);
      return;
    }
    takeOver(span, entry);
    const path = this.#pathOf(span, type);
    if (walk.difference !== null) {
      const { delta, inverse } = walk.difference;
      if (isTextual(kind) && before === "string") editByDelta(path, delta, inverse, operations);
      else operations.push({ type: "delta", path, delta, inverse });
    }
    compareKeys(span, entry, [...path, "attrs"], operations);
  }

  /** A type that changes its form is replaced in its place. */
  #replace(span: Span, kind: TypeKind, entry: Touched, operations: Operation[]): void {
    const { type } = entry;
    takeOver(span, entry);
    const path = this.#pathOf(span, type);
    operations.push({
      type: "set",
      path: path.slice(0, -1),
      key: path[path.length - 1]!,
      before: projectType(type, kind, span),
      after: projectType(type, kind, now),
    });
  }

  #sequence(type: SharedType): Sequence {
    const known = this.#know(type);
    const kind = known.kind!;
    known.sequence ??= new Sequence(type, item => isSpecial(kind, item));
    return known.sequence;
  }

  #pathOf(span: Span, type: SharedType): Path {
    const item = itemOf(type);
    if (item === null) return this.#know(type).path;
    const path: (string | number)[] = [];
    this.#writePath(span, item, path);
    return path;
  }

  #writePath(span: Span, item: Item, path: (string | number)[]): void {
    const parent = parentOf(item);
    const { kind, name } = this.#know(parent);
    const holder = itemOf(parent);
    if (holder === null) path.push(name!);
    else this.#writePath(span, holder, path);
    if (item.parentSub !== null) {
      if (keysAreAttributes(kind!)) path.push("attrs");
      path.push(escapeKey(item.parentSub));
    } else {
      if (itemsAreChildren(kind!)) path.push("children");
      path.push(this.#sequence(parent).positionOf(span, item));
    }
  }

  #know(type: SharedType): Known {
    let known = this.#types.get(type);
    if (known === undefined || (known.kind === null && this.#hasKind(known.name))) {
      known = itemOf(type) === null ? this.#knowRoot(type) : knowNested(type);
      this.#types.set(type, known);
    }
    return known;
  }

  #hasKind(name: string | null): boolean {
    return name !== null && Object.hasOwn(this.#roots, name);
  }

  #knowRoot(type: SharedType): Known {
    for (const [name, root] of this.#doc.share) {
      if (root !== type) continue;
      return { name, kind: this.#hasKind(name) ? this.#roots[name]! : null, path: [name], sequence: null };
    }
    return { name: null, kind: null, path: [], sequence: null };
  }
}

const LEAF: Leafness = { before: true, after: true };
const NO_LEAF: Leafness = { before: false, after: false };

function knowNested(type: SharedType): Known {
  return { name: null, kind: nestedKind(type), path: [], sequence: null };
}

function depthOf(type: SharedType): number {
  let depth = 0;
  for (let item = itemOf(type); item !== null; item = itemOf(parentOf(item))) depth++;
  return depth;
}

/** A leaf is compared as a whole; its sequence has to follow all the same. */
function takeOver(span: Span, { known, items }: Touched): void {
  if (items !== null) known.sequence?.eachGap(span, items, () => {});
}

/** In a text: whatever is not plain text. Elsewhere: what contradicts the kind. */
function isSpecial(kind: TypeKind, item: Item): boolean {
  const content = contentKind(item);
  return isTextual(kind) ? content !== "string" : !admitsItem(kind, content, item);
}

function compareKeys(span: Span, { type, keys, inner }: Touched, path: Path, operations: Operation[]): void {
  const touched = new Set(keys);
  for (const { parentSub } of inner ?? []) if (parentSub !== null) touched.add(parentSub);
  for (const key of touched) {
    const old = span.entry(type, key);
    const current = now.entry(type, key);
    if (old === current && (old === null || inner?.has(old) !== true)) continue;
    const before = old === null ? undefined : projectEntry(old, span);
    const after = current === null ? undefined : projectEntry(current, now);
    if (before !== undefined && after !== undefined && jsonEqual(before, after)) continue;
    operations.push({ type: "set", path, key: escapeKey(key), before, after });
  }
}

function compareValues(
  span: Span,
  path: Path,
  position: number,
  removed: readonly Item[],
  inserted: readonly Item[],
  operations: Operation[],
): void {
  const before = allValues(removed, span);
  const after = allValues(inserted, now);
  const max = Math.min(before.length, after.length);
  let first = 0;
  while (first < max && jsonEqual(before[first]!, after[first]!)) first++;
  let last = 0;
  while (last < max - first && jsonEqual(before.at(-1 - last)!, after.at(-1 - last)!)) last++;
  editList(operations, "delete", path, position + first, before.slice(first, before.length - last));
  editList(operations, "insert", path, position + first, after.slice(first, after.length - last));
}

function allValues([first, ...others]: readonly Item[], view: View): Json[] {
  if (first === undefined) return [];
  const values = projectValues(first, view);
  for (const item of others) for (const value of projectValues(item, view)) values.push(value);
  return values;
}

function compareText(
  path: Path,
  position: number,
  before: string,
  after: string,
  operations: Operation[],
): void {
  const first = commonPrefix(before, after);
  const last = commonSuffix(before.slice(first), after.slice(first));
  editText(operations, "textDelete", path, position + first, before.slice(first, before.length - last));
  editText(operations, "textInsert", path, position + first, after.slice(first, after.length - last));
}

function textOfAll(items: readonly Item[]): string {
  let text = "";
  for (const item of items) if (contentKind(item) === "string") text += textOf(item);
  return text;
}

/** An edit at the end of the operations, to which another may still be joined. */
type OpenEdit = { type: Operation["type"]; path: Path; index: number; text: string; values: Json[] };

/**
 * Deletes from or inserts into a list. Where old tombstones lie between two gaps, their operations meet at one
 * position and become one.
 */
function editList(
  operations: Operation[],
  type: "insert" | "delete",
  path: Path,
  index: number,
  values: Json[],
): void {
  if (values.length === 0) return;
  const last = operations[operations.length - 1] as OpenEdit | undefined;
  const joins = last !== undefined && last.type === type && last.path === path;
  if (joins && index === (type === "insert" ? last.index + last.values.length : last.index)) {
    for (const value of values) last.values.push(value);
  } else if (joins && index === (type === "insert" ? last.index : last.index - values.length)) {
    last.values = [...values, ...last.values];
    last.index = index;
  } else {
    operations.push({ type, path, index, values });
  }
}

/** The same for a text. */
function editText(
  operations: Operation[],
  type: "textInsert" | "textDelete",
  path: Path,
  index: number,
  text: string,
): void {
  if (text === "") return;
  const last = operations[operations.length - 1] as OpenEdit | undefined;
  const joins = last !== undefined && last.type === type && last.path === path;
  if (joins && index === (type === "textInsert" ? last.index + last.text.length : last.index)) {
    last.text += text;
  } else if (joins && index === (type === "textInsert" ? last.index : last.index - text.length)) {
    last.text = text + last.text;
    last.index = index;
  } else {
    operations.push({ type, path, index, text });
  }
}

/** The edits of a plain text, from the delta that a walk over its useless format marks has given. */
function editByDelta(path: Path, delta: Delta, inverse: Delta, operations: Operation[]): void {
  let position = 0;
  for (let i = 0, k = 0; i < delta.length || k < inverse.length; ) {
    const kept = delta[i];
    if (kept !== undefined && "retain" in kept) {
      position += kept.retain;
      i++;
      k++;
      continue;
    }
    const inserted = insertedText(delta[i]);
    const removed = insertedText(inverse[k]);
    i += (inserted === "" ? 0 : 1) + (removed === "" ? 0 : 1);
    k += (inserted === "" ? 0 : 1) + (removed === "" ? 0 : 1);
    editText(operations, "textDelete", path, position, removed);
    editText(operations, "textInsert", path, position, inserted);
    position += inserted.length;
  }
}

function insertedText(operation: Delta[number] | undefined): string {
  return operation !== undefined && "insert" in operation ? (operation.insert as string) : "";
}

/** What a walk has seen of one state of a text. */
interface Reading {
  readonly attributes: Attributes;
  isPlain: boolean;
  isMixed: boolean;
}

/** Walks a text or mixed type once, with both states in view. */
function compareContent(span: Span, kind: TypeKind, { type, inner }: Touched) {
  const comparison = new DeltaComparison();
  const before: Reading = { attributes: new Attributes(), isPlain: true, isMixed: false };
  const after: Reading = { attributes: new Attributes(), isPlain: true, isMixed: false };
  for (let item = firstItem(type); item !== null; item = item.right) {
    const was = span.shows(item);
    const is = now.shows(item);
    if (was) notice(before, kind, item);
    if (is) notice(after, kind, item);
    if ((!was && !is) || contentKind(item) === "format") continue;
    if (was && is && inner?.has(item) !== true) {
      comparison.keep(item.length, before.attributes.json, after.attributes.json);
      continue;
    }
    if (was) for (const unit of projectInserts(item, span)) comparison.remove(unit, before.attributes.json);
    if (is) for (const unit of projectInserts(item, now)) comparison.insert(unit, after.attributes.json);
  }
  return { before, after, difference: comparison.finish() };
}

function notice(reading: Reading, kind: TypeKind, item: Item): void {
  const content = contentKind(item);
  if (!admitsItem(kind, content, item)) reading.isMixed = true;
  if (content === "format") {
    const { key, value } = formatOf(item);
    reading.attributes.set(escapeKey(key), tagStored(value));
  } else if (content !== "string" || reading.attributes.json !== undefined) {
    reading.isPlain = false;
  }
}
