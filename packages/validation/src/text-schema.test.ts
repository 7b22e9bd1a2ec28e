import { type Json, observePatches, type Path, read, readPointer, toPointer } from "@verso/bridge";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { createJsonReader } from "./json-reader.js";
import { createSchemaCheck } from "./schema.js";
import { richText, text, xml } from "./text-schema.js";
import { touchesOf } from "./touch.js";

function faults(schema: z.ZodType, document: { [key: string]: Json }): string[] {
  return createSchemaCheck(schema)
    .checkAll(document)
    .map(({ pointer, code }) => `${pointer} ${code}`);
}

describe("A plain text", () => {
  test("has a length in code points", () => {
    const schema = z.object({ t: text({ minLength: 2, maxLength: 3 }) });
    expect(faults(schema, { t: "😀" })).toEqual(["/t schema.too_small"]);
    expect(faults(schema, { t: "😀😀😀" })).toEqual([]);
    expect(faults(schema, { t: "😀😀😀😀" })).toEqual(["/t schema.too_big"]);
  });

  test("has a pattern, which is not tried on what is too long", () => {
    const schema = z.object({ t: text({ maxLength: 5, pattern: /^[a-z]*$/ }) });
    expect(faults(schema, { t: "ab1" })).toEqual(["/t schema.invalid_format"]);
    expect(faults(schema, { t: "ab1ab1" })).toEqual(["/t schema.too_big"]);
    expect(() => text({ pattern: /a/ })).toThrow(TypeError);
  });

  test("is not formatted", () => {
    expect(faults(z.object({ t: text() }), { t: { $y: "text", delta: [], attrs: {} } })).toHaveLength(1);
  });
});

describe("A formatted text", () => {
  const schema = z.object({
    body: richText({
      marks: {
        bold: z.literal(true),
        link: z.object({ href: z.url({ protocol: /^https$/ }) }),
        comment: z.unknown(),
      },
      nodes: ["image"],
    }),
  });
  const body = (...delta: Json[]) => ({ body: { $y: "text", delta, attrs: {} } });

  test("has the marks and embedded objects that are named, and may be plain", () => {
    expect(faults(schema, { body: "plain" })).toEqual([]);
    expect(
      faults(
        schema,
        body(
          { insert: "a", attributes: { bold: true } },
          {
            insert: "b",
            attributes: { link: { href: "https://example.org" }, "comment--aB3/+9x=": { id: 1 } },
          },
          { insert: { image: "a.png" } },
        ),
      ),
    ).toEqual([]);
  });

  test.each([
    [{ insert: "x", attributes: { blink: true } }, "/body/delta/0/attributes/blink schema.invalid_type"],
    [{ insert: "x", attributes: { bold: "yes" } }, "/body/delta/0/attributes/bold schema.custom"],
    [
      { insert: "x", attributes: { link: { href: "javascript:x" } } },
      "/body/delta/0/attributes/link schema.custom",
    ],
    [
      { insert: "x", attributes: { link: { href: "https://a.b", onclick: "x" } } },
      "/body/delta/0/attributes/link schema.custom",
    ],
    [{ insert: { video: "x" } }, "/body/delta/0/insert/video schema.unrecognized_keys"],
    [{ insert: { $y: "type", v: {} } }, "/body/delta/0/insert/$y schema.unrecognized_keys"],
    [{ insert: { $y: "value", v: 1 } }, "/body/delta/0/insert/$y schema.unrecognized_keys"],
  ])("refuses %j", (insert, fault) => {
    expect(faults(schema, body(insert))).toContain(fault);
  });

  test("says in a message what is wrong, and not with what", () => {
    const [issue] = createSchemaCheck(schema).checkAll(
      body({ insert: "secret", attributes: { blink: "secret" } }),
    );
    expect(issue?.message).toBe("This mark is not allowed here.");
  });

  test("refuses attributes of the text, other forms of text, and everything unless it is named", () => {
    expect(faults(schema, { body: { $y: "text", delta: [], attrs: { a: 1 } } })).toHaveLength(1);
    expect(faults(schema, { body: { $y: "xtext", delta: [], attrs: {} } })).toHaveLength(1);
    expect(faults(z.object({ body: richText() }), body({ insert: "a", attributes: { b: 1 } }))).toHaveLength(
      1,
    );
    expect(faults(z.object({ body: richText() }), body({ insert: { image: "a" } }))).toHaveLength(1);
  });
});

