/**
 * Where everything lies: the keys of a ledger.
 *
 * The first byte says what a value is, so that all heads lie together and the documents can be listed without touching
 * their histories.
 *
 * ```
 * 01 "format"                     the ledger's format (ledger.ts)
 * 10 document                     head (head.ts)
 * 11 document                     tombstone of a document that was erased (erasure.ts)
 * 20 document sequence            commit (commit.ts)
 * 30 document sequence chunk      snapshot: chunk 0 describes it, 1, 2, 3 … are its state (snapshot.ts)
 * 40 document key                 dedupe key: sequence of the commit that bears it (indexes.ts)
 * 50 feed-sequence                feed entry: a run of commits of one document (indexes.ts)
 * 60 namespace key                record beside the documents (records.ts)
 * 70 document namespace key       record of one document (records.ts)
 * ```
 *
 * `document` is the id in UTF-8 with every 00 written as 00 FF, and 00 01 behind it: no document's keys lie within
 * another's, and documents are in the order of their ids' bytes; `namespace` is written likewise. `sequence` and
 * `feed-sequence` are eight bytes big-endian, `chunk` four; a dedupe key and the key of a record are plain UTF-8 to the
 * end. Other first bytes are reserved.
 */

import type { RangeOptions } from "./backend.js";

export const KEYSPACE = {
  meta: 0x01,
  head: 0x10,
  tombstone: 0x11,
  commit: 0x20,
  snapshot: 0x30,
  dedupe: 0x40,
  feed: 0x50,
  record: 0x60,
  documentRecord: 0x70,
} as const;

export const FORMAT_KEY: Uint8Array = Buffer.concat([Buffer.of(KEYSPACE.meta), Buffer.from("format")]);

/**
 * The id as part of keys.
 *
 * @throws TypeError when it is empty, longer than `maximum` bytes or no well-formed Unicode: two such ids could become
 *   the same bytes.
 */
export function documentKey(document: string, maximum = Number.POSITIVE_INFINITY): Buffer {
  assertText(document, "a document id", maximum);
  const bytes = Buffer.from(document);
  if (!bytes.includes(0)) return Buffer.concat([bytes, TERMINATOR]);
  return Buffer.concat([
    ...Array.from(bytes, byte => (byte === 0 ? ESCAPED_ZERO : Buffer.of(byte))),
    TERMINATOR,
  ]);
}

