/**
 * Reads what opening a document needs, and proves on the way that it belongs together.
 *
 * The head, the latest snapshot and every commit behind it must agree: sequences without a gap, each hash the one that
 * follows from the hash before, the last one the head's. A document without a head is a new one only when nothing else of
 * it is there.
 */

import { compareBytes, type StorageBackend } from "./backend.js";
import { type Commit, createCommitCodec, HASH_BYTES, NO_HASH, readCommit } from "./commit.js";
import { StorageError } from "./errors.js";
import { readHead, type StoredHead } from "./head.js";
import { commitKey, headKey, KEYSPACE, sequenceOfCommit, within } from "./keys.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";

export interface LoadedDocument {
  readonly head: StoredHead | undefined;
  /** The latest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** The commits behind it, in order. */
  readonly tail: readonly Commit[];
}

/** @throws StorageError `corrupted`, with document and sequence. */
export async function loadDocument(
  backend: StorageBackend,
  { document, documentKey }: { document: string; documentKey: Uint8Array },
): Promise<LoadedDocument> {
  const corrupted = (sequence: number, detail: string) =>
    new StorageError("corrupted", `commit ${sequence} of ${JSON.stringify(document)}: ${detail}`, {
      document,
      sequence,
    });
  const key = headKey(documentKey);
  const value = await backend.get(key);
  if (value === undefined) {
    // A damaged index of the backend can hide a key from `get` and not from a walk.
    for await (const _ of backend.keys({ gte: key, lte: key, limit: 1 }))
      throw corrupted(0, "the head cannot be read");
    for await (const first of backend.keys({ ...within(KEYSPACE.commit, documentKey), limit: 1 })) {
      throw corrupted(sequenceOfCommit(first), "is there, but the document has no head");
    }
    return { head: undefined, snapshot: undefined, tail: [] };
  }

  const head = readHead([key, value], document);
  const snapshot =
    head.snapshot === 0
      ? undefined
      : await readSnapshot(backend, { document, documentKey, sequence: head.snapshot });
  if (snapshot === undefined && head.snapshot > 0) {
    throw new StorageError(
      "corrupted",
      `snapshot ${head.snapshot} of ${JSON.stringify(document)}: is missing`,
      {
        document,
        sequence: head.snapshot,
      },
    );
  }
  const codec = createCommitCodec(document);
  const tail: Commit[] = [];
  let hash = snapshot?.hash ?? NO_HASH;
  // The commit of the snapshot itself is read too, or a snapshot of another history would go unnoticed.
  let sequence = snapshot === undefined ? 1 : snapshot.sequence;
  const range = {
    gte: commitKey(documentKey, sequence),
    lt: commitKey(documentKey, Number.MAX_SAFE_INTEGER),
  };
  for await (const entry of backend.range(range)) {
    if (sequenceOfCommit(entry[0]) !== sequence) throw corrupted(sequence, "is missing");
    const { commit, record } = readCommit(entry, { document, sequence });
    if (sequence === snapshot?.sequence) {
      if (compareBytes(hash, commit.hash) !== 0)
        throw corrupted(sequence, "is not the one that the snapshot is of");
    } else {
      if (!codec.follows(record, hash)) throw corrupted(sequence, "its hash is wrong");
      if (commit.update === undefined)
        throw corrupted(sequence, "its update was dropped and no snapshot covers it");
      tail.push(commit);
    }
    hash = commit.hash;
    sequence += 1;
  }
  const last = sequence - 1;
  if (last < head.sequence) throw corrupted(sequence, "is missing");
  if (last > head.sequence) throw corrupted(head.sequence + 1, "is there, but the head knows nothing of it");
  if (hash.length !== HASH_BYTES || compareBytes(hash, head.hash) !== 0) {
    throw corrupted(last, "is not the one that the head refers to");
  }
  return { head, snapshot, tail };
}
