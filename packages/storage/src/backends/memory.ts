/**
 * A store in memory, for tests, trials and caches.
 *
 * Entries lie in sorted pages of bounded size, so that a write moves at most one page of pointers. A walk copies the
 * pointers it will hand out when it begins, which makes it a snapshot for the price of the walk itself.
 */

import {
  assertBatch,
  assertKey,
  type BatchOperation,
  compareBytes,
  type RangeOptions,
  type StorageBackend,
  type StorageEntry,
  type StorageInfo,
  type TightRange,
  tightest,
} from "../backend.js";
import { StorageError } from "../errors.js";

/** Bytes that outlive the handles on them, as a folder outlives the process that has it open. */
export interface MemoryStore {
  /** Opens the store; `in-use` while another handle on it is open. */
  open(): Promise<StorageBackend>;
}

/** Creates an empty store. */
export function createMemoryStore(): MemoryStore {
  const pages = new SortedPages();
  let open = false;
  return {
    async open() {
      if (open) throw new StorageError("in-use", "the memory store is open already");
      open = true;
      return new MemoryBackend(pages, () => {
        open = false;
      });
    },
  };
}

class MemoryBackend implements StorageBackend {
  readonly supports = { persistence: false, snapshotRange: true, exclusive: true };
  readonly #pages: SortedPages;
  #release: (() => void) | undefined;

  constructor(pages: SortedPages, release: () => void) {
    this.#pages = pages;
    this.#release = release;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    assertKey(key);
    this.#assertOpen();
    return this.#pages.get(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    for (const key of keys) assertKey(key);
    this.#assertOpen();
    return keys.map(key => this.#pages.get(key));
  }

  async has(key: Uint8Array): Promise<boolean> {
    assertKey(key);
    this.#assertOpen();
    return this.#pages.get(key) !== undefined;
  }

  async batch(operations: readonly BatchOperation[]): Promise<void> {
    assertBatch(operations);
    this.#assertOpen();
    for (const operation of operations) {
      if (operation.type === "put") this.#pages.put(operation.key, operation.value);
      else this.#pages.delete(operation.key);
    }
  }

  async *range(options: RangeOptions = {}): AsyncIterableIterator<StorageEntry> {
    const range = tightest(options);
    this.#assertOpen();
    for (const entry of this.#pages.range(range)) {
      yield entry;
      this.#assertOpen();
    }
  }

  async *keys(options: RangeOptions = {}): AsyncIterableIterator<Uint8Array> {
    for await (const [key] of this.range(options)) yield key;
  }

  async info(): Promise<StorageInfo> {
    this.#assertOpen();
    return { entries: this.#pages.entries, bytesUsed: this.#pages.bytes, bytesAvailable: undefined };
  }

  async clear(): Promise<void> {
    this.#assertOpen();
    this.#pages.clear();
  }

  async close(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#release === undefined) throw new StorageError("closed", "the memory store is closed");
  }
}

const PAGE_ENTRIES = 256;

/** Sorted entries in pages; no page is empty. */
class SortedPages {
  entries = 0;
  bytes = 0;
  #pages: StorageEntry[][] = [];

  get(key: Uint8Array): Uint8Array | undefined {
    const page = this.#pages[this.#pageOf(key)];
    const entry = page?.[firstNotBefore(page, key)];
    return entry !== undefined && compareBytes(entry[0], key) === 0 ? entry[1] : undefined;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const at = this.#pageOf(key);
    const page = this.#pages[at];
    if (page === undefined) {
      this.#pages.push([[key, value]]);
    } else {
      const index = firstNotBefore(page, key);
      const present = page[index];
      if (present !== undefined && compareBytes(present[0], key) === 0) {
        page[index] = [present[0], value];
        this.bytes += value.length - present[1].length;
        return;
      }
      page.splice(index, 0, [key, value]);
      if (page.length > PAGE_ENTRIES) this.#pages.splice(at + 1, 0, page.splice(PAGE_ENTRIES / 2));
    }
    this.entries += 1;
    this.bytes += key.length + value.length;
  }

  delete(key: Uint8Array): void {
    const at = this.#pageOf(key);
    const page = this.#pages[at];
    if (page === undefined) return;
    const index = firstNotBefore(page, key);
    const present = page[index];
    if (present === undefined || compareBytes(present[0], key) !== 0) return;
    page.splice(index, 1);
    if (page.length === 0) this.#pages.splice(at, 1);
    this.entries -= 1;
    this.bytes -= key.length + present[1].length;
  }

  clear(): void {
    this.#pages = [];
    this.entries = 0;
    this.bytes = 0;
  }

  /** The entries of a range, copied. */
  range({ gt, gte, lt, lte, limit, reverse }: TightRange): StorageEntry[] {
    const lower = gt ?? gte;
    const upper = lt ?? lte;
    const from = reverse ? upper : lower;
    const step = reverse ? -1 : 1;
    const found: StorageEntry[] = [];
    let at = from === undefined ? (reverse ? this.#pages.length - 1 : 0) : this.#pageOf(from);
    for (; at >= 0 && at < this.#pages.length; at += step) {
      const page = this.#pages[at]!;
      for (let index = reverse ? page.length - 1 : 0; index >= 0 && index < page.length; index += step) {
        const entry = page[index]!;
        const toLower = lower === undefined ? 1 : compareBytes(entry[0], lower);
        const toUpper = upper === undefined ? -1 : compareBytes(entry[0], upper);
        const below = gt === undefined ? toLower < 0 : toLower <= 0;
        const above = lt === undefined ? toUpper > 0 : toUpper >= 0;
        if (found.length >= limit || (reverse ? below : above)) return found;
        if (!below && !above) found.push(entry);
      }
    }
    return found;
  }

  /** The page that holds the key or would take it; the last one for keys beyond all. */
  #pageOf(key: Uint8Array): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const page = this.#pages[middle]!;
      if (compareBytes(page[page.length - 1]![0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first entry of a page that does not come before the key. */
function firstNotBefore(page: readonly StorageEntry[], key: Uint8Array): number {
  let low = 0;
  let high = page.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(page[middle]![0], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
