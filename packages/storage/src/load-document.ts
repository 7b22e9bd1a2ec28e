/**
 * Reads what opening a document needs, and proves on the way that it belongs together.
 *
 * The head, the latest snapshot and every commit behind it must agree: sequences without a gap, each hash the one that
 * follows from the hash before, the last one the head's. A document without a head is a new one only when nothing else of
 * it is there.
 */

import { compareBytes, type StorageBackend } from "./backend.js";
import { type Commit, createCommitCodec, NO_HASH, readCommit } from "./commit.js";
import { erasedError, findTombstone } from "./erasure.js";
import { corruptedRecord } from "./errors.js";
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

/** @throws StorageError `corrupted`, with document and sequence; `erased`. */
export async function loadDocument(
  backend: StorageBackend,
  { document, documentKey }: { document: string; documentKey: Uint8Array },
): Promise<LoadedDocument> {
  const corrupted = (sequence: number, detail: string) =>
    corruptedRecord({ what: "commit", document, sequence }, detail);
  const key = headKey(documentKey);
  const value = await backend.get(key);
  if (value === undefined) {
    const tombstone = await findTombstone(backend, document);
    if (tombstone !== undefined) throw erasedError(tombstone);
    // A damaged index of the backend can hide a key from `get` and not from a walk.
    for await (const _ of backend.keys({ gte: key, lte: key, limit: 1 })) {
      throw corruptedRecord({ what: "head", document }, "it cannot be read");
    }
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
    throw corruptedRecord({ what: "snapshot", document, sequence: head.snapshot }, "is missing");
  }
  const codec = createCommitCodec(document);
  const tail: Commit[] = [];
  let hash = snapshot?.hash ?? NO_HASH;
  // The commit of the snapshot itself is read too, or a snapshot of another history would go unnoticed.
  let sequence = snapshot === undefined ? 1 : snapshot.sequence;
  const range = { ...within(KEYSPACE.commit, documentKey), gte: commitKey(documentKey, sequence) };
  for await (const entry of backend.range(range)) {
    if (sequenceOfCommit(entry[0]) !== sequence) throw corrupted(sequence, "is missing");
    const { commit, record } = readCommit(entry, { document, sequence });
    if (sequence === snapshot?.sequence) {
      if (compareBytes(hash, commit.hash) !== 0) throw corrupted(sequence, "is not the one of the snapshot");
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
  if (compareBytes(hash, head.hash) !== 0) throw corrupted(last, "is not the one of the head");
  return { head, snapshot, tail };
}
