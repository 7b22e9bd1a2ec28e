import fastJsonPatch from "fast-json-patch";
import { applyPatch as applyByJsonJoy } from "json-joy/lib/json-patch/index.js";
import * as rfc6902 from "rfc6902";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type Change, encodeChange } from "./change.js";
import { revert } from "./history.js";
import { type Json, type JsonObject, jsonEqual, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import { observePatches, type PatchSpan } from "./observe.js";
import { forwardPatch, reversePatch } from "./patch.js";
import { type Roots, read } from "./read.js";
import { applyChange } from "./replay.js";
import {
  type Applier,
  createRandom,
  editRandomly,
  forEachSeed,
  type Simulation,
  simulate,
  watchPatches,
} from "./testing.js";
import { write } from "./write.js";
import { type Content, insertItem, newContent, type SharedType } from "./yjs.js";

const roots: Roots = { m: "map", a: "array", t: "text", x: "xmlFragment" };

const appliers: Applier[] = [
  {
    name: "rfc6902",
    dialect: "rfc6902",
    apply: (json, patch) => {
      for (const error of rfc6902.applyPatch(json, patch as rfc6902.Operation[])) if (error) throw error;
      return json;
    },
  },
  {
    name: "fast-json-patch",
    dialect: "rfc6902",
    apply: (json, patch) =>
      fastJsonPatch.applyPatch(json, patch as fastJsonPatch.Operation[], true).newDocument,
  },
  {
    name: "json-joy",
    dialect: "extended",
    apply: (json, patch) => applyByJsonJoy(json, patch as never, { mutate: true }).doc as Json,
  },
];

describe("every span of a simulated document has patches that lead there and back", () => {
  const suites: {
    name: string;
    options: (seed: number) => Omit<Simulation, "seed" | "steps" | "roots" | "watch">;
  }[] = [
    {
      name: "with and without rich text, collected or not, short and long",
      options: seed => ({ richText: seed % 3 > 0, gc: seed % 3 < 2, crowded: seed % 5 === 0 }),
    },
    {
      name: "with roots that nobody declared",
      options: seed => ({
        richText: true,
        undeclared:
          seed % 2 === 0
            ? { u: "text", v: "map", w: "array", y: "xmlFragment" }
            : { u: "richText", v: "xmlText", w: "xmlElement" },
      }),
    },
    {
      name: "with structs that contradict the kind of their parent",
      options: seed => ({
        contradictions: true,
        richText: seed % 3 > 0,
        gc: seed % 2 === 0,
        crowded: seed % 5 === 0,
        undeclared: seed % 4 === 0 ? { u: "richText", v: "xmlText", w: "xmlElement" } : {},
      }),
    },
  ];
  for (const { name, options } of suites) {
    it(name, () => {
      forEachSeed(seed => {
        simulate({
          ...options(seed),
          seed,
          steps: 5 + (seed % 20),
          roots,
          watch: (doc, known) => watchPatches(doc, { roots: known, appliers }),
        });
      });
    });
  }
});

describe("compound changes", () => {
  it("insert and delete in one transaction leave nothing", () => {
    const doc = documentOf({ a: [1, 2], t: "abc", m: {} });
    expectPatches(doc, () => {
      doc.getArray("a").insert(1, ["x"]);
      doc.getArray("a").delete(1, 1);
      doc.getText("t").insert(1, "x");
      doc.getText("t").delete(1, 1);
      doc.getMap("m").set("k", 1);
      doc.getMap("m").delete("k");
    }).toEqual([[], []]);
  });

  it("overwriting twice is one replace of the first value by the last", () => {
    const doc = documentOf({ m: { k: 1 } });
    expectPatches(doc, () => {
      doc.getMap("m").set("k", 2);
      doc.getMap("m").set("k", 3);
    }).toEqual([[{ op: "replace", path: "/m/k", value: 3 }], [{ op: "replace", path: "/m/k", value: 1 }]]);
  });

  it("an equal value is no change", () => {
    const doc = documentOf({ m: { k: 1 }, a: [{ b: 1 }] });
    expectPatches(doc, () => {
      doc.getMap("m").set("k", 1);
      doc.getArray("a").delete(0, 1);
      doc.getArray("a").insert(0, [new Y.Map([["b", 1]])]);
    }).toEqual([[], []]);
  });

  it("a child that changes under a parent that is deleted shows with its old value only", () => {
    const doc = documentOf({ m: { parent: { child: 1, list: [1] } } });
    expectPatches(doc, () => {
      const parent = doc.getMap("m").get("parent") as Y.Map<unknown>;
      parent.set("child", 2);
      (parent.get("list") as Y.Array<unknown>).push([2]);
      doc.getMap("m").delete("parent");
    }).toEqual([
      [{ op: "remove", path: "/m/parent" }],
      [{ op: "add", path: "/m/parent", value: { child: 1, list: [1] } }],
    ]);
  });

  it("a child that is deleted before its parent shows with its parent", () => {
    const doc = documentOf({ a: [{ gone: { deep: [1] } }] });
    expectPatches(doc, () => {
      (doc.getArray("a").get(0) as Y.Map<unknown>).delete("gone");
      doc.getArray("a").delete(0, 1);
    }).toEqual([
      [{ op: "remove", path: "/a/0" }],
      [{ op: "add", path: "/a/0", value: { gone: { deep: [1] } } }],
    ]);
  });

  it("several edits of a list and of what is in it use the places they end in", () => {
    const doc = documentOf({ a: [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }] });
    expectPatches(doc, () => {
      const list = doc.getArray<Y.Map<unknown>>("a");
      list.get(3).set("id", 33);
      list.delete(1, 1);
      list.insert(0, ["first"] as never);
      list.get(1).set("id", "zero");
    }).toEqual([
      [
        { op: "add", path: "/a/0", value: "first" },
        { op: "remove", path: "/a/2" },
        { op: "replace", path: "/a/3/id", value: 33 },
        { op: "replace", path: "/a/1/id", value: "zero" },
      ],
      [
        { op: "replace", path: "/a/1/id", value: 0 },
        { op: "replace", path: "/a/3/id", value: 3 },
        { op: "add", path: "/a/2", value: { id: 1 } },
        { op: "remove", path: "/a/0" },
      ],
    ]);
  });

  it("what stood side by side is deleted by one operation, though tombstones lie between", () => {
    const doc = documentOf({ t: "abXcdYef" });
    const text = doc.getText("t");
    text.delete(5, 1);
    text.delete(2, 1);
    expectPatches(doc, () => text.delete(1, 4)).toEqual([
      [{ op: "str_del", path: "/t", pos: 1, str: "bcde" }],
      [{ op: "str_ins", path: "/t", pos: 1, str: "bcde" }],
    ]);
  });

  it("a list of 100,000 that grew at its head is deleted by one operation, not by copying it for each", () => {
    const doc = documentOf({ a: [] });
    const list = doc.getArray<number>("a");
    doc.transact(() => {
      for (let n = 0; n < 200_000; n++) list.insert(0, [n]);
    });
    // Tombstones everywhere, so that no two elements stand side by side.
    doc.transact(() => {
      for (let n = 0; n < 100_000; n++) list.delete(n, 1);
    });
    const values = list.toArray();
    const changes: Change[] = [];
    observePatches(doc, { roots }, ({ change }) => changes.push(change));
    list.delete(0, values.length);
    expect(changes).toHaveLength(1);
    expect(jsonEqual(changes[0] as never, [{ type: "delete", path: ["a"], index: 0, values }])).toBe(true);
  });

  it("moving is removing and adding", () => {
    const doc = documentOf({ a: ["x", "y", "z"] });
    expectPatches(doc, () => {
      doc.getArray("a").delete(0, 1);
      doc.getArray("a").push(["x"]);
    }).toEqual([
      [
        { op: "remove", path: "/a/0" },
        { op: "add", path: "/a/2", value: "x" },
      ],
      [
        { op: "remove", path: "/a/2" },
        { op: "add", path: "/a/0", value: "x" },
      ],
    ]);
  });

  it("surrogate pairs are replaced as a whole", () => {
    const doc = documentOf({ t: "x😀y" });
    expectPatches(doc, () => {
      doc.getText("t").delete(1, 2);
      doc.getText("t").insert(1, "😁");
    }).toEqual([
      [
        { op: "str_del", path: "/t", pos: 1, str: "😀" },
        { op: "str_ins", path: "/t", pos: 1, str: "😁" },
      ],
      [
        { op: "str_del", path: "/t", pos: 1, str: "😁" },
        { op: "str_ins", path: "/t", pos: 1, str: "😀" },
      ],
    ]);
  });

  it("a text becomes tagged with its first mark, and plain again with its last", () => {
    const doc = documentOf({ m: {}, a: [] });
    doc.getMap("m").set("t", new Y.Text("ab"));
    doc.getArray("a").insert(0, [0, new Y.Text("ab")]);
    const tagged = {
      $y: "text",
      delta: [{ insert: "a", attributes: { b: 1 } }, { insert: "b" }],
      attrs: {},
    };
    const texts = [doc.getMap("m").get("t"), doc.getArray("a").get(1)] as Y.Text[];
    const replaceAll = (value: Json) => ["/m/t", "/a/1"].map(path => ({ op: "replace", path, value }));
    expectPatches(doc, () => {
      for (const text of texts) text.format(0, 1, { b: 1 });
    }).toEqual([replaceAll(tagged), replaceAll("ab").reverse()]);
    expectPatches(doc, () => {
      for (const text of texts) text.format(0, 1, { b: null });
    }).toEqual([replaceAll("ab"), replaceAll(tagged).reverse()]);
  });

  it("a text that once was formatted is edited as a string", () => {
    const doc = documentOf({ t: "abc" });
    doc.getText("t").format(1, 1, { b: 1 });
    doc.getText("t").delete(1, 1);
    expectPatches(doc, () => doc.getText("t").insert(2, "d")).toEqual([
      [{ op: "str_ins", path: "/t", pos: 2, str: "d" }],
      [{ op: "str_del", path: "/t", pos: 2, str: "d" }],
    ]);
  });

  it("a formatted text changes by a delta, its attributes by their path", () => {
    const doc = documentOf({ t: "abc" });
    doc.getText("t").format(0, 1, { b: 1 });
    expectPatches(doc, () => {
      doc.getText("t").format(0, 2, { b: null, i: 1 });
      doc.getText("t").insert(3, "!");
      doc.getText("t").setAttribute("dir", "ltr" as never);
    }).toEqual([
      [
        {
          op: "delta",
          path: "/t",
          delta: [
            { retain: 1, attributes: { i: 1, b: null } },
            { retain: 1, attributes: { i: 1 } },
            { retain: 1 },
            { insert: "!" },
          ],
          inverse: [
            { retain: 1, attributes: { b: 1, i: null } },
            { retain: 1, attributes: { i: null } },
            { retain: 1 },
            { delete: 1 },
          ],
        },
        { op: "add", path: "/t/attrs/dir", value: "ltr" },
      ],
      [
        { op: "remove", path: "/t/attrs/dir" },
        {
          op: "delta",
          path: "/t",
          delta: [
            { retain: 1, attributes: { b: 1, i: null } },
            { retain: 1, attributes: { i: null } },
            { retain: 1 },
            { delete: 1 },
          ],
          inverse: [
            { retain: 1, attributes: { i: 1, b: null } },
            { retain: 1, attributes: { i: 1 } },
            { retain: 1 },
            { insert: "!" },
          ],
        },
      ],
    ]);
  });

  it("one format of a text with many formats is one retain, however long the text", () => {
    const sizes = [50, 2_000].map(length => {
      const doc = new Y.Doc();
      const text = doc.getText("t");
      // Embeds, so that Yjs does not join them to one item.
      text.applyDelta(Array.from({ length }, (_, n) => ({ insert: { n } })));
      const formats = Array.from({ length: 100 }, (_, key) => [`key ${key}`, { level: key }]);
      text.format(0, length, Object.fromEntries(formats));
      const changes: Change[] = [];
      observePatches(doc, { roots }, ({ change }) => changes.push(change));
      text.format(1, length - 1, { "key 7": null, other: true });
      const attributes = { "key 7": null, other: true };
      expect(changes).toMatchObject([
        [{ type: "delta", delta: [{ retain: 1 }, { retain: length - 1, attributes }] }],
      ]);
      return encodeChange(changes[0]!).length;
    });
    expect(sizes[1]! - sizes[0]!).toBeLessThan(8);
  });

  it("what changes inside an embed is the embed, replaced in the text", () => {
    const doc = documentOf({ t: "a" });
    const embed = new Y.Map<Y.Map<number>>([["k", new Y.Map([["deep", 1]])]]);
    doc.getText("t").insertEmbed(1, embed);
    expectPatches(doc, () => embed.get("k")!.set("deep", 2)).toEqual([
      [
        {
          op: "delta",
          path: "/t",
          delta: [{ retain: 1 }, { insert: { $y: "type", v: { k: { deep: 2 } } } }, { delete: 1 }],
          inverse: [{ retain: 1 }, { insert: { $y: "type", v: { k: { deep: 1 } } } }, { delete: 1 }],
        },
      ],
      [
        {
          op: "delta",
          path: "/t",
          delta: [{ retain: 1 }, { insert: { $y: "type", v: { k: { deep: 1 } } } }, { delete: 1 }],
          inverse: [{ retain: 1 }, { insert: { $y: "type", v: { k: { deep: 2 } } } }, { delete: 1 }],
        },
      ],
    ]);
  });

  it("XML changes by attribute, child and text, where they end", () => {
    const doc = new Y.Doc();
    doc.getXmlFragment("x").insert(0, [new Y.XmlElement("p")]);
    const p = doc.getXmlFragment("x").get(0) as Y.XmlElement;
    p.insert(0, [new Y.XmlText("a")]);
    expectPatches(doc, () => {
      p.setAttribute("id", "1");
      (p.get(0) as Y.XmlText).insert(1, "b");
      doc.getXmlFragment("x").insert(0, [new Y.XmlElement("h1")]);
    }).toEqual([
      [
        { op: "add", path: "/x/children/0", value: { $y: "xml", tag: "h1", attrs: {}, children: [] } },
        { op: "add", path: "/x/children/1/attrs/id", value: "1" },
        {
          op: "delta",
          path: "/x/children/1/children/0",
          delta: [{ retain: 1 }, { insert: "b" }],
          inverse: [{ retain: 1 }, { delete: 1 }],
        },
      ],
      [
        {
          op: "delta",
          path: "/x/children/1/children/0",
          delta: [{ retain: 1 }, { delete: 1 }],
          inverse: [{ retain: 1 }, { insert: "b" }],
        },
        { op: "remove", path: "/x/children/1/attrs/id" },
        { op: "remove", path: "/x/children/0" },
      ],
    ]);
  });
});

