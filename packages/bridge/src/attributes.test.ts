import { describe, expect, it } from "vitest";
import { type AttributeChange, AttributeComparison, Attributes } from "./attributes.js";

const BEFORE = { was: true, is: false };
const AFTER = { was: false, is: true };
const BOTH = { was: true, is: true };

describe("Attributes", () => {
  it("are set and taken away", () => {
    const attributes = new Attributes();
    expect([attributes.isEmpty, attributes.json, attributes.get("b")]).toEqual([true, undefined, null]);
    attributes.set("b", true);
    expect([attributes.isEmpty, attributes.json, attributes.get("b")]).toEqual([false, { b: true }, true]);
    attributes.set("b", null);
    expect([attributes.isEmpty, attributes.json, attributes.get("b")]).toEqual([true, undefined, null]);
  });

  it("may have any name", () => {
    const attributes = new Attributes();
    attributes.set("__proto__", 1);
    expect(Object.entries(attributes.json!)).toEqual([["__proto__", 1]]);
  });
});

describe("AttributeComparison", () => {
  it("tells what became of the attributes, and what takes it back", () => {
    const attributes = new AttributeComparison();
    attributes.mark("stays", 1, BOTH);
    attributes.mark("gone", 1, BEFORE);
    attributes.mark("new", { x: 1 }, AFTER);
    attributes.mark("other", 1, BEFORE);
    attributes.mark("other", 2, AFTER);
    attributes.mark("equal", [1], BEFORE);
    attributes.mark("equal", [1], AFTER);
    expect(attributes.change).toEqual({
      forward: { gone: null, new: { x: 1 }, other: 2 },
      inverse: { gone: 1, new: null, other: 1 },
    });
  });

  it("sees a difference end at the next mark that stayed", () => {
    const attributes = new AttributeComparison();
    attributes.mark("b", true, AFTER);
    expect(attributes.change).toEqual({ forward: { b: true }, inverse: { b: null } });
    attributes.mark("b", null, BOTH);
    expect(attributes.change).toBeNull();
  });

  it("compares what was touched and nothing else, however many attributes and marks there are", () => {
    const attributes = new AttributeComparison();
    const values = { reads: 0 };
    const countedValue = (n: number) =>
      Object.defineProperty({}, "n", { enumerable: true, get: () => ++values.reads && n });
    const changes = new Set<AttributeChange | null>();
    for (let key = 0; key < 250; key++) attributes.mark(`key ${key}`, countedValue(key), BOTH);
    attributes.mark("key 0", countedValue(1), AFTER);
    expect(values.reads).toBe(2);
    for (let n = 0; n < 5_000; n++) {
      changes.add(attributes.change);
      attributes.mark(`key ${1 + (n % 249)}`, countedValue(n), BOTH);
    }
    attributes.mark("key 0", countedValue(1), BOTH);
    changes.add(attributes.change);
    expect(changes.size).toBe(2);
    expect(values.reads).toBe(2);
  });
});
