import { describe, expect, it } from "vitest";
import type { Change, Operation } from "./change.js";
import { cloneJson, type MutableJsonObject } from "./json.js";
import { applyChange, beginReplay } from "./replay.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";

const short = { list: ["a", { text: "in a list" }], map: { text: "in a map" }, text: "" };
const long = { ...short, text: "The quick brown fox. ".repeat(400), other: "x".repeat(5000) };

describe("a replay", () => {
  it("goes where each change alone leads, and back, whatever is edited in between", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const json = cloneJson(random.chance(0.2) ? short : long) as MutableJsonObject;
      const before = cloneJson(json);
      const replay = beginReplay(cloneJson(json) as MutableJsonObject);
      const changes: Change[] = [];
      for (let i = 0; i < 40; i++) {
        const change: Operation[] = [];
        for (let n = 1 + random.below(3); n > 0; n--) {
          const operation = randomOperation(json, random);
          applyChange(json, [operation], "forward");
          change.push(operation);
        }
        changes.push(change);
        replay.apply(change, "forward");
      }
      expect(replay.end()).toEqual(json);
      const back = beginReplay(json);
      for (const change of changes.reverse()) back.apply(change, "reverse");
      expect(back.end()).toEqual(before);
    });
  });

  it("puts a text back before the list that holds it moves it on", () => {
    const replay = beginReplay(cloneJson(short) as MutableJsonObject);
    const edit: Operation = { type: "textInsert", path: ["list", 1, "text"], index: 0, text: "first " };
    replay.apply([edit], "forward");
    replay.apply([{ type: "insert", path: ["list"], index: 0, values: [{ text: "new" }] }], "forward");
    replay.apply([{ ...edit, path: ["list", 2, "text"], text: "second " }], "forward");
    expect(replay.end().list).toEqual([{ text: "new" }, "a", { text: "second first in a list" }]);
  });

  it("takes texts of any length, and takes them apart to nothing", () => {
    const text = "0123456789".repeat(70_000);
    const insert: Change = [{ type: "textInsert", path: ["text"], index: 0, text }];
    const replay = beginReplay(cloneJson(short) as MutableJsonObject);
    replay.apply(insert, "forward");
    replay.apply([{ type: "textInsert", path: ["text"], index: text.length, text: "." }], "forward");
    replay.apply([{ type: "textDelete", path: ["text"], index: text.length, text: "." }], "forward");
    replay.apply(insert, "reverse");
    replay.apply([{ type: "textInsert", path: ["text"], index: 0, text: "again" }], "forward");
    expect(replay.end().text).toBe("again");
  });
});

/** What can be done to such a JSON as it is. */
function randomOperation(json: MutableJsonObject, random: Random): Operation {
  const { list } = json as typeof short;
  if (random.chance(0.1)) {
    return { type: "insert", path: ["list"], index: random.below(list.length), values: ["new"] };
  }
  if (random.chance(0.1)) {
    return { type: "set", path: ["map"], key: "text", before: textOf(json, ["map", "text"]), after: "set" };
  }
  if (random.chance(0.05)) {
    const text = textOf(json, ["text"]);
    return { type: "set", path: [], key: "text", before: text, after: text.slice(1) };
  }
  const paths = [["text"], ["text"], ["text"], ["map", "text"], ["list", list.length - 1, "text"]];
  const path = paths[random.below(paths.length)]!;
  const text = textOf(json, path);
  const index = random.below(text.length + 1);
  const length = Math.min(text.length - index, random.chance(0.1) ? random.below(3000) : random.below(4));
  if (length > 0 && random.chance(0.5)) {
    return { type: "textDelete", path, index, text: text.slice(index, index + length) };
  }
  return { type: "textInsert", path, index, text: "ab".repeat(random.chance(0.1) ? 3000 : 1) };
}

function textOf(json: MutableJsonObject, path: readonly (string | number)[]): string {
  let value: unknown = json;
  for (const segment of path) value = (value as Record<string | number, unknown>)[segment];
  return value as string;
}
