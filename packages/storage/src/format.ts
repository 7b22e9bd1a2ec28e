/**
 * Which format a store has.
 *
 * ```
 * value := version (varuint) fields (1 created: time (varuint, ms since 1970)) seal
 * ```
 *
 * What older versions of this package can skip is added as fields; what they must not skip raises the version, and they
 * refuse the store.
 */

import type { StorageBackend, StorageEntry } from "./backend.js";
import { ByteWriter, sealed, unseal } from "./encoding.js";
import { StorageError } from "./errors.js";
import { FORMAT_KEY } from "./keys.js";

/** The version that this package writes, and the highest that it reads. */
export const FORMAT_VERSION = 1;

/**
 * Marks an empty store as a ledger's, and refuses one that is none or is of another version.
 *
 * @throws StorageError `corrupted`, `unsupported-version`
 */
export async function checkFormat(backend: StorageBackend, now: () => number): Promise<void> {
  const value = await backend.get(FORMAT_KEY);
  if (value === undefined) {
    for await (const _ of backend.keys({ limit: 1 })) {
      throw new StorageError("corrupted", "the store is not empty and has no record of a ledger's format");
    }
    const created = new ByteWriter(16).varuint(now()).take();
    const format = new ByteWriter(16).varuint(FORMAT_VERSION).varuint(1).block(created).view();
    await backend.batch([{ type: "put", key: FORMAT_KEY, value: sealed(FORMAT_KEY, format) }], {
      durable: true,
    });
    return;
  }
  const version = readFormatVersion([FORMAT_KEY, value]);
  if (version !== FORMAT_VERSION) {
    throw new StorageError(
      "unsupported-version",
      `the ledger has format ${version}; this version reads ${FORMAT_VERSION}`,
    );
  }
}

/** @throws StorageError `corrupted` */
export function readFormatVersion(entry: StorageEntry): number {
  return unseal(entry, { what: "format" }, reader => reader.varuint());
}