describe("An edit of a formatted text", () => {
  const schema = z.object({
    body: richText({ marks: { bold: z.literal(true), link: z.url() }, nodes: { image: z.string().max(20) } }),
  });

  /** The faults of an edit, and how many characters of JSON were read to find them. */
  function edit(change: (text: Y.Text) => void) {
    const roots = { body: "richText" } as const;
    const doc = new Y.Doc();
    const text = doc.getText("body");
    text.insert(0, "bold text ".repeat(1_000), { bold: true });
    text.insert(0, "plain text ".repeat(1_000), {});
    const found: { faults: string[]; read: number }[] = [];
    observePatches(doc, { roots }, ({ change }) => {
      const reader = createJsonReader(read(doc, roots));
      const issues = createSchemaCheck(schema).check(touchesOf(change), reader);
      const all = createSchemaCheck(schema).checkAll(read(doc, roots));
      expect(issues.length > 0).toBe(all.length > 0);
      found.push({
        faults: issues.map(({ pointer, code }) => `${pointer} ${code}`),
        read: reader.reads.reduce((sum, { size }) => sum + size, 0),
      });
    });
    change(text);
    return found[0];
  }

  test("is judged by what came, and none of the text is read", () => {
    expect(edit(text => text.insert(5, "x"))).toEqual({ faults: [], read: 0 });
    expect(edit(text => text.delete(5, 500))).toEqual({ faults: [], read: 0 });
    expect(edit(text => text.format(5, 10, { bold: true, link: "https://example.org" }))).toEqual({
      faults: [],
      read: 0,
    });
    expect(edit(text => text.format(11_000, 10, { bold: null }))).toEqual({ faults: [], read: 0 });
    expect(edit(text => text.insertEmbed(7, { image: "a.png" }))).toEqual({ faults: [], read: 0 });
  });

  test("has its faults at the text", () => {
    const none = { read: 0 };
    expect(edit(text => text.format(5, 10, { blink: true }))).toEqual({
      ...none,
      faults: ["/body schema.invalid_type"],
    });
    expect(edit(text => text.format(5, 10, { bold: "yes" }))).toEqual({
      ...none,
      faults: ["/body schema.custom"],
    });
    expect(edit(text => text.insert(5, "x", { blink: 1 }))).toEqual({
      ...none,
      faults: ["/body schema.invalid_type"],
    });
    expect(edit(text => text.insertEmbed(5, { script: "x" }))).toEqual({
      ...none,
      faults: ["/body schema.unrecognized_keys"],
    });
    expect(edit(text => text.insertEmbed(5, { image: "x".repeat(21) }))?.faults).toHaveLength(1);
  });
});

