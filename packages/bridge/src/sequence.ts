/**
 * The list items of one shared type, as a derivation needs them: where they stand, and what changed among them.
 *
 * A short sequence is walked. Once it is long it gets an index, in the state before the span until the changes of the
 * span are visited, and in the state after it from then on.
 */
import { COUNTED, type Place, SequenceIndex, SPECIAL, VISIBLE } from "./sequence-index.js";
import { firstItem, type Item, type SharedType, type Span } from "./yjs.js";

/**
 * New and removed items with nothing between them that stayed. `position` counts units of the state after the span to
 * the left of the gap, of whichever state has been reached to its right.
 */
export type GapVisitor = (position: number, removed: readonly Item[], inserted: readonly Item[]) => void;

/** Up to so many items are walked: about what an index costs for one change. */
const SHORT = 32;

export class Sequence {
  readonly #type: SharedType;
  /** Whether an item makes its type something else than what its class suggests. */
  readonly #isSpecial: (item: Item) => boolean;
  #index: SequenceIndex | null = null;

  constructor(type: SharedType, isSpecial: (item: Item) => boolean) {
    this.#type = type;
    this.#isSpecial = isSpecial;
  }

  /** Whether special items are visible before and after the span, whose new and removed items are given. */
  hasSpecials(span: Span, changed: readonly Item[]): { readonly before: boolean; readonly after: boolean } {
    const index = this.#indexed(span);
    if (index === null) {
      let before = false;
      let after = false;
      for (let item = firstItem(this.#type); item !== null; item = item.right) {
        if (!this.#isSpecial(item)) continue;
        before ||= span.shows(item);
        after ||= !item.deleted;
      }
      return { before, after };
    }
    let specials = index.specials;
    const before = specials > 0;
    for (const item of changed) {
      if (!this.#isSpecial(item)) continue;
      if (!item.deleted) specials += item.length;
      else if (!span.isNew(item)) specials -= item.length;
    }
    return { before, after: specials > 0 };
  }

  /** How many units stand before an item that stays; in the state after the span, if its gaps were visited. */
  positionOf(span: Span, wanted: Item): number {
    const index = this.#indexed(span);
    if (index !== null) return index.positionOf(wanted.id.client, wanted.id.clock);
    let position = 0;
    for (let item = firstItem(this.#type); item !== wanted && item !== null; item = item.right) {
      position += unitsOf(item);
    }
    return position;
  }

  /** Visits the gaps that the new and removed items form, and takes them over. */
  eachGap(span: Span, changed: readonly Item[], visit: GapVisitor): void {
    const index = this.#indexed(span);
    if (index === null) this.#walkGaps(span, changed, visit);
    else for (const item of changed) this.#findGap(index, span, item, visit);
  }

  /** Takes back what visiting the gaps has left in the index, given all items that are new or removed by now. */
  rewind(changed: Item, wasVisible: boolean): void {
    const { client, clock } = changed.id;
    if (this.#index === null || this.#index.isVisible(client, clock) === null) return;
    // New items stay in the index, hidden: the order of a sequence is final, so their places are right.
    this.#index.setVisible(client, clock, changed.length, wasVisible);
  }

  #walkGaps(span: Span, changed: readonly Item[], visit: GapVisitor): void {
    const gapItems = new Set(changed);
    let position = 0;
    for (let item = firstItem(this.#type); item !== null && gapItems.size > 0; ) {
      if (!gapItems.has(item)) {
        position += unitsOf(item);
        item = item.right;
        continue;
      }
      const removed: Item[] = [];
      const inserted: Item[] = [];
      for (; item !== null && gapItems.delete(item); item = item.right) {
        if (!item.deleted) inserted.push(item);
        else if (!span.isNew(item)) removed.push(item);
      }
      visit(position, removed, inserted);
      for (const { countable, length } of inserted) if (countable) position += length;
    }
  }

  #findGap(index: SequenceIndex, span: Span, touched: Item, visit: GapVisitor): void {
    // Found already, as part of the gap of another item.
    if (index.isVisible(touched.id.client, touched.id.clock) === !touched.deleted) return;
    let first = touched;
    while (first.left !== null && isChanged(span, first.left)) first = first.left;
    const removed: Item[] = [];
    const inserted: Item[] = [];
    let place = placeAfter(index, first.left);
    const position = index.positionAt(place);
    for (let item: Item | null = first; item !== null && isChanged(span, item); item = item.right) {
      const { client, clock } = item.id;
      if (index.isVisible(client, clock) === null) {
        place ??= placeAfter(index, item.left);
        place = index.insert(place, client, clock, item.length, this.#traitsOf(item, !item.deleted));
      } else {
        index.setVisible(client, clock, item.length, !item.deleted);
        place = null;
      }
      if (!item.deleted) inserted.push(item);
      else if (!span.isNew(item)) removed.push(item);
    }
    visit(position, removed, inserted);
  }

  #indexed(span: Span): SequenceIndex | null {
    if (this.#index !== null || this.#isShort()) return this.#index;
    this.#index = new SequenceIndex();
    let place: Place | null = null;
    for (let item = firstItem(this.#type); item !== null; item = item.right) {
      if (span.isNew(item)) continue;
      const { client, clock } = item.id;
      place = this.#index.insert(place, client, clock, item.length, this.#traitsOf(item, span.shows(item)));
    }
    return this.#index;
  }

  #isShort(): boolean {
    let items = 0;
    for (let item = firstItem(this.#type); item !== null; item = item.right)
      if (++items > SHORT) return false;
    return true;
  }

  #traitsOf(item: Item, visible: boolean): number {
    if (!visible) return item.countable ? COUNTED : 0;
    return VISIBLE | (item.countable ? COUNTED : 0) | (this.#isSpecial(item) ? SPECIAL : 0);
  }
}

function isChanged(span: Span, item: Item): boolean {
  return span.isNew(item) || span.removed(item);
}

function unitsOf(item: Item): number {
  return item.countable && !item.deleted ? item.length : 0;
}

function placeAfter(index: SequenceIndex, item: Item | null): Place | null {
  return item === null ? null : index.placeAfter(item.id.client, item.id.clock + item.length - 1);
}
