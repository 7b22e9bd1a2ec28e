import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { TooLargeCode } from "./answers.js";
import { type CraftedStruct, craftUpdate } from "./craft.js";
import { createFirewall } from "./firewall.js";
import { defaultLimits, type Limits, resolveLimits } from "./limits.js";

/** The answer of a firewall with these limits before an empty document, or one that holds `before`. */
function scan(
  limits: Partial<Limits>,
  update: Uint8Array,
  { before, fullState = false }: { before?: Uint8Array; fullState?: boolean } = {},
) {
  const doc = new Y.Doc();
  if (before !== undefined) Y.applyUpdate(doc, before);
  return createFirewall(doc, { limits }).scan(update, { fullState });
}

const update = (...structs: CraftedStruct[]) => craftUpdate({ blocks: [{ client: 9, structs }] });
const many = (count: number, make: (i: number) => CraftedStruct) =>
  update(...Array.from({ length: count }, (_, i) => make(i)));
const inMap = (i: number): CraftedStruct => ({ any: [i], parent: "map", key: `key ${i}` });
const nested = (depth: number): unknown =>
  depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };
const types = (depth: number) => many(depth, i => ({ type: 0, parent: i === 0 ? "list" : [9, i - 1] }));
const formats = (count: number) => [
  { string: "x", parent: "text" },
  ...Array.from({ length: count }, (_, i) => ({ format: [`key ${i}`, true], origin: [9, i] }) as const),
];

/** For each limit what is just within it and what is just over it. */
const cases: readonly [keyof Limits, number, TooLargeCode, within: Uint8Array, over: Uint8Array][] = [
  [
    "updateBytes",
    21,
    "too-many-bytes",
    update({ string: "x".repeat(8), parent: "text" }),
    update({ string: "x".repeat(9), parent: "text" }),
  ],
  [
    "updateStringBytes",
    4,
    "string-too-long",
    update({ string: "éé", parent: "text" }),
    update({ string: "ééx", parent: "text" }),
  ],
  [
    "updateStringBytes",
    4,
    "string-too-long",
    update({ any: ["éé"], parent: "list" }),
    update({ any: ["ééx"], parent: "list" }),
  ],
  [
    "updateStringBytes",
    4,
    "string-too-long",
    update({ json: ["é"], parent: "list" }),
    update({ json: ["éx"], parent: "list" }),
  ],
  [
    "updateValues",
    5,
    "too-many-values",
    update({ any: [[], { a: {} }, {}], parent: "list" }),
    update({ any: [[], { a: {} }, {}, []], parent: "list" }),
  ],
  [
    "updateValues",
    4,
    "too-many-values",
    update({ embed: [{ a: [] }], parent: "text" }),
    update({ embed: [{ a: [], b: 1 }], parent: "text" }),
  ],
  [
    "updateIds",
    10,
    "too-many-ids",
    update({ collected: 6 }, { string: "text", parent: "text" }),
    update({ collected: 11 }),
  ],
  [
    "updateRoots",
    2,
    "too-many-roots",
    many(4, i => ({ any: [1], parent: `root ${i % 2}` })),
    many(4, i => ({ any: [1], parent: `root ${i}` })),
  ],
  ["structs", 3, "too-many-structs", many(3, inMap), many(4, inMap)],
  [
    "clients",
    2,
    "too-many-clients",
    craftUpdate({ blocks: [8, 7].map(client => ({ client, structs: [inMap(client)] })) }),
    craftUpdate({ blocks: [8, 7, 6].map(client => ({ client, structs: [inMap(client)] })) }),
  ],
  [
    "subdocuments",
    0,
    "too-many-subdocuments",
    update(inMap(1)),
    update({ subdocument: "guid", parent: "list" }),
  ],
  [
    "keyBytes",
    4,
    "key-too-long",
    update({ any: [1], parent: "root", key: "éé" }),
    update({ any: [1], parent: "root", key: "ééx" }),
  ],
  [
    "keyBytes",
    4,
    "key-too-long",
    update({ any: [1], parent: "root" }),
    update({ any: [1], parent: "roots" }),
  ],
  [
    "keyBytes",
    4,
    "key-too-long",
    update({ type: 3, name: "para", parent: "xml" }),
    update({ type: 3, name: "parag", parent: "xml" }),
  ],
  [
    "keyBytes",
    4,
    "key-too-long",
    update({ format: ["bold", 1], parent: "text" }),
    update({ format: ["bolds", 1], parent: "text" }),
  ],
  [
    "valueDepth",
    7,
    "value-too-deep",
    update({ any: [nested(7)], parent: "list" }),
    update({ any: [nested(8)], parent: "list" }),
  ],
  [
    "valueDepth",
    7,
    "value-too-deep",
    update({ json: [nested(7)], parent: "list" }),
    update({ json: [nested(8)], parent: "list" }),
  ],
  ["typeDepth", 5, "type-too-deep", types(5), types(6)],
  ["formatKeys", 3, "too-many-format-keys", update(...formats(3)), update(...formats(4))],
];

it.each(cases)("%s of %d is kept: %s", (limit, value, code, within, over) => {
  expect(scan({ [limit]: value }, within)).toMatchObject({ type: "pass" });
  expect(scan({ [limit]: value }, over)).toMatchObject({ type: "too-large", code });
});

