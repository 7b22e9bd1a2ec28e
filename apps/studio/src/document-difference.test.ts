import { applyPatchToJson, type Json, type JsonObject, type Patch } from "@verso/bridge";
import { createRandom, forEachSeed, type Random } from "@verso/bridge/testing";
import { expect, it } from "vitest";
import { differenceOf, type View } from "./document-difference.js";

function difference(before: Json, patch: Patch) {
  return differenceOf(before, { patch: [...patch], rfc6902_patch: [] });
}

/** What a side says, with square brackets around what is on it only. */
function spell(view: View): unknown {
  switch (view.kind) {
    case "value":
      return view.isMarked ? { marked: view.json } : view.json;
    case "text":
      return view.stretches.map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join("");
    case "object":
      return Object.fromEntries(view.members.map(([key, member]) => [key, spell(member)]));
    case "array":
      return view.elements.map(spell);
  }
}

it("a text is marked unit by unit, where its two sides differ", () => {
  const { before, after } = difference({ content: "The quick fox." }, [
    { op: "str_del", path: "/content", pos: 4, str: "quick" },
    { op: "str_ins", path: "/content", pos: 4, str: "slow" },
    { op: "str_ins", path: "/content", pos: 13, str: " It jumps" },
    { op: "str_del", path: "/content", pos: 14, str: "It " },
  ]);
  expect(spell(before)).toEqual({ content: "The [quick] fox." });
  expect(spell(after)).toEqual({ content: "The [slow] fox.[ jumps]" });
});

it("members and elements are marked where they came, went or became another", () => {
  const { before, after } = difference({ order: { status: "draft", email: "a@b.c" }, lines: [1, 2, 3] }, [
    { op: "replace", path: "/order/status", value: "sent" },
    { op: "remove", path: "/order/email" },
    { op: "add", path: "/order/total", value: { net: 5 } },
    { op: "replace", path: "/order/total/net", value: 6 },
    { op: "remove", path: "/lines/1" },
    { op: "add", path: "/lines/0", value: 0 },
    { op: "add", path: "/lines/-", value: 4 },
  ]);
  expect(spell(before)).toEqual({
    order: { status: { marked: "draft" }, email: { marked: "a@b.c" } },
    lines: [1, { marked: 2 }, 3],
  });
  expect(spell(after)).toEqual({
    order: { status: { marked: "sent" }, total: { marked: { net: 6 } } },
    lines: [{ marked: 0 }, 1, 3, { marked: 4 }],
  });
});

it("what went and came back is no difference", () => {
  const { before, after } = difference({ map: { a: [1] } }, [
    { op: "remove", path: "/map/a" },
    { op: "add", path: "/map/a", value: [1] },
  ]);
  expect(spell(before)).toEqual({ map: { a: [1] } });
  expect(spell(after)).toEqual({ map: { a: [1] } });
});

it("a text whose formats have changed is another", () => {
  const after = { $y: "text", delta: [{ insert: "b", attributes: { bold: true } }] };
  const shown = differenceOf(
    { note: "b" },
    {
      patch: [{ op: "delta", path: "/note", delta: [] }],
      rfc6902_patch: [{ op: "replace", path: "/note", value: after }],
    },
  );
  expect(spell(shown.after)).toEqual({ note: { marked: after } });
});

it("the sides are the two versions, whatever has happened between them", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const before = { text: "a text", list: [1, [2], "three"], map: { a: 1, b: { c: "d" } } };
    let json: Json = before;
    const patch: Patch[number][] = [];
    for (let steps = random.below(12); steps > 0; steps--) {
      const operation = randomOperation(json as JsonObject, random);
      json = applyPatchToJson(json, [operation]);
      patch.push(operation);
    }
    const shown = difference(before, patch);
    expect(plain(shown.before)).toEqual(before);
    expect(plain(shown.after)).toEqual(json);
  });
});

function randomOperation({ text, list, map }: JsonObject, random: Random): Patch[number] {
  const words = String(text);
  const elements = list as Json[];
  const key = random.pick(["a", "b", "e"]);
  const has = Object.hasOwn(map as JsonObject, key);
  const value = random.pick<Json>([7, "seven", { c: [1] }, [random.below(3)]]);
  switch (random.below(6)) {
    case 0:
      return {
        op: "str_ins",
        path: "/text",
        pos: random.below(words.length + 1),
        str: random.pick(["x", "yz"]),
      };
    case 1: {
      const pos = random.below(words.length + 1);
      return { op: "str_del", path: "/text", pos, str: words.slice(pos, pos + random.below(4)) };
    }
    case 2:
      return { op: "add", path: `/list/${random.below(elements.length + 1)}`, value };
    case 3:
      if (elements.length === 0) return { op: "add", path: "/list/-", value };
      return {
        op: random.pick(["remove", "replace"]),
        path: `/list/${random.below(elements.length)}`,
        value,
      };
    case 4:
      return { op: "add", path: `/map/${key}`, value };
    default:
      return has ? { op: "remove", path: `/map/${key}` } : { op: "add", path: `/map/${key}`, value };
  }
}

function plain(view: View): Json {
  switch (view.kind) {
    case "value":
      return view.json;
    case "text":
      return view.stretches.map(({ text }) => text).join("");
    case "object":
      return Object.fromEntries(view.members.map(([key, member]) => [key, plain(member)]));
    case "array":
      return view.elements.map(plain);
  }
}
