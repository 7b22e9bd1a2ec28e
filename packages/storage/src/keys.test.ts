import { expect, test } from "vitest";
import { compareBytes } from "./backend.js";
import {
  commitKey,
  dedupeKey,
  documentKey,
  documentRecordKey,
  FORMAT_KEY,
  feedKey,
  headKey,
  KEYSPACE,
  type ParsedKey,
  parseKey,
  recordKey,
  snapshotKey,
  tombstoneKey,
  within,
} from "./keys.js";
import { createRandom } from "./random.js";

const SEED = Number(process.env.VERSO_SEED ?? 11);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

test("every key says again what it was made of", () => {
  for (const document of [
    "a",
    "invoice/42",
    "a\0b",
    "\0",
    "\0\0\u0001",
    "ÿ",
    "日本語",
    "\u{10ffff}",
    "a".repeat(1024),
  ]) {
    const key = documentKey(document);
    const parsed: [Uint8Array, ParsedKey][] = [
      [headKey(key), { keyspace: "head", document }],
      [commitKey(key, 1), { keyspace: "commit", document, sequence: 1 }],
      [
        commitKey(key, Number.MAX_SAFE_INTEGER),
        { keyspace: "commit", document, sequence: Number.MAX_SAFE_INTEGER },
      ],
      [snapshotKey(key, 2 ** 33, 7), { keyspace: "snapshot", document, sequence: 2 ** 33, chunk: 7 }],
      [dedupeKey(key, "\u0001\0é"), { keyspace: "dedupe", document, dedupe: "\u0001\0é" }],
      [tombstoneKey(key), { keyspace: "tombstone", document }],
      [
        documentRecordKey(key, documentKey("tags\0"), "\u0001\0é"),
        { keyspace: "document-record", document, namespace: "tags\0", key: "\u0001\0é" },
      ],
      [recordKey(key, "\u0001\0é"), { keyspace: "record", namespace: document, key: "\u0001\0é" }],
    ];
    for (const [bytes, expected] of parsed) expect(parseKey(bytes)).toEqual(expected);
  }
  expect(parseKey(feedKey(2 ** 40))).toEqual({ keyspace: "feed", feedSequence: 2 ** 40 });
  expect(parseKey(FORMAT_KEY)).toEqual({ keyspace: "format" });
});

test("what no ledger writes is no key", () => {
  const document = documentKey("a");
  const strange = [
    Buffer.of(0),
    Buffer.of(KEYSPACE.head),
    Buffer.of(KEYSPACE.head, 0, 1),
    Buffer.of(KEYSPACE.head, 0x61),
    Buffer.of(KEYSPACE.head, 0x61, 0, 2),
    Buffer.of(KEYSPACE.head, 0x80, 0, 1),
    Buffer.concat([headKey(document), Buffer.of(0)]),
    commitKey(document, 1).subarray(0, -1),
    Buffer.concat([commitKey(document, 1).subarray(0, -8), Buffer.alloc(8, 0xff)]),
    snapshotKey(document, 1, 1).subarray(0, -1),
    dedupeKey(document, ""),
    feedKey(1).subarray(0, -1),
    Buffer.of(KEYSPACE.meta, 0x61),
    recordKey(document, ""),
    Buffer.of(0x70, 0x61, 0, 1),
    documentRecordKey(document, document),
    Buffer.concat([tombstoneKey(document), Buffer.of(0)]),
    Buffer.of(0xff),
  ];
  for (const key of strange) expect(parseKey(key), key.toString("hex")).toBeUndefined();
});

test("documents are in the order of their ids' bytes, and no document's keys lie within another's", () => {
  const random = createRandom(SEED);
  for (let run = 0; run < CASES; run++) {
    const [a, b] = [randomId(), randomId()];
    const order = Math.sign(compareBytes(Buffer.from(a), Buffer.from(b)));
    const said = `seed ${SEED}, run ${run}`;
    expect(Math.sign(compareBytes(documentKey(a), documentKey(b))), said).toBe(order);
    const { gte, lt } = within(KEYSPACE.dedupe, documentKey(a));
    for (const id of [a, b]) {
      const key = dedupeKey(documentKey(id), randomId());
      expect(compareBytes(key, gte!) >= 0 && compareBytes(key, lt!) < 0, said).toBe(id === a);
    }
  }

  function randomId(): string {
    return Array.from({ length: 1 + random.int(4) }, () =>
      random.pick(["\0", "\u0001", "\u0002", "a", "ÿ", "\uffff"]),
    ).join("");
  }
});

test("commits, snapshots and the feed are in the order of their numbers", () => {
  const document = documentKey("a");
  const numbers = [1, 2, 255, 256, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER];
  for (const make of [
    (number: number) => commitKey(document, number),
    (number: number) => snapshotKey(document, number, 0),
    feedKey,
  ]) {
    const keys = numbers.map(make);
    expect([...keys].sort(compareBytes)).toEqual(keys);
  }
  expect(compareBytes(snapshotKey(document, 1, 0xffffffff), snapshotKey(document, 2, 0))).toBeLessThan(0);
});

test("an id that is empty, too long or no Unicode is a mistake of the program", () => {
  for (const id of ["", "a\ud800", "\udc00"]) expect(() => documentKey(id)).toThrow(TypeError);
  expect(() => documentKey("éé", 3)).toThrow(TypeError);
  expect(() => documentKey("éé", 4)).not.toThrow();
  expect(() => documentKey(7 as never)).toThrow(TypeError);
});
