import type { Blame } from "@verso/protocol";
import { expect, it } from "vitest";
import { commitOfValue, stretchAt } from "./blame-stretch.js";

/** Ann writes in two commits, Ben in one between them and one behind them; before all of them it is not known. */
const blame: Blame = {
  document_id: "note/1",
  sequence: 4,
  revision_id: "4-0f",
  pointer: "/text",
  by: 2,
  parts: [
    { type: "range", pointer: "/text", from: 0, to: 3, by: null },
    { type: "range", pointer: "/text", from: 3, to: 5, by: 1 },
    { type: "range", pointer: "/text", from: 5, to: 6, by: 2 },
    { type: "range", pointer: "/text", from: 6, to: 10, by: 3 },
  ],
  commits: [commit(1, "ann"), commit(2, "ann"), commit(3, "ben")],
};

it("a stretch reaches as far as its author wrote, and names the commit of the unit", () => {
  expect(stretchAt(blame, 4)).toEqual({ from: 3, to: 6, commit: commit(1, "ann") });
  expect(stretchAt(blame, 5)).toEqual({ from: 3, to: 6, commit: commit(2, "ann") });
  expect(stretchAt(blame, 9)).toEqual({ from: 6, to: 10, commit: commit(3, "ben") });
});

it("what is no longer kept has no commit, and what is no part of the text no stretch", () => {
  expect(stretchAt(blame, 0)).toEqual({ from: 0, to: 3, commit: null });
  expect(stretchAt(blame, 10)).toBeNull();
});

it("a value has the commit that put it there", () => {
  expect(commitOfValue(blame)).toEqual(commit(2, "ann"));
  expect(commitOfValue({ ...blame, by: null })).toBeNull();
});

function commit(sequence: number, user: string): Blame["commits"][number] {
  return {
    sequence,
    revision_id: `${sequence}-0f`,
    user_id: user,
    kind: "update",
    created_at: "2026-01-01T00:00:00.000Z",
  };
}
