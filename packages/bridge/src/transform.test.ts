import { describe, expect, it } from "vitest";
import type { Change, ListOperation, Operation } from "./change.js";
import { type Delta, parseDeltaDocument } from "./delta.js";
import { cloneJson, isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import type { Patch } from "./patch.js";
import { changeOfPatch } from "./patch-change.js";
import type { Path } from "./pointer.js";
import { applyChange } from "./replay.js";
import { deltaPairOf, richRunsOn } from "./rich-runs.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";
import { type Side, transformChange, transformPatch } from "./transform.js";

const rich = (...delta: Json[]) => ({ $y: "text", delta, attrs: {} });
const base = {
  list: [{ done: false }, { done: true }, "three"],
  map: { a: 1, b: { c: 2 }, text: "abc" },
  text: "abcdef",
  rich: rich({ insert: "abcdef" }),
};

describe("a set and", () => {
  const set = (path: string, value: Json): Patch => [{ op: "replace", path, value }];

  it("a set of the same key: that of the winner stands, and the other is dropped", () => {
    const [yours, theirs] = [set("/map/a", 5), set("/map/a", 7)];
    const key = { reason: "key", base: "/map/a", head: "/map/a", theirs: "/map/a" };
    expect(meet(yours, theirs, "yours")).toEqual({ patch: yours, touched: [key], dropped: [] });
    expect(meet(yours, theirs, "theirs")).toEqual({ patch: [], touched: [key], dropped: yours });
  });

  it("an equal set: one of them is enough, and there is no conflict", () => {
    expect(meet(set("/map/a", [5]), set("/map/a", [5]))).toEqual({ patch: [], touched: [], dropped: [] });
    const removal: Patch = [{ op: "remove", path: "/map/b" }];
    expect(meet(removal, removal)).toEqual({ patch: [], touched: [], dropped: [] });
  });

  it("a set of a key that ends with the value it had: it was written all the same", () => {
    const theirs: Patch = [...set("/map/a", 7), ...set("/map/a", 1)];
    expect(meet(set("/map/a", 5), theirs, "theirs").dropped).toEqual(set("/map/a", 5));
  });

  it("a set of another key: both stand", () => {
    const yours = set("/map/a", 5);
    expect(meet(yours, set("/map/text", "x"))).toEqual({ patch: yours, touched: [], dropped: [] });
  });

  it("a removal of the same key: the winner's stands", () => {
    const [yours, theirs]: Patch[] = [set("/map/a", 5), [{ op: "remove", path: "/map/a" }]];
    expect(meet(yours!, theirs!, "yours").patch).toEqual([{ op: "add", path: "/map/a", value: 5 }]);
    expect(meet(yours!, theirs!, "theirs").patch).toEqual([]);
    expect(meet(theirs!, yours!, "yours").patch).toEqual([{ op: "remove", path: "/map/a" }]);
  });

  it("a set of what it is inside of: it is dropped, even if it wins", () => {
    const [inner, outer] = [set("/map/b/c", 5), set("/map", {})];
    expect(meet(inner, outer)).toEqual({
      patch: [],
      touched: [{ reason: "ancestor", base: "/map/b/c", head: null, theirs: "/map" }],
      dropped: inner,
    });
    expect(meet(outer, inner, "theirs")).toEqual({
      patch: outer,
      touched: [{ reason: "inside", base: "/map", head: "/map", theirs: "/map/b/c" }],
      dropped: [],
    });
  });

  it("an insertion before the element it is inside of: its pointer moves on", () => {
    const theirs: Patch = [{ op: "add", path: "/list/0", value: "new" }];
    const result = { patch: set("/list/2/done", 1), touched: [], dropped: [] };
    expect(meet(set("/list/1/done", 1), theirs)).toEqual(result);
  });

  it("an insertion into a list that it replaces: the insertion is lost", () => {
    const theirs: Patch = [{ op: "add", path: "/list/0", value: "new" }];
    const touched = [{ reason: "inside", base: "/list", head: "/list", theirs: "/list" }];
    expect(meet(set("/list", []), theirs, "theirs")).toMatchObject({ patch: set("/list", []), touched });
  });

  it("a deletion of the element it is inside of: it is dropped", () => {
    const [yours, theirs]: Patch[] = [set("/list/1/done", 1), [{ op: "remove", path: "/list/1" }]];
    expect(meet(yours!, theirs!)).toEqual({
      patch: [],
      touched: [{ reason: "ancestor", base: "/list/1/done", head: null, theirs: "/list/1" }],
      dropped: yours,
    });
    const touched = [{ reason: "inside", base: "/list/1", head: "/list/1", theirs: "/list/1/done" }];
    expect(meet(theirs!, yours!)).toEqual({ patch: theirs, touched, dropped: [] });
  });

  it("a deletion of an element before: its pointer moves back", () => {
    const theirs: Patch = [{ op: "remove", path: "/list/0" }];
    expect(meet(set("/list/1/done", 1), theirs).patch).toEqual(set("/list/0/done", 1));
  });

  it("an edit of the text that it replaces: the edit is lost", () => {
    for (const theirs of [
      { op: "str_ins", path: "/map/text", pos: 1, str: "!" },
      { op: "str_del", path: "/map/text", pos: 1, str: "b" },
    ] as const) {
      const yours = set("/map/text", "new");
      const touched = [{ reason: "inside", base: "/map/text", head: "/map/text", theirs: "/map/text" }];
      expect(meet(yours, [theirs], "theirs")).toEqual({ patch: yours, touched, dropped: [] });
      expect(meet([theirs], yours, "yours").dropped).toEqual([theirs]);
    }
  });

  it("an edit of a formatted text: an attribute of the text and its content are two things", () => {
    const theirs: Patch = [{ op: "delta", path: "/rich", delta: [{ insert: "!" }] }];
    const align: Patch = [{ op: "add", path: "/rich/attrs/align", value: "left" }];
    expect(meet(align, theirs)).toEqual({ patch: align, touched: [], dropped: [] });
    const touched = [{ reason: "inside", base: "/rich/delta", head: "/rich/delta", theirs: "/rich" }];
    expect(meet(set("/rich/delta", []), theirs).touched).toEqual(touched);
  });
});

it("an element of a list can be null, and set to null", () => {
  const set: Change = [{ type: "set", path: ["list"], key: 2, before: "three", after: null }];
  const theirs: Change = [{ type: "set", path: [], key: "list", before: base.list, after: [] }];
  const transformed = expectConvergence(base, { yours: set, theirs }, "theirs");
  expect(transformed.theirs).toMatchObject([{ before: [...base.list.slice(0, 2), null], after: [] }]);
});

describe("an insertion into a list and", () => {
  const insert = (index: number, ...values: Json[]): Patch =>
    values.map((value, i) => ({ op: "add", path: `/list/${index + i}`, value }));

  it("one in the same place: that of the winner comes after the other", () => {
    const touched = [{ reason: "list", base: "/list", head: "/list", theirs: "/list" }];
    const [yours, theirs] = [insert(1, "a", "b"), insert(1, "x")];
    expect(meet(yours, theirs, "yours")).toEqual({ patch: insert(2, "a", "b"), touched, dropped: [] });
    expect(meet(yours, theirs, "theirs")).toEqual({ patch: insert(1, "a", "b"), touched, dropped: [] });
  });

  it("a deletion around it: it stays", () => {
    const theirs: Patch = [
      { op: "remove", path: "/list/0" },
      { op: "remove", path: "/list/0" },
    ];
    expect(meet(insert(1, "a"), theirs).patch).toEqual(insert(0, "a"));
    expect(meet(theirs, insert(1, "a")).patch).toEqual([
      { op: "remove", path: "/list/0" },
      { op: "remove", path: "/list/1" },
    ]);
  });

  it("edits of texts elsewhere, or inside of its elements: they do not meet", () => {
    const theirs: Patch = [
      { op: "str_ins", path: "/list/2", pos: 0, str: "!" },
      { op: "str_del", path: "/text", pos: 0, str: "a" },
      { op: "delta", path: "/rich", delta: [{ delete: 1 }] },
    ];
    expect(meet(insert(1, "a"), theirs)).toEqual({ patch: insert(1, "a"), touched: [], dropped: [] });
    expect(meet(theirs, insert(1, "a")).patch[0]).toMatchObject({ path: "/list/3", pos: 0 });
  });

  it("what is done to what it inserted comes with it", () => {
    const yours: Patch = [
      ...insert(3, { text: "" }),
      { op: "str_ins", path: "/list/3/text", pos: 0, str: "hi" },
    ];
    expect(meet(yours, insert(0, "x")).patch).toEqual(insert(4, { text: "hi" }));
  });
});

describe("a deletion from a list and", () => {
  const remove = (...indexes: number[]): Patch => indexes.map(i => ({ op: "remove", path: `/list/${i}` }));

  it("one of the same element: it is deleted once", () => {
    expect(meet(remove(0, 0), remove(1, 1)).patch).toEqual(remove(0));
    expect(meet(remove(1), remove(1)).patch).toEqual([]);
  });

  it("an edit of a text that it deletes: the edit is lost", () => {
    const theirs: Patch = [{ op: "str_ins", path: "/list/2", pos: 5, str: "!" }];
    expect(meet(remove(2), theirs).patch).toEqual(remove(2));
    expect(meet(theirs, remove(2))).toMatchObject({ patch: [], dropped: theirs });
    expect(meet(theirs, remove(0)).patch).toEqual([{ ...theirs[0], path: "/list/1" }]);
  });

  it("an edit of a formatted text elsewhere: they do not meet", () => {
    const theirs: Patch = [{ op: "delta", path: "/rich", delta: [{ insert: "!" }] }];
    expect(meet(remove(1), theirs)).toEqual({ patch: remove(1), touched: [], dropped: [] });
  });

  it("a replacement of the element: what replaces it stays", () => {
    const yours: Patch = [{ op: "replace", path: "/list/1", value: "new" }];
    expect(meet(yours, remove(1)).patch).toEqual([{ op: "add", path: "/list/1", value: "new" }]);
  });

  it("a set of the element, as when it gets another form: it is dropped", () => {
    const set: Change = [{ type: "set", path: ["list"], key: 2, before: "three", after: rich() }];
    const deletion: Change = [{ type: "delete", path: ["list"], index: 2, values: ["three"] }];
    const { yours, dropped } = expectConvergence(base, { yours: set, theirs: deletion }, "yours");
    expect([yours, dropped]).toEqual([[], set]);
    const moved = expectConvergence(
      base,
      { yours: set, theirs: [{ ...deletion[0]!, index: 0, values: [base.list[0]!] } as ListOperation] },
      "yours",
    );
    expect(moved.yours).toEqual([{ ...set[0], key: 1 }]);
  });
});

describe("an edit of a text and", () => {
  const ins = (pos: number, str: string): Patch => [{ op: "str_ins", path: "/text", pos, str }];
  const del = (pos: number, str: string): Patch => [{ op: "str_del", path: "/text", pos, str }];
  const touched = [{ reason: "text", base: "/text", head: "/text", theirs: "/text" }];

  it("an insertion in the same place: that of the winner comes after the other", () => {
    expect(meet(ins(2, "you"), ins(2, "they"), "yours")).toEqual({
      patch: ins(6, "you"),
      touched,
      dropped: [],
    });
    expect(meet(ins(2, "you"), ins(2, "they"), "theirs").patch).toEqual(ins(2, "you"));
  });

  it("an insertion before or after: its position moves with the text", () => {
    expect(meet(ins(3, "you"), ins(1, "they")).patch).toEqual(ins(7, "you"));
    expect(meet(del(3, "d"), ins(1, "they")).patch).toEqual(del(7, "d"));
    expect(meet(ins(1, "you"), ins(3, "they")).patch).toEqual(ins(1, "you"));
  });

  it("a deletion around it: what is inserted stays, and what is deleted is deleted once", () => {
    expect(meet(ins(3, "you"), del(1, "bcde")).patch).toEqual(ins(1, "you"));
    expect(meet(del(1, "bcde"), ins(3, "they")).patch).toEqual([...del(1, "bc"), ...del(5, "de")]);
    expect(meet(del(1, "bcd"), del(2, "cde")).patch).toEqual(del(1, "b"));
  });

  it("a delta elsewhere: they do not meet", () => {
    const theirs: Patch = [{ op: "delta", path: "/rich", delta: [{ insert: "!" }] }];
    for (const yours of [ins(1, "you"), del(1, "b")]) {
      expect(meet(yours, theirs)).toEqual({ patch: yours, touched: [], dropped: [] });
    }
  });

  it("a text that replaces a root: it is written by the least edits", () => {
    const yours: Patch = [{ op: "replace", path: "/text", value: "abcdefg" }];
    expect(meet(yours, ins(0, "they")).patch).toEqual(ins(10, "g"));
  });
});

describe("a delta and", () => {
  const edit = (...delta: Delta): Patch => [{ op: "delta", path: "/rich", delta }];
  const bold = { attributes: { b: 1 } };

  it("another in the same place: that of the winner comes after the other", () => {
    const result = meet(edit({ retain: 2 }, { insert: "you" }), edit({ retain: 2 }, { insert: "they" }));
    expect(result.patch).toMatchObject(edit({ retain: 6 }, { insert: "you" }));
    expect(result.touched).toEqual([{ reason: "text", base: "/rich", head: "/rich", theirs: "/rich" }]);
  });

  it("a deletion of what it formats: the deletion stands", () => {
    const [format, deletion] = [edit({ retain: 4, ...bold }), edit({ retain: 2 }, { delete: 4 })];
    expect(meet(format, deletion).patch).toMatchObject(edit({ retain: 2, ...bold }));
    expect(meet(deletion, format).patch).toEqual([
      {
        op: "delta",
        path: "/rich",
        delta: [{ retain: 2 }, { delete: 4 }],
        inverse: [{ retain: 2 }, { insert: "cd", ...bold }, { insert: "ef" }],
      },
    ]);
  });

  it("another attribute: the characters get both; the same attribute: they get the winner's", () => {
    const yours = edit({ retain: 4, attributes: { b: 1, i: 1 } });
    const theirs = edit({ retain: 2 }, { retain: 4, attributes: { b: 2 } });
    expect(meet(yours, theirs, "yours").patch).toMatchObject([
      {
        inverse: [
          { retain: 2, attributes: { b: null, i: null } },
          { retain: 2, attributes: { b: 2, i: null } },
        ],
      },
    ]);
    expect(meet(yours, theirs, "theirs").patch).toMatchObject(
      edit({ retain: 2, attributes: { b: 1, i: 1 } }, { retain: 2, attributes: { i: 1 } }),
    );
    expect(meet(yours, yours).patch).toEqual([]);
  });

  it("what is inserted within what it formats: that keeps the format it was given", () => {
    const format = edit({ retain: 4, ...bold });
    expect(meet(format, edit({ retain: 2 }, { insert: "!" })).patch).toMatchObject(
      edit({ retain: 2, ...bold }, { retain: 1 }, { retain: 2, ...bold }),
    );
  });
});

describe("a patch", () => {
  it("is carried over all patches, or all changes, since its base", () => {
    const yours: Patch = [{ op: "str_ins", path: "/list/2", pos: 5, str: "!" }];
    const over: Patch[] = [
      [{ op: "add", path: "/list/0", value: "new" }],
      [{ op: "str_ins", path: "/list/3", pos: 0, str: "twenty-" }],
    ];
    const result = { patch: [{ ...yours[0], path: "/list/3", pos: 12 }] };
    expect(transformPatch(yours, over, { base, wins: "yours" })).toMatchObject(result);
    const changes = [changeOfPatch(base, over.flat()).change];
    expect(transformPatch(yours, changes, { base, wins: "yours" })).toMatchObject(result);
    expect(transformPatch(yours, [], { base, wins: "yours" }).patch).toEqual(yours);
  });

  it("loses what cannot be kept, and keeps the rest", () => {
    const yours: Patch = [
      { op: "replace", path: "/map/b/c", value: 3 },
      { op: "replace", path: "/map/a", value: 3 },
    ];
    const result = transformPatch(yours, [[{ op: "remove", path: "/map/b" }]], { base, wins: "yours" });
    expect(result.patch).toEqual([yours[1]]);
    expect(result.dropped).toEqual([yours[0]]);
  });

  it("that does not fit its base is refused", () => {
    const wrong: Patch = [{ op: "test", path: "/map/a", value: 2 }];
    expect(() => transformPatch(wrong, [], { base, wins: "yours" })).toThrow(
      expect.objectContaining({ code: "test-failed", operation: 0, pointer: "/map/a" }),
    );
  });
});

it("holds for a conflict what Yjs merges into one type, equal or not: a root that appears, a text that gets its first format", () => {
  const root: Change = [{ type: "set", path: [], key: "notes", before: undefined, after: "a", kind: "text" }];
  const after = rich({ insert: "abc", attributes: { b: 1 } });
  const format: Change = [{ type: "set", path: ["map"], key: "text", before: "abc", after }];
  for (const change of [root, format]) {
    const { yours, touched } = expectConvergence(base, { yours: change, theirs: change }, "yours");
    expect([yours, touched.map(({ reason }) => reason)]).toEqual([[], ["key"]]);
  }
});

it("refuses changes that do not begin at the same JSON", () => {
  const text: Change = [{ type: "textInsert", path: ["x"], index: 0, text: "a" }];
  const list: Change = [{ type: "insert", path: ["x"], index: 0, values: ["a"] }];
  const mismatch = expect.objectContaining({ code: "change-mismatch", pointer: "/x" });
  expect(() => transformChange(text, list, { wins: "yours" })).toThrow(mismatch);
});

describe("two random changes", () => {
  it("lead to one JSON whichever is applied first, and both ways back", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const base = randomDocument(random);
      const yours = randomChange(base, random, { operations: 1 + random.below(4) });
      const theirs = randomChange(base, random, { operations: 1 + random.below(4) });
      expectConvergence(base, { yours, theirs }, random.pick(["yours", "theirs"]));
    });
  });

  it("do so however long they are", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const base = randomDocument(random);
        const yours = randomChange(base, random, { operations: random.below(60) });
        const theirs = randomChange(base, random, { operations: random.below(60) });
        expectConvergence(base, { yours, theirs }, random.pick(["yours", "theirs"]));
      },
      { usually: 300 },
    );
  });
});

