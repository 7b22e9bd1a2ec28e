import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type Json, jsonEqual, tagStored } from "./json.js";
import { toPointer } from "./pointer.js";
import { emptyDocument, inferKind, type Roots, read, readPointer } from "./read.js";
import { createRandom, editRandomly, forEachSeed, openRoots, simulate } from "./testing.js";
import { insertItem, newContent, type SharedType, setEntry } from "./yjs.js";

const roots: Roots = { m: "map", a: "array", t: "text", x: "xmlFragment" };

describe("each shared type has its form", () => {
  const forms: [name: string, value: () => unknown, json: Json][] = [
    ["a Y.Map", () => new Y.Map([["k", 1]]), { k: 1 }],
    ["a key $y", () => new Y.Map([["$y", 1]]), { $$y: 1 }],
    ["a Y.Array", () => Y.Array.from([1, "b", [null]]), [1, "b", [null]]],
    ["a Y.Text", () => new Y.Text("héllo"), "héllo"],
    ["an empty Y.Text", () => new Y.Text(), ""],
    [
      "a formatted Y.Text",
      () => {
        const text = new Y.Text("ab");
        text.format(0, 1, { bold: true });
        return text;
      },
      { $y: "text", delta: [{ insert: "a", attributes: { bold: true } }, { insert: "b" }], attrs: {} },
    ],
    [
      "a Y.Text with embeds",
      () => {
        const text = new Y.Text("a");
        text.insertEmbed(1, { image: "u" });
        text.insertEmbed(2, new Y.Map([["e", 1]]), { i: 1 });
        return text;
      },
      {
        $y: "text",
        delta: [
          { insert: "a" },
          { insert: { image: "u" } },
          { insert: { $y: "type", v: { e: 1 } }, attributes: { i: 1 } },
        ],
        attrs: {},
      },
    ],
    ["a Y.XmlText", () => new Y.XmlText("x"), { $y: "xtext", delta: [{ insert: "x" }], attrs: {} }],
    [
      "a Y.XmlElement",
      () => {
        const element = new Y.XmlElement("p");
        element.setAttribute("id", "1");
        element.insert(0, [new Y.XmlElement("br")]);
        return element;
      },
      {
        $y: "xml",
        tag: "p",
        attrs: { id: "1" },
        children: [{ $y: "xml", tag: "br", attrs: {}, children: [] }],
      },
    ],
    ["a Y.XmlFragment", () => new Y.XmlFragment(), { $y: "frag", children: [] }],
    [
      "a Y.XmlHook",
      () => {
        const hook = new Y.XmlHook("video");
        hook.set("src", "u");
        return hook;
      },
      { $y: "hook", name: "video", attrs: { src: "u" } },
    ],
    [
      "a subdocument",
      () => new Y.Doc({ guid: "g", autoLoad: true, meta: { a: 1 } }),
      { $y: "doc", guid: "g", opts: { autoLoad: true, meta: { a: 1 } } },
    ],
    ["bytes", () => Uint8Array.of(1), { $y: "bin", v: "AQ==" }],
    ["undefined", () => undefined, { $y: "undefined" }],
    ["a plain object", () => ({ a: { $y: [Number.NaN] } }), { a: { $$y: [{ $y: "num", v: "NaN" }] } }],
    ["a Date, which remote peers read as nothing", () => new Date(0), {}],
  ];
  for (const [name, value, json] of forms) {
    it(name, () => {
      const doc = new Y.Doc();
      doc.getMap("m").set("k", value());
      expect(read(doc, { m: "map" })).toEqual({ m: { k: json } });
      const remote = new Y.Doc();
      Y.applyUpdate(remote, Y.encodeStateAsUpdate(doc));
      expect(read(remote, { m: "map" })).toEqual({ m: { k: json } });
    });
  }
});

