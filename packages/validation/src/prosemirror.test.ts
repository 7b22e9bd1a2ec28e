import { type Json, observePatches, read } from "@verso/bridge";
import { createRandom, forEachSeed, type Random } from "@verso/bridge/testing";
import { type MarkSpec, Node, type NodeSpec, Schema } from "prosemirror-model";
import { schema as basic } from "prosemirror-schema-basic";
import { describe, expect, test } from "vitest";
import { prosemirrorToYXmlFragment } from "y-prosemirror";
import * as Y from "yjs";
import { z } from "zod";
import { createGate } from "./gate.js";
import { createJudge } from "./judge.js";
import { prosemirror } from "./prosemirror.js";
import { createSchemaCheck } from "./schema.js";

const roots = { body: "xmlFragment" } as const;
const rules = { schema: z.object({ body: prosemirror(basic) }) };

/** What an editor with a schema keeps of a document in Yjs, as JSON. */
function kept(doc: Node): { [key: string]: Json } {
  const ydoc = new Y.Doc();
  prosemirrorToYXmlFragment(doc, ydoc.getXmlFragment("body"));
  return read(ydoc, roots) as { [key: string]: Json };
}

function faults(schema: z.ZodType, document: { [key: string]: Json }): string[] {
  return createSchemaCheck(z.object({ body: schema }))
    .checkAll(document)
    .map(({ pointer, code }) => `${pointer} ${code}`);
}

function element(tag: string, attrs: { [name: string]: Json } = {}, ...children: Json[]): Json {
  return { $y: "xml", tag, attrs, children };
}

function run(insert: string, attributes: { [name: string]: Json } = {}): Json {
  return { $y: "xtext", delta: [{ insert, attributes }], attrs: {} };
}

const body = (...children: Json[]) => ({ body: { $y: "frag", children } });

describe("the schema of an editor", () => {
  test("allows what the editor makes: every document of it, whatever its nodes and marks", () => {
    const allowed = prosemirror(basic);
    forEachSeed(
      seed => {
        const doc = anyDocument(basic, createRandom(seed));
        doc.check();
        expect(faults(allowed, kept(doc))).toEqual([]);
      },
      { usually: 300 },
    );
  });

  test.each<[string, Json, string]>([
    ["a node that it has not", element("script"), "/body/children/0/tag schema.invalid_union"],
    ["text where blocks are", run("x"), "/body/children/0/tag schema.invalid_union"],
    [
      "a block where text is",
      element("paragraph", {}, element("heading")),
      "/body/children/0/children/0/tag schema.invalid_union",
    ],
    [
      "a mark that it has not",
      element("paragraph", {}, run("x", { blink: {} })),
      "/body/children/0/children/0/delta/0/attributes/blink schema.invalid_type",
    ],
    [
      "a mark where none may be",
      element("code_block", {}, run("x", { strong: {} })),
      "/body/children/0/children/0/delta/0/attributes/strong schema.invalid_type",
    ],
    [
      "an attribute that it has not",
      element("paragraph", { onclick: "x" }),
      "/body/children/0/attrs/onclick schema.unrecognized_keys",
    ],
    [
      "an attribute's value of another type",
      element("heading", { level: "1" }),
      "/body/children/0/attrs/level schema.custom",
    ],
    [
      "a mark's attribute that it has not",
      element("paragraph", {}, run("x", { link: { href: "https://a.b", onclick: "x" } })),
      "/body/children/0/children/0/delta/0/attributes/link schema.custom",
    ],
  ])("refuses %s", (_, child, fault) => {
    expect(faults(prosemirror(basic), body(child))).toEqual([fault]);
  });

  test("says of an attribute what the options say, and asks a function that the schema has", () => {
    const https = prosemirror(basic, { attributes: { link: { href: z.url({ protocol: /^https$/ }) } } });
    const link = (href: string) => body(element("paragraph", {}, run("x", { link: { href, title: null } })));
    expect(faults(https, link("https://example.org"))).toEqual([]);
    expect(faults(https, link("javascript:alert(1)"))).toHaveLength(1);
    expect(faults(prosemirror(basic), link("javascript:alert(1)"))).toEqual([]);
    expect(() => prosemirror(basic, { attributes: { link: { hreef: z.string() } } })).toThrow(TypeError);

    const even = (value: number) => {
      if (value % 2 !== 0) throw new RangeError("odd");
    };
    const own = schemaOf({ box: { group: "block", attrs: { size: { validate: even } } } });
    expect(faults(prosemirror(own), body(element("box", { size: 2 })))).toEqual([]);
    expect(faults(prosemirror(own), body(element("box", { size: 3 })))).toEqual([
      "/body/children/0/attrs/size schema.custom",
    ]);
  });

  test("has several marks of one kind on the same text, where the editor's may overlap", () => {
    const own = schemaOf({}, { comment: { attrs: { id: {} }, excludes: "" } });
    const doc = Node.fromJSON(own, {
      type: "doc",
      content: [
        {
          type: "paragraph",
          content: [
            { type: "text", text: "x", marks: [1, 2].map(id => ({ type: "comment", attrs: { id } })) },
          ],
        },
      ],
    });
    expect(faults(prosemirror(own), kept(doc))).toEqual([]);
  });
});