/** What becomes of your patch after theirs; both orders lead to one JSON, and back. */
function meet(yours: Patch, theirs: Patch, wins: Side = "yours") {
  const { change, ...result } = transformPatch(yours, [theirs], { base, wins });
  const changes = { yours: changeOfPatch(base, yours).change, theirs: changeOfPatch(base, theirs).change };
  expectConvergence(base, changes, wins);
  const head = applyPatchToJson(base, theirs);
  expect(applyPatchToJson(head, result.patch)).toEqual(applied(head as JsonObject, change));
  return result;
}

function expectConvergence(
  base: JsonObject,
  { yours, theirs }: { yours: Change; theirs: Change },
  wins: Side,
) {
  const transformed = transformChange(yours, theirs, { wins });
  const [yoursLast, theirsLast] = [
    applied(base, theirs, transformed.yours),
    applied(base, yours, transformed.theirs),
  ];
  expect(yoursLast).toEqual(theirsLast);
  for (const changes of [
    [theirs, transformed.yours],
    [yours, transformed.theirs],
  ]) {
    const json = cloneJson(applied(base, ...changes)) as MutableJsonObject;
    for (const change of changes.toReversed()) applyChange(json, change, "reverse");
    expect(json).toEqual(base);
  }
  applied(base, transformed.dropped);
  return transformed;
}