describe("the observer", () => {
  it("reports a transaction without a change of the JSON, but none without any struct", () => {
    const doc = documentOf({ m: { k: 1 } });
    const changes: Change[] = [];
    observePatches(doc, { roots }, ({ change }) => changes.push(change));
    doc.getMap("m").set("k", 1);
    doc.transact(() => {});
    doc.transact(() => doc.getMap("m"));
    expect(changes).toEqual([[]]);
  });

  it("names what was touched", () => {
    const doc = documentOf({ m: { "a/b": [1] }, t: "x" });
    const touched: (readonly string[])[] = [];
    observePatches(doc, { roots }, span => touched.push(span.touched));
    doc.transact(() => {
      (doc.getMap("m").get("a/b") as Y.Array<number>).push([2, 3]);
      doc.getMap("m").set("k", 1);
      doc.getText("t").insert(0, "y");
    });
    expect(touched).toEqual([["/m/k", "/t", "/m/a~1b"]]);
  });

  it("gives whole values in RFC 6902, once for each text", () => {
    const doc = documentOf({ t: "abc", m: {} });
    const rendered: unknown[] = [];
    observePatches(doc, { roots }, span => rendered.push(span.rfc6902()));
    doc.transact(() => {
      doc.getText("t").insert(0, "x");
      doc.getText("t").delete(3, 1);
      doc.getMap("m").set("k", 1);
    });
    expect(rendered).toEqual([
      {
        forward: [
          { op: "replace", path: "/t", value: "xab" },
          { op: "add", path: "/m/k", value: 1 },
        ],
        reverse: [
          { op: "remove", path: "/m/k" },
          { op: "replace", path: "/t", value: "abc" },
        ],
      },
    ]);
  });

  it("stops when it is closed", () => {
    const doc = new Y.Doc();
    let spans = 0;
    const observer = observePatches(doc, {}, () => spans++);
    doc.getMap("m").set("k", 1);
    observer.close();
    doc.getMap("m").set("k", 2);
    expect(spans).toBe(1);
  });

  it("does not answer for a span that is over", () => {
    const doc = new Y.Doc();
    let kept: PatchSpan | undefined;
    observePatches(doc, {}, span => {
      kept = span;
    });
    doc.getMap("m").set("k", 1);
    expect(() => kept?.inverse()).toThrow(TypeError);
    expect(() => kept?.rfc6902()).toThrow(TypeError);
  });

  it("goes on rightly after a listener that threw", () => {
    const doc = documentOf({ t: "abc" });
    let fails = true;
    const watch = watchPatches(doc, {
      roots,
      onSpan: () => {
        if (fails) throw new Error("out of paper");
      },
    });
    expect(() => doc.getText("t").insert(1, "x")).toThrow("out of paper");
    fails = false;
    doc.getText("t").insert(2, "y");
    expect(watch.json).toMatchObject({ t: "axybc" });
  });

  it("takes what observers begin for spans of their own, in order", () => {
    const doc = documentOf({ m: {} });
    const map = doc.getMap("m");
    const log: unknown[] = [];
    watchPatches(doc, { roots, onSpan: span => log.push([span.transactions.length, span.touched]) });
    map.observe(() => {
      if (map.has("b")) return;
      map.set("b", 2);
      map.set("c", 3);
    });
    map.set("a", 1);
    expect(log).toEqual([
      [1, ["/m/a"]],
      [2, ["/m/b", "/m/c"]],
    ]);
  });

  it("checks itself, and says when the document was changed behind its back", () => {
    const doc = documentOf({ t: "x😀y", m: {} });
    let spans = 0;
    observePatches(doc, { roots, selfCheck: 2 }, () => spans++);
    doc.getMap("m").set("a", 1);
    doc.getMap("m").set("a", 2);
    expect(spans).toBe(2);
    doc.getMap("m").set("a", 3);
    // Splitting a surrogate pair, Yjs rewrites both halves; no id tells of it.
    expect(() => doc.getText("t").insert(2, "!")).toThrow(
      expect.objectContaining({ code: "drift", pointer: "/t" }),
    );
  });

  it("refuses kinds that there are not", () => {
    expect(() => observePatches(new Y.Doc(), { roots: { m: "object" as never } }, () => {})).toThrow(
      TypeError,
    );
  });
});

