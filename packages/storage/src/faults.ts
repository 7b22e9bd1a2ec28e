/**
 * A backend that goes wrong when it is told to.
 *
 * Every operation passes a point before and a point behind it, numbered over all backends that were wrapped. What happens
 * at a point is up to the caller: throwing before makes the operation fail without being done, throwing behind makes it
 * fail although it was done, killing the process there is a crash at that very step. As the contract of backends demands,
 * a batch that failed is the last one of its backend.
 */

import {
  assertBatch,
  type BatchOperation,
  type BatchOptions,
  type RangeOptions,
  type StorageBackend,
  type StorageEntry,
  type StorageInfo,
} from "./backend.js";
import { StorageError } from "./errors.js";

export interface FaultPoint {
  /** 1, 2, 3 … over all operations of all wrapped backends. */
  readonly number: number;
  readonly operation:
    | "get"
    | "getMany"
    | "has"
    | "batch"
    | "range"
    | "keys"
    | "purge"
    | "info"
    | "clear"
    | "close";
  readonly when: "before" | "after";
  /** How many batches were begun by now, this one included. */
  readonly batches: number;
}

export interface Faults {
  /** Points that were passed so far. */
  readonly points: number;
  wrap(backend: StorageBackend): StorageBackend;
}

/** @param at what happens at each point; the operation waits for it. */
export function createFaults(at: (point: FaultPoint) => void | Promise<void>): Faults {
  let number = 0;
  let batches = 0;

  const pass = async (operation: FaultPoint["operation"], when: FaultPoint["when"]) => {
    number += 1;
    await at({ number, operation, when, batches });
  };
  const around = async <T>(operation: FaultPoint["operation"], run: () => Promise<T>): Promise<T> => {
    await pass(operation, "before");
    const result = await run();
    await pass(operation, "after");
    return result;
  };

  return {
    get points() {
      return number;
    },
    wrap(backend) {
      let failure: unknown;
      let last: Promise<unknown> = Promise.resolve();
      async function* walk<T>(operation: "range" | "keys", begin: () => AsyncIterable<T>): AsyncGenerator<T> {
        await pass(operation, "before");
        yield* begin();
        await pass(operation, "after");
      }
      const batch = async (operations: readonly BatchOperation[], options?: BatchOptions) => {
        if (failure !== undefined) {
          throw new StorageError("write-failed", "an earlier write failed", { cause: failure });
        }
        try {
          batches += 1;
          await around("batch", () => backend.batch(operations, options));
        } catch (error) {
          failure = error;
          throw error;
        }
      };
      return {
        supports: backend.supports,
        get: (key: Uint8Array) => around("get", () => backend.get(key)),
        getMany: (keys: readonly Uint8Array[]) => around("getMany", () => backend.getMany(keys)),
        has: (key: Uint8Array) => around("has", () => backend.has(key)),
        async batch(operations, options) {
          assertBatch(operations);
          // One after the other, as they were called, however long a point takes.
          const written = last.then(() => batch(operations, options));
          last = written.catch(() => undefined);
          await written;
        },
        range: (options?: RangeOptions) => walk<StorageEntry>("range", () => backend.range(options)),
        keys: (options?: RangeOptions) => walk<Uint8Array>("keys", () => backend.keys(options)),
        ...(backend.purge === undefined
          ? {}
          : { purge: (from: Uint8Array, to: Uint8Array) => around("purge", () => backend.purge!(from, to)) }),
        info: (): Promise<StorageInfo> => around("info", () => backend.info()),
        clear: () => around("clear", () => backend.clear()),
        close: () => around("close", () => backend.close()),
        [Symbol.asyncDispose]: () => backend.close(),
      };
    },
  };
}