function applied(base: JsonObject, ...changes: readonly Change[]): JsonObject {
  const json = cloneJson(base) as MutableJsonObject;
  for (const change of changes) applyChange(json, change, "forward");
  return json;
}

function randomDocument(random: Random): JsonObject {
  const json: { [key: string]: Json } = {
    text: random.pick(["", "abc", "abcdefghij"]),
    rich: richText(
      random.pick([[], [{ insert: "abc" }], [{ insert: "ab", attributes: { b: 1 } }, { insert: "cdef" }]]),
    ),
  };
  for (const key of ["a", "b", "list"]) if (random.chance(0.8)) json[key] = randomValue(random, 0);
  return json;
}

function richText(delta: Json): JsonObject {
  return { $y: "text", delta, attrs: {} };
}

function randomValue(random: Random, depth: number): Json {
  const what = random.below(depth > 2 ? 3 : 8);
  if (what === 0) return random.below(3);
  if (what === 1) return random.pick(["", "x", "yz", "text"]);
  if (what === 2) return random.pick([null, true]);
  if (what === 3) return richText([{ insert: random.pick(["r", "rich"]) }]);
  if (what < 6) return Array.from({ length: random.below(5) }, () => randomValue(random, depth + 1));
  const json: { [key: string]: Json } = {};
  for (let n = random.below(4); n > 0; n--)
    json[random.pick(["a", "b", "c"])] = randomValue(random, depth + 1);
  return json;
}

