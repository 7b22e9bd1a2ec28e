/**
 * The head of a document: where its history ends, and what is known of it without reading the history.
 *
 * ```
 * value   := epoch sequence (varuints) hash (32) updated snapshot tail-commits tail-bytes (varuints) fields seal
 * updated := time (varuint) actor (block of fields, as in commit.ts)
 * fields  := 1 created, like updated; 2 root, any number: name, kind (texts); 3 metadata, any number: name, value (texts);
 *            4 deleted: sequence (varuint), then like updated
 * ```
 *
 * Fields that this version does not know are kept when it writes the head again.
 */

import type { StorageEntry } from "./backend.js";
import { type CommitActor, decodeActorFields, encodeActorFields, HASH_BYTES, revisionOf } from "./commit.js";
import { ByteReader, ByteWriter, sealed, unseal } from "./encoding.js";

/** Who did something, and when. */
export interface Trace {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly actor: CommitActor;
}

export interface Head {
  readonly document: string;
  /** The document's generation, from 1; raised when its history starts afresh. */
  readonly epoch: number;
  /** Sequence of the last commit. */
  readonly sequence: number;
  /** Revision of the last commit. */
  readonly revision: string;
  /** Hash of the last commit. */
  readonly hash: Uint8Array;
  /** The first commit. */
  readonly created: Trace;
  /** The last commit. */
  readonly updated: Trace;
  /** The delete that the document is in since, unless a later commit brought it back; a refused one does not. */
  readonly deleted: (Trace & { readonly sequence: number }) | undefined;
  /** The kind of each root, as the writer gave it. */
  readonly roots: ReadonlyMap<string, string>;
  /** What else the writer wants to know of a document without opening it. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Sequence of the latest snapshot, 0 when there is none. */
  readonly snapshot: number;
  /** The commits behind the latest snapshot, and the bytes of their updates. */
  readonly tail: { readonly commits: number; readonly bytes: number };
}

/** A head with what its bytes say beyond what this version knows. */
export interface StoredHead extends Head {
  readonly unknown: Buffer;
}

/** Encodes the heads of one document; what is the same as in the head before is not encoded again. */
export function createHeadEncoder(key: Uint8Array): (head: StoredHead) => Buffer {
  const writer = new ByteWriter();
  let before: StoredHead | undefined;
  let fields: Uint8Array = new Uint8Array(0);
  return head => {
    const same =
      before !== undefined &&
      before.created === head.created &&
      before.deleted === head.deleted &&
      before.roots === head.roots &&
      before.metadata === head.metadata &&
      before.unknown === head.unknown;
    if (!same) fields = encodeFields(head);
    before = head;
    const { epoch, sequence, hash, updated, snapshot, tail } = head;
    writer.reset().varuint(epoch).varuint(sequence).raw(hash);
    writeTrace(writer, updated).varuint(snapshot).varuint(tail.commits).varuint(tail.bytes).raw(fields);
    return sealed(key, writer.view());
  };
}

function encodeFields({ created, deleted, roots, metadata, unknown }: StoredHead): Buffer {
  const fields = new ByteWriter();
  const field = new ByteWriter();
  fields.varuint(1).block(writeTrace(field.reset(), created).view());
  for (const [name, kind] of roots) fields.varuint(2).block(field.reset().text(name).text(kind).view());
  for (const [name, value] of metadata) fields.varuint(3).block(field.reset().text(name).text(value).view());
  if (deleted !== undefined) {
    fields.varuint(4).block(writeTrace(field.reset().varuint(deleted.sequence), deleted).view());
  }
  return fields.raw(unknown).take();
}

/** @throws StorageError `corrupted` */
export function readHead(entry: StorageEntry, document: string): StoredHead {
  return unseal(entry, { what: "head", document }, reader => {
    const epoch = reader.varuint();
    const sequence = reader.varuint();
    const hash = reader.raw(HASH_BYTES);
    const updated = readTrace(reader);
    const snapshot = reader.varuint();
    const tail = { commits: reader.varuint(), bytes: reader.varuint() };
    let created = updated;
    let deleted: Head["deleted"];
    const roots = new Map<string, string>();
    const metadata = new Map<string, string>();
    const unknown = new ByteWriter(16);
    for (const [tag, value] of reader.fields()) {
      const field = new ByteReader(value);
      if (tag === 1) created = readTrace(field);
      else if (tag === 2) roots.set(field.text(), field.text());
      else if (tag === 3) metadata.set(field.text(), field.text());
      else if (tag === 4) deleted = { sequence: field.varuint(), ...readTrace(field) };
      else unknown.varuint(tag).block(value);
    }
    return {
      document,
      epoch,
      sequence,
      revision: revisionOf(sequence, hash),
      hash,
      created,
      updated,
      deleted,
      roots,
      metadata,
      snapshot,
      tail,
      unknown: unknown.take(),
    };
  });
}

function writeTrace(writer: ByteWriter, { time, actor }: Trace): ByteWriter {
  return writer.varuint(time).block(encodeActorFields(actor));
}

function readTrace(reader: ByteReader): Trace {
  return { time: reader.varuint(), actor: decodeActorFields(reader.block()) };
}