describe("the limits of a sync step 2 are its own", () => {
  it.each([
    ["updateBytes", "fullStateBytes", 20, update({ string: "x".repeat(9), parent: "text" })],
    ["updateStringBytes", "fullStateStringBytes", 4, update({ string: "ééx", parent: "text" })],
    ["updateValues", "fullStateValues", 1, update({ any: [[[]]], parent: "list" })],
    ["updateIds", "fullStateIds", 10, update({ collected: 11 })],
    ["updateRoots", "fullStateRoots", 1, many(2, i => ({ any: [1], parent: `root ${i}` }))],
  ] as const)("%s and %s", (ofUpdate, ofFullState, value, message) => {
    expect(scan({ [ofUpdate]: value }, message)).toMatchObject({ type: "too-large" });
    expect(scan({ [ofUpdate]: value }, message, { fullState: true })).toMatchObject({ type: "pass" });
    expect(scan({ [ofFullState]: value }, message, { fullState: true })).toMatchObject({ type: "too-large" });
    expect(scan({ [ofFullState]: value }, message)).toMatchObject({ type: "pass" });
  });
});

describe("what the document knows already", () => {
  const before = craftUpdate({
    blocks: Array.from({ length: 40 }, (_, i) => ({
      client: 100 - i,
      structs: [{ any: [{ a: i }], parent: "map", key: `key ${i}` }],
    })),
  });

  it.each(["structs", "updateIds", "clients", "updateValues"] as const)("does not count as %s", limit => {
    expect(scan({ [limit]: 10 }, before)).toMatchObject({ type: "too-large" });
    const value = limit === "updateValues" ? 20 : 10;
    expect(scan({ [limit]: value }, before, { before })).toMatchObject({ type: "pass", news: false });
  });

  it("may be sent again four times over, and no more", () => {
    const more = update(...Array.from({ length: 200 }, () => ({ collected: 1 })));
    const known = craftUpdate({ blocks: [{ client: 9, structs: [{ collected: 1_000 }] }] });
    expect(scan({ structs: 49 }, more, { before: known })).toMatchObject({ type: "pass", news: false });
    expect(scan({ structs: 48 }, more, { before: known })).toMatchObject({
      type: "too-large",
      code: "too-many-structs",
    });
  });

  it("may be deleted again in as many ranges", () => {
    const ranges = Array.from({ length: 200 }, (_, i) => [2 * i, 1] as const);
    const deletes = craftUpdate({ deletes: [{ client: 9, ranges }] });
    const known = craftUpdate({ blocks: [{ client: 9, structs: [{ collected: 1_000 }] }] });
    expect(scan({ structs: 49 }, deletes, { before: known })).toMatchObject({ type: "pass", news: false });
    expect(scan({ structs: 48 }, deletes, { before: known })).toMatchObject({
      type: "too-large",
      code: "too-many-deletes",
    });
  });
});

describe("format keys are counted in each text", () => {
  const limits = { formatKeys: 3 };
  const format = (client: number, ...keys: string[]) =>
    craftUpdate({
      blocks: [
        { client, structs: keys.map(key => ({ format: [key, true] as const, origin: [9, 0] as const })) },
      ],
    });

  it("from update to update, and those that are there already are free", () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update({ string: "x", parent: "text" }));
    const firewall = createFirewall(doc, { limits });
    const send = (message: Uint8Array) => {
      const answer = firewall.scan(message, { fullState: false });
      if (answer.type === "pass") Y.applyUpdate(doc, message);
      return answer;
    };
    expect(send(format(20, "a", "b"))).toMatchObject({ type: "pass" });
    expect(send(format(21, "b", "c"))).toMatchObject({ type: "pass" });
    expect(send(format(22, "a", "b", "c"))).toMatchObject({ type: "pass" });
    expect(send(format(23, "d"))).toMatchObject({ type: "too-large" });
    // What is no longer in force makes room.
    Y.applyUpdate(
      doc,
      craftUpdate({
        deletes: [
          { client: 20, ranges: [[0, 1]] },
          { client: 22, ranges: [[0, 1]] },
        ],
      }),
    );
    expect(send(format(23, "d"))).toMatchObject({ type: "pass" });
    expect(send(format(24, "a"))).toMatchObject({ type: "too-large" });
  });

  it("also in a text that has more already: only new ones are refused", () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update(...formats(6)));
    const firewall = createFirewall(doc, { limits });
    expect(firewall.scan(format(20, "key 1", "key 5"), { fullState: false })).toMatchObject({ type: "pass" });
    expect(firewall.scan(format(20, "key 1", "key 6"), { fullState: false })).toMatchObject({
      type: "too-large",
    });
  });
});

describe("resolveLimits", () => {
  it("fills in the defaults", () => {
    expect(resolveLimits()).toEqual(defaultLimits);
    expect(resolveLimits({ structs: 5 })).toEqual({ ...defaultLimits, structs: 5 });
  });

  it.each([
    [{ structs: -1 }, "limits.structs: expected a whole number, got -1"],
    [{ structs: 1.5 }, "limits.structs: expected a whole number, got 1.5"],
    [{ typeDepth: Number.NaN }, "limits.typeDepth: expected a whole number, got NaN"],
    [{ toString: 5 }, "limits.toString: there is no such limit"],
  ])("refuses %o", (limits, message) => {
    expect(() => resolveLimits(limits as Partial<Limits>)).toThrow(new TypeError(message));
    expect(() => createFirewall(new Y.Doc(), { limits: limits as Partial<Limits> })).toThrow(TypeError);
  });
});
