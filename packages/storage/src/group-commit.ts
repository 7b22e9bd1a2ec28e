/**
 * One durable batch at a time for a whole process.
 *
 * A durable write costs about as much for a thousand records as for one. So while a batch is in flight everything that
 * arrives waits together and is the next batch.
 *
 * After any error of a batch the store is dead: nobody can say what of it is on the medium, and some media go on
 * acknowledging what they then lose. Everyone who waits is told `unknown-outcome`, the backend is closed, opened again
 * and checked, and only then are writes accepted. While the medium is full or away, opening is tried again and again.
 *
 * ```
 *            a batch fails                    reopened and checked
 *  ready ──────────────────▶ failed ──────────────────────────────▶ ready
 *    └──────── close ─────────┴──────── close ──────▶ closed
 * ```
 */

import type { BatchOperation, StorageBackend } from "./backend.js";
import { StorageError, storageErrorCode } from "./errors.js";

/** Whether a store accepts writes, and what keeps it from it. */
export type StoreStatus =
  | { readonly state: "ready" }
  | {
      readonly state: "failed";
      /** The latest error: that of the batch, then that of each attempt to open. */
      readonly cause: unknown;
      /** Whether opening is tried again; a damaged store waits for the operator. */
      readonly retrying: boolean;
    }
  | { readonly state: "closed" };

/** Waits so many milliseconds; rejects when the signal is aborted. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export interface GroupCommitOptions {
  readonly open: () => Promise<StorageBackend>;
  /** Looks at a backend that was just opened, and throws when it must not be used. */
  readonly check: (backend: StorageBackend) => Promise<void>;
  readonly sleep: Sleep;
  /** A batch takes no further write once it has so many operations. */
  readonly maxOperations: number;
  /** A batch takes no further write once it has so many bytes. */
  readonly maxBytes: number;
}

export interface GroupCommit {
  readonly status: StoreStatus;
  /** Calls the listener after every change of `status`. */
  subscribe(listener: () => void): () => void;
  /** The open backend, for reading; throws `unavailable` or `closed` when there is none. */
  backend(): StorageBackend;
  /** Reads from the open backend. */
  read<T>(read: (backend: StorageBackend) => Promise<T>): Promise<T>;
  /** What an error of reading is to the reader: that the backend was closed under him is not that he closed it. */
  readingError(error: unknown): unknown;
  /**
   * Writes the operations together or not at all, durably, and in the order of the calls.
   *
   * @throws StorageError `unknown-outcome` for what waited when a batch failed, `unavailable` for what comes while the
   *   store is failed, `closed`.
   */
  write(operations: readonly BatchOperation[]): Promise<void>;
  /** Writes what is waiting and closes the backend. */
  close(): Promise<void>;
}

interface Waiting {
  readonly operations: readonly BatchOperation[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;
/** So many batches after it was opened again, a store counts as well. One that fails sooner is not hurried. */
const STEADY_BATCHES = 100;

/** Opens the backend once; from then on errors show in `status`. */
export async function createGroupCommit(options: GroupCommitOptions): Promise<GroupCommit> {
  const { open, check, sleep, maxOperations, maxBytes } = options;
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  let queue: Waiting[] = [];
  let backend = await openAndCheck();
  let status: StoreStatus = { state: "ready" };
  let flushing = Promise.resolve();
  let idle = true;
  let recovering = Promise.resolve();
  /** How long to wait before the next attempt to open. */
  let delay = 0;
  let batchesSinceOpening = 0;
  let closed: Promise<void> | undefined;

  return {
    get status() {
      return status;
    },
    subscribe(listener) {
      const entry = () => listener();
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
    backend() {
      assertReady();
      return backend;
    },
    async read(read) {
      assertReady();
      try {
        return await read(backend);
      } catch (error) {
        throw readingError(error);
      }
    },
    readingError,
    async write(operations) {
      if (closing.signal.aborted) throw closedError();
      assertReady();
      let bytes = 0;
      for (const operation of operations) {
        bytes += operation.key.length + (operation.type === "put" ? operation.value.length : 0);
      }
      await new Promise<void>((resolve, reject) => {
        queue.push({ operations, bytes, resolve, reject });
        if (idle) flushing = flush();
      });
    },
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function flush(): Promise<void> {
    idle = false;
    // What is written before the caller's turn ends rides along.
    await null;
    while (queue.length > 0) {
      const batch = takeBatch();
      try {
        const operations = batch.length === 1 ? batch[0]!.operations : batch.flatMap(each => each.operations);
        await backend.batch(operations, { durable: true });
      } catch (error) {
        fail(batch, error);
        break;
      }
      batchesSinceOpening += 1;
      if (batchesSinceOpening === STEADY_BATCHES) delay = 0;
      for (const { resolve } of batch) resolve();
    }
    idle = true;
  }

  function takeBatch(): Waiting[] {
    let operations = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of queue) {
      operations += waiting.operations.length;
      bytes += waiting.bytes;
      if (count > 0 && (operations > maxOperations || bytes > maxBytes)) break;
      count += 1;
    }
    return queue.splice(0, count);
  }

  function fail(batch: readonly Waiting[], cause: unknown): void {
    const lost = [...batch, ...queue];
    queue = [];
    setStatus({ state: "failed", cause, retrying: true });
    const error = new StorageError("unknown-outcome", "the store failed while the write was under way", {
      cause,
    });
    for (const { reject } of lost) reject(error);
    recovering = recover();
  }

  async function recover(): Promise<void> {
    try {
      await backend.close();
    } catch (cause) {
      // It may still hold its lock; then opening says so, and is tried again.
      setStatus({ state: "failed", cause, retrying: true });
    }
    while (!closing.signal.aborted) {
      try {
        if (delay > 0) await sleep(delay, closing.signal);
      } catch (error) {
        if (closing.signal.aborted) return;
        throw error;
      }
      delay = Math.min(Math.max(delay * 2, FIRST_DELAY), LONGEST_DELAY);
      try {
        backend = await openAndCheck();
        batchesSinceOpening = 0;
        setStatus({ state: "ready" });
        return;
      } catch (cause) {
        const code = storageErrorCode(cause);
        const retrying = code !== "corrupted" && code !== "unsupported-version";
        setStatus({ state: "failed", cause, retrying });
        if (!retrying) return;
      }
    }
  }

  async function openAndCheck(): Promise<StorageBackend> {
    const opened = await open();
    try {
      await check(opened);
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  async function close(): Promise<void> {
    closing.abort();
    await flushing;
    await recovering;
    const usable = status.state === "ready";
    setStatus({ state: "closed" });
    if (usable) await backend.close();
  }

  function assertReady(): void {
    if (status.state === "closed") throw closedError();
    if (status.state === "failed") {
      throw new StorageError("unavailable", "the store failed and is not open yet", { cause: status.cause });
    }
  }

  function readingError(error: unknown): unknown {
    if (storageErrorCode(error) !== "closed" || status.state === "closed") return error;
    return new StorageError("unavailable", "the store failed while it was read", { cause: error });
  }

  function closedError(): StorageError {
    return new StorageError("closed", "the ledger is closed");
  }

  function setStatus(next: StoreStatus): void {
    status = next;
    // On its own, so that a listener that throws stops nothing here.
    for (const listener of listeners) queueMicrotask(listener);
  }
}