/** Operations anywhere in the JSON, one after the other. */
function randomChange(base: JsonObject, random: Random, { operations }: { operations: number }): Change {
  const json = cloneJson(base) as MutableJsonObject;
  const change: Operation[] = [];
  for (let n = 0; n < operations; n++) {
    const operation = random.pick(operationsAt(json, [], random));
    applyChange(json, [operation], "forward");
    change.push(operation);
  }
  return change;
}

/** One operation for each place of the JSON. */
function operationsAt(json: Json, path: Path, random: Random): Operation[] {
  if (typeof json === "string") return [randomTextEdit(json, path, random)];
  if (isArray(json)) {
    const inner = json.flatMap((value, i) => operationsAt(value, [...path, i], random));
    return [...randomListEdits(json, path, random), ...inner];
  }
  if (!isObject(json)) return [];
  const isText = json.$y === "text";
  const members = Object.keys(json).filter(key => !isText || key === "attrs");
  const inner = members.flatMap(key => operationsAt(json[key]!, [...path, key], random));
  return [isText ? randomDelta(json.delta!, path, random) : randomSet(json, path, random), ...inner];
}

function randomSet(json: JsonObject, path: Path, random: Random): Operation {
  const key = random.pick(["a", "b", "c", ...Object.keys(json)]);
  const before = Object.hasOwn(json, key) ? json[key] : undefined;
  const after = before !== undefined && random.chance(0.3) ? undefined : randomValue(random, path.length + 1);
  return { type: "set", path, key, before, after };
}

