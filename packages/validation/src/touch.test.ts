import {
  applyPatch,
  type Change,
  type Json,
  jsonEqual,
  observePatches,
  type Roots,
  read,
} from "@verso/bridge";
import * as prng from "lib0/prng";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { createRandom, forEachSeed } from "./testing.js";
import { type Touch, touchesOf } from "./touch.js";

describe("What a change touched", () => {
  test("is the member that was set, at its path after the change", () => {
    expect(touchesOf([{ type: "set", path: ["a"], key: "b", before: 1, after: undefined }])).toEqual([
      { path: ["a", "b"], kind: "value" },
    ]);
  });

  test("is a text, once", () => {
    const change: Change = [
      { type: "textInsert", path: ["t"], index: 0, text: "a" },
      { type: "textDelete", path: ["t"], index: 3, text: "b" },
    ];
    expect(touchesOf(change)).toEqual([{ path: ["t"], kind: "text" }]);
  });

  test("is a formatted text, with what became of it", () => {
    const delta = [{ insert: "a" }];
    expect(touchesOf([{ type: "delta", path: ["t"], delta, inverse: [{ delete: 1 }] }])).toEqual([
      { path: ["t"], kind: "delta", delta },
    ]);
  });

  test("is a list, with the elements that came where they are in the end", () => {
    const change: Change = [
      { type: "insert", path: ["l"], index: 2, values: ["x", "y"] },
      { type: "insert", path: ["l"], index: 3, values: ["z"] },
      { type: "delete", path: ["l"], index: 0, values: ["a"] },
      { type: "set", path: ["l"], key: 5, before: "b", after: "w" },
    ];
    expect(touchesOf(change)).toEqual([
      {
        path: ["l"],
        kind: "list",
        came: [
          { index: 1, count: 1 },
          { index: 2, count: 1 },
          { index: 3, count: 1 },
          { index: 5, count: 1 },
        ],
      },
    ]);
  });
});

test("Whatever differs after a change is at, or in, something that was touched", () => {
  const roots: Roots = { map: "map", list: "array", text: "text", rich: "richText" };
  forEachSeed(
    seed => {
      const random = createRandom(seed);
      const doc = new Y.Doc();
      applyPatch(doc, [{ op: "add", path: "/list", value: ["a", "b", { c: [1, 2, 3] }, "d"] }], { roots });
      applyPatch(doc, [{ op: "add", path: "/map/m", value: { a: [1, 2], b: "x" } }], { roots });
      let touches: Touch[] = [];
      observePatches(doc, { roots }, ({ change }) => {
        touches = touchesOf(change);
      });
      for (let round = 0; round < 5; round++) {
        const before = read(doc, roots);
        touches = [];
        doc.transact(() => {
          for (let edits = prng.int53(random, 1, 6); edits > 0; edits--) edit(random, doc);
        });
        const after = read(doc, roots);
        expect(untouched(before, after, touches), JSON.stringify({ before, after, touches })).toEqual([]);
      }
    },
    { share: 0.3 },
  );
});

function edit(random: prng.PRNG, doc: Y.Doc): void {
  const list = doc.getArray<unknown>("list");
  const nested = (doc.getMap("map").get("m") as Y.Map<unknown> | undefined)?.get("a");
  const target = nested instanceof Y.Array && prng.bool(random) ? nested : list;
  const index = prng.int53(random, 0, target.length);
  switch (prng.int53(random, 0, 6)) {
    case 0:
    case 1:
      target.insert(
        index,
        Array.from({ length: prng.int53(random, 1, 3) }, () => prng.int53(random, 0, 99)),
      );
      break;
    case 2:
      if (index < target.length) target.delete(index, prng.int53(random, 1, target.length - index));
      break;
    case 3:
      doc.getMap("map").set(prng.oneOf(random, ["a", "b"]), prng.int53(random, 0, 9));
      break;
    case 4:
      doc.getText("text").insert(0, "x");
      break;
    case 5:
      doc.getText("rich").insert(0, "y", prng.bool(random) ? { bold: true } : {});
      break;
    case 6:
      target.insert(0, [new Y.Map([["k", 1]])]);
  }
}

/** The paths of what differs and was not touched. Elements of lists are compared from where they were to where they are. */
function untouched(
  before: Json,
  after: Json,
  touches: readonly Touch[],
  path: (string | number)[] = [],
): string[] {
  if (jsonEqual(before, after)) return [];
  const at = touches.filter(touch => touch.path.join("/") === path.join("/"));
  if (at.some(({ kind }) => kind !== "list")) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const came = new Set<number>();
    for (const { came: spans = [] } of at) {
      for (const { index, count } of spans) for (let i = 0; i < count; i++) came.add(index + i);
    }
    // What did not come was there before, in this order.
    const stayed = after.flatMap((element, index) => (came.has(index) ? [] : [{ element, index }]));
    let from = 0;
    return stayed.flatMap(({ element, index }) => {
      const found = before.findIndex(
        (old, i) => i >= from && (jsonEqual(old, element) || isTouched(touches, [...path, index])),
      );
      from = found + 1;
      return found < 0 ? [[...path, index].join("/")] : [];
    });
  }
  if (!isObject(before) || !isObject(after)) return [path.join("/")];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap(key => {
    if (touches.some(touch => touch.path.join("/") === [...path, key].join("/") && touch.kind === "value"))
      return [];
    if (!Object.hasOwn(before, key) || !Object.hasOwn(after, key)) return [[...path, key].join("/")];
    return untouched(before[key]!, after[key]!, touches, [...path, key]);
  });
}

function isTouched(touches: readonly Touch[], path: readonly (string | number)[]): boolean {
  return touches.some(touch => path.every((segment, i) => touch.path[i] === segment));
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