describe("roots that nobody declared", () => {
  it("appear with their kind, once something in them is visible, and stay", () => {
    const doc = new Y.Doc();
    const changes: Change[] = [];
    const observer = observePatches(doc, {}, ({ change }) => changes.push(change));
    doc.transact(() => {
      doc.getArray("l").push([1]);
      doc.getArray("l").delete(0, 1);
    });
    expect(observer.roots).toEqual({});
    doc.getArray("l").push(["a"]);
    doc.getArray("l").delete(0, 1);
    expect(changes).toEqual([
      [],
      [{ type: "set", path: [], key: "l", before: undefined, after: ["a"], kind: "array" }],
      [{ type: "delete", path: ["l"], index: 0, values: ["a"] }],
    ]);
    expect(observer.roots).toEqual({ l: "array" });
  });

  it("can still be asked for by their class afterwards", () => {
    const source = new Y.Doc();
    source.getText("t").insert(0, "abc");
    const doc = new Y.Doc();
    const watch = watchPatches(doc);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(source));
    expect(watch.observer.roots).toEqual({ t: "text" });
    expect(doc.getText("t").toString()).toBe("abc");
    doc.getText("t").insert(3, "d");
    expect(watch.json).toEqual({ t: "abcd" });
  });

  it("are known from the beginning when there is something in them already", () => {
    const doc = new Y.Doc();
    doc.getMap("m").set("k", 1);
    doc.getText("empty");
    const watch = watchPatches(doc);
    expect(watch.observer.roots).toEqual({ m: "map" });
    expect(watch.json).toEqual({ m: { k: 1 } });
  });

  it("may have any name, and none can reach a prototype", () => {
    const names = ["", "toString", "__proto__", "constructor", "a/b", "$y"];
    const doc = new Y.Doc();
    const replayed: MutableJsonObject = {};
    const changes: Change[] = [];
    const observer = observePatches(doc, {}, ({ change }) => {
      changes.push(change);
      applyChange(replayed, change, "forward");
    });
    for (const name of names) doc.getMap(name).set("__proto__", { polluted: 1 });
    expect(Object.keys(observer.roots)).toEqual(names);
    expect(Object.keys(replayed)).toEqual(names);
    expect(jsonEqual(replayed, read(doc, observer.roots))).toBe(true);
    for (const change of changes.reverse()) applyChange(replayed, change, "reverse");
    expect(replayed).toEqual({});
    expect("polluted" in {}).toBe(false);
  });
});

