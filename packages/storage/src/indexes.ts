/**
 * The two indexes beside the histories.
 *
 * ```
 * dedupe value := sequence time (varuints) fields seal
 * feed value   := document (text) first-sequence count (varuints) fields (1 erased, empty) seal
 * ```
 *
 * The feed gives the commits of all documents one order. An append numbers its commits f, f + 1, … and leaves one entry
 * under the number of the last; so everything after a number is what begins behind it, and the first entry may reach back
 * before it. Erasing a document takes its entries away and leaves one of no commits, which says so.
 */

import type { StorageEntry } from "./backend.js";
import { ByteWriter, DecodeError, sealed, unseal } from "./encoding.js";

/** A run of commits of one document, as they follow each other in the feed; or that it was erased. */
export interface FeedEntry {
  readonly document: string;
  /** The document is gone, and the run empty: `from` is 1 and `to` is 0. */
  readonly erased: boolean;
  /** Sequences of the first and the last commit of the run. */
  readonly from: number;
  readonly to: number;
  /** Feed sequence of the last; that of the one before is one less, and so on. */
  readonly feedSequence: number;
}

export function encodeFeedEntry(
  key: Uint8Array,
  { document, from, to }: Omit<FeedEntry, "feedSequence" | "erased">,
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

export function encodeErasureEntry(key: Uint8Array, document: string): Buffer {
  return sealed(key, scratch.reset().text(document).varuint(1).varuint(0).varuint(1).varuint(0).view());
}

/** @throws StorageError `corrupted` */
export function readFeedEntry(entry: StorageEntry, feedSequence: number): FeedEntry {
  return unseal(entry, { what: "feed entry", sequence: feedSequence }, reader => {
    const document = reader.text();
    const from = reader.varuint();
    const count = reader.varuint();
    let erased = false;
    for (const [tag] of reader.fields()) if (tag === 1) erased = true;
    const names = erased ? from === 1 && count === 0 : from >= 1 && count >= 1 && count <= feedSequence;
    if (!names) throw new DecodeError("it names no commits");
    return { document, erased, from, to: from + count - 1, feedSequence };
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
