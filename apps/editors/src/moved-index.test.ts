import { describe, expect, it } from "vitest";
import { Doc, type Text, type YTextEvent } from "yjs";
import { movedIndex } from "./moved-index.js";

/** The place in "one two three" before "two". */
const before = 4;

describe("a place in a text", () => {
  it.each<[string, (text: Text) => void, number]>([
    ["moves with what is inserted before it", text => text.insert(0, "zero "), 9],
    ["stays before what is inserted there", text => text.insert(before, "or "), 4],
    ["stays where the edit is behind it", text => text.insert(8, "x"), 4],
    ["moves back with what is deleted before it", text => text.delete(0, 2), 2],
    ["is where the deletion was that went over it", text => text.delete(2, 8), 2],
    ["stays where what follows it is deleted", text => text.delete(before, 3), 4],
    [
      "moves with all of several edits",
      text => {
        text.delete(0, 3);
        text.insert(0, "first");
        text.insert(text.length, "!");
      },
      6,
    ],
  ])("%s", (_, edit, expected) => {
    const doc = new Doc();
    const text = doc.getText();
    text.insert(0, "one two three");
    let delta: YTextEvent["delta"] = [];
    text.observe(event => {
      delta = event.delta;
    });
    doc.transact(() => edit(text));
    expect(movedIndex(before, delta)).toBe(expected);
  });
});
