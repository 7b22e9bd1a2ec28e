/**
 * Snapshots: a document's state at a sequence, so that opening costs the state and not the history.
 *
 * ```
 * chunk 0  := hash of the commit (32) time state-length chunk-length (varuints) SHA-256(state) (32)
 *             fields (1 attachment, any number: name (text), bytes (block)) seal
 * chunk n  := the n-th chunk-length bytes of the state, seal
 * ```
 *
 * The state is cut into chunks so that a large one does not hold up other documents' commits; chunk 0 is written last, in
 * one batch with the head that refers to it, and without it there is no snapshot.
 */

import { hash as digest } from "node:crypto";
import type { BatchOperation, StorageBackend, StorageEntry } from "./backend.js";
import { HASH_BYTES, revisionOf } from "./commit.js";
import { asBuffer, ByteReader, ByteWriter, sealed, unseal } from "./encoding.js";
import { corruptedRecord } from "./errors.js";
import { parseKey, snapshotKey } from "./keys.js";

/** A document's state, as it is handed to `saveSnapshot`; all bytes are opaque. */
export interface SnapshotDraft {
  /** The commit whose state this is. */
  readonly sequence: number;
  readonly state: Uint8Array;
  /** Small things to keep with it, by name; they come back with the snapshot. */
  readonly attachments?: ReadonlyMap<string, Uint8Array>;
}

export interface Snapshot {
  readonly sequence: number;
  /** Revision of that commit. */
  readonly revision: string;
  /** Hash of that commit. */
  readonly hash: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly state: Uint8Array;
  readonly attachments: ReadonlyMap<string, Uint8Array>;
}

const CHUNK_BYTES = 256 * 1024;

/** The chunks of the state, and apart from them the operation that makes them a snapshot. */
export function encodeSnapshot(
  documentKey: Uint8Array,
  { sequence, state, attachments = new Map() }: SnapshotDraft,
  { hash, time }: { readonly hash: Uint8Array; readonly time: number },
): { readonly chunks: Iterable<BatchOperation>; readonly description: BatchOperation } {
  const put = (chunk: number, bytes: Uint8Array): BatchOperation => {
    const key = snapshotKey(documentKey, sequence, chunk);
    return { type: "put", key, value: sealed(key, bytes) };
  };
  function* chunks() {
    for (let at = 0, chunk = 1; at < state.length; at += CHUNK_BYTES, chunk++) {
      yield put(chunk, state.subarray(at, at + CHUNK_BYTES));
    }
  }
  const description = new ByteWriter().raw(hash).varuint(time).varuint(state.length).varuint(CHUNK_BYTES);
  description.raw(digest("sha256", state, "buffer"));
  for (const [name, bytes] of attachments) {
    description.varuint(1).block(new ByteWriter().text(name).block(bytes).view());
  }
  return { chunks: chunks(), description: put(0, description.view()) };
}

export interface SnapshotPlace {
  readonly document: string;
  readonly documentKey: Uint8Array;
  readonly sequence: number;
}

/**
 * Reads a snapshot; `undefined` when it is not there, or not wholly because saving it was cut off.
 *
 * @throws StorageError `corrupted`
 */
export function readSnapshot(backend: StorageBackend, place: SnapshotPlace): Promise<Snapshot | undefined> {
  const { documentKey, sequence } = place;
  const range = {
    gte: snapshotKey(documentKey, sequence, 0),
    lte: snapshotKey(documentKey, sequence, 0xffffffff),
  };
  return assembleSnapshot(backend.range(range), place);
}

/** Puts a snapshot together from its entries, as `readSnapshot` does. */
export async function assembleSnapshot(
  entries: AsyncIterable<StorageEntry>,
  { document, sequence }: Omit<SnapshotPlace, "documentKey">,
): Promise<Snapshot | undefined> {
  const place = { what: "snapshot", document, sequence };
  let description: ReturnType<typeof readDescription> | undefined;
  const chunks: Uint8Array[] = [];
  for await (const entry of entries) {
    const parsed = parseKey(entry[0]);
    const chunk = parsed?.keyspace === "snapshot" ? parsed.chunk : -1;
    if (chunk === 0) description = unseal(entry, place, reader => readDescription(reader, sequence));
    else if (chunk === chunks.length + 1)
      chunks.push(unseal(entry, place, reader => reader.raw(reader.left)));
  }
  if (description === undefined) return undefined;
  const { length, digest: expected, ...described } = description;
  const state = chunks.length === 1 ? asBuffer(chunks[0]!) : Buffer.concat(chunks);
  // Chunks of an attempt that was cut off may lie behind those that count.
  const whole = state.subarray(0, length);
  if (whole.length < length) throw corruptedRecord(place, "a chunk is missing");
  if (!expected.equals(digest("sha256", whole, "buffer"))) {
    throw corruptedRecord(place, "the state is not the one that was saved");
  }
  return { ...described, state: whole };
}

function readDescription(reader: ByteReader, sequence: number) {
  const hash = reader.raw(HASH_BYTES);
  const time = reader.varuint();
  const length = reader.varuint();
  reader.varuint();
  const stateDigest = reader.raw(HASH_BYTES);
  const attachments = new Map<string, Uint8Array>();
  for (const [tag, value] of reader.fields()) {
    const field = new ByteReader(value);
    if (tag === 1) attachments.set(field.text(), field.block());
  }
  return {
    sequence,
    revision: revisionOf(sequence, hash),
    hash,
    time,
    length,
    digest: stateDigest,
    attachments,
  };
}

/**
 * Which of a document's snapshots to keep: the latest, and so many more that they lie the denser the nearer they are to
 * it, so that every version is about as far from a snapshot as it is old.
 *
 * @param sequences ascending.
 */
export function thinSnapshots(sequences: readonly number[], keep: number): number[] {
  const kept = [...sequences];
  while (kept.length > Math.max(keep, 1)) {
    // Without the one at `index`, versions between its neighbours are this far from a snapshot, against their age.
    const latest = kept[kept.length - 1]!;
    let least = Number.POSITIVE_INFINITY;
    let drop = 0;
    for (let index = 0; index < kept.length - 1; index++) {
      const gap = kept[index + 1]! - (kept[index - 1] ?? 0);
      const age = latest - (kept[index - 1] ?? 0);
      if (gap / age < least) {
        least = gap / age;
        drop = index;
      }
    }
    kept.splice(drop, 1);
  }
  return kept;
}
