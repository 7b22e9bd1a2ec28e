/**
 * Small records beside the documents: what belongs to a store and is no document.
 *
 * Each use has a namespace of its own, in which a record stands under a key. Records share the group commit with the
 * commits, so a record that was put is as durable as a commit that was acknowledged. A put replaces; there is no history.
 *
 * ```
 * record value := bytes (block) fields seal
 * ```
 */

import type { StorageEntry } from "./backend.js";
import { ByteWriter, sealed, unseal } from "./encoding.js";
import type { GroupCommit } from "./group-commit.js";
import { assertText, documentKey, KEYSPACE, parseKey, recordKey, within } from "./keys.js";

/** The records of one namespace. Keys are well-formed text that is not empty; others are a `TypeError`. */
export interface Records {
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Resolves when the record is durable.
   *
   * @throws StorageError `unknown-outcome` when the store failed meanwhile: putting the same again does no harm.
   */
  put(key: string, value: Uint8Array): Promise<void>;
  /** Like `put`; deleting what is not there does nothing. */
  delete(key: string): Promise<void>;
  /** In the order of the keys' bytes. */
  entries(options?: {
    readonly after?: string;
    readonly limit?: number;
  }): AsyncIterableIterator<readonly [key: string, value: Uint8Array]>;
}

/** Longest namespace, and longest key, in bytes of UTF-8. */
const MAX_NAME_BYTES = 1024;

export function createRecords(groupCommit: GroupCommit, namespace: string): Records {
  assertText(namespace, "a namespace", MAX_NAME_BYTES);
  const prefix = documentKey(namespace);
  const keyOf = (key: string) => {
    assertText(key, "the key of a record", MAX_NAME_BYTES);
    return recordKey(prefix, key);
  };

  return {
    get: key =>
      groupCommit.read(async backend => {
        const place = keyOf(key);
        const value = await backend.get(place);
        return value === undefined ? undefined : readRecord([place, value]);
      }),
    async put(key, value) {
      const place = keyOf(key);
      const record = sealed(place, new ByteWriter(value.length + 8).block(value).view());
      await groupCommit.write([{ type: "put", key: place, value: record }]);
    },
    async delete(key) {
      await groupCommit.write([{ type: "delete", key: keyOf(key) }]);
    },
    async *entries({ after, limit = Number.POSITIVE_INFINITY } = {}) {
      const bounds = after === undefined ? {} : { gt: keyOf(after) };
      const range = { ...within(KEYSPACE.record, prefix), ...bounds, limit };
      try {
        for await (const entry of groupCommit.backend().range(range)) {
          const parsed = parseKey(entry[0]);
          if (parsed?.keyspace === "record") yield [parsed.key, readRecord(entry)] as const;
        }
      } catch (error) {
        throw groupCommit.readingError(error);
      }
    },
  };
}

/** @throws StorageError `corrupted` */
export function readRecord(entry: StorageEntry): Uint8Array {
  return unseal(entry, { what: "record" }, reader => reader.block());
}
