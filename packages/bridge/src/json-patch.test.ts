import { describe, expect, it } from "vitest";
import type { BridgeErrorCode } from "./errors.js";
import type { Json } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import type { Patch } from "./patch.js";

const json: Json = {
  a: { b: [1, 2, { c: "x😀y" }] },
  t: { $y: "text", delta: [{ insert: "ab" }], attrs: {} },
};

describe("the extended dialect", () => {
  it("edits strings and formatted texts", () => {
    const patch: Patch = [
      { op: "str_ins", path: "/a/b/2/c", pos: 1, str: "!" },
      { op: "str_del", path: "/a/b/2/c", pos: 2, str: "😀" },
      {
        op: "delta",
        path: "/t",
        delta: [{ retain: 1, attributes: { b: 1 } }, { delete: 1 }, { insert: "c" }],
      },
    ];
    expect(applyPatchToJson(json, patch)).toEqual({
      a: { b: [1, 2, { c: "x!y" }] },
      t: { $y: "text", delta: [{ insert: "a", attributes: { b: 1 } }, { insert: "c" }], attrs: {} },
    });
  });

  it("is not the dialect of RFC 6902", () => {
    const patch: Patch = [{ op: "str_ins", path: "/a/b/2/c", pos: 1, str: "!" }];
    expect(() => applyPatchToJson(json, patch, { dialect: "rfc6902" })).toThrow(
      expect.objectContaining({ code: "invalid-patch", operation: 0, pointer: "/a/b/2/c" }),
    );
  });
});

it("leaves its argument alone and shares with it what it does not touch", () => {
  const before = structuredClone(json);
  const after = applyPatchToJson(json, [{ op: "add", path: "/a/b/-", value: 3 }]) as typeof json & {
    t: Json;
  };
  expect(json).toEqual(before);
  expect(after).toEqual({ ...(json as object), a: { b: [1, 2, { c: "x😀y" }, 3] } });
  expect(after.t).toBe((json as { t: Json }).t);
});

it("does not change the patch's own values by later operations", () => {
  const value = { list: [1] };
  const patch: Patch = [
    { op: "add", path: "/v", value },
    { op: "copy", from: "/v", path: "/w" },
    { op: "add", path: "/v/list/-", value: 2 },
  ];
  expect(applyPatchToJson({}, patch)).toEqual({ v: { list: [1, 2] }, w: { list: [1] } });
  expect(value).toEqual({ list: [1] });
});

it("copies a part that was changed before, even into itself", () => {
  const patch: Patch = [
    { op: "add", path: "/a/x", value: 1 },
    { op: "copy", from: "/a", path: "/b" },
    { op: "copy", from: "/a", path: "/a/a" },
    { op: "add", path: "/a/x", value: 2 },
    { op: "add", path: "/b/x", value: 3 },
  ];
  expect(applyPatchToJson({ a: {} }, patch)).toEqual({ a: { x: 2, a: { x: 1 } }, b: { x: 3 } });
});

describe("a bad operation is named, with its pointer", () => {
  const bad: [operation: unknown, code: BridgeErrorCode][] = [
    [null, "invalid-patch"],
    [[], "invalid-patch"],
    [{}, "invalid-patch"],
    [{ op: "add" }, "invalid-patch"],
    [{ op: "add", path: 1, value: 1 }, "invalid-patch"],
    [{ op: "add", path: "/x" }, "invalid-patch"],
    [{ op: "spam", path: "/a" }, "invalid-patch"],
    [{ op: "move", path: "/x" }, "invalid-patch"],
    [{ op: "move", from: "/a", path: "/a/b/0" }, "invalid-patch"],
    [{ op: "str_ins", path: "/a/b/2/c", pos: "1", str: "" }, "invalid-patch"],
    [{ op: "str_del", path: "/a/b/2/c", pos: 1 }, "invalid-patch"],
    [{ op: "delta", path: "/t", delta: [{ retain: 0 }] }, "invalid-patch"],
    [{ op: "add", path: "a", value: 1 }, "invalid-pointer"],
    [{ op: "add", path: "/~2", value: 1 }, "invalid-pointer"],
    [{ op: "remove", path: "/none" }, "path-not-found"],
    [{ op: "remove", path: "/a/none/x" }, "path-not-found"],
    [{ op: "replace", path: "/a/b/01", value: 1 }, "path-not-found"],
    [{ op: "test", path: "/a/b/-", value: 1 }, "path-not-found"],
    [{ op: "copy", from: "/none", path: "/x" }, "path-not-found"],
    [{ op: "remove", path: "/toString" }, "path-not-found"],
    [{ op: "add", path: "/a/b/4", value: 1 }, "index-out-of-range"],
    [{ op: "replace", path: "/a/b/3", value: 1 }, "index-out-of-range"],
    [{ op: "str_ins", path: "/a/b/2/c", pos: 5, str: "" }, "index-out-of-range"],
    [{ op: "str_ins", path: "/a/b/2/c", pos: -1, str: "" }, "index-out-of-range"],
    [{ op: "add", path: "/a/b/0/x", value: 1 }, "not-a-container"],
    [{ op: "remove", path: "/a/b/2/c/0" }, "not-a-container"],
    [{ op: "test", path: "/a/b/0", value: 2 }, "test-failed"],
    [{ op: "test", path: "/a", value: {} }, "test-failed"],
    [{ op: "str_del", path: "/a/b/2/c", pos: 0, str: "y" }, "text-mismatch"],
    [{ op: "str_ins", path: "/a", pos: 0, str: "y" }, "text-mismatch"],
    [{ op: "delta", path: "/t", delta: [{ retain: 3 }] }, "text-mismatch"],
    [{ op: "remove", path: "" }, "fixed-root"],
    [{ op: "add", path: "/__proto__", value: {} }, "forbidden-key"],
    [{ op: "add", path: "/__proto__/polluted", value: 1 }, "forbidden-key"],
    [{ op: "add", path: "/constructor/prototype/polluted", value: 1 }, "forbidden-key"],
    [{ op: "copy", from: "/a/prototype", path: "/x" }, "forbidden-key"],
  ];
  for (const [operation, code] of bad) {
    it(`${code}: ${JSON.stringify(operation)}`, () => {
      const before = structuredClone(json);
      const patch = [{ op: "add", path: "/x", value: 1 }, operation] as unknown as Patch;
      const pointer = (operation as { path?: unknown } | null)?.path;
      expect(() => applyPatchToJson(json, patch)).toThrow(
        expect.objectContaining({
          code,
          operation: 1,
          transient: false,
          ...(typeof pointer === "string" ? { pointer } : {}),
        }),
      );
      expect(json).toEqual(before);
      expect("polluted" in {}).toBe(false);
    });
  }

  it("invalid-patch: what is no list of operations", () => {
    expect(() => applyPatchToJson(json, {} as Patch)).toThrow(
      expect.objectContaining({ code: "invalid-patch" }),
    );
  });
});

it("takes a value with a key __proto__ for what it is", () => {
  const value = JSON.parse('{"__proto__":{"polluted":1}}');
  const after = applyPatchToJson({}, [
    { op: "add", path: "/x", value },
    { op: "add", path: "/x/y", value: 1 },
  ]);
  expect(JSON.stringify(after)).toBe('{"x":{"__proto__":{"polluted":1},"y":1}}');
  expect("polluted" in {}).toBe(false);
});