describe("XML", () => {
  const schema = z.object({
    doc: xml({
      nodes: {
        paragraph: { content: ["text", "image"] },
        heading: { attributes: { level: z.int().min(1).max(3) }, content: ["text"], marks: [] },
        image: { attributes: ["src", "alt"], content: [] },
        list: { content: ["item"] },
        item: { content: ["paragraph", "list"] },
      },
      marks: { strong: z.unknown(), link: z.object({ href: z.url() }) },
      content: ["paragraph", "heading", "list"],
    }),
  });
  const element = (tag: string, attrs: { [name: string]: Json }, ...children: Json[]): Json => ({
    $y: "xml",
    tag,
    attrs,
    children,
  });
  const run = (insert: Json, attributes?: { [name: string]: Json }): Json => ({
    $y: "xtext",
    delta: [attributes === undefined ? { insert } : { insert, attributes }],
    attrs: {},
  });
  const doc = (...children: Json[]) => ({ doc: { $y: "frag", children } });

  test("has the nodes, attributes and marks that are named, where they may be", () => {
    const list = element("list", {}, element("item", {}, element("paragraph", {}, run("a", { strong: {} }))));
    const image = element("image", { src: "a.png" });
    expect(
      faults(
        schema,
        doc(element("heading", { level: 2 }, run("Title")), element("paragraph", {}, image), list),
      ),
    ).toEqual([]);
  });

  test.each<[string, Json, string]>([
    ["an unknown node", element("script", {}), "/doc/children/0/tag schema.invalid_union"],
    ["a node in the wrong place", element("item", {}), "/doc/children/0/tag schema.invalid_union"],
    ["text in the wrong place", run("x"), "/doc/children/0/tag schema.invalid_union"],
    [
      "an unknown attribute",
      element("paragraph", { onclick: "x" }),
      "/doc/children/0/attrs/onclick schema.unrecognized_keys",
    ],
    ["an attribute's value", element("heading", { level: 9 }), "/doc/children/0/attrs/level schema.too_big"],
    [
      "an unknown mark",
      element("paragraph", {}, run("x", { blink: {} })),
      "/doc/children/0/children/0/delta/0/attributes/blink schema.invalid_type",
    ],
    [
      "a mark in the wrong place",
      element("heading", { level: 1 }, run("x", { strong: {} })),
      "/doc/children/0/children/0/delta/0/attributes/strong schema.invalid_type",
    ],
    [
      "a mark's value",
      element("paragraph", {}, run("x", { link: { href: "nowhere" } })),
      "/doc/children/0/children/0/delta/0/attributes/link schema.custom",
    ],
    ["a hook", { $y: "hook", name: "x", attrs: {} }, "/doc/children/0/tag schema.invalid_union"],
  ])("refuses %s", (_, child, fault) => {
    expect(faults(schema, doc(child))).toEqual([fault]);
  });

  test("of which only the names of nodes are given has any attributes, and all nodes in each other", () => {
    const loose = z.object({ doc: xml({ nodes: ["p", "b"], marks: ["em"] }) });
    expect(faults(loose, doc(element("p", { any: 1 }, element("b", {}, run("x", { em: {} })))))).toEqual([]);
    expect(faults(loose, doc(element("p", {}, element("i", {}))))).toHaveLength(1);
  });

  test("that names what there is not is a wrong argument", () => {
    expect(() => xml({ nodes: ["p"], content: ["q"] })).toThrow(TypeError);
    expect(() => xml({ nodes: { p: { content: ["q"] } } })).toThrow(TypeError);
    expect(() => xml({ nodes: { p: { marks: ["em"] } } })).toThrow(TypeError);
  });

  test("is reached by patterns", () => {
    const check = createSchemaCheck(schema);
    expect(check.reaches(["doc", "children", "*", "attrs", "level"])).toBe(true);
    expect(check.reaches(["doc", "children", "*", "children", "*", "attrs", "src"])).toBe(true);
    expect(check.reaches(["doc", "children", "*", "attrs", "onclick"])).toBe(false);
  });

  test("is judged by what an editor changed, deep in a long document", () => {
    const roots = { doc: "xmlFragment" } as const;
    const yjs = new Y.Doc();
    const fragment = yjs.getXmlFragment("doc");
    const paragraph = (content: string) => {
      const node = new Y.XmlElement("paragraph");
      node.insert(0, [new Y.XmlText(content)]);
      return node;
    };
    fragment.insert(
      0,
      Array.from({ length: 300 }, (_, i) => paragraph(`Paragraph ${i}`)),
    );
    const compiled = createSchemaCheck(schema);
    const found: { faults: string[]; read: string[] }[] = [];
    observePatches(yjs, { roots }, ({ change }) => {
      const reads: Path[] = [];
      const issues = compiled.check(touchesOf(change), {
        value: path => {
          reads.push(path);
          return readPointer(yjs, roots, toPointer(path));
        },
        textLength: () => undefined,
      });
      expect(issues.length > 0).toBe(compiled.checkAll(read(yjs, roots)).length > 0);
      found.push({
        faults: issues.map(({ pointer, code }) => `${pointer} ${code}`),
        read: reads.map(path => `/${path.join("/")}`),
      });
    });
    const content = (fragment.get(200) as Y.XmlElement).get(0) as Y.XmlText;
    content.insert(0, "more ");
    content.insert(0, "bold ", { strong: {} });
    fragment.insert(3, [paragraph("new")]);
    fragment.delete(9);
    (fragment.get(3) as Y.XmlElement).setAttribute("onclick", "x");
    const tags = ["/doc/children/200/tag", "/doc/children/200/children/0/$y"];
    expect(found).toEqual([
      { faults: [], read: tags },
      { faults: [], read: tags },
      { faults: [], read: ["/doc/children/3"] },
      { faults: [], read: [] },
      {
        faults: ["/doc/children/3/attrs/onclick schema.unrecognized_keys"],
        read: ["/doc/children/3/tag", "/doc/children/3/attrs/onclick"],
      },
    ]);
  });
});
