import { describe, expect, it } from "vitest";
import type { Change } from "./change.js";
import { cloneJson, type JsonObject, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import { forwardPatch, reversePatch, toRfc6902 } from "./patch.js";
import { applyChange, beginReplay } from "./replay.js";

const before: JsonObject = {
  m: { k: 1, gone: [1] },
  l: ["a", "b", "c"],
  t: "hello",
  r: { $y: "text", delta: [{ insert: "hi" }], attrs: {} },
};
const after: JsonObject = {
  m: { k: 2, new: null },
  l: ["a", "x", "y", { $y: "xml" }],
  t: "jello!",
  r: { $y: "text", delta: [{ insert: "hi!" }], attrs: {} },
  notes: "",
};
const change: Change = [
  { type: "set", path: [], key: "notes", before: undefined, after: "", kind: "text" },
  { type: "set", path: ["m"], key: "k", before: 1, after: 2 },
  { type: "set", path: ["m"], key: "gone", before: [1], after: undefined },
  { type: "set", path: ["m"], key: "new", before: undefined, after: null },
  { type: "delete", path: ["l"], index: 1, values: ["b"] },
  { type: "insert", path: ["l"], index: 1, values: ["x", "y"] },
  { type: "set", path: ["l"], key: 3, before: "c", after: { $y: "xml" } },
  { type: "textDelete", path: ["t"], index: 0, text: "h" },
  { type: "textInsert", path: ["t"], index: 0, text: "j" },
  { type: "textInsert", path: ["t"], index: 5, text: "!" },
  {
    type: "delta",
    path: ["r"],
    delta: [{ retain: 2 }, { insert: "!" }],
    inverse: [{ retain: 2 }, { delete: 1 }],
  },
];

it("a change shows as a patch in the extended dialect, both ways", () => {
  expect(forwardPatch(change)).toEqual([
    { op: "add", path: "/notes", value: "" },
    { op: "replace", path: "/m/k", value: 2 },
    { op: "remove", path: "/m/gone" },
    { op: "add", path: "/m/new", value: null },
    { op: "remove", path: "/l/1" },
    { op: "add", path: "/l/1", value: "x" },
    { op: "add", path: "/l/2", value: "y" },
    { op: "replace", path: "/l/3", value: { $y: "xml" } },
    { op: "str_del", path: "/t", pos: 0, str: "h" },
    { op: "str_ins", path: "/t", pos: 0, str: "j" },
    { op: "str_ins", path: "/t", pos: 5, str: "!" },
    {
      op: "delta",
      path: "/r",
      delta: [{ retain: 2 }, { insert: "!" }],
      inverse: [{ retain: 2 }, { delete: 1 }],
    },
  ]);
  expect(applyPatchToJson(before, forwardPatch(change))).toEqual(after);
  expect(applyPatchToJson(after, reversePatch(change))).toEqual(before);
});

it("in RFC 6902, each text is replaced once, as a whole", () => {
  const { forward, reverse } = toRfc6902(change, after);
  expect(forward.slice(-2)).toEqual([
    { op: "replace", path: "/t", value: "jello!" },
    { op: "replace", path: "/r/delta", value: [{ insert: "hi!" }] },
  ]);
  expect(reverse.slice(0, 2)).toEqual([
    { op: "replace", path: "/r/delta", value: [{ insert: "hi" }] },
    { op: "replace", path: "/t", value: "hello" },
  ]);
  expect(applyPatchToJson(before, forward, { dialect: "rfc6902" })).toEqual(after);
  expect(applyPatchToJson(after, reverse, { dialect: "rfc6902" })).toEqual(before);
});

it("in RFC 6902, the JSON after the change must be that of the change", () => {
  expect(() => toRfc6902(change, { ...after, t: 1 })).toThrow(
    expect.objectContaining({ code: "change-mismatch", pointer: "/t" }),
  );
});

describe("applyChange", () => {
  it("leads there and back, and shares nothing with the change", () => {
    const json = cloneJson(before) as MutableJsonObject;
    applyChange(json, change, "forward");
    expect(json).toEqual(after);
    (json.l as { [key: string]: string }[])[3]!.$y = "mine";
    expect(change[6]).toMatchObject({ after: { $y: "xml" } });
    (json.l as { [key: string]: string }[])[3]!.$y = "xml";
    applyChange(json, change, "reverse");
    expect(json).toEqual(before);
  });

  const misfits: Change = [
    { type: "set", path: ["m"], key: "k", before: 7, after: 2 },
    { type: "set", path: ["m"], key: "k", before: undefined, after: 2 },
    { type: "set", path: ["m"], key: "none", before: 1, after: 2 },
    { type: "set", path: ["none"], key: "k", before: undefined, after: 2 },
    { type: "set", path: ["l"], key: 7, before: 1, after: 2 },
    { type: "set", path: ["l"], key: 0, before: "a", after: undefined },
    { type: "set", path: ["t"], key: "k", before: undefined, after: 1 },
    { type: "delete", path: ["l"], index: 1, values: ["c"] },
    { type: "delete", path: ["l"], index: 2, values: ["c", "d"] },
    { type: "insert", path: ["l"], index: 4, values: ["e"] },
    { type: "insert", path: ["m"], index: 0, values: ["e"] },
    { type: "textDelete", path: ["t"], index: 0, text: "x" },
    { type: "textInsert", path: ["t"], index: 9, text: "x" },
    { type: "textInsert", path: ["m"], index: 0, text: "x" },
    { type: "delta", path: ["r"], delta: [{ retain: 9 }], inverse: [] },
    { type: "delta", path: ["t"], delta: [], inverse: [] },
  ];
  for (const misfit of misfits) {
    it(`notices what does not fit: ${JSON.stringify(misfit)}`, () => {
      const json = cloneJson(before) as MutableJsonObject;
      expect(() => applyChange(json, [change[1]!, misfit], "forward")).toThrow(
        expect.objectContaining({ code: "change-mismatch", operation: 1 }),
      );
      const replay = beginReplay(cloneJson(before) as MutableJsonObject);
      expect(() => replay.apply([change[1]!, misfit], "forward")).toThrow(
        expect.objectContaining({ code: "change-mismatch", operation: 1 }),
      );
    });
  }
});