describe("a struct that contradicts the kind of its parent", () => {
  const numbers = (values: unknown[]) => newContent.values(values);
  const value = (v: Json) => ({ insert: { $y: "value", v } });
  const mixed = (kind: string, delta: Json, attrs: Json = {}) => ({
    $y: "mixed",
    kind,
    tag: "",
    delta,
    attrs,
  });

  it("makes a root mixed, by a replace, and all that happens in it shows as changes of that leaf", () => {
    const doc = documentOf({ m: { k: { deep: 1 } } });
    const map = doc.getMap<Y.Map<unknown>>("m");
    expectPatches(doc, () => insertFirst(map, numbers([7]))).toEqual([
      [{ op: "replace", path: "/m", value: mixed("map", [value(7)], { k: { deep: 1 } }) }],
      [{ op: "replace", path: "/m", value: { k: { deep: 1 } } }],
    ]);
    expectPatches(doc, () => {
      insertFirst(map, numbers([6]));
      map.get("k")!.set("deep", 2);
    }).toEqual([
      [
        { op: "delta", path: "/m", delta: [value(6)], inverse: [{ delete: 1 }] },
        { op: "replace", path: "/m/attrs/k", value: { deep: 2 } },
      ],
      [
        { op: "replace", path: "/m/attrs/k", value: { deep: 1 } },
        { op: "delta", path: "/m", delta: [{ delete: 1 }], inverse: [value(6)] },
      ],
    ]);
    expectPatches(doc, () => {
      doc.transact(transaction => {
        for (let item = map._start; item !== null; item = item.right) item.delete(transaction);
      });
    }).toEqual([
      [{ op: "replace", path: "/m", value: { k: { deep: 2 } } }],
      [{ op: "replace", path: "/m", value: mixed("map", [value(6), value(7)], { k: { deep: 2 } }) }],
    ]);
  });

  it("is found where it hides: list items in a map, entries in a text, both in an array, at any depth", () => {
    const doc = documentOf({ m: { list: [{ inner: [1] }] }, t: "title", a: [1] });
    const inner = doc.getMap<Y.Array<Y.Map<Y.Array<number>>>>("m").get("list")!.get(0).get("inner")!;
    const evil = new Y.Doc();
    evil.getMap("t").set("evil", "payload");
    evil.getMap("a").set("evil", "payload");
    expectPatches(doc, () => Y.applyUpdate(doc, Y.encodeStateAsUpdate(evil))).toEqual([
      [
        {
          op: "replace",
          path: "/t",
          value: { $y: "text", delta: [{ insert: "title" }], attrs: { evil: "payload" } },
        },
        { op: "replace", path: "/a", value: mixed("array", [value(1)], { evil: "payload" }) },
      ],
      [
        { op: "replace", path: "/a", value: [1] },
        { op: "replace", path: "/t", value: "title" },
      ],
    ]);
    expectPatches(doc, () => insertFirst(inner, newContent.string("payload"))).toEqual([
      [{ op: "replace", path: "/m/list/0/inner", value: mixed("array", [{ insert: "payload" }, value(1)]) }],
      [{ op: "replace", path: "/m/list/0/inner", value: [1] }],
    ]);
  });
});

