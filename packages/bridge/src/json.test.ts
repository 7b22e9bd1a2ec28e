import { describe, expect, it } from "vitest";
import { BridgeError } from "./errors.js";
import {
  canonicalText,
  cloneJson,
  fromTagged,
  type Json,
  jsonEqual,
  setMember,
  tagStored,
  toTagged,
} from "./json.js";

describe("tagged JSON", () => {
  const pairs: [name: string, value: unknown, json: Json][] = [
    ["null", null, null],
    ["a string", "é😀", "é😀"],
    ["a number", 1.5, 1.5],
    ["undefined", undefined, { $y: "undefined" }],
    ["NaN", Number.NaN, { $y: "num", v: "NaN" }],
    ["infinity", Number.NEGATIVE_INFINITY, { $y: "num", v: "-Infinity" }],
    ["negative zero", -0, { $y: "num", v: "-0" }],
    ["a BigInt", -(2n ** 63n), { $y: "bigint", v: "-9223372036854775808" }],
    ["bytes", Uint8Array.of(1, 2, 255), { $y: "bin", v: "AQL/" }],
    ["no bytes", new Uint8Array(), { $y: "bin", v: "" }],
    [
      "nested values",
      { a: [undefined, { b: 1n }] },
      { a: [{ $y: "undefined" }, { b: { $y: "bigint", v: "1" } }] },
    ],
    ["a key $y of one's own", { $y: 1 }, { $$y: 1 }],
    ["a key $$y of one's own", { $$y: { $y: "bin" } }, { $$$y: { $$y: "bin" } }],
    ["keys that only resemble it", { $x: 1, y$: 2, $$: 3 }, { $x: 1, y$: 2, $$: 3 }],
  ];
  for (const [name, value, json] of pairs) {
    it(`holds ${name} and gives it back`, () => {
      expect(toTagged(value)).toEqual(json);
      expect(fromTagged(json)).toEqual(value);
      expect(Object.is(fromTagged(json), value) || typeof value === "object").toBe(true);
    });
  }

  const refused: [name: string, value: unknown][] = [
    ["a Date", new Date(0)],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["a Map", new Map()],
    ["an instance of a class", new (class Account {})()],
    ["a BigInt beyond 64 bits", 2n ** 63n],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${name}, also deep inside`, () => {
      expect(() => toTagged({ a: [value] })).toThrow(expect.objectContaining({ code: "invalid-value" }));
    });
  }

  const senseless: Json[] = [
    { $y: "text", delta: [], attrs: {} },
    { $y: "nothing" },
    { $y: "num", v: "12" },
    { $y: "num", v: "NaN", more: 1 },
    { $y: "bigint", v: "1.5" },
    { $y: "bigint", v: "9223372036854775808" },
    { $y: "bin", v: "not base64" },
    { $y: 1 },
  ];
  for (const json of senseless) {
    it(`finds no plain value in ${JSON.stringify(json)}`, () => {
      expect(() => fromTagged([json])).toThrow(BridgeError);
    });
  }

  it("shows what is stored as remote peers read it", () => {
    expect(tagStored(new Date(0))).toEqual({});
    expect(tagStored(() => 1)).toEqual({ $y: "undefined" });
    expect(tagStored(2n ** 64n + 5n)).toEqual({ $y: "bigint", v: "5" });
  });

  it("makes a key __proto__ an ordinary member", () => {
    const json = toTagged(JSON.parse('{"__proto__":{"polluted":1}}'));
    expect(JSON.stringify(json)).toBe('{"__proto__":{"polluted":1}}');
    expect(JSON.stringify(cloneJson(json))).toBe('{"__proto__":{"polluted":1}}');
    expect(JSON.stringify(fromTagged(json))).toBe('{"__proto__":{"polluted":1}}');
    expect("polluted" in {}).toBe(false);
  });
});

describe("jsonEqual", () => {
  it("does not mind the order of members", () => {
    expect(jsonEqual({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(canonicalText({ a: 1, b: [2] })).toBe(canonicalText({ b: [2], a: 1 }));
  });

  it("tells apart what differs", () => {
    const different: Json[] = [
      null,
      0,
      "",
      false,
      [],
      {},
      [null],
      { a: null },
      { a: 1 },
      { b: 1 },
      ["a"],
      "0",
    ];
    for (const a of different) {
      for (const b of different) {
        expect(jsonEqual(a, b), JSON.stringify([a, b])).toBe(a === b);
        expect(canonicalText(a) === canonicalText(b)).toBe(a === b);
      }
    }
  });

  it("looks at own members only", () => {
    expect(jsonEqual({ toString: 1 }, {})).toBe(false);
    const object: { [key: string]: Json } = {};
    setMember(object, "__proto__", null);
    expect(jsonEqual(object, {})).toBe(false);
  });
});
