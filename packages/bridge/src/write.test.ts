import * as fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import * as rfc6902 from "rfc6902";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { BridgeErrorCode } from "./errors.js";
import { type Json, type JsonObject, jsonEqual } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import { observePatches } from "./observe.js";
import type { Patch } from "./patch.js";
import { type Roots, read } from "./read.js";
import { createRandom, forEachSeed, simulate, watchPatches } from "./testing.js";
import { applyPatch, write } from "./write.js";

const roots: Roots = { m: "map", a: "array", t: "text", r: "richText", x: "xmlFragment" };

describe("write", () => {
  it("restores what read gave, for every peer", () => {
    forEachSeed(seed => {
      const undeclared: Roots = seed % 2 === 0 ? {} : { u: "xmlElement", v: "xmlText" };
      const doc = simulate({
        seed,
        steps: 10,
        roots,
        undeclared,
        richText: true,
        contradictions: seed % 3 === 0,
        watch: () => {},
      });
      const kinds = { ...roots, ...undeclared };
      const json = read(doc, kinds);
      const copy = new Y.Doc();
      write(copy, json, { roots: kinds });
      expect(jsonEqual(read(copy, kinds), json), JSON.stringify([json, read(copy, kinds)])).toBe(true);
      const remote = new Y.Doc();
      Y.applyUpdate(remote, Y.encodeStateAsUpdate(copy));
      expect(jsonEqual(read(remote, kinds), json)).toBe(true);
      const written = Y.encodeStateAsUpdate(copy);
      write(copy, json, { roots: kinds });
      expect(Y.encodeStateAsUpdate(copy)).toEqual(written);
    });
  });

  it("makes a document that holds something else equal, and leaves what is equal alone", () => {
    forEachSeed(seed => {
      const [doc, other] = [seed, seed + 1_000_000].map(from =>
        simulate({
          seed: from,
          steps: 8,
          roots,
          richText: true,
          contradictions: from % 3 === 0,
          watch: () => {},
        }),
      );
      const json = read(other!, roots);
      write(doc!, json, { roots });
      expect(jsonEqual(read(doc!, roots), json), JSON.stringify([json, read(doc!, roots)])).toBe(true);
    });
  });

  it("looks at a long list that was pushed at once no more than once: else this would take minutes", () => {
    const doc = new Y.Doc();
    const list = Array.from({ length: 60_000 }, (_, i) => i);
    doc.getArray("a").push(list);
    write(doc, { a: [...list, -1] }, { roots });
    write(doc, { a: list.map(i => ({ i })) }, { roots });
    expect(read(doc, roots).a).toHaveLength(list.length);
  });

  it("makes roots for their values where it is not told their kinds", () => {
    const doc = new Y.Doc();
    write(doc, { o: { k: [1] }, l: [1, { k: "v" }], s: "text", f: { $y: "frag", children: [] } });
    expect(doc.getMap("o").toJSON()).toEqual({ k: [1] });
    expect(doc.getArray("l").toJSON()).toEqual([1, { k: "v" }]);
    expect(doc.getText("s").toString()).toBe("text");
  });

  it("refuses a root that no shared type can be, and then writes nothing", () => {
    for (const value of [1, null, true, { $y: "bin", v: "" }, { $y: "doc", guid: "g", opts: {} }]) {
      const doc = new Y.Doc();
      expect(() => write(doc, { ok: "text", bad: value })).toThrow(
        expect.objectContaining({ code: "fixed-root" }),
      );
      expect(Y.encodeStateAsUpdate(doc)).toEqual(Uint8Array.of(0, 0));
    }
  });
});

