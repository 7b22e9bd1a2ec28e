import { expect, test } from "vitest";
import { ByteWriter, sealed } from "./encoding.js";
import { encodeHead, encodeHeadFields, readHead, type StoredHead } from "./head.js";
import { documentKey, headKey } from "./keys.js";

const key = headKey(documentKey("d"));
const head: StoredHead = {
  document: "d",
  epoch: 2,
  sequence: 9,
  revision: "9-050505050505",
  hash: Buffer.alloc(32, 5),
  created: { time: 10, actor: { user: "ada", session: undefined, tenant: undefined } },
  updated: { time: 20, actor: { user: "bob", session: "s", tenant: "t" } },
  deleted: { sequence: 9, time: 20, actor: { user: "bob", session: "s", tenant: "t" } },
  roots: new Map([
    ["notes", "text"],
    ["__proto__", "map"],
  ]),
  metadata: new Map([["classification", "secret"]]),
  snapshot: 4,
  tail: { commits: 5, bytes: 12_345 },
  unknown: Buffer.alloc(0),
};

test("a head comes back", () => {
  expect(readHead([key, encodeHead(key, head, encodeHeadFields(head))], "d")).toEqual(head);
  const bare: StoredHead = {
    ...head,
    deleted: undefined,
    roots: new Map(),
    metadata: new Map(),
    snapshot: 0,
  };
  expect(readHead([key, encodeHead(key, bare, encodeHeadFields(bare))], "d")).toEqual(bare);
});

test("what a later version adds is kept when the head is written again", () => {
  const later = new ByteWriter().varuint(40).text("later").varuint(41).block(Buffer.of(1, 2)).take();
  const value = encodeHead(key, head, Buffer.concat([later, encodeHeadFields(head)]));
  const read = readHead([key, value], "d");
  expect(read).toEqual({ ...head, unknown: later });
  expect(readHead([key, encodeHead(key, read, encodeHeadFields(read))], "d")).toEqual(read);
});

test("nonsense under a right seal is corrupted", () => {
  expect(() => readHead([key, sealed(key, Buffer.of(1, 2, 3))], "d")).toThrow(
    expect.objectContaining({ code: "corrupted", document: "d" }),
  );
});