describe("roots", () => {
  it("are all there, empty ones too, whatever they are called", () => {
    const kinds: Roots = {
      "": "map",
      ...{ toString: "array" as const },
      text: "text",
      rich: "richText",
      frag: "xmlFragment",
      xtext: "xmlText",
      xml: "xmlElement",
    };
    const expected = {
      "": {},
      toString: [],
      text: "",
      rich: { $y: "text", delta: [], attrs: {} },
      frag: { $y: "frag", children: [] },
      xtext: { $y: "xtext", delta: [], attrs: {} },
      xml: { $y: "xml", tag: "", attrs: {}, children: [] },
    };
    expect(read(new Y.Doc(), kinds)).toEqual(expected);
    expect(emptyDocument(kinds)).toEqual(expected);
    const opened = new Y.Doc();
    openRoots(opened, kinds);
    expect(read(opened, kinds)).toEqual(expected);
  });

  it("read the same whether or not anybody has asked for them by a class", () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "abc");
    doc.getMap("m").set("k", 1);
    const remote = new Y.Doc();
    Y.applyUpdate(remote, Y.encodeStateAsUpdate(doc));
    expect(read(remote, { t: "text", m: "map" })).toEqual({ t: "abc", m: { k: 1 } });
    expect(remote.getText("t").toString()).toBe("abc");
  });

  it("of rich text keep their form", () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "abc");
    expect(read(doc, { t: "richText" })).toEqual({
      t: { $y: "text", delta: [{ insert: "abc" }], attrs: {} },
    });
  });

  it("get a kind from what is first in them", () => {
    const kindOf = (edit: (doc: Y.Doc) => void) => {
      const doc = new Y.Doc();
      edit(doc);
      return inferKind(doc.share.get("r")!);
    };
    expect(kindOf(doc => doc.getMap("r").set("k", 1))).toBe("map");
    expect(kindOf(doc => doc.getText("r").insert(0, "a"))).toBe("text");
    expect(kindOf(doc => doc.getText("r").insertEmbed(0, { image: 1 }))).toBe("text");
    expect(kindOf(doc => doc.getText("r").insert(0, "a", { b: 1 }))).toBe("text");
    expect(kindOf(doc => doc.getArray("r").insert(0, ["a"]))).toBe("array");
    expect(kindOf(doc => doc.getArray("r").insert(0, [Uint8Array.of(1)]))).toBe("array");
    expect(kindOf(doc => doc.getArray("r").insert(0, [new Y.Map()]))).toBe("array");
    expect(kindOf(doc => doc.getXmlFragment("r").insert(0, [new Y.XmlElement("p")]))).toBe("xmlFragment");
    expect(kindOf(doc => doc.getXmlFragment("r").insert(0, [new Y.XmlText()]))).toBe("xmlFragment");
    expect(
      kindOf(doc => {
        doc.getText("r").insert(0, "a");
        doc.getText("r").setAttribute("dir", "ltr" as never);
      }),
    ).toBe("text");
    expect(
      kindOf(doc => {
        doc.getArray("r").insert(0, [1]);
        doc.getArray("r").delete(0, 1);
      }),
    ).toBeNull();
  });
});

