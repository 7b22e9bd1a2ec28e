/**
 * The two indexes beside the histories.
 *
 * ```
 * dedupe value := sequence time (varuints) fields seal
 * feed value   := document (text) first-sequence count (varuints) fields seal
 * ```
 *
 * The feed gives the commits of all documents one order. An append numbers its commits f, f + 1, … and leaves one entry
 * under the number of the last; so everything after a number is what begins behind it, and the first entry may reach back
 * before it.
 */

import type { StorageEntry } from "./backend.js";
import { ByteWriter, DecodeError, sealed, unseal } from "./encoding.js";

/** A run of commits of one document, as they follow each other in the feed. */
export interface FeedEntry {
  readonly document: string;
  /** Sequences of the first and the last commit of the run. */
  readonly from: number;
  readonly to: number;
  /** Feed sequence of the last; that of the one before is one less, and so on. */
  readonly feedSequence: number;
}

export function encodeFeedEntry(
  key: Uint8Array,
  { document, from, to }: Omit<FeedEntry, "feedSequence">,
): Buffer {
  return sealed(
    key,
    scratch
      .reset()
      .text(document)
      .varuint(from)
      .varuint(to - from + 1)
      .view(),
  );
}

/** @throws StorageError `corrupted` */
export function readFeedEntry(entry: StorageEntry, feedSequence: number): FeedEntry {
  return unseal(entry, { what: "feed entry", sequence: feedSequence }, reader => {
    const document = reader.text();
    const from = reader.varuint();
    const count = reader.varuint();
    if (from < 1 || count < 1 || count > feedSequence) throw new DecodeError("it names no commits");
    return { document, from, to: from + count - 1, feedSequence };
  });
}

/** Which commit bears a dedupe key. */
export interface DedupeEntry {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export function encodeDedupeEntry(key: Uint8Array, { sequence, time }: DedupeEntry): Buffer {
  return sealed(key, scratch.reset().varuint(sequence).varuint(time).view());
}

/** @throws StorageError `corrupted` */
export function readDedupeEntry(entry: StorageEntry, document: string): DedupeEntry {
  return unseal(entry, { what: "dedupe key", document }, reader => ({
    sequence: reader.varuint(),
    time: reader.varuint(),
  }));
}

const scratch = new ByteWriter();
