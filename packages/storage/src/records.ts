/**
 * Small records: what belongs to a store, or to a document, and is no commit.
 *
 * Each use has a namespace of its own, in which a record stands under a key. Records share the group commit with the
 * commits, so a record that was put is as durable as a commit that was acknowledged. A put replaces; there is no history.
 * The records of a document go when it is erased, and from then on it takes no more.
 *
 * ```
 * record value := bytes (block) fields seal
 * ```
 */

import type { RangeOptions, StorageBackend, StorageEntry } from "./backend.js";
import { ByteWriter, sealed, unseal } from "./encoding.js";
import type { GroupCommit } from "./group-commit.js";
import {
  assertText,
  documentKey,
  documentRecordKey,
  KEYSPACE,
  parseKey,
  recordKey,
  startingWith,
  within,
} from "./keys.js";

/** The records of one namespace. Keys are well-formed text that is not empty; others are a `TypeError`. */
export interface Records {
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Resolves when the record is durable.
   *
   * @throws StorageError `unknown-outcome` when the store failed meanwhile: putting the same again does no harm.
   *   `erased` for the records of a document that was erased.
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

/** The records of one namespace of one document. */
export interface DocumentRecords extends Records {
  /** Puts a record only where there is none; whether it did. */
  add(key: string, value: Uint8Array): Promise<boolean>;
}

/** Longest namespace, and longest key, in bytes of UTF-8. */
const MAX_NAME_BYTES = 1024;

export function createRecords(groupCommit: GroupCommit, namespace: string): Records {
  assertText(namespace, "a namespace", MAX_NAME_BYTES);
  const prefix = documentKey(namespace);
  return recordsIn(groupCommit, {
    range: within(KEYSPACE.record, prefix),
    place: key => recordKey(prefix, key),
  });
}

export interface DocumentRecordsOptions {
  readonly documentKey: Uint8Array;
  readonly namespace: string;
  /** Runs when nothing else writes to the document beside its log; throws once the document was erased. */
  readonly exclusively: <T>(write: (backend: StorageBackend) => Promise<T>) => Promise<T>;
}

export function createDocumentRecords(
  groupCommit: GroupCommit,
  { documentKey: document, namespace, exclusively }: DocumentRecordsOptions,
): DocumentRecords {
  assertText(namespace, "a namespace", MAX_NAME_BYTES);
  const prefix = documentKey(namespace);
  const place = (key: string) => documentRecordKey(document, prefix, key);
  const records = recordsIn(groupCommit, {
    range: startingWith(documentRecordKey(document, prefix)),
    place,
  });
  return {
    ...records,
    put: (key, value) => exclusively(() => records.put(key, value)),
    delete: key => exclusively(() => records.delete(key)),
    add: (key, value) =>
      exclusively(async backend => {
        assertRecordKey(key);
        if (await backend.has(place(key))) return false;
        await records.put(key, value);
        return true;
      }),
  };
}

function recordsIn(
  groupCommit: GroupCommit,
  { range: all, place }: { readonly range: RangeOptions; readonly place: (key: string) => Uint8Array },
): Records {
  const keyOf = (key: string) => {
    assertRecordKey(key);
    return place(key);
  };
  return {
    get: key =>
      groupCommit.read(async backend => {
        const found = keyOf(key);
        const value = await backend.get(found);
        return value === undefined ? undefined : readRecord([found, value]);
      }),
    async put(key, value) {
      const found = keyOf(key);
      const record = sealed(found, new ByteWriter(value.length + 8).block(value).view());
      await groupCommit.write([{ type: "put", key: found, value: record }]);
    },
    async delete(key) {
      await groupCommit.write([{ type: "delete", key: keyOf(key) }]);
    },
    async *entries({ after, limit = Number.POSITIVE_INFINITY } = {}) {
      const bounds = after === undefined ? {} : { gt: keyOf(after) };
      try {
        for await (const entry of groupCommit.backend().range({ ...all, ...bounds, limit })) {
          const parsed = parseKey(entry[0]);
          if (parsed !== undefined && "key" in parsed) yield [parsed.key, readRecord(entry)] as const;
        }
      } catch (error) {
        throw groupCommit.readingError(error);
      }
    },
  };
}

function assertRecordKey(key: string): void {
  assertText(key, "the key of a record", MAX_NAME_BYTES);
}

/** @throws StorageError `corrupted` */
export function readRecord(entry: StorageEntry): Uint8Array {
  return unseal(entry, { what: "record" }, reader => reader.block());
}
