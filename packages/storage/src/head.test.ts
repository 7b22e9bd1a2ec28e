import { expect, test } from "vitest";
import { ByteWriter, sealed } from "./encoding.js";
import { createHeadEncoder, readHead, type StoredHead } from "./head.js";
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

test("heads come back, one after the other from one encoder", () => {
  const bare: StoredHead = {
    ...head,
    deleted: undefined,
    roots: new Map(),
    metadata: new Map(),
    snapshot: 0,
  };
  const encode = createHeadEncoder(key);
  for (const each of [
    head,
    bare,
    { ...bare, sequence: 10, revision: "10-050505050505" },
    bare,
    head,
    { ...head, epoch: 3 },
  ]) {
    expect(readHead([key, encode(each)], "d")).toEqual(each);
  }
});

test("what a later version adds is kept when the head is written again", () => {
  const later = new ByteWriter().varuint(40).text("later").varuint(41).block(Buffer.of(1, 2)).take();
  const read = readHead([key, createHeadEncoder(key)({ ...head, unknown: later })], "d");
  expect(read).toEqual({ ...head, unknown: later });
  expect(readHead([key, createHeadEncoder(key)(read)], "d")).toEqual(read);
});

test("nonsense under a right seal is corrupted", () => {
  expect(() => readHead([key, sealed(key, Buffer.of(1, 2, 3))], "d")).toThrow(
    expect.objectContaining({ code: "corrupted", document: "d" }),
  );
});
