/**
 * Counts the different format keys of each text, so that reading a text stays affordable.
 *
 * For every text that ever got a format, a set of keys is kept that holds at least those in force. As long as there
 * is room in it nothing else needs to be known. When it is full, keys may have gone out of force since, and the
 * text is read once to learn what is true.
 */
import { formatKeysIn, type SharedType } from "./document.js";

/** What is known of the texts of one document, from scan to scan. */
export class FormatKeys {
  readonly #known = new WeakMap<SharedType, Set<string>>();

  /** At least the keys in force in the text. */
  of(text: SharedType): Set<string> {
    return this.#known.get(text) ?? this.read(text);
  }

  /** The keys in force in the text, by reading it. */
  read(text: SharedType): Set<string> {
    const keys = formatKeysIn(text);
    this.#known.set(text, keys);
    return keys;
  }
}

/** The count for one update, on top of what is known. */
export class FormatCount {
  readonly #known: FormatKeys;
  readonly #limit: number;
  /** The keys that this update brings into each text, also into those that it creates. */
  readonly #brought = new Map<object, Set<string>>();
  /** The texts that were read for this update. */
  readonly #read = new Set<SharedType>();

  constructor(known: FormatKeys, limit: number) {
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
    let known = this.#known.of(text);
    if (known.size >= this.#limit && !this.#read.has(text)) {
      known = this.#known.read(text);
      for (const other of brought) if (other !== key) known.add(other);
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
