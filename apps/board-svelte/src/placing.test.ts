import { describe, expect, it } from "vitest";
import { board } from "./kind.js";
import {
  addCard,
  addColumn,
  type BoardDraft,
  cardsOf,
  columnsOf,
  deleteColumn,
  moveCard,
  moveColumn,
  strayCardsOf,
} from "./placing.js";

function withCards(...ids: string[]): BoardDraft {
  const draft: BoardDraft = { columns: {}, cards: {} };
  addColumn(draft, "todo", "To do");
  addColumn(draft, "done", "Done");
  for (const id of ids) addCard(draft, id, { title: id, column: "todo" });
  return draft;
}

describe("cards", () => {
  it("stand where they were put", () => {
    const draft = withCards("a", "b", "c");
    moveCard(draft, "c", { column: "todo", before: "a" });
    expect(cardsOf(draft, "todo")).toEqual(["c", "a", "b"]);
    moveCard(draft, "c", { column: "todo", before: "b" });
    expect(cardsOf(draft, "todo")).toEqual(["a", "c", "b"]);
    moveCard(draft, "a", { column: "done", before: null });
    moveCard(draft, "b", { column: "done", before: "a" });
    expect([cardsOf(draft, "todo"), cardsOf(draft, "done")]).toEqual([["c"], ["b", "a"]]);
    expect(board.schema.safeParse(draft).success).toBe(true);
  });

  it("are not written to where they stand already", () => {
    const draft = withCards("a", "b", "c");
    const keys = JSON.stringify(draft);
    moveCard(draft, "b", { column: "todo", before: "b" });
    moveCard(draft, "b", { column: "todo", before: "c" });
    moveCard(draft, "c", { column: "todo", before: null });
    moveCard(draft, "nobody", { column: "todo", before: null });
    expect(JSON.stringify(draft)).toBe(keys);
  });

  it("go to the end where what they were to stand before is gone", () => {
    const draft = withCards("a", "b");
    moveCard(draft, "a", { column: "todo", before: "gone" });
    expect(cardsOf(draft, "todo")).toEqual(["b", "a"]);
  });

  it("with equal keys stand by their ids, and leave room for others all the same", () => {
    for (const before of ["a", "b", "c", "d", "e", null]) {
      const draft = withCards("a", "b", "c", "d", "e", "moved");
      const { order } = draft.cards.b!;
      for (const id of ["d", "c"]) draft.cards[id]!.order = order;
      expect(cardsOf(draft, "todo")).toEqual(["a", "b", "c", "d", "e", "moved"]);
      moveCard(draft, "moved", { column: "todo", before });
      const expected = ["a", "b", "c", "d", "e"];
      expected.splice(before === null ? 5 : expected.indexOf(before), 0, "moved");
      expect(cardsOf(draft, "todo")).toEqual(expected);
      expect(board.schema.safeParse(draft).success).toBe(true);
    }
  });

  it("have room before the first, thousands of times", () => {
    const draft = withCards("a", "b");
    for (let time = 0; time < 2_000; time += 1) {
      moveCard(draft, time % 2 === 0 ? "b" : "a", { column: "todo", before: time % 2 === 0 ? "a" : "b" });
    }
    expect(cardsOf(draft, "todo")).toEqual(["a", "b"]);
    expect(board.schema.safeParse(draft).success).toBe(true);
  });

  it("go with their column, but those that were put there meanwhile are found again", () => {
    const draft = withCards("a");
    deleteColumn(draft, "todo");
    addCard(draft, "b", { title: "Late", column: "todo" });
    expect([columnsOf(draft), Object.keys(draft.cards), strayCardsOf(draft)]).toEqual([
      ["done"],
      ["b"],
      ["b"],
    ]);
  });
});

describe("columns", () => {
  it("stand where they were put", () => {
    const draft = withCards();
    addColumn(draft, "later", "Later");
    moveColumn(draft, "later", "todo");
    expect(columnsOf(draft)).toEqual(["later", "todo", "done"]);
    moveColumn(draft, "todo", null);
    expect(columnsOf(draft)).toEqual(["later", "done", "todo"]);
  });
});

describe("a key of order", () => {
  it("is one that another can stand before", () => {
    const draft = withCards("a");
    for (const order of ["", "b", "a0x0", "nonsense", " "]) {
      draft.cards.a!.order = order;
      expect(board.schema.safeParse(draft).success, order).toBe(false);
    }
  });
});
