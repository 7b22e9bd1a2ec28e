/**
 * When what is stored of a document is made one update: when the updates behind the last such one outweigh it, so that all of
 * it together costs as much as what was stored, or when there are so many that to load them takes long.
 */

export interface StoreGrowth {
  /** Begins anew, with what the store held. */
  restore(updates: readonly Uint8Array[]): void;
  add(updates: readonly Uint8Array[]): void;
  readonly isDue: boolean;
  /** One was made of all. */
  compacted(): void;
}

const fewest = 512;
const most = 4096;
/** Bytes that a stored update takes beside its own. */
const overhead = 40;

export function createStoreGrowth(): StoreGrowth {
  /** At most: what it was made of. */
  let compactedBytes = 0;
  let count = 0;
  let bytes = 0;

  const growth: StoreGrowth = {
    restore(updates) {
      const [longest, ...others] = updates.toSorted((one, other) => other.length - one.length);
      compactedBytes = longest?.length ?? 0;
      count = 0;
      bytes = 0;
      growth.add(others);
    },
    add(updates) {
      count += updates.length;
      for (const { length } of updates) bytes += length + overhead;
    },
    get isDue() {
      return count >= most || (count >= fewest && bytes >= compactedBytes);
    },
    compacted() {
      compactedBytes += bytes;
      count = 0;
      bytes = 0;
    },
  };
  return growth;
}
