/**
 * Estimates what it takes Yjs to apply an update, so that what may take long is not begun where others wait.
 *
 * The unit is what a struct takes, about ten microseconds. Most updates cost what they hold. But some small ones
 * make Yjs walk far through what the document holds already, once for each of their structs: nine hundred structs
 * can take half a minute, and ten bytes can delete a formatted text in a time that grows with the square of its length.
 * All those walks are measured here, by walking once, and no further than it takes to know that it is much.
 */
import type * as Y from "yjs";
import {
  adjacentGap,
  childrenOf,
  entryOf,
  hasFormatting,
  isFormat,
  itemCount,
  parentOf,
  type Search,
  type SharedType,
  searchSteps,
  typeIn,
} from "./document.js";
import type { FormatKeys } from "./format-keys.js";

/** Beyond this much nobody needs to know how much it is. */
const COUNTED = 10_000;

/** How many of these take as long as one struct. */
const DELETED_ITEMS = 10;
const COPIED_FORMATS = 100;
const GAP_STEPS = 1_000;

/** What is deleted in one text that has formats. */
interface Erasure {
  items: number;
  /** The longest run of what is deleted or shows nothing, next to what is deleted now. */
  gap: number;
}

export class Work {
  readonly #formatKeys: FormatKeys;
  #units = 0;
  #erased = 0;
  #reformatted: Set<SharedType> | null = null;
  /** Those that were walked through. */
  #erasedTypes: Set<Y.Item> | null = null;
  #erasures: Map<SharedType, Erasure> | null = null;

  constructor(formatKeys: FormatKeys) {
    this.#formatKeys = formatKeys;
  }

  /** With what the update holds itself. */
  total(structs: number): number {
    let total = structs + this.#units + Math.floor(this.#erased / DELETED_ITEMS);
    for (const { items, gap } of this.#erasures?.values() ?? []) {
      total += Math.floor((items * (items + 2 * gap)) / GAP_STEPS);
    }
    return Math.min(total, COUNTED);
  }

  /** A stored struct is cut in two: everything behind it in the store moves. */
  cut(): void {
    this.#units++;
  }

  /** The place of an item is searched: Yjs looks at each item that may stand there. */
  search(doc: Y.Doc, search: Search): void {
    this.#units += searchSteps(doc, search, this.#left);
  }

  /**
   * A format comes into a text or goes. Yjs walks through the text and copies the formats in force at each item
   * (`cleanupYTextFormatting`).
   */
  reformat(text: SharedType): void {
    this.#reformatted ??= new Set();
    if (this.#reformatted.has(text)) return;
    this.#reformatted.add(text);
    const keys = Math.max(1, this.#formatKeys.of(text).size);
    const items = itemCount(text, (this.#left * COPIED_FORMATS) / keys);
    this.#units += Math.floor((items * keys) / COPIED_FORMATS);
  }

  /** A key gets a new value: the old one is deleted. */
  overwrite(type: SharedType, key: string): void {
    const item = entryOf(type, key);
    if (item !== undefined && !item.deleted) this.erase(item);
  }

  /**
   * An item is deleted with all that is in it. For each item in a text with formats Yjs walks through the gap that is
   * left, from the next character to the one before (`cleanupContextlessFormattingGap`).
   */
  erase(item: Y.Item): void {
    this.#erase(item);
    if (typeIn(item) === null || this.#erasedTypes?.has(item)) return;
    this.#erasedTypes ??= new Set();
    this.#erasedTypes.add(item);
    const waiting = [item];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const child of childrenOf(next)) {
        if (this.#erased >= COUNTED * DELETED_ITEMS) return;
        if (child.deleted) continue;
        this.#erase(child);
        if (typeIn(child) !== null) waiting.push(child);
      }
    }
  }

  #erase(item: Y.Item): void {
    this.#erased++;
    const text = parentOf(item);
    if (!hasFormatting(text)) return;
    if (isFormat(item)) this.reformat(text);
    this.#erasures ??= new Map();
    let erasure = this.#erasures.get(text);
    if (erasure === undefined) {
      erasure = { items: 0, gap: 0 };
      this.#erasures.set(text, erasure);
    }
    erasure.items++;
    const gap = adjacentGap(item, COUNTED * DELETED_ITEMS - this.#erased);
    this.#erased += Math.floor(gap / DELETED_ITEMS);
    erasure.gap = Math.max(erasure.gap, gap);
  }

  get #left(): number {
    return Math.max(0, COUNTED - this.#units);
  }
}
