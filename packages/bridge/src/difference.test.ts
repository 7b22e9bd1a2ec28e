import { describe, expect, it } from "vitest";
import { applyDelta, flatText } from "./delta.js";
import { compareLists, compareTexts } from "./difference.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";

describe("compareTexts", () => {
  it("leads from one text to the other and parts no surrogate pair", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const before = randomText(random);
      const after = random.chance(0.5) ? randomText(random) : edited(before, random);
      const delta = compareTexts(before, after);
      expect(flatText(applyDelta([{ insert: before }], delta))).toBe(after);
      let text = before;
      let position = 0;
      for (const operation of delta) {
        if ("retain" in operation) position += operation.retain;
        else if ("delete" in operation)
          text = text.slice(0, position) + text.slice(position + operation.delete);
        else {
          text = text.slice(0, position) + operation.insert + text.slice(position);
          position += String(operation.insert).length;
        }
        expect(/\p{Surrogate}/u.test(text), JSON.stringify([before, after, delta])).toBe(false);
      }
    });
  });

  it("finds small edits far apart in a long text", () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `line ${n} of the text\n`);
    const changed = lines.with(10, "line 10 in the text\n").with(4000, "line 4000 of a text\n");
    const delta = compareTexts(lines.join(""), changed.join(""));
    const inserted = delta.map(operation => ("insert" in operation ? String(operation.insert).length : 0));
    expect(inserted.reduce((a, b) => a + b)).toBeLessThan(5);
  });

  it("has nothing to say about equal texts", () => {
    expect(compareTexts("a\nb", "a\nb")).toEqual([]);
    expect(compareTexts("", "")).toEqual([]);
  });
});

describe("compareLists", () => {
  it("covers both lists, and what it keeps is equal", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const list = () => Array.from({ length: random.below(12) }, () => random.pick(["a", "b", "c", "dd"]));
      const [before, after] = [list(), list()];
      const rebuilt: string[] = [];
      let [from, to] = [0, 0];
      for (const step of compareLists(before, after)) {
        if ("kept" in step) {
          rebuilt.push(...before.slice(from, from + step.kept));
          from += step.kept;
          to += step.kept;
        } else {
          rebuilt.push(...after.slice(to, to + step.inserted));
          from += step.removed;
          to += step.inserted;
        }
      }
      expect(rebuilt).toEqual(after);
      expect(from).toBe(before.length);
    });
  });

  it("does not compare everything with everything in long lists", () => {
    const [before, after] = ["a", "b"].map(name => Array.from({ length: 50_000 }, (_, n) => name + n));
    expect(compareLists(before!, after!)).toEqual([{ removed: 50_000, inserted: 50_000 }]);
    const kept = compareLists(before!, before!.toReversed()).map(step => ("kept" in step ? step.kept : 0));
    expect(kept.reduce((a, b) => a + b)).toBe(1);
  });

  it("keeps what did not move in a long list", () => {
    const list = Array.from({ length: 50_000 }, (_, n) => `row ${n}`);
    const moved = [...list.slice(1000, 1010), ...list.slice(0, 1000), ...list.slice(1010)];
    expect(compareLists(list, moved)).toEqual([
      { removed: 0, inserted: 10 },
      { kept: 1000 },
      { removed: 10, inserted: 0 },
      { kept: 48_990 },
    ]);
  });
});

function randomText(random: Random): string {
  return Array.from({ length: random.below(12) }, () =>
    random.pick(["a", "b", "😀", "😁", "🐀", "\n", "xy"]),
  ).join("");
}

function edited(text: string, random: Random): string {
  const characters = [...text];
  characters.splice(random.below(characters.length + 1), random.below(3), random.pick(["😀", "q", ""]));
  return characters.join("");
}
