import { expect, it } from "vitest";
import { childPointer, parsePointer, tokenToIndex, toPointer } from "./pointer.js";

it("writes what RFC 6901 gives as examples", () => {
  expect(toPointer([])).toBe("");
  expect(toPointer(["foo", 0])).toBe("/foo/0");
  expect(toPointer([""])).toBe("/");
  expect(toPointer(["a/b"])).toBe("/a~1b");
  expect(toPointer(["m~n"])).toBe("/m~0n");
  expect(childPointer("/a~1b", "~/")).toBe("/a~1b/~0~1");
});

it("reads back what it writes", () => {
  for (const path of [[], [""], ["", ""], ["~1"], ["~01/"], ["a", "b", " "], ["0"]]) {
    expect(parsePointer(toPointer(path))).toEqual(path);
  }
});

it("refuses what is no pointer", () => {
  for (const pointer of ["a", "a/b", "/~", "/~2", "/a~", "/~~0"]) {
    expect(() => parsePointer(pointer), pointer).toThrow(
      expect.objectContaining({ code: "invalid-pointer", pointer }),
    );
  }
});

it("takes digits without leading zeros for an index, and nothing else", () => {
  expect(["0", "7", "120"].map(tokenToIndex)).toEqual([0, 7, 120]);
  for (const token of ["", "-", "-1", "01", "1e0", "1.5", " 1", "+1", "٣"])
    expect(tokenToIndex(token)).toBeNull();
});
