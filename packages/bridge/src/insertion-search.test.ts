import { describe, expect, it } from "vitest";
import { createInsertionSearch, type IdRange, type Restoration } from "./index.js";

const ids = (client: number, clock: number, length = 1): IdRange => ({ client, clock, length });

function restored(old: IdRange, newClient: number, newClock: number): Restoration {
  return { ...old, newClient, newClock, isTombstone: false };
}

/** Spans by name, the latest first: what they inserted, and what of it they restored. */
type Spans = readonly (readonly [name: string, inserted: IdRange[], restorations?: Restoration[]])[];

/** Who is found for a range, as text: one letter for each unit. */
function search(spans: Spans, ...ranges: IdRange[]): string[] {
  const search = createInsertionSearch<string>(ranges);
  for (const [name, inserted, restorations = []] of spans) search.pass(name, { inserted, restorations });
  return ranges.map(range =>
    [...search.spansOf(range)].map(({ span = "?", length }) => span.repeat(length)).join(""),
  );
}

describe("a search for the spans that inserted ids", () => {
  it("finds each part of a range in the span that has it", () => {
    const spans: Spans = [
      ["c", [ids(1, 4, 10)]],
      ["b", [ids(2, 0, 5)]],
      ["a", [ids(1, 1, 3)]],
    ];
    expect(search(spans, ids(1, 0, 6), ids(2, 1, 2))).toEqual(["?aaacc", "bb"]);
  });

  it("goes on for the original of what was restored, however often", () => {
    const spans: Spans = [
      // Restores twice within itself, and writes on.
      ["d", [ids(3, 2, 5)], [restored(ids(3, 0, 2), 3, 2), restored(ids(3, 2, 2), 3, 4)]],
      ["c", [ids(3, 0, 2)], [restored(ids(1, 2), 3, 0), restored(ids(2, 0), 3, 1)]],
      ["b", [ids(2, 0)]],
      ["a", [ids(1, 0, 9)]],
    ];
    expect(search(spans, ids(3, 4, 3), ids(1, 8))).toEqual(["abd", "a"]);
  });

  it("finds the original of two copies for both", () => {
    const spans: Spans = [
      ["c", [ids(3, 0)], [restored(ids(1, 1), 3, 0)]],
      ["b", [ids(2, 0, 2)], [restored(ids(1, 0, 2), 2, 0)]],
      ["a", [ids(1, 0, 2)]],
    ];
    expect(search(spans, ids(2, 0, 2), ids(3, 0), ids(1, 0))).toEqual(["aa", "a", "a"]);
  });

  it("is done when nothing is left to be found, and not before", () => {
    const search = createInsertionSearch<string>([ids(1, 0, 3)]);
    expect(search.isDone).toBe(false);
    search.pass("b", { inserted: [ids(1, 1, 9)], restorations: [] });
    expect(search.isDone).toBe(false);
    search.pass("a", { inserted: [ids(1, 0)], restorations: [] });
    expect(search.isDone).toBe(true);
    expect(createInsertionSearch([]).isDone).toBe(true);
  });
});