describe("deriveNow", () => {
  it("tells the change so far, and the listener hears of the net change only", () => {
    const doc = documentOf({ m: { k: 1 }, t: "abc" });
    const net: Change[] = [];
    const observer = observePatches(doc, { roots }, ({ change }) => net.push(change));
    doc.transact(transaction => {
      doc.getMap("m").set("k", 2);
      doc.getText("t").insert(0, "x");
      expect(observer.deriveNow(transaction).touched).toEqual(["/m/k", "/t"]);
      doc.getMap("m").set("k", 1);
      expect(observer.deriveNow(transaction).touched).toEqual(["/t"]);
      doc.getText("t").delete(0, 1);
    });
    expect(net).toEqual([[]]);
  });

  it("is not paid for twice when nothing follows", () => {
    const doc = documentOf({ m: {} });
    const net: Change[] = [];
    const observer = observePatches(doc, { roots }, ({ change }) => net.push(change));
    let early: Change | undefined;
    doc.transact(transaction => {
      doc.getMap("m").set("k", 1);
      early = observer.deriveNow(transaction).change;
    });
    expect(net[0]).toBe(early);
  });

  it("works for running transactions only", () => {
    const doc = documentOf({ m: {} });
    const observer = observePatches(doc, { roots }, () => {});
    let over: Y.Transaction | undefined;
    doc.transact(transaction => {
      over = transaction;
    });
    expect(() => observer.deriveNow(over!)).toThrow(TypeError);
  });

  it("leaves the net change right, whatever happens before and after it", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const options = { richText: seed % 2 === 0, contradictions: seed % 3 === 0 };
      const crowded = seed % 4 === 0;
      const undeclared: Roots = seed % 5 === 0 ? { u: "text" } : {};
      const doc = simulate({ ...options, seed, steps: 5, roots, undeclared, crowded, watch: () => {} });
      const watch = watchPatches(doc, { roots });
      for (let n = 0; n < 4; n++) {
        doc.transact(transaction => {
          for (let round = random.below(4); round >= 0; round--) {
            for (let edits = random.below(4); edits > 0; edits--) editRandomly(doc, random, options);
            if (round === 0) continue;
            const span = watch.observer.deriveNow(transaction);
            const soFar = applyPatchToJson(watch.json, forwardPatch(span.change));
            expect(jsonEqual(soFar, read(doc, watch.observer.roots))).toBe(true);
            if (random.chance(0.3)) revert(doc, [span.inverse()]);
          }
        });
      }
      expect(jsonEqual(watch.json, read(doc, watch.observer.roots))).toBe(true);
    });
  });

  it("finds no change left when what it told of was reverted", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const options = { richText: seed % 2 === 0 };
      const doc = simulate({ ...options, seed, steps: 8, roots, crowded: seed % 4 === 0, watch: () => {} });
      const net: Change[] = [];
      const observer = observePatches(doc, { roots }, ({ change }) => net.push(change));
      doc.transact(transaction => {
        for (let edits = 1 + random.below(5); edits > 0; edits--) editRandomly(doc, random, options);
        revert(doc, [observer.deriveNow(transaction).inverse()]);
      });
      expect(net.flat()).toEqual([]);
    });
  });
});

function documentOf(json: JsonObject): Y.Doc {
  const doc = new Y.Doc();
  write(doc, json, { roots });
  return doc;
}

function insertFirst(
  type: { readonly _start: Y.Item | null; readonly doc: Y.Doc | null },
  content: Content,
): void {
  type.doc!.transact(transaction => {
    insertItem(transaction, type as SharedType, { left: null, right: type._start, content });
  });
}

/** The patches of one transaction, forward and reverse. */
function expectPatches(doc: Y.Doc, edit: () => void) {
  const patches: [unknown, unknown][] = [];
  const watch = watchPatches(doc, {
    roots,
    appliers,
    onSpan: ({ change }) => patches.push([forwardPatch(change), reversePatch(change)]),
  });
  doc.transact(edit);
  watch.close();
  return expect(patches[0]);
}