/** Refuses with a `TypeError` what is no text of 1 to `maximum` bytes of UTF-8. */
export function assertText(text: string, what: string, maximum: number): void {
  if (typeof text !== "string" || text === "") throw new TypeError(`${what} is a string that is not empty`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${what} is well-formed Unicode`);
  if (Buffer.byteLength(text) > maximum) throw new TypeError(`${what} has at most ${maximum} bytes of UTF-8`);
}

const TERMINATOR = Buffer.of(0x00, 0x01);
const ESCAPED_ZERO = Buffer.of(0x00, 0xff);

export function headKey(document: Uint8Array): Buffer {
  return joined(KEYSPACE.head, document, 0);
}

export function tombstoneKey(document: Uint8Array): Buffer {
  return joined(KEYSPACE.tombstone, document, 0);
}

export function commitKey(document: Uint8Array, sequence: number): Buffer {
  const key = joined(KEYSPACE.commit, document, 8);
  writeSequence(key, key.length - 8, sequence);
  return key;
}

/** The sequence in the key of a commit. */
export function sequenceOfCommit(key: Uint8Array): number {
  return readSequence(key, key.length - 8) ?? 0;
}

export function snapshotKey(document: Uint8Array, sequence: number, chunk: number): Buffer {
  const key = joined(KEYSPACE.snapshot, document, 12);
  writeSequence(key, key.length - 12, sequence);
  key.writeUInt32BE(chunk, key.length - 4);
  return key;
}

export function dedupeKey(document: Uint8Array, dedupe: string): Buffer {
  return Buffer.concat([joined(KEYSPACE.dedupe, document, 0), Buffer.from(dedupe)]);
}

/** The namespace as `documentKey` writes it. */
export function recordKey(namespace: Uint8Array, key: string): Buffer {
  return Buffer.concat([joined(KEYSPACE.record, namespace, 0), Buffer.from(key)]);
}

/** The namespace as `documentKey` writes it; without a key, where the records of the namespace begin. */
export function documentRecordKey(document: Uint8Array, namespace: Uint8Array, key = ""): Buffer {
  return Buffer.concat([joined(KEYSPACE.documentRecord, document, 0), namespace, Buffer.from(key)]);
}

export function feedKey(feedSequence: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = KEYSPACE.feed;
  writeSequence(key, 1, feedSequence);
  return key;
}

/** Everything of one kind, or of one kind and document or namespace. */
export function within(keyspace: number, document?: Uint8Array): RangeOptions {
  if (document === undefined) return { gte: Buffer.of(keyspace), lt: Buffer.of(keyspace + 1) };
  return startingWith(joined(keyspace, document, 0));
}

/** All keys that begin with a terminated id or namespace. */
export function startingWith(prefix: Uint8Array): RangeOptions {
  // The terminator's last byte is 01, so what lies behind it begins with 02 there.
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return { gte: prefix, lt: end };
}

/** What a key names; `undefined` for keys that no ledger writes. */
export type ParsedKey =
  | { readonly keyspace: "format" }
  | { readonly keyspace: "head"; readonly document: string }
  | { readonly keyspace: "tombstone"; readonly document: string }
  | { readonly keyspace: "commit"; readonly document: string; readonly sequence: number }
  | {
      readonly keyspace: "snapshot";
      readonly document: string;
      readonly sequence: number;
      readonly chunk: number;
    }
  | { readonly keyspace: "dedupe"; readonly document: string; readonly dedupe: string }
  | { readonly keyspace: "feed"; readonly feedSequence: number }
  | { readonly keyspace: "record"; readonly namespace: string; readonly key: string }
  | {
      readonly keyspace: "document-record";
      readonly document: string;
      readonly namespace: string;
      readonly key: string;
    };

export function parseKey(bytes: Uint8Array): ParsedKey | undefined {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (key[0] === KEYSPACE.feed) {
    const feedSequence = key.length === 9 ? readSequence(key, 1) : undefined;
    return feedSequence === undefined ? undefined : { keyspace: "feed", feedSequence };
  }
  if (key[0] === KEYSPACE.meta) return key.equals(FORMAT_KEY) ? { keyspace: "format" } : undefined;
  const parsed = parseDocument(key);
  if (parsed === undefined) return undefined;
  const { document, end } = parsed;
  const rest = key.length - end;
  switch (key[0]) {
    case KEYSPACE.head:
      return rest === 0 ? { keyspace: "head", document } : undefined;
    case KEYSPACE.tombstone:
      return rest === 0 ? { keyspace: "tombstone", document } : undefined;
    case KEYSPACE.commit: {
      const sequence = rest === 8 ? readSequence(key, end) : undefined;
      return sequence === undefined ? undefined : { keyspace: "commit", document, sequence };
    }
    case KEYSPACE.snapshot: {
      const sequence = rest === 12 ? readSequence(key, end) : undefined;
      if (sequence === undefined) return undefined;
      return { keyspace: "snapshot", document, sequence, chunk: key.readUInt32BE(end + 8) };
    }
    case KEYSPACE.dedupe:
      return rest === 0 ? undefined : { keyspace: "dedupe", document, dedupe: key.toString("utf8", end) };
    case KEYSPACE.record:
      return rest === 0
        ? undefined
        : { keyspace: "record", namespace: document, key: key.toString("utf8", end) };
    case KEYSPACE.documentRecord: {
      const named = parseDocument(key, end);
      if (named === undefined || named.end === key.length) return undefined;
      const name = key.toString("utf8", named.end);
      return { keyspace: "document-record", document, namespace: named.document, key: name };
    }
    default:
      return undefined;
  }
}

/** The id, or namespace, that begins at `from`, and where it ends. */
function parseDocument(key: Buffer, from = 1): { document: string; end: number } | undefined {
  let end = key.indexOf(0, from);
  while (key[end + 1] === ESCAPED_ZERO[1] && end !== -1) end = key.indexOf(0, end + 2);
  if (end <= from || key[end + 1] !== TERMINATOR[1]) return undefined;
  // UTF-8 has no byte FF, so each one that is there is the second half of an escaped zero.
  const bytes = Buffer.from(key.subarray(from, end).filter(byte => byte !== 0xff));
  const document = bytes.toString("utf8");
  return bytes.equals(Buffer.from(document)) ? { document, end: end + 2 } : undefined;
}

function joined(keyspace: number, document: Uint8Array, more: number): Buffer {
  const key = Buffer.allocUnsafe(1 + document.length + more);
  key[0] = keyspace;
  key.set(document, 1);
  return key;
}

function writeSequence(key: Buffer, at: number, sequence: number): void {
  key.writeUInt32BE(Math.floor(sequence / 2 ** 32), at);
  key.writeUInt32BE(sequence >>> 0, at + 4);
}

/** `undefined` when it is beyond what a sequence can be. */
function readSequence(key: Uint8Array, at: number): number | undefined {
  let sequence = 0;
  for (let index = at; index < at + 8; index++) sequence = sequence * 256 + key[index]!;
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}
