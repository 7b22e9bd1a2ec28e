/**
 * A disk in memory that loses power: what was not durable is gone, and handles from before are dead.
 *
 * It keeps, for every batch since the last durable one, what was there before; a crash puts that back.
 */

import type {
  BatchOperation,
  BatchOptions,
  RangeOptions,
  StorageBackend,
  StorageEntry,
  StorageInfo,
} from "./backend.js";
import { createMemoryStore } from "./backends/memory.js";
import { StorageError } from "./errors.js";

export interface SimulatedDisk {
  /** Opens the store on the disk; `in-use` while another handle is open. */
  open(): Promise<StorageBackend>;
  /** Cuts the power. */
  crash(): Promise<void>;
}

export async function createSimulatedDisk(): Promise<SimulatedDisk> {
  const store = await createMemoryStore().open();
  /** What restores the state of the last durable batch, from the oldest batch to the latest. */
  let undo: BatchOperation[] = [];
  let holder: object | undefined;
  /** Batches go one after the other, or one would be undone with another. */
  let last: Promise<unknown> = Promise.resolve();

  const before = async ({ key }: BatchOperation): Promise<BatchOperation> => {
    const value = await store.get(key);
    return value === undefined ? { type: "delete", key } : { type: "put", key, value };
  };

  return {
    async open() {
      if (holder !== undefined) throw new StorageError("in-use", "the disk is in use");
      const handle = {};
      holder = handle;
      const held = <T>(run: () => T): T => {
        if (holder !== handle) throw new StorageError("closed", "the disk is closed");
        return run();
      };
      async function* walk<T>(begin: () => AsyncIterable<T>): AsyncGenerator<T> {
        for await (const item of held(begin)) {
          yield held(() => item);
        }
      }
      return {
        supports: { persistence: true, snapshotRange: true, exclusive: true },
        get: async (key: Uint8Array) => held(() => store.get(key)),
        getMany: async (keys: readonly Uint8Array[]) => held(() => store.getMany(keys)),
        has: async (key: Uint8Array) => held(() => store.has(key)),
        batch(operations: readonly BatchOperation[], { durable = true }: BatchOptions = {}) {
          const written = last.then(async () => {
            const earlier = await held(() => Promise.all(operations.map(before)));
            await held(() => store.batch(operations));
            undo = durable ? [] : [...undo, ...earlier];
          });
          last = written.catch(() => undefined);
          return written;
        },
        range: (options?: RangeOptions) => walk<StorageEntry>(() => store.range(options)),
        keys: (options?: RangeOptions) => walk<Uint8Array>(() => store.keys(options)),
        info: async (): Promise<StorageInfo> => held(() => store.info()),
        async clear() {
          await held(() => store.clear());
          undo = [];
        },
        async close() {
          if (holder !== handle) return;
          holder = undefined;
        },
        async [Symbol.asyncDispose]() {
          if (holder === handle) holder = undefined;
        },
      };
    },
    async crash() {
      holder = undefined;
      const restore = undo.reverse();
      undo = [];
      await store.batch(restore);
    },
  };
}
