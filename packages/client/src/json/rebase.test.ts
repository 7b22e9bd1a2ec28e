import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPatch, type Json, type PlainOperation, type PlainPatch } from "./json-patch.js";
import { overlap, pass } from "./rebase.js";

const lists = new Set(["/list", "/list/*"]);
const before = { text: "abcdef", list: [[0], [1], [2]], key: 0 };

/** Operations that hold wherever they are run, in a document of a text and a list of lists. */
const step = fc.record({
  what: fc.constantFrom("type", "erase", "insert", "remove", "inner", "set"),
  at: fc.nat(100),
  value: fc.nat(9),
});

/** A patch made of steps, each on what the one before has left. */
function patchOf(steps: readonly { what: string; at: number; value: number }[]): PlainPatch {
  const patch: PlainOperation[] = [];
  let json: typeof before = before;
  for (const { what, at, value } of steps) {
    const next = operationOf(json, { what, at, value });
    if (next === null) continue;
    patch.push(next);
    json = applyPatch(json, [next]) as unknown as typeof before;
  }
  return patch;
}

function operationOf(
  { text, list }: typeof before,
  { what, at, value }: { what: string; at: number; value: number },
): PlainOperation | null {
  switch (what) {
    case "type":
      return { op: "str_ins", path: "/text", pos: at % (text.length + 1), str: `${value}${value}` };
    case "erase": {
      const pos = at % (text.length + 1);
      return { op: "str_del", path: "/text", pos, str: text.slice(pos, pos + 3) };
    }
    case "insert":
      return { op: "add", path: `/list/${at % (list.length + 1)}`, value: [value] };
    case "remove":
      return list.length === 0 ? null : { op: "remove", path: `/list/${at % list.length}` };
    case "inner":
      return list.length === 0 ? null : { op: "add", path: `/list/${at % list.length}/0`, value };
    default:
      return { op: "replace", path: `/key`, value };
  }
}

describe("two patches that pass one another", () => {
  it("lead to the same document, whichever comes first, as long as neither is in what the other removes", () => {
    const steps = fc.array(step, { maxLength: 4 });
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const [ours, theirs] = [patchOf(one.filter(({ what }) => what !== "set")), patchOf(other)];
        const removes = [...ours, ...theirs].some(({ op }) => op === "remove");
        const passed = pass(ours, theirs, { lists });
        expect(passed !== null || removes).toBe(true);
        if (passed === null) return;
        const behindThem = applyPatch(applyPatch(before, theirs), passed.ours);
        if (removes) return;
        expect(behindThem).toEqual(applyPatch(applyPatch(before, ours), passed.theirs));
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000), seed: Number(process.env.VERSO_SEED ?? 1) },
    );
  });

  const cases: [string, PlainPatch, PlainPatch, PlainPatch | null][] = [
    [
      "an insertion behind another at the same place",
      [{ op: "str_ins", path: "/text", pos: 2, str: "X" }],
      [{ op: "str_ins", path: "/text", pos: 2, str: "YY" }],
      [{ op: "str_ins", path: "/text", pos: 4, str: "X" }],
    ],
    [
      "a deletion around an insertion, in two",
      [{ op: "str_del", path: "/text", pos: 1, str: "bcd" }],
      [{ op: "str_ins", path: "/text", pos: 2, str: "YY" }],
      [
        { op: "str_del", path: "/text", pos: 1, str: "b" },
        { op: "str_del", path: "/text", pos: 3, str: "cd" },
      ],
    ],
    [
      "a deletion of what is deleted already",
      [{ op: "str_del", path: "/text", pos: 2, str: "c" }],
      [{ op: "str_del", path: "/text", pos: 1, str: "bcd" }],
      [],
    ],
    [
      "something in an element that was removed",
      [{ op: "replace", path: "/list/1/0", value: 9 }],
      [{ op: "remove", path: "/list/1" }],
      null,
    ],
    [
      "a member whose name is a number",
      [{ op: "add", path: "/key/5", value: 9 }],
      [{ op: "add", path: "/key/1", value: 9 }],
      [{ op: "add", path: "/key/5", value: 9 }],
    ],
    [
      "an element at the end",
      [{ op: "add", path: "/list/-", value: 9 }],
      [{ op: "add", path: "/list/0", value: 1 }],
      [{ op: "add", path: "/list/-", value: 9 }],
    ],
  ];
  it.each(cases)("%s", (_, ours, theirs, expected) => {
    expect(pass(ours, theirs, { lists })?.ours ?? null).toEqual(expected);
  });

  it("do not, where that would take too long", () => {
    const long: PlainPatch = Array.from(
      { length: 1000 },
      () => ({ op: "add", path: "/list/0", value: 0 }) as const,
    );
    expect(pass(long, long, { lists })).toBe(null);
  });
});

describe("two patches overlap", () => {
  const at = (path: string, value: Json = 1): PlainPatch => [{ op: "replace", path, value }];

  it.each<[string, PlainPatch, PlainPatch, boolean]>([
    ["at the same place", at("/key"), at("/key"), true],
    ["when one is inside the other", at("/list/0/0"), at("/list"), true],
    ["when one is the whole", at("/key"), at(""), true],
    ["not side by side", at("/key"), at("/text"), false],
    ["not in names that begin alike", at("/key"), at("/keys"), false],
    ["not in two elements", at("/list/0"), at("/list/1"), false],
    ["when one moves the other's element", [{ op: "remove", path: "/list/0" }], at("/list/1/0"), true],
    ["not when a member comes beside", [{ op: "add", path: "/new", value: 1 }], at("/key"), false],
  ])("%s", (_, one, other, expected) => {
    expect(overlap(one, other, { lists })).toBe(expected);
    expect(overlap(other, one, { lists })).toBe(expected);
  });
});
