import type { ChangeEvent } from "@verso/protocol";
import { expect, it } from "vitest";
import { authorsOf, type Commits, commitsAround, marksOf } from "./time-line.js";

/** One letter for the author of each commit; a dot for one that is not read. */
function history(authors: string): Commits {
  return {
    head: authors.length,
    get(sequence) {
      const author = authors[sequence - 1];
      if (author === undefined || author === ".") return undefined;
      return { sequence, user_id: author } as ChangeEvent;
    },
  };
}

it("a short line has a mark for each run of an author, and none is invented for what is not read", () => {
  expect(marksOf(history("..AABA"), { most: 100 })).toEqual([
    { from: 0, to: 2 / 6, author: null },
    { from: 2 / 6, to: 4 / 6, author: "A" },
    { from: 4 / 6, to: 5 / 6, author: "B" },
    { from: 5 / 6, to: 1, author: "A" },
  ]);
  expect(marksOf(history(""), { most: 100 })).toEqual([]);
});

it("a long line has no more marks than one asks for, each with who did most of it", () => {
  const line = marksOf(history("AAB".repeat(1000) + "B".repeat(3000)), { most: 200 });
  expect(line.map(({ author }) => author)).toEqual(["A", "B"]);
  expect(line[0]!.to).toBeCloseTo(0.5);
  expect(marksOf(history("AB".repeat(5000)), { most: 50 }).length).toBeLessThanOrEqual(50);
});

it("authors are counted, the most diligent first", () => {
  expect(authorsOf(history("B.ABBCC"))).toEqual([
    ["B", 3],
    ["C", 2],
    ["A", 1],
  ]);
});

it("a list has the neighbourhood of a commit, of one author where one asks for him", () => {
  const sequences = (author: string | null, around = 5) =>
    commitsAround(history("ABABABABAB"), { around, author, later: 2, earlier: 3 }).map(
      ({ sequence }) => sequence,
    );
  expect(sequences(null)).toEqual([7, 6, 5, 4, 3]);
  expect(sequences("B")).toEqual([8, 6, 4, 2]);
  expect(sequences(null, 10)).toEqual([10, 9, 8]);
  expect(sequences("C")).toEqual([]);
});
