/**
 * The contract of a storage backend: an ordered map from bytes to bytes.
 *
 * Keys are at least one byte long and ordered byte by byte, unsigned, a prefix before what it is a prefix of. Values may
 * be empty. What is handed over belongs to the backend from then on and must not be changed; what is handed out must not
 * be changed either, since it may be the stored bytes themselves. `storageSuite` in `@verso/storage/testing` is this
 * contract as tests.
 */

/** One change within a batch. */
export type BatchOperation =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: Uint8Array };

export interface BatchOptions {
  /**
   * Whether the promise waits until the batch, and every batch before it, would survive a power cut. Without it the
   * batch is visible at once and may be lost with the machine, never out of order.
   * @default true
   */
  readonly durable?: boolean;
}

/** Bounds of a walk; without any, everything. Contradicting bounds give nothing. */
export interface RangeOptions {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  /** At most so many, counted from the end where the walk begins. */
  readonly limit?: number;
  /** From the last key to the first. */
  readonly reverse?: boolean;
}

export type StorageEntry = readonly [key: Uint8Array, value: Uint8Array];

export interface StorageInfo {
  readonly entries: number;
  /** Bytes that the store takes on its medium, overhead included. */
  readonly bytesUsed: number;
  /** Bytes that the medium still has room for; `undefined` when it cannot say. */
  readonly bytesAvailable: number | undefined;
}

/** What a backend can do; code asks this and never a backend's name. */
export interface StorageSupports {
  /** Durable batches outlive the process. */
  readonly persistence: boolean;
  /** A walk sees the store as it was at its first step, whatever is written meanwhile. */
  readonly snapshotRange: boolean;
  /** A second handle on an open store is refused with `in-use`. */
  readonly exclusive: boolean;
}

/**
 * An open store.
 *
 * After `close`, and for what is still running when it is called, every method fails with `closed`, except `close`
 * itself, which may be called as often as one likes.
 */
export interface StorageBackend extends AsyncDisposable {
  readonly supports: StorageSupports;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** The values in the order of the keys, `undefined` where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  has(key: Uint8Array): Promise<boolean>;
  /**
   * Makes all changes or none, in order: of two for one key the later one holds. Batches take effect in the order of the
   * calls. An empty batch does nothing.
   *
   * When it fails, it is unknown whether the batch is there, and the backend refuses every further batch with
   * `write-failed` until it is closed and opened again: some media acknowledge later writes that are lost after an
   * error.
   */
  batch(operations: readonly BatchOperation[], options?: BatchOptions): Promise<void>;
  /** Walks entries in the order of their keys. End it early with `break` or `return()`, or it holds on to resources. */
  range(options?: RangeOptions): AsyncIterableIterator<StorageEntry>;
  /** Like `range`, without reading the values. */
  keys(options?: RangeOptions): AsyncIterableIterator<Uint8Array>;
  /**
   * Makes deleted values between two keys leave the medium, which may cost as much as writing what lies there and beside
   * it anew. A backend of which they are gone as soon as they are deleted has no such method.
   */
  purge?(from: Uint8Array, to: Uint8Array): Promise<void>;
  /** Walks all keys to count them: for people and dashboards, not for hot paths. */
  info(): Promise<StorageInfo>;
  /** Deletes everything, durably; not atomic. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The order of keys: negative when `a` comes first, 0 when equal, positive when `b` comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Refuses what is no key with a `TypeError`. */
export function assertKey(key: Uint8Array): void {
  if (!(key instanceof Uint8Array) || key.length === 0) {
    throw new TypeError("a key is a Uint8Array of at least one byte");
  }
}

/** Refuses what is no batch with a `TypeError`, before anything of it is written. */
export function assertBatch(operations: readonly BatchOperation[]): void {
  for (const operation of operations) {
    assertKey(operation.key);
    if (operation.type === "delete") continue;
    if (operation.type !== "put" || !(operation.value instanceof Uint8Array)) {
      throw new TypeError(
        'an operation is { type: "put", key, value } or { type: "delete", key }, in Uint8Arrays',
      );
    }
  }
}

/** A range with at most one bound on each side. */
export interface TightRange extends RangeOptions {
  readonly limit: number;
  readonly reverse: boolean;
}

/**
 * The same range: of two bounds on one side only the one that lets less through.
 *
 * @throws TypeError for what is no range.
 */
export function tightest({
  gt,
  gte,
  lt,
  lte,
  limit = Number.POSITIVE_INFINITY,
  reverse = false,
}: RangeOptions): TightRange {
  for (const bound of [gt, gte, lt, lte]) {
    if (bound !== undefined && !(bound instanceof Uint8Array)) throw new TypeError("a bound is a Uint8Array");
  }
  if (!(limit >= 0) || !(Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY)) {
    throw new TypeError("limit is a whole number, 0 or more");
  }
  return {
    ...(gt !== undefined && (gte === undefined || compareBytes(gt, gte) >= 0) ? { gt } : gte && { gte }),
    ...(lt !== undefined && (lte === undefined || compareBytes(lt, lte) <= 0) ? { lt } : lte && { lte }),
    limit,
    reverse,
  };
}
