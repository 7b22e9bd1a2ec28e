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
 *
 * Long, because the order of turns, leaves and positions are one argument, and its parts mean nothing apart.
 */
import type * as Y from "yjs";
import { AttributeComparison, type Attributes } from "./attributes.js";
import type { Change } from "./change.js";
import { ChangeBuilder } from "./change-builder.js";
import { DeltaComparison } from "./delta.js";
import { escapeKey, type Json, tagStored } from "./json.js";
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
  type TextForm,
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
    const builder = new ChangeBuilder();
    const { turns, unknownRoots } = this.#arrange(span, touched);
    for (const root of unknownRoots) this.#appear(root, appeared, builder);
    for (const entry of turns) this.#compare(span, touched, entry, builder);
    return { change: builder.change, appeared };
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
   * The touched types in the order of their turns. What happened inside a leaf is put down to the outermost leaf; what
   * happened in a root without a kind is not looked at one by one.
   */
  #arrange(span: Span, touched: Map<SharedType, Touched>) {
    const turns: Touched[] = [];
    const unknownRoots = new Set<SharedType>();
    const take = (entry: Touched) => {
      if (!entry.hasTurn) turns.push(entry);
      entry.hasTurn = true;
    };
    for (const entry of [...touched.values()]) {
      const { leaf, child, root } = this.#outermostLeaf(span, touched, entry.type);
      if (this.#know(root).kind === null) {
        entry.known.sequence = null;
        unknownRoots.add(root);
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
    return { turns: turns.sort((a, b) => a.depth - b.depth), unknownRoots };
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

  #appear(root: SharedType, appeared: string[], builder: ChangeBuilder): void {
    const { name } = this.#know(root);
    const kind = inferKind(root);
    if (name === null || kind === null) return;
    this.#roots[name] = kind;
    appeared.push(name);
    builder.appear(name, kind, projectType(root, kind, now));
  }

  #compare(span: Span, touched: Map<SharedType, Touched>, entry: Touched, builder: ChangeBuilder): void {
    const kind = entry.known.kind!;
    const { before, after } = this.#leafness(span, touched, entry.type);
    if (before !== after) this.#replace(span, entry, builder);
    else if (!before) this.#compareParts(span, entry, builder);
    else if (this.#staysPlain(span, kind, entry)) this.#comparePlainText(span, entry, builder);
    else this.#compareLeaf(span, entry, builder);
  }

  #compareParts(span: Span, entry: Touched, builder: ChangeBuilder): void {
    const { type, items, keys } = entry;
    const kind = entry.known.kind!;
    const path = this.#pathOf(span, type);
    if (keys !== null) compareKeys(span, entry, keysAreAttributes(kind) ? [...path, "attrs"] : path, builder);
    if (items === null) return;
    const listPath = itemsAreChildren(kind) ? [...path, "children"] : path;
    this.#sequence(type).eachGap(span, items, (index, removed, inserted) => {
      const [before, after] = [valuesOfAll(removed, span), valuesOfAll(inserted, now)];
      builder.replaceValues({ path: listPath, index, before, after });
    });
  }

  /** Whether a text is nothing but text before and after, so that positions alone tell what happened to it. */
  #staysPlain(span: Span, kind: TypeKind, { type, items, keys, inner }: Touched): boolean {
    if (kind !== "text" || inner !== null || keys !== null || showsKeys(type, now)) return false;
    const { before, after } = this.#sequence(type).hasSpecials(span, items ?? []);
    return !before && !after;
  }

  #comparePlainText(span: Span, { type, items }: Touched, builder: ChangeBuilder): void {
    const path = this.#pathOf(span, type);
    this.#sequence(type).eachGap(span, items ?? [], (index, removed, inserted) => {
      builder.replaceText({ path, index, before: textOfAll(removed), after: textOfAll(inserted) });
    });
  }

  /** Compares a formatted text or a mixed type: one walk over all of it. */
  #compareLeaf(span: Span, entry: Touched, builder: ChangeBuilder): void {
    const { type } = entry;
    const kind = entry.known.kind!;
    const { before, after, difference } = compareContent(span, kind, entry);
    const form = formOf(kind, before, showsKeys(type, span));
    if (form !== formOf(kind, after, showsKeys(type, now))) {
      this.#replace(span, entry, builder);
      return;
    }
    takeOver(span, entry);
    const path = this.#pathOf(span, type);
    if (difference !== null && form === "string") builder.changePlainText(path, difference);
    else if (difference !== null) builder.changeText(path, difference);
    compareKeys(span, entry, [...path, "attrs"], builder);
  }

  /** A type that changes its form is replaced in its place. */
  #replace(span: Span, entry: Touched, builder: ChangeBuilder): void {
    const { type } = entry;
    const kind = entry.known.kind!;
    takeOver(span, entry);
    const path = this.#pathOf(span, type);
    builder.set(path.slice(0, -1), path[path.length - 1]!, {
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

function compareKeys(span: Span, { type, keys, inner }: Touched, path: Path, builder: ChangeBuilder): void {
  const touched = new Set(keys);
  for (const { parentSub } of inner ?? []) if (parentSub !== null) touched.add(parentSub);
  for (const key of touched) {
    const old = span.entry(type, key);
    const current = now.entry(type, key);
    if (old === current && (old === null || inner?.has(old) !== true)) continue;
    builder.set(path, escapeKey(key), {
      before: old === null ? undefined : projectEntry(old, span),
      after: current === null ? undefined : projectEntry(current, now),
    });
  }
}

function valuesOfAll([first, ...others]: readonly Item[], view: View): Json[] {
  if (first === undefined) return [];
  const values = projectValues(first, view);
  for (const item of others) for (const value of projectValues(item, view)) values.push(value);
  return values;
}

function textOfAll(items: readonly Item[]): string {
  let text = "";
  for (const item of items) if (contentKind(item) === "string") text += textOf(item);
  return text;
}

/** The form of a leaf; a type that is no text is one only while it is mixed. */
function formOf(kind: TypeKind, { isPlain, isMixed }: Reading, hasKeys: boolean): TextForm {
  return isTextual(kind) ? textForm(kind, { isPlain, isMixed, hasKeys }) : "mixed";
}

/** What a walk has seen of one state of a leaf. */
interface Reading {
  readonly attributes: Attributes;
  isPlain: boolean;
  isMixed: boolean;
}

/** Walks a text or mixed type once, with both states in view. */
function compareContent(span: Span, kind: TypeKind, { type, inner }: Touched) {
  const comparison = new DeltaComparison();
  const attributes = new AttributeComparison();
  const before: Reading = { attributes: attributes.before, isPlain: true, isMixed: false };
  const after: Reading = { attributes: attributes.after, isPlain: true, isMixed: false };
  for (let item = firstItem(type); item !== null; item = item.right) {
    const was = span.shows(item);
    const is = now.shows(item);
    if (was) notice(before, kind, item);
    if (is) notice(after, kind, item);
    if (!was && !is) continue;
    if (contentKind(item) === "format") {
      const { key, value } = formatOf(item);
      attributes.mark(escapeKey(key), tagStored(value), { was, is });
    } else if (was && is && inner?.has(item) !== true) {
      comparison.keep(item.length, attributes.change);
    } else {
      if (was) for (const unit of projectInserts(item, span)) comparison.remove(unit, before.attributes.json);
      if (is) for (const unit of projectInserts(item, now)) comparison.insert(unit, after.attributes.json);
    }
  }
  return { before, after, difference: comparison.finish() };
}

function notice(reading: Reading, kind: TypeKind, item: Item): void {
  const content = contentKind(item);
  if (!admitsItem(kind, content, item)) reading.isMixed = true;
  if (content !== "format" && (content !== "string" || !reading.attributes.isEmpty)) reading.isPlain = false;
}
