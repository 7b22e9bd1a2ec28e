import { expect, it } from "vitest";
import { PatternTree, parsePattern } from "./pattern.js";

function tree(...patterns: string[]): PatternTree<string> {
  const tree = new PatternTree<string>();
  for (const pattern of patterns) tree.add(parsePattern(pattern), pattern);
  return tree;
}

it("a star stands for any one segment, and the more literal pattern comes first", () => {
  const found = tree("/a/*/c", "/a/b/c", "/a/b", "/*/b/c", "/a/*/*/c");
  expect(found.at(["a", "b", "c"])).toEqual(["/a/b/c", "/a/*/c", "/*/b/c"]);
  expect(found.at(["a", 0, "c"])).toEqual(["/a/*/c"]);
  expect(found.at(["a"])).toEqual([]);
});

it("above a path, the longest pattern comes first", () => {
  expect(tree("", "/a", "/a/b", "/*/b", "/a/b/c/d").atOrAbove(["a", "b", "c"])).toEqual([
    "/a/b",
    "/*/b",
    "/a",
    "",
  ]);
});

it("below a path, patterns are found where the value has something", () => {
  const found = tree("/a/*/x", "/a/one/y", "/a/list/*", "/b");
  const value = { one: { x: 1, y: 2 }, two: { y: 3 }, list: ["p", "q"] };
  expect(found.below(["a"], value).map(({ path, value }) => [path.join("/"), value])).toEqual([
    ["a/one/x", "/a/*/x"],
    ["a/one/y", "/a/one/y"],
    ["a/list/0", "/a/list/*"],
    ["a/list/1", "/a/list/*"],
  ]);
  expect(found.below(["a"], undefined)).toEqual([]);
  expect(found.below(["b"], 1)).toEqual([]);
});

it("segments are unescaped as those of JSON pointers are", () => {
  expect(tree("/a~1b/~0").at(["a/b", "~"])).toEqual(["/a~1b/~0"]);
});
