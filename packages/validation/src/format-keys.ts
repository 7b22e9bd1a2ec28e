/**
 * Counts the different format keys of each text, so that reading a text stays affordable.
 *
 * For every text that ever got a format, a set of keys is kept that holds at least those in force. As long as there
 * is room in it nothing else needs to be known. When it is full, keys may have gone out of force since, and the
 * text is read once to learn what is true.
 */
import { formatKeysIn, type SharedType } from "./document.js";

/** What is known of the texts of one document, from scan to scan. */
export type KnownFormatKeys = WeakMap<SharedType, Set<string>>;

/** The count for one update, on top of what is known. */
export class FormatCount {
  readonly #known: KnownFormatKeys;
  readonly #limit: number;
  /** The keys that this update brings into each text, also into those that it creates. */
  readonly #brought = new Map<object, Set<string>>();
  /** The texts that were read for this update. */
  readonly #read = new Set<SharedType>();

  constructor(known: KnownFormatKeys, limit: number) {
    this.#known = known;
    this.#limit = limit;
  }

  /** Whether this text, which the update creates, may get the key. */
  admitsNew(text: object, key: string): boolean {
    return this.#bring(text, key).size <= this.#limit;
  }

  /** Whether this text of the document may get the key. */
  admits(text: SharedType, key: string): boolean {
    const brought = this.#bring(text, key);
    let known = this.#known.get(text);
    if (known === undefined || (known.size >= this.#limit && !this.#read.has(text))) {
      known = formatKeysIn(text);
      for (const other of brought) if (other !== key) known.add(other);
      this.#known.set(text, known);
      this.#read.add(text);
    }
    if (known.has(key)) return true;
    known.add(key);
    return known.size <= this.#limit;
  }

  #bring(text: object, key: string): Set<string> {
    const brought = this.#brought.get(text);
    if (brought === undefined) {
      const first = new Set([key]);
      this.#brought.set(text, first);
      return first;
    }
    return brought.add(key);
  }
}