describe("nothing that is synced is invisible", () => {
  const kinds: Roots = { ...roots, rich: "richText", xt: "xmlText", xe: "xmlElement" };
  const contents = {
    "a number": { content: () => newContent.values([7]), insert: { $y: "value", v: 7 } },
    bytes: {
      content: () => newContent.binary(Uint8Array.of(1)),
      insert: { $y: "value", v: { $y: "bin", v: "AQ==" } },
    },
    text: { content: () => newContent.string("evil"), insert: "evil" },
    "an embed": { content: () => newContent.embed({ image: 1 }), insert: { image: 1 } },
    "an embed that is no object": { content: () => newContent.embed("s"), insert: { $y: "embed", v: "s" } },
    "a map": { content: () => newContent.type("map", ""), insert: { $y: "type", v: {} } },
    "a subdocument": {
      content: () => newContent.subdocument("g", {}),
      insert: { $y: "value", v: { $y: "doc", guid: "g", opts: {} } },
    },
  };
  const odd: Record<string, (keyof typeof contents)[]> = {
    m: ["a number", "bytes", "text", "an embed", "an embed that is no object", "a map", "a subdocument"],
    a: ["text", "an embed", "an embed that is no object"],
    t: ["a number", "bytes", "a subdocument"],
    rich: ["a number", "bytes", "a subdocument"],
    xt: ["a number", "bytes", "a subdocument"],
    x: ["a number", "bytes", "text", "an embed", "an embed that is no object", "a map", "a subdocument"],
    xe: ["a number", "bytes", "text", "an embed", "an embed that is no object", "a map", "a subdocument"],
  };
  for (const [root, names] of Object.entries(odd)) {
    for (const name of names) {
      it(`${name} as an item of a root of kind ${kinds[root]}`, () => {
        const { content, insert } = contents[name];
        const doc = new Y.Doc();
        append(doc, doc.get(root), content());
        expect(read(doc, kinds)[root]).toEqual({
          $y: "mixed",
          kind: kinds[root],
          tag: "",
          delta: [{ insert }],
          attrs: {},
        });
      });
    }
  }

  it("a key in an array or fragment", () => {
    const doc = new Y.Doc();
    doc.getMap("a").set("k", 1);
    doc.getMap("x").set("k", new Y.Map());
    expect(read(doc, roots)).toEqual({
      ...emptyDocument(roots),
      a: { $y: "mixed", kind: "array", tag: "", delta: [], attrs: { k: 1 } },
      x: { $y: "mixed", kind: "xmlFragment", tag: "", delta: [], attrs: { k: {} } },
    });
  });

  it("a list item in a nested map, element or hook, which keep their names", () => {
    const doc = new Y.Doc();
    const element = new Y.XmlElement("p");
    const hook = new Y.XmlHook("video");
    doc.getXmlFragment("x").insert(0, [element]);
    doc.getMap("m").set("hook", hook);
    append(doc, element as unknown as SharedType, newContent.values([1]));
    append(doc, hook as unknown as SharedType, newContent.values([2]));
    const mixed = (kind: string, tag: string, v: Json) => {
      return { $y: "mixed", kind, tag, delta: [{ insert: { $y: "value", v } }], attrs: {} };
    };
    expect(read(doc, roots).x).toEqual({ $y: "frag", children: [mixed("xmlElement", "p", 1)] });
    expect(read(doc, roots).m).toEqual({ hook: mixed("xmlHook", "video", 2) });
  });

  it("keyed structs that no map would write", () => {
    const doc = new Y.Doc();
    const map = doc.get("m");
    doc.transact(transaction => {
      setEntry(transaction, map, "text", newContent.string("abc"));
      setEntry(transaction, map, "several", newContent.values([1, 2]));
      setEntry(transaction, map, "format", newContent.format("b", true));
      setEntry(transaction, map, "embed", newContent.embed({ i: 1 }));
    });
    expect(read(doc, { m: "map" }).m).toEqual({
      text: "c",
      several: 2,
      format: { $y: "undefined" },
      embed: { i: 1 },
    });
  });

  it("until it is deleted: then the type is what it was", () => {
    const doc = new Y.Doc();
    doc.getMap("m").set("k", 1);
    const item = append(doc, doc.share.get("m")!, newContent.values([7]));
    expect(read(doc, roots).m).toMatchObject({ $y: "mixed", attrs: { k: 1 } });
    doc.transact(transaction => item.delete(transaction));
    expect(read(doc, roots).m).toEqual({ k: 1 });
  });
});

it("reads what Yjs's own methods read", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const doc = new Y.Doc();
    openRoots(doc, roots);
    for (let n = random.below(40); n > 0; n--) editRandomly(doc, random, { richText: seed % 2 === 0 });
    const json = read(doc, roots);
    for (const [name, type] of doc.share) expect(json[name]).toEqual(readByMethods(type));
  });
});