function randomListEdits(list: readonly Json[], path: Path, random: Random): Operation[] {
  const index = random.below(list.length + 1);
  const values = Array.from({ length: 1 + random.below(2) }, () => randomValue(random, path.length + 1));
  const insert: Operation = { type: "insert", path, index, values };
  const removed = list.slice(index, index + 1 + random.below(2));
  if (removed.length === 0) return [insert];
  const set: Operation = { type: "set", path, key: index, before: list[index], after: values[0] };
  return [insert, { type: "delete", path, index, values: removed }, set];
}

function randomTextEdit(text: string, path: Path, random: Random): Operation {
  const index = random.below(text.length + 1);
  const piece = text.slice(index, index + 1 + random.below(4));
  return piece !== "" && random.chance(0.5)
    ? { type: "textDelete", path, index, text: piece }
    : { type: "textInsert", path, index, text: random.pick(["1", "23", "456"]) };
}

function randomDelta(content: Json, path: Path, random: Random): Operation {
  const document = parseDeltaDocument(content);
  const length = document.reduce(
    (sum, { insert }) => sum + (typeof insert === "string" ? insert.length : 1),
    0,
  );
  const index = random.below(length + 1);
  const count = Math.min(length - index, 1 + random.below(3));
  const attributes = random.pick<JsonObject>([{ b: 1 }, { b: null }, { b: 2, i: 1 }, { i: null }]);
  const [retain, edit] = [
    { retain: index },
    count > 0 && random.chance(0.7)
      ? random.pick([{ delete: count }, { retain: count, attributes }])
      : random.pick([{ insert: "R", attributes: { b: 1 } }, { insert: "S" }, { insert: { image: 1 } }]),
  ];
  const pair = deltaPairOf(richRunsOn(document, index === 0 ? [edit] : [retain, edit]));
  return pair === null
    ? { type: "set", path, key: "none", before: undefined, after: undefined }
    : { type: "delta", path, ...pair };
}