describe("applyPatch", () => {
  it("leads from any JSON to any other", () => {
    fc.assert(
      fc.property(members, members, fc.boolean(), fc.boolean(), (from, to, merge, byFastJsonPatch) => {
        const doc = docWith({ m: from });
        const patch = byFastJsonPatch ? fastJsonPatch.compare(from, to) : rfc6902.createPatch(from, to);
        applyPatch(doc, under("/m", patch), { roots, merge });
        expect(jsonEqual(read(doc, { m: "map" }).m!, to)).toBe(true);
      }),
      parameters,
    );
  });

  it("does to a document what applyPatchToJson does to its JSON", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const doc = simulate({ seed, steps: 8, roots, richText: true, watch: () => {} });
      const json = read(doc, roots);
      const watch = watchPatches(doc, { roots });
      const patch = randomPatch(json, random);
      let expected: Json;
      const before = Y.encodeStateAsUpdate(doc);
      try {
        expected = applyPatchToJson(json, patch);
        applyPatch(doc, patch, { roots, merge: random.chance(0.5) });
      } catch (error) {
        // Some of what plain JSON can become a document cannot; then nothing may have happened.
        expect(error).toMatchObject({ name: "BridgeError" });
        expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
        return;
      }
      expect(jsonEqual(watch.json, normal(expected)), JSON.stringify([patch, expected, watch.json])).toBe(
        true,
      );
    });
  });

  it("writes nothing at all when the last operation fails", () => {
    fc.assert(
      fc.property(members, members, fc.boolean(), (from, to, merge) => {
        const doc = docWith({ m: from });
        const before = Y.encodeStateAsUpdate(doc);
        const patch: Patch = [
          ...under("/m", rfc6902.createPatch(from, to)),
          { op: "test", path: "/m", value: "never" },
        ];
        expect(() => applyPatch(doc, patch, { roots, merge })).toThrow(
          expect.objectContaining({ code: "test-failed", operation: patch.length - 1, pointer: "/m" }),
        );
        expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
      }),
      parameters,
    );
  });

  describe("writes the least", () => {
    it("nothing for equal values", () => {
      const json = { m: { a: [1, { b: "c" }], d: { e: null } }, t: "text", a: [1, [2], "3"] };
      const doc = docWith(json);
      const patch: Patch = [
        { op: "replace", path: "/m", value: json.m },
        { op: "add", path: "/m/d", value: { e: null } },
        { op: "remove", path: "/a/1" },
        { op: "add", path: "/a/1", value: [2] },
        { op: "replace", path: "/t", value: "text" },
        { op: "move", from: "/m/a", path: "/m/a" },
      ];
      expect(structsWritten(doc, () => applyPatch(doc, patch, { roots }))).toBe(0);
    });

    it("one set for a key, however often the patch sets it", () => {
      const doc = docWith({ m: {} });
      const patch: Patch = [1, 2, 3].map(value => ({ op: "add", path: "/m/k", value }));
      expect(structsWritten(doc, () => applyPatch(doc, patch, { roots }))).toBe(1);
    });

    it("no other element of a list, and each keeps its identity", () => {
      const doc = docWith({ a: [{ id: 1 }, { id: 2 }, { id: 3 }] });
      const [first, , third] = doc.getArray("a").toArray();
      applyPatch(
        doc,
        [
          { op: "remove", path: "/a/1" },
          { op: "add", path: "/a/0", value: { id: 0 } },
          { op: "replace", path: "/a/2/id", value: 33 },
        ],
        { roots },
      );
      expect(doc.getArray("a").toJSON()).toEqual([{ id: 0 }, { id: 1 }, { id: 33 }]);
      expect(doc.getArray("a").get(1)).toBe(first);
      expect(doc.getArray("a").get(2)).toBe(third);
    });

    it("the difference of a text, so that others' edits beside it live", () => {
      const doc = docWith({ t: "The quick fox" });
      const other = new Y.Doc();
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
      other.getText("t").insert(13, " jumps");
      applyPatch(doc, [{ op: "replace", path: "/t", value: "The slow fox" }], { roots });
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
      expect(doc.getText("t").toString()).toBe("The slow fox jumps");
    });

    it("with merge, inside the type that is there", () => {
      const list = Array.from({ length: 200 }, (_, id) => ({ id, title: `row ${id}` }));
      const doc = docWith({ m: { list } });
      const changed = structuredClone(list);
      changed[100]!.title = "changed";
      changed.splice(50, 0, { id: 999, title: "new" });
      const patch: Patch = [{ op: "replace", path: "/m/list", value: changed }];
      // A map and its two members, a member's new value and the deletion of the old one.
      expect(structsWritten(doc, () => applyPatch(doc, patch, { roots, merge: true }))).toBe(5);
      expect(read(doc, { m: "map" }).m).toEqual({ list: changed });
    });

    it("only the cell in which a plain object lies", () => {
      const doc = new Y.Doc();
      doc.getMap("m").set("cell", { a: { b: [1, 2] } });
      applyPatch(doc, [{ op: "add", path: "/m/cell/a/b/1", value: 9 }], { roots });
      expect(doc.getMap("m").get("cell")).toEqual({ a: { b: [1, 9, 2] } });
    });
  });

  describe("edits texts", () => {
    it("by str_ins and str_del, which may lie in a Y.Text or in a cell", () => {
      const doc = docWith({ t: "hello", m: { s: "hello" } });
      const edits = (path: string): Patch => [
        { op: "str_ins", path, pos: 5, str: " world" },
        { op: "str_del", path, pos: 0, str: "h" },
        { op: "str_ins", path, pos: 0, str: "J" },
      ];
      applyPatch(doc, [...edits("/t"), ...edits("/m/s")], { roots });
      expect(read(doc, roots)).toMatchObject({ t: "Jello world", m: { s: "Jello world" } });
    });

    it("where textAt says that a string is one", () => {
      const doc = new Y.Doc();
      const textAt = (path: readonly string[]) => path[path.length - 1] === "body";
      applyPatch(doc, [{ op: "add", path: "/m/list", value: [{ body: "a", title: "b" }] }], {
        roots,
        textAt,
      });
      const row = (doc.getMap("m").get("list") as Y.Array<Y.Map<unknown>>).get(0);
      expect(row.get("body")).toBeInstanceOf(Y.Text);
      expect(row.get("title")).toBe("b");
      const body = row.get("body");
      applyPatch(doc, [{ op: "replace", path: "/m/list/0/body", value: "abc" }], { roots });
      expect(row.get("body")).toBe(body);
      expect(String(body)).toBe("abc");
    });

    it("by deltas, with embedded types and attributes", () => {
      const doc = docWith({ r: "hello" });
      applyPatch(
        doc,
        [
          {
            op: "delta",
            path: "/r",
            delta: [
              { retain: 5, attributes: { bold: true } },
              { insert: { image: 1 } },
              { insert: { $y: "type", v: { k: ["v"] } }, attributes: { i: 1 } },
              { insert: "!" },
            ],
          },
          { op: "add", path: "/r/attrs/dir", value: "ltr" },
        ],
        { roots },
      );
      expect(read(doc, { r: "richText" }).r).toEqual({
        $y: "text",
        delta: [
          { insert: "hello", attributes: { bold: true } },
          { insert: { image: 1 } },
          { insert: { $y: "type", v: { k: ["v"] } }, attributes: { i: 1 } },
          { insert: "!" },
        ],
        attrs: { dir: "ltr" },
      });
      applyPatch(doc, [{ op: "replace", path: "/r/delta", value: [{ insert: "hey" }] }], { roots });
      expect(read(doc, { r: "richText" }).r).toEqual({
        $y: "text",
        delta: [{ insert: "hey" }],
        attrs: { dir: "ltr" },
      });
    });

    it("never between the halves of a surrogate pair", () => {
      const doc = docWith({ t: "x😀y", r: "x😀y" });
      const before = Y.encodeStateAsUpdate(doc);
      const splitting: Patch = [
        { op: "str_ins", path: "/t", pos: 2, str: "!" },
        { op: "str_del", path: "/t", pos: 1, str: "\ud83d" },
        { op: "str_del", path: "/t", pos: 2, str: "\ude00y" },
        { op: "delta", path: "/r", delta: [{ retain: 2, attributes: { b: 1 } }] },
      ];
      for (const operation of splitting) {
        expect(() => applyPatch(doc, [operation], { roots })).toThrow(
          expect.objectContaining({ code: "split-surrogate", operation: 0, pointer: operation.path }),
        );
      }
      expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
      applyPatch(doc, [{ op: "replace", path: "/t", value: "x😁y" }], { roots });
      expect(doc.getText("t").toString()).toBe("x😁y");
    });

    it("of 100,000 differing characters without comparing each with each", () => {
      const random = createRandom(1);
      const text = () => Array.from({ length: 100_000 }, () => random.pick([..."abcdefgh"])).join("");
      const doc = docWith({ t: text() });
      const other = text();
      const edits: string[] = [];
      observePatches(doc, { roots }, ({ change }) => edits.push(...change.map(({ type }) => type)));
      applyPatch(doc, [{ op: "replace", path: "/t", value: other }], { roots });
      expect(doc.getText("t").toString()).toBe(other);
      expect(edits).toEqual(["textDelete", "textInsert"]);
    });
  });

  describe("edits XML", () => {
    const paragraph = {
      $y: "xml",
      tag: "p",
      attrs: { id: "1" },
      children: [{ $y: "xtext", delta: [], attrs: {} }],
    };

    it("by attributes, children and the text in them", () => {
      const doc = docWith({ x: { $y: "frag", children: [paragraph] } });
      const element = doc.getXmlFragment("x").get(0);
      applyPatch(
        doc,
        [
          { op: "add", path: "/x/children/0/attrs/class", value: "lead" },
          { op: "remove", path: "/x/children/0/attrs/id" },
          { op: "delta", path: "/x/children/0/children/0", delta: [{ insert: "Hi" }] },
          { op: "add", path: "/x/children/0/children/-", value: { ...paragraph, tag: "b" } },
          { op: "add", path: "/x/children/1", value: paragraph },
          { op: "copy", from: "/x/children/0/children/0", path: "/x/children/1/children/0" },
          { op: "test", path: "/x/children/0/tag", value: "p" },
        ],
        { roots },
      );
      expect(doc.getXmlFragment("x").get(0)).toBe(element);
      expect(doc.getXmlFragment("x").toString()).toBe('<p class="lead">Hi<b id="1"></b></p><p id="1">Hi</p>');
    });

    const refused: [Patch[number], BridgeErrorCode][] = [
      [{ op: "replace", path: "/x/children/0/tag", value: "b" }, "not-editable"],
      [{ op: "remove", path: "/x/children/0/attrs" }, "not-editable"],
      [{ op: "add", path: "/x/children/0/style", value: {} }, "not-editable"],
      [{ op: "add", path: "/x/children/0", value: "text" }, "invalid-value"],
      [{ op: "add", path: "/x/children/0", value: {} }, "invalid-value"],
      [{ op: "replace", path: "/x/children/0/children", value: [1] }, "invalid-value"],
    ];
    for (const [operation, code] of refused) {
      it(`refuses ${JSON.stringify(operation)}`, () => {
        const doc = docWith({ x: { $y: "frag", children: [paragraph] } });
        const before = Y.encodeStateAsUpdate(doc);
        expect(() => applyPatch(doc, [operation], { roots })).toThrow(expect.objectContaining({ code }));
        expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
      });
    }
  });

  describe("roots", () => {
    it("are edited where they are replaced, and stay what they are", () => {
      const doc = docWith({ m: { a: 1, b: { c: 1 } }, a: [1, 2, 3], t: "abc" });
      const nested = doc.getMap("m").get("b");
      applyPatch(
        doc,
        [
          { op: "replace", path: "/m", value: { b: { c: 2 }, d: 1 } },
          { op: "replace", path: "/a", value: [0, 1, 3] },
          { op: "add", path: "/t", value: "abcd" },
        ],
        { roots },
      );
      expect(read(doc, { m: "map", a: "array", t: "text" })).toEqual({
        m: { b: { c: 2 }, d: 1 },
        a: [0, 1, 3],
        t: "abcd",
      });
      expect(doc.getMap("m").get("b")).toBe(nested);
    });

    it("are made where nobody declared them", () => {
      const doc = new Y.Doc();
      applyPatch(doc, [{ op: "add", path: "/notes", value: "hi" }]);
      expect(doc.getText("notes").toString()).toBe("hi");
    });

    const refused: Patch[number][] = [
      { op: "remove", path: "/m" },
      { op: "move", from: "/m", path: "/a" },
      { op: "replace", path: "/m", value: [] },
      { op: "replace", path: "/a", value: {} },
      { op: "replace", path: "/t", value: 1 },
      { op: "replace", path: "/x", value: { $y: "xml", tag: "p", attrs: {}, children: [] } },
      { op: "add", path: "", value: {} },
    ];
    for (const operation of refused) {
      it(`cannot be removed or become something else: ${JSON.stringify(operation)}`, () => {
        expect(() => applyPatch(docWith({ m: {} }), [operation], { roots })).toThrow(
          expect.objectContaining({ code: "fixed-root", operation: 0 }),
        );
      });
    }

    it("of texts that the application uses as something else are not edited as texts", () => {
      const doc = new Y.Doc();
      doc.getMap("t");
      expect(() => applyPatch(doc, [{ op: "replace", path: "/t", value: "a" }], { roots })).toThrow(
        expect.objectContaining({ code: "fixed-root" }),
      );
    });
  });

  describe("values that no peer could read are refused", () => {
    const refused: [name: string, value: unknown, code: BridgeErrorCode][] = [
      ["a Date", new Date(0), "invalid-value"],
      ["undefined inside", { a: undefined }, "invalid-value"],
      ["a BigInt", 1n, "invalid-value"],
      ["NaN", Number.NaN, "invalid-value"],
      ["negative zero", [-0], "invalid-value"],
      ["a lone surrogate", "a\ud83d", "invalid-value"],
      ["a lone surrogate in a key", { "\ud83d": 1 }, "invalid-value"],
      ["a tag without sense", { $y: "nonsense" }, "invalid-value"],
      ["a text with other members", { $y: "text", delta: [], attrs: {}, more: 1 }, "invalid-value"],
      [
        "a text with a number in it",
        { $y: "text", delta: [{ insert: { $y: "value", v: 1 } }], attrs: {} },
        "invalid-value",
      ],
      [
        "a mixed text in which nothing is mixed",
        { $y: "mixed", kind: "text", tag: "", delta: [], attrs: {} },
        "invalid-value",
      ],
      [
        "a mixed type of no kind",
        { $y: "mixed", kind: "toString", tag: "", delta: [], attrs: {} },
        "invalid-value",
      ],
      ["a key __proto__", JSON.parse('{"__proto__":1}'), "forbidden-key"],
      ["a key constructor", { constructor: 1 }, "forbidden-key"],
    ];
    for (const [name, value, code] of refused) {
      it(name, () => {
        const doc = docWith({ m: { list: [1] } });
        const before = Y.encodeStateAsUpdate(doc);
        for (const path of ["/m/k", "/m/list/0"]) {
          expect(() =>
            applyPatch(doc, [{ op: "add", path, value: { in: value } as Json }], { roots }),
          ).toThrow(expect.objectContaining({ code, operation: 0, pointer: path }));
        }
        expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
      });
    }
  });

  it("takes tagged values for what they say, wherever they are put", () => {
    const doc = new Y.Doc();
    const values: JsonObject = {
      undefined: { $y: "undefined" },
      nan: { $y: "num", v: "NaN" },
      bigint: { $y: "bigint", v: "12" },
      bin: { $y: "bin", v: "AQI=" },
      doc: { $y: "doc", guid: "g", opts: {} },
      own: { $$y: 1 },
      text: { $y: "text", delta: [{ insert: "a", attributes: { b: 1 } }], attrs: {} },
      hook: { $y: "hook", name: "video", attrs: { src: "u" } },
    };
    const list = Object.values(values);
    applyPatch(doc, [{ op: "add", path: "/m/all", value: { values, list } }], { roots });
    expect(read(doc, { m: "map" }).m).toEqual({ all: { values, list } });
    const remote = new Y.Doc();
    Y.applyUpdate(remote, Y.encodeStateAsUpdate(doc));
    expect(read(remote, { m: "map" }).m).toEqual({ all: { values, list } });
    const all = doc.getMap<Y.Map<Y.Map<unknown>>>("m").get("all")!.get("values")!;
    expect(all.get("bin")).toEqual(Uint8Array.of(1, 2));
    expect(all.get("bigint")).toBe(12n);
    expect(all.get("doc")).toBeInstanceOf(Y.Doc);
  });

  it("is one transaction with the origin it is given, or part of the running one", () => {
    const doc = docWith({ m: {} });
    const origins: unknown[] = [];
    doc.on("update", (_update, origin) => origins.push(origin));
    const patch: Patch = [
      { op: "add", path: "/m/a", value: 1 },
      { op: "add", path: "/t", value: "x" },
    ];
    applyPatch(doc, patch, { roots, origin: "api" });
    doc.transact(() => {
      applyPatch(doc, [{ op: "add", path: "/m/b", value: 1 }], { roots, origin: "api" });
      applyPatch(doc, [{ op: "test", path: "/m/b", value: 1 }], { roots });
    }, "mine");
    expect(origins).toEqual(["api", "mine"]);
  });
});

