import { describe, expect, it } from "vitest";
import { type AttributeChange, AttributeComparison } from "./attributes.js";
import {
  appendInsert,
  applyDelta,
  commonPrefix,
  commonSuffix,
  type Delta,
  DeltaComparison,
  type DeltaDocument,
  type DeltaInsert,
  parseDelta,
} from "./delta.js";
import type { JsonObject } from "./json.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";

describe("applyDelta", () => {
  const document: DeltaDocument = [
    { insert: "Gandalf", attributes: { bold: true } },
    { insert: " the " },
    { insert: { image: "grey.png" } },
  ];

  it("inserts, deletes and formats", () => {
    const delta: Delta = [{ retain: 7, attributes: { bold: null, i: 1 } }, { delete: 5 }, { insert: "!" }];
    expect(applyDelta(document, delta)).toEqual([
      { insert: "Gandalf", attributes: { i: 1 } },
      { insert: "!" },
      { insert: { image: "grey.png" } },
    ]);
  });

  it("keeps neighbours with equal attributes together", () => {
    expect(applyDelta(document, [{ retain: 7, attributes: { bold: null } }])).toEqual([
      { insert: "Gandalf the " },
      { insert: { image: "grey.png" } },
    ]);
  });

  it("counts an embedded object as one unit", () => {
    expect(applyDelta(document, [{ retain: 12 }, { delete: 1 }])).toEqual(document.slice(0, 2));
  });

  it("refuses to go beyond the end", () => {
    for (const delta of [[{ retain: 14 }], [{ retain: 13 }, { delete: 1 }]]) {
      expect(() => applyDelta(document, delta)).toThrow(expect.objectContaining({ code: "text-mismatch" }));
    }
  });
});

it("parseDelta accepts deltas only", () => {
  expect(parseDelta([{ insert: "a" }, { retain: 2, attributes: { b: 1 } }, { delete: 1 }])).toHaveLength(3);
  const wrong = [
    {},
    [{}],
    [{ insert: 1 }],
    [{ retain: 0 }],
    [{ delete: -1 }],
    [{ delete: 1, attributes: {} }],
    [1],
    null,
  ];
  for (const json of [
    ...wrong,
    [{ insert: "a", retain: 1 }],
    [{ retain: 1.5 }],
    [{ insert: "a", attributes: 1 }],
  ]) {
    expect(() => parseDelta(json), JSON.stringify(json)).toThrow(
      expect.objectContaining({ code: "invalid-patch" }),
    );
  }
});

it("common ends never split a surrogate pair", () => {
  expect(commonPrefix("x😀", "x😁")).toBe(1);
  expect(commonSuffix("😀", "🐀")).toBe(0);
  expect(commonPrefix("x😀y", "x😀z")).toBe(3);
});

describe("DeltaComparison", () => {
  it("takes what was removed and inserted alike for kept", () => {
    const comparison = new DeltaComparison();
    comparison.keep(2, null);
    comparison.remove("abcd", { b: 1 });
    comparison.insert("abXcd", { b: 1 });
    expect(comparison.finish()).toEqual({
      delta: [{ retain: 4 }, { insert: "X", attributes: { b: 1 } }],
      inverse: [{ retain: 4 }, { delete: 1 }],
    });
  });

  it("finds nothing where nothing changed", () => {
    const comparison = new DeltaComparison();
    comparison.keep(2, null);
    comparison.remove("a", undefined);
    comparison.insert("a", undefined);
    expect(comparison.finish()).toBeNull();
  });

  it("leads from either state to the other", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const comparison = new DeltaComparison();
      const before: DeltaInsert[] = [];
      const after: DeltaInsert[] = [];
      for (let n = random.below(12); n > 0; n--) {
        const content = randomContent(random);
        const attributes = randomAttributes(random);
        const what = random.below(3);
        if (what === 0) {
          const changed = random.chance(0.5) ? attributes : randomAttributes(random);
          comparison.keep(typeof content === "string" ? content.length : 1, changeOf(attributes, changed));
          appendInsert(before, content, attributes);
          appendInsert(after, content, changed);
        } else if (what === 1) {
          comparison.remove(content, attributes);
          appendInsert(before, content, attributes);
        } else {
          comparison.insert(content, attributes);
          appendInsert(after, content, attributes);
        }
      }
      const difference = comparison.finish() ?? { delta: [], inverse: [] };
      expect(applyDelta(before, difference.delta)).toEqual(after);
      expect(applyDelta(after, difference.inverse)).toEqual(before);
    });
  });
});

function randomContent(random: Random): string | JsonObject {
  return random.pick(["a", "bc", "😀", "x😀y", { image: 1 }, { image: 2 }]);
}

function randomAttributes(random: Random): JsonObject | undefined {
  return random.pick([undefined, undefined, { b: true }, { i: 1 }, { b: true, i: 1 }, { b: { x: 1 } }]);
}

function changeOf(before: JsonObject = {}, after: JsonObject = {}): AttributeChange | null {
  const attributes = new AttributeComparison();
  for (const key of Object.keys(before)) attributes.mark(key, before[key]!, { was: true, is: false });
  for (const key of Object.keys(after)) attributes.mark(key, after[key]!, { was: false, is: true });
  return attributes.change;
}
