import { describe, expect, it } from "vitest";
import type { Change, Operation } from "./change.js";
import { parseDeltaDocument } from "./delta.js";
import { cloneJson, isArray, isObject, type Json, type JsonObject, type MutableJsonObject } from "./json.js";
import type { Path } from "./pointer.js";
import { applyChange } from "./replay.js";
import { deltaPairOf, richRunsOn } from "./rich-runs.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";
import { type Side, transformChange } from "./transform.js";

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