it("reads at every pointer what the whole document has there, and nothing elsewhere", () => {
  forEachSeed(seed => {
    const contradictions = seed % 3 === 0;
    const doc = simulate({ seed, steps: 8, roots, richText: true, contradictions, watch: () => {} });
    const json = read(doc, roots);
    const wrong: string[] = [];
    let pointers = 0;
    const visit = (value: Json, path: (string | number)[]) => {
      const pointer = toPointer(path);
      pointers++;
      if (!jsonEqual(readPointer(doc, roots, pointer) ?? null, value)) wrong.push(pointer);
      for (const none of ["none", 1000, "-", "01"]) {
        if (readPointer(doc, roots, toPointer([...path, none])) !== undefined)
          wrong.push(`${pointer}/${none}`);
      }
      if (pointers > 25 || typeof value !== "object" || value === null) return;
      for (const [key, member] of Object.entries(value)) visit(member, [...path, key]);
    };
    visit(json, []);
    expect(wrong).toEqual([]);
  });
});

function append(doc: Y.Doc, type: SharedType, content: Parameters<typeof insertItem>[2]["content"]): Y.Item {
  return doc.transact(transaction =>
    insertItem(transaction, type, { left: null, right: type._start, content }),
  );
}

/** The JSON of a type through nothing but the public methods of Yjs. */
function readByMethods(value: unknown): Json {
  if (value instanceof Y.XmlHook)
    return { $y: "hook", name: value.hookName, attrs: readMembers(value.entries()) };
  if (value instanceof Y.Map) return readMembers(value.entries());
  if (value instanceof Y.Array) return value.toArray().map(readByMethods);
  if (value instanceof Y.XmlElement) {
    const attrs = readMembers(Object.entries(value.getAttributes()));
    return { $y: "xml", tag: value.nodeName, attrs, children: value.toArray().map(readByMethods) };
  }
  if (value instanceof Y.XmlFragment) return { $y: "frag", children: value.toArray().map(readByMethods) };
  if (value instanceof Y.Text) {
    const delta = readDelta(value);
    const attrs = readMembers(Object.entries(value.getAttributes()));
    const [first] = delta;
    const isPlain = delta.length === 0 || (delta.length === 1 && Object.keys(first!).length === 1);
    if (value instanceof Y.XmlText) return { $y: "xtext", delta, attrs };
    if (isPlain && typeof (first?.insert ?? "") === "string" && Object.keys(attrs).length === 0)
      return value.toString();
    return { $y: "text", delta, attrs };
  }
  if (value instanceof Y.Doc) return { $y: "doc", guid: value.guid, opts: {} };
  return tagStored(value);
}

function readMembers(entries: Iterable<[string, unknown]>): { [key: string]: Json } {
  return Object.fromEntries(
    [...entries].map(([key, value]) => [/^\$+y$/.test(key) ? `$${key}` : key, readByMethods(value)]),
  );
}

/** Yjs parts text at every format mark, whether it changes anything or not. */
function readDelta(text: Y.Text): { insert: Json; attributes?: Json }[] {
  const joined: { insert: Json; attributes?: Json }[] = [];
  for (const { insert, attributes } of text.toDelta()) {
    const last = joined[joined.length - 1];
    const formats = attributes === undefined ? {} : { attributes: readMembers(Object.entries(attributes)) };
    const sameFormats = jsonEqual(last?.attributes ?? null, formats.attributes ?? null);
    if (typeof insert === "string" && typeof last?.insert === "string" && sameFormats) last.insert += insert;
    else if (typeof insert === "string") joined.push({ insert, ...formats });
    else if (insert instanceof Y.AbstractType)
      joined.push({ insert: { $y: "type", v: readByMethods(insert) }, ...formats });
    else joined.push({ insert, ...formats });
  }
  return joined;
}
