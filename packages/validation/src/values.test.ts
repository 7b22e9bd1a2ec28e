import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import { ByteReader } from "./reader.js";
import { createRandom, forEachSeed, mutate } from "./testing.js";
import { readAny, readJson, type ValueLimits } from "./values.js";

const limits: ValueLimits = { stringBytes: 1_000, valueDepth: 32, values: 1_000 };

function read(bytes: Uint8Array, how: typeof readAny) {
  const reader = new ByteReader(bytes);
  const notes = { values: 0, forbiddenAt: -1 };
  how(reader, limits, notes);
  return { ...notes, left: reader.left, fault: reader.fault };
}

const any = (value: unknown) =>
  read(
    encoding.encode(encoder => encoding.writeAny(encoder, value as encoding.AnyEncodable)),
    readAny,
  );
const json = (text: string) =>
  read(
    encoding.encode(encoder => encoding.writeVarString(encoder, text)),
    readJson,
  );

const samples: unknown[] = [
  null,
  undefined,
  true,
  -(2 ** 31),
  2 ** 40,
  0.1,
  -0,
  123n,
  "text 😀",
  new Uint8Array(5),
  [],
  {},
  [[], [{}], 1],
  { a: { b: [1, { c: null }] }, "": "" },
];

it("every value that lib0 writes is read to its end", () => {
  for (const value of samples) expect(any(value)).toMatchObject({ left: 0, fault: null, forbiddenAt: -1 });
});

it("arrays, objects and entries are counted", () => {
  expect(any([[], [{}], 1]).values).toBe(4);
  expect(any({ a: { b: [1, { c: null }] }, "": "" }).values).toBe(8);
  expect(json('[[],[{}],1,"[{:"]').values).toBe(4);
  expect(json('{"a":{"b":[1,{"c":null}]},"":""}').values).toBe(8);
});

it("what is read, lib0 reads as well and to the same place, whatever the bytes", () => {
  const written = samples.map(value =>
    encoding.encode(encoder => encoding.writeAny(encoder, value as encoding.AnyEncodable)),
  );
  forEachSeed(seed => {
    const random = createRandom(seed);
    for (const bytes of written) {
      const spoilt = mutate(random, bytes, written);
      const { fault, left } = read(spoilt, readAny);
      if (fault !== null) continue;
      const decoder = decoding.createDecoder(spoilt);
      decoding.readAny(decoder);
      expect(decoder.pos).toBe(spoilt.length - left);
    }
  });
});

describe("JSON", () => {
  it("is malformed when JSON.parse says so", () => {
    for (const text of ["", "undefined", "{", "[1,]", "{a:1}", '"\n"', "01", "nul", "1 2", '{"a"}']) {
      expect(json(text).fault).toMatchObject({ type: "barred", code: "malformed-json" });
    }
    for (const text of ["null", " [1, 2] ", '"\\ud83d"', "-1.5e3", '{"a":1,"a":2}'])
      expect(json(text).fault).toBeNull();
  });

  it("may have brackets and quotes in its strings", () => {
    expect(json(JSON.stringify({ a: `${"[".repeat(50)}"\\"${"{".repeat(50)}` })).fault).toBeNull();
  });
});

describe("a forbidden key", () => {
  it.each(["__proto__", "constructor", "prototype"])("%s is found at any depth", key => {
    const value = JSON.parse(`[1,{"a":[{"${key}":1}]}]`);
    expect(any(value).forbiddenAt).toBeGreaterThan(0);
    expect(json(JSON.stringify(value)).forbiddenAt).toBeGreaterThan(0);
    expect(json(JSON.stringify(value).replace("o", "\\u006f")).forbiddenAt).toBeGreaterThan(0);
  });

  it("is not found in what only looks like one", () => {
    for (const key of ["__proto_", "__proto___", "Constructor", "toString", "proto", "prototypes"]) {
      expect(any({ [key]: key })).toMatchObject({ forbiddenAt: -1 });
      expect(json(JSON.stringify({ [key]: key }))).toMatchObject({ forbiddenAt: -1 });
    }
    expect(any(["__proto__", "constructor"])).toMatchObject({ forbiddenAt: -1 });
    expect(json('["__proto__"]')).toMatchObject({ forbiddenAt: -1 });
  });
});