const parameters: fc.Parameters<unknown> = {
  numRuns: Number(process.env.VERSO_CASES ?? 1000),
  seed: Number(process.env.VERSO_SEED ?? 0),
};

const key = fc.constantFrom("a", "b", "c", "x/y", "m~n", "", "0", "-", "$$y");
const { value } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json[]>(null, true, false, 0, 1, 2.5, "", "s", "😀"),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const members = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;

function docWith(json: JsonObject): Y.Doc {
  const doc = new Y.Doc();
  write(doc, json, { roots });
  return doc;
}

function under(parent: string, patch: readonly { op: string; path: string; from?: string }[]): Patch {
  return patch.map(operation => ({
    ...operation,
    path: parent + operation.path,
    ...(operation.from === undefined ? {} : { from: parent + operation.from }),
  })) as Patch;
}

function structsWritten(doc: Y.Doc, edit: () => void): number {
  let structs = 0;
  const count = (update: Uint8Array) => {
    const decoded = Y.decodeUpdate(update);
    structs += decoded.structs.length + decoded.ds.clients.size;
  };
  doc.on("update", count);
  edit();
  doc.off("update", count);
  return structs;
}

/** Some operations at places that are there, of kinds that mostly fit. */
function randomPatch(json: JsonObject, random: ReturnType<typeof createRandom>): Patch {
  const places: { pointer: string; value: Json }[] = [];
  const visit = (value: Json, pointer: string) => {
    if (pointer !== "") places.push({ pointer, value });
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      visit(member, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    }
  };
  visit(json, "");
  const patch: Patch[number][] = [];
  for (let n = 1 + random.below(4); n > 0; n--) {
    const { pointer, value } = random.pick(places);
    const other = random.pick(places);
    const operations: Patch[number][] = [
      { op: "replace", path: pointer, value: other.value },
      { op: "copy", from: other.pointer, path: pointer },
      { op: "remove", path: pointer },
      { op: "add", path: `${pointer}/new`, value: { a: [1] } },
      { op: "add", path: `${pointer}/0`, value: "new" },
      { op: "add", path: `${pointer}/-`, value: null },
      { op: "test", path: pointer, value },
    ];
    if (typeof value === "string")
      operations.push({ op: "str_ins", path: pointer, pos: value.length, str: "!" });
    if (typeof value === "string") operations.push({ op: "str_del", path: pointer, pos: 0, str: value });
    patch.push(random.pick(operations));
  }
  return patch;
}

/** A text that is nothing but text reads as a string, unless its root is one of rich text. */
function normal(json: Json, path: readonly string[] = []): Json {
  if (path.join() === "r" && typeof json === "string") {
    return { $y: "text", delta: json === "" ? [] : [{ insert: json }], attrs: {} };
  }
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(element => normal(element, [...path, "0"]));
  const { $y: tag, delta, attrs } = json as JsonObject;
  if (tag === "text" && path.join() !== "r" && Object.keys(attrs as JsonObject).length === 0) {
    const [first, second] = delta as JsonObject[];
    if (first === undefined) return "";
    if (second === undefined && typeof first.insert === "string" && first.attributes === undefined)
      return first.insert;
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, member]) => [name, normal(member, [...path, name])]),
  );
}