describe("a relay whose gate has the schema of the editor", () => {
  test("takes back an illegal node, and leaves the legal text of others", () => {
    const doc = new Y.Doc();
    const observer = observePatches(doc, { roots }, () => {});
    const gate = createGate(doc, { observer, judge: createJudge(rules) });
    const body = doc.getXmlFragment("body");
    const actor = { user: "ada", session: "1", roles: [] };
    const paragraph = (content: string) => {
      const node = new Y.XmlElement("paragraph");
      node.insert(0, [new Y.XmlText(content)]);
      return node;
    };
    const legal = gate.propose(() => body.insert(0, [paragraph("hello")]), { actor });
    expect(legal.type).toBe("accepted");
    const verdict = gate.propose(() => body.insert(1, [new Y.XmlElement("script")]), { actor });
    expect(verdict).toMatchObject({ type: "refused", issues: [{ pointer: "/body/children/1/tag" }] });
    expect(body.toString()).toBe("<paragraph>hello</paragraph>");
  });
});

function schemaOf(nodes: Record<string, NodeSpec>, marks: Record<string, MarkSpec> = {}): Schema {
  return new Schema({
    nodes: {
      doc: { content: "block+" },
      paragraph: { group: "block", content: "text*" },
      text: {},
      ...nodes,
    },
    marks,
  });
}

/** A document that the schema allows: every node is filled along its content expression, by chance. */
function anyDocument(schema: Schema, random: Random): Node {
  return node("doc", 0);

  function node(name: string, depth: number): Node {
    const type = schema.nodes[name]!;
    const attrs =
      name === "heading" ? { level: 1 + random.below(3) } : name === "image" ? { src: "a.png" } : null;
    const children: Node[] = [];
    let match = type.contentMatch;
    for (let i = random.below(depth === 0 ? 6 : 3); i > 0 && match.edgeCount > 0; i--) {
      const { type: next, next: after } = match.edge(random.below(match.edgeCount));
      if (depth > 2 && !next.isInline && next.name !== "paragraph") continue;
      children.push(next.isText ? text(type) : node(next.name, depth + 1));
      match = after;
    }
    const filled = match.fillBefore(schema.topNodeType.contentMatch.defaultType!.create().content, true);
    return type.createChecked(attrs, filled === null ? children : [...children, ...filled.content]);
  }

  function text(parent: Node["type"]): Node {
    const marks = Object.values(schema.marks).filter(
      mark => parent.allowsMarkType(mark) && random.below(3) === 0,
    );
    const made = marks.map(mark =>
      mark.create(mark.name === "link" ? { href: "https://example.org" } : null),
    );
    return schema.text("abc ".repeat(1 + random.below(3)), made[0]?.addToSet(made.slice(1)) ?? []);
  }
}
