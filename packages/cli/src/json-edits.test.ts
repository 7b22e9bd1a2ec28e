import { applyPatch } from "@verso/client/json";
import { describe, expect, it } from "vitest";
import { editText, put, valueAt } from "./json-edits.js";

describe("a text that is made to read otherwise", () => {
  it.each([
    ["hello", "hello world", [{ op: "str_ins", path: "/t", pos: 5, str: " world" }]],
    ["hello world", "hello", [{ op: "str_del", path: "/t", pos: 5, str: " world" }]],
    ["aaa", "aaaa", [{ op: "str_ins", path: "/t", pos: 3, str: "a" }]],
    ["same", "same", []],
    ["", "", []],
    [
      "one two three",
      "one 2 three",
      [
        { op: "str_del", path: "/t", pos: 4, str: "two" },
        { op: "str_ins", path: "/t", pos: 4, str: "2" },
      ],
    ],
    [
      // They begin with the same half.
      "a😀b",
      "a😁b",
      [
        { op: "str_del", path: "/t", pos: 1, str: "😀" },
        { op: "str_ins", path: "/t", pos: 1, str: "😁" },
      ],
    ],
    [
      // They end with the same half.
      "a𐐀b",
      "a😀b".replace("😀", "\ud802\udc00"),
      [
        { op: "str_del", path: "/t", pos: 1, str: "𐐀" },
        { op: "str_ins", path: "/t", pos: 1, str: "\ud802\udc00" },
      ],
    ],
  ])("from %j to %j changes what lies between", (before, after, patch) => {
    expect(editText({ t: before }, "/t", after)).toEqual(patch);
    expect(applyPatch({ t: before }, editText({ t: before }, "/t", after))).toEqual({ t: after });
  });

  it("is put there where there was none", () => {
    expect(editText({}, "/t", "a")).toEqual([{ op: "add", path: "/t", value: "a" }]);
    expect(editText({ t: 1 }, "/t", "a")).toEqual([{ op: "replace", path: "/t", value: "a" }]);
  });
});

describe("a value", () => {
  it("is put in place of the one that is there, in lists too", () => {
    expect(put({ list: [1] }, "/list/0", 2)).toEqual({ op: "replace", path: "/list/0", value: 2 });
    expect(put({ list: [1] }, "/list/1", 2)).toEqual({ op: "add", path: "/list/1", value: 2 });
    expect(put({ list: [1] }, "/list/-", 2)).toEqual({ op: "add", path: "/list/-", value: 2 });
    expect(put({}, "", {})).toEqual({ op: "replace", path: "", value: {} });
  });

  it("is found at its pointer, and nothing that objects have of their own", () => {
    expect(valueAt({ "a/b": [{ c: null }] }, "/a~1b/0/c")).toBe(null);
    expect(valueAt({ a: "text" }, "/a/length")).toBe(undefined);
    expect(valueAt({}, "/constructor")).toBe(undefined);
    expect(valueAt([1], "/length")).toBe(undefined);
  });
});
