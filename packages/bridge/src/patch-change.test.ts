import { describe, expect, it } from "vitest";
import { BridgeError } from "./errors.js";
import { cloneJson, type Json, type JsonObject, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import type { Patch, PatchOperation } from "./patch.js";
import { changeOfPatch } from "./patch-change.js";
import { toPointer } from "./pointer.js";
import { applyChange } from "./replay.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";

const json = {
  map: { a: { b: 1 }, "x/y": "text", list: [1, "two", { three: [3] }] },
  text: "abcdef",
  rich: { $y: "text", delta: [{ insert: "ab" }, { insert: "cd", attributes: { b: 1 } }], attrs: {} },
};

describe("a random patch", () => {
  it("is a change that does the same, can be taken back, and fails as the patch does", () => {
    let done = 0;
    forEachSeed(seed => {
      const patch = randomPatch(createRandom(seed));
      const expected = outcome(() => applyPatchToJson(json, patch) as JsonObject);
      const actual = outcome(() => changeOfPatch(json, patch));
      if (expected instanceof BridgeError || actual instanceof BridgeError) {
        expect(actual).toEqual(expected);
        return;
      }
      done++;
      expect(actual.after).toEqual(expected);
      const replayed = cloneJson(json) as MutableJsonObject;
      applyChange(replayed, actual.change, "forward");
      expect(replayed).toEqual(expected);
      applyChange(replayed, actual.change, "reverse");
      expect(replayed).toEqual(json);
    });
    expect(done).toBeGreaterThan(0);
  });
});

describe("the change of a patch", () => {
  const change = (...patch: PatchOperation[]) => changeOfPatch(json, patch).change;

  it("knows what was there, and is none where nothing changes", () => {
    expect(change({ op: "replace", path: "/map/a/b", value: 2 })).toEqual([
      { type: "set", path: ["map", "a"], key: "b", before: 1, after: 2 },
    ]);
    expect(change({ op: "remove", path: "/map/x~1y" })).toEqual([
      { type: "set", path: ["map"], key: "x/y", before: "text", after: undefined },
    ]);
    expect(change({ op: "add", path: "/map/list/-", value: 4 })).toEqual([
      { type: "insert", path: ["map", "list"], index: 3, values: [4] },
    ]);
    expect(
      change(
        { op: "test", path: "/text", value: "abcdef" },
        { op: "replace", path: "/map/a", value: { b: 1 } },
      ),
    ).toEqual([]);
  });

  it("replaces an element of a list by another", () => {
    expect(change({ op: "replace", path: "/map/list/1", value: 2 })).toEqual([
      { type: "delete", path: ["map", "list"], index: 1, values: ["two"] },
      { type: "insert", path: ["map", "list"], index: 1, values: [2] },
    ]);
  });

  it("moves by removing and adding", () => {
    expect(change({ op: "move", from: "/map/list/0", path: "/map/first" })).toEqual([
      { type: "delete", path: ["map", "list"], index: 0, values: [1] },
      { type: "set", path: ["map"], key: "first", before: undefined, after: 1 },
    ]);
  });

  it("edits the texts that it is told of, and the roots that are strings", () => {
    const replace = (path: string, value: string): Patch => [{ op: "replace", path, value }];
    expect(change(...replace("/text", "abXef"))).toEqual([
      { type: "textDelete", path: ["text"], index: 2, text: "cd" },
      { type: "textInsert", path: ["text"], index: 2, text: "X" },
    ]);
    expect(change(...replace("/map/x~1y", "texts"))).toMatchObject([{ type: "set", after: "texts" }]);
    const textAt = (path: readonly string[]) => path.join() === "map,x/y";
    expect(changeOfPatch(json, replace("/map/x~1y", "texts"), { textAt }).change).toEqual([
      { type: "textInsert", path: ["map", "x/y"], index: 4, text: "s" },
    ]);
  });

  it("has the inverse of a delta that came without one", () => {
    const delta = [{ retain: 1 }, { delete: 2 }, { retain: 1, attributes: { b: null } }];
    expect(change({ op: "delta", path: "/rich", delta })).toEqual([
      {
        type: "delta",
        path: ["rich"],
        delta,
        inverse: [
          { retain: 1 },
          { insert: "b" },
          { insert: "c", attributes: { b: 1 } },
          { retain: 1, attributes: { b: 1 } },
        ],
      },
    ]);
  });

  it("sets the content of a formatted text when something inside of it is edited", () => {
    const after = [json.rich.delta[0], { insert: "cde", attributes: { b: 1 } }];
    expect(change({ op: "str_ins", path: "/rich/delta/1/insert", pos: 2, str: "e" })).toEqual([
      { type: "set", path: ["rich"], key: "delta", before: json.rich.delta, after },
    ]);
  });

  it("keeps what it has seen when a formatted text stops being one", () => {
    const patch: Patch = [
      { op: "add", path: "/rich/delta/-", value: 1 },
      { op: "remove", path: "/rich/$y" },
      { op: "add", path: "/rich/delta/-", value: 2 },
    ];
    expect(change(...patch)).toEqual([
      { type: "set", path: ["rich"], key: "delta", before: json.rich.delta, after: [...json.rich.delta, 1] },
      { type: "set", path: ["rich"], key: "$y", before: "text", after: undefined },
      { type: "insert", path: ["rich", "delta"], index: 3, values: [2] },
    ]);
  });

  it("sets every root when the whole is replaced, which stays an object", () => {
    expect(change({ op: "replace", path: "", value: { text: "abc", map: json.map, new: 1 } })).toEqual([
      { type: "textDelete", path: ["text"], index: 3, text: "def" },
      { type: "set", path: [], key: "rich", before: json.rich, after: undefined },
      { type: "set", path: [], key: "new", before: undefined, after: 1 },
    ]);
    expect(() => change({ op: "replace", path: "", value: [] })).toThrow(
      expect.objectContaining({ code: "fixed-root", operation: 0, pointer: "" }),
    );
  });
});

function outcome<T>(run: () => T): T | BridgeError {
  try {
    return run();
  } catch (error) {
    if (error instanceof BridgeError) return error;
    throw error;
  }
}

/** Operations of every kind, at places that are there, that are not, or that were before the operation before. */
function randomPatch(random: Random): Patch {
  const pointers: string[] = [
    "/none",
    "/map/none/b",
    "/map/list/-",
    "/map/list/9",
    "/text/0",
    "/new",
    "/map/__proto__",
  ];
  const visit = (value: Json, path: readonly string[]) => {
    if (path.length > 0) pointers.push(toPointer(path));
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
  };
  visit(json, []);
  const values: Json[] = [1, "new", { b: [1] }, [1, "two"], json.rich, json.map];
  return Array.from({ length: 1 + random.below(5) }, (): PatchOperation => {
    const [path, from, value] = [random.pick(pointers), random.pick(pointers), random.pick(values)];
    return random.pick<PatchOperation>([
      { op: "add", path, value },
      { op: "replace", path, value },
      { op: "remove", path },
      { op: "move", from, path },
      { op: "copy", from, path },
      { op: "test", path: "/map/a/b", value: 1 },
      { op: "str_ins", path: random.pick(["/text", path]), pos: random.below(3), str: "!" },
      { op: "str_del", path: random.pick(["/text", path]), pos: 1, str: random.pick(["b", "e", ""]) },
      {
        op: "delta",
        path: random.pick(["/rich", path]),
        delta: [{ retain: 2 }, { insert: "!" }, { delete: 1 }],
      },
    ]);
  });
}
