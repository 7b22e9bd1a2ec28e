import { describe, expect, it } from "vitest";
import { type Change, decodeChange, encodeChange, invertOperation } from "./change.js";
import { BridgeError } from "./errors.js";
import type { Json } from "./json.js";
import { createRandom, forEachSeed } from "./testing.js";

const everything: Change = [
  { type: "set", path: [], key: "notes", before: undefined, after: "", kind: "text" },
  { type: "set", path: ["m", "a"], key: "k", before: { b: 1, a: [null, true, false] }, after: undefined },
  { type: "set", path: ["m", 3, "children"], key: 300, before: 1.5, after: { $y: "undefined" } },
  {
    type: "insert",
    path: ["l"],
    index: 0,
    values: [0, -1, 127, 128, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 60, "x"],
  },
  {
    type: "delete",
    path: ["l"],
    index: 1000000,
    values: ["é", "漢", "😀", "\ud83d", "\ufeff", "a\udc00b", ""],
  },
  { type: "textInsert", path: ["t"], index: 7, text: "h" },
  { type: "textDelete", path: ["t"], index: 7, text: "\ude00" },
  {
    type: "delta",
    path: ["r"],
    delta: [{ retain: 1, attributes: { b: null } }, { insert: { i: 1 } }],
    inverse: [{ delete: 1 }],
  },
];

describe("an encoded change", () => {
  it("is what it always was", () => {
    const typed = encodeChange([{ type: "textInsert", path: ["t"], index: 300, text: "hé" }]);
    expect([...typed]).toEqual([1, 1, 3, 1, 0, 1, 116, 172, 2, 3, 104, 195, 169]);
    const set = encodeChange([
      { type: "set", path: ["m"], key: "a", before: undefined, after: [1, -2, 1.5, null, true, false] },
      { type: "set", path: ["m"], key: 2, before: "x", after: { b: 1, a: 2 } },
    ]);
    expect([...set]).toEqual([
      ...[1, 2, 32, 1, 0, 1, 109, 0, 1, 97, 7, 6, 3, 1, 4, 2, 5, 63, 248, 0, 0, 0, 0, 0, 0, 0, 1, 2],
      ...[56, 3, 6, 1, 120, 8, 2, 1, 97, 3, 2, 1, 98, 3, 1],
    ]);
    expect([...encodeChange([])]).toEqual([1, 0]);
  });

  it("gives back the change, lone surrogates included", () => {
    expect(decodeChange(encodeChange(everything))).toEqual(everything);
    for (const operation of everything) {
      expect(invertOperation(invertOperation(operation))).toEqual({ ...operation });
    }
  });

  it("is the same for equal changes", () => {
    const ab: Change = [
      { type: "set", path: [], key: "k", before: undefined, after: { a: 1, b: { c: 1, d: 2 } } },
    ];
    const ba: Change = [
      { type: "set", path: [], key: "k", before: undefined, after: { b: { d: 2, c: 1 }, a: 1 } },
    ];
    expect(encodeChange(ab)).toEqual(encodeChange(ba));
  });

  it("cannot hold what is no JSON number", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encodeChange([{ type: "insert", path: [], index: 0, values: [value] }])).toThrow(
        TypeError,
      );
    }
  });
});

describe("bytes that are no change", () => {
  const bytes = encodeChange(everything);

  it("are refused when they end too early or too late", () => {
    for (let length = 0; length < bytes.length; length++) expectMalformed(bytes.slice(0, length));
    expectMalformed(Uint8Array.of(...bytes, 0));
  });

  it("are refused when a newer version wrote them", () => {
    expect(() => decodeChange(Uint8Array.of(2, 0))).toThrow(
      expect.objectContaining({ code: "unsupported-version" }),
    );
  });

  it("are refused in any form but the one", () => {
    const detours: Record<string, number[]> = {
      "a number in too many bytes": [1, 129, 0, 3, 1, 0, 1, 116, 0, 0],
      "a small integer as a float": [1, 1, 1, 0, 0, 1, 5, 63, 240, 0, 0, 0, 0, 0, 0],
      "members out of order": [1, 1, 1, 0, 0, 1, 8, 2, 1, 98, 0, 1, 97, 0],
      "a member twice": [1, 1, 1, 0, 0, 1, 8, 2, 1, 97, 0, 1, 97, 0],
      "minus nothing": [1, 1, 1, 0, 0, 1, 4, 0],
      "the path of the operation before, repeated": [1, 2, 3, 0, 0, 0, 3, 0, 0, 0],
      "the path of no operation before": [1, 1, 11, 0, 0],
      "an unknown type": [1, 1, 6, 0],
      "an unknown value": [1, 1, 1, 0, 0, 1, 9],
      "a kind that there is not": [1, 1, 64, 0, 0, 1, 97, 7],
      "a surrogate pair in two halves": [1, 1, 3, 0, 0, 6, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
      "a letter in two bytes": [1, 1, 3, 0, 0, 2, 0xc1, 0xa1],
      "a count without things": [1, 255, 255, 255, 127],
      "a string longer than all": [1, 1, 3, 0, 0, 255, 255, 127],
      "a delta that is none": [1, 1, 5, 0, 6, 1, 97, 6, 1, 97],
    };
    for (const [name, detour] of Object.entries(detours)) expectMalformed(Uint8Array.from(detour), name);
  });

  it("are refused or are the encoding of another change, when bytes were altered", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const altered = bytes.slice();
      for (let n = 1 + random.below(3); n > 0; n--) altered[random.below(altered.length)] = random.below(256);
      let change: Change;
      try {
        change = decodeChange(altered);
      } catch (error) {
        expect(error).toBeInstanceOf(BridgeError);
        return;
      }
      expect(encodeChange(change)).toEqual(altered);
    });
  });
});

it("every JSON value survives", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const json = (depth: number): Json => {
      if (depth > 3 || random.chance(0.6)) {
        return random.pick<Json>([
          null,
          true,
          false,
          0,
          -1,
          1e300,
          5e-324,
          0.1,
          "",
          "a",
          "\ud800",
          "\udfff\ud800",
          "😀",
        ]);
      }
      if (random.chance(0.5)) return Array.from({ length: random.below(4) }, () => json(depth + 1));
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, (_, i) => [`k${i}`, json(depth + 1)]),
      );
    };
    const change: Change = [{ type: "insert", path: [], index: 0, values: [json(0), json(0)] }];
    expect(decodeChange(encodeChange(change))).toEqual(change);
  });
});

function expectMalformed(bytes: Uint8Array, name?: string): void {
  expect(() => decodeChange(bytes), name).toThrow(expect.objectContaining({ code: "malformed-bytes" }));
}
