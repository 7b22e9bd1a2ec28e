/** The view beside the document that it shows: a patch of the one is a patch of the other. */
import {
  applyPatch,
  applyPatchToJson,
  type BridgeError,
  forwardPatch,
  type JsonObject,
  observePatches,
  type Patch,
  type Roots,
  read,
  reversePatch,
  valueAt,
} from "@verso/bridge";
import { createRandom, editRandomly, forEachSeed, type Random } from "@verso/bridge/testing";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  type DocumentView,
  type Target,
  targetOf,
  toRootPointers,
  toViewPatch,
  toViewPointer,
  viewOf,
} from "./json-view.js";

const roots: Roots = { document: "map", other: "array" };
const others: Roots = { invoice: "map", notes: "text" };
const full = { document: { id: "d", title: "T", content: { a: 1 }, extra: 5 }, other: [1] };

describe("what is shown of a document", () => {
  it("is its root `document`, and nothing beside title and content", () => {
    expect(viewOf("d", full, { roots })).toEqual({ id: "d", title: "T", content: { a: 1 } });
    expect(viewOf("d", { document: { id: "another" } }, { roots })).toEqual({
      id: "d",
      title: null,
      content: {},
    });
    expect(viewOf("d", {}, { roots })).toEqual({ id: "d", title: null, content: {} });
  });

  it("is a title that is a text, and content that has members", () => {
    for (const odd of [5, null, true, ["a"], "text"]) {
      const { title, content } = viewOf("d", { document: { title: [odd], content: odd } }, { roots });
      expect([title, content]).toEqual([null, {}]);
    }
  });

  it("is all roots where there is none of that name, or another kind of it", () => {
    const json = { invoice: { total: 1 }, notes: "" };
    expect(viewOf("d", json, { roots: others })).toEqual({ id: "d", title: null, content: json });
    const list = { document: ["a"] };
    expect(viewOf("d", list, { roots: { document: "array" } })).toEqual({
      id: "d",
      title: null,
      content: list,
    });
    expect(viewOf("d", {}, { roots: { constructor: "map" } as Roots }).content).toEqual({});
  });
});

describe("a client's patch", () => {
  const at = (pointer: string, target: Target, of = roots) =>
    toRootPointers([{ op: "remove", path: pointer }], { roots: of, target })[0]!.path;

  it("leads into the content, or into the whole document when it says so", () => {
    expect(at("/text", "content")).toBe("/document/content/text");
    expect(at("", "content")).toBe("/document/content");
    expect(at("/title", "document")).toBe("/document/title");
    expect(at("/content/a~1b/0", "document")).toBe("/document/content/a~1b/0");
  });

  it("leads to the roots where all of them are the content", () => {
    expect(at("/invoice/total", "content", others)).toBe("/invoice/total");
    expect(at("/content/invoice", "document", others)).toBe("/invoice");
    expect(at("/content", "document", others)).toBe("");
  });

  it("is led in its `from` as well", () => {
    const move: Patch = [{ op: "move", from: "/a", path: "/b" }];
    expect(toRootPointers(move, { roots, target: "content" })).toEqual([
      { op: "move", from: "/document/content/a", path: "/document/content/b" },
    ]);
    const copy: Patch = [{ op: "copy", from: "/content/a", path: "/title" }];
    expect(toRootPointers(copy, { roots, target: "document" })).toEqual([
      { op: "copy", from: "/document/content/a", path: "/document/title" },
    ]);
  });

  it.each([
    ["text", "content", roots, "invalid-pointer"],
    ["title", "document", roots, "invalid-pointer"],
    ["/a~2", "content", roots, "invalid-pointer"],
    ["notes", "content", others, "invalid-pointer"],
    ["/title", "document", others, "path-not-found"],
    ["", "document", others, "path-not-found"],
    ["/contents", "document", others, "path-not-found"],
    [7, "content", roots, "invalid-patch"],
    [undefined, "document", others, "invalid-patch"],
  ] as const)("cannot lead to %j in the %s", (pointer, target, of, code) => {
    const patch = [
      { op: "test", path: target === "content" ? "/x" : "/content/x", value: 1 },
      { op: "remove", path: pointer },
    ];
    let thrown: BridgeError | null = null;
    try {
      toRootPointers(patch as Patch, { roots: of, target });
    } catch (error) {
      thrown = error as BridgeError;
    }
    // What is none is not told as one.
    const told = typeof pointer === "string" ? pointer : undefined;
    expect(thrown).toMatchObject({ name: "BridgeError", code, operation: 1, pointer: told });
  });
});

describe("a change", () => {
  const shown = (patch: Patch, of = roots) => {
    const target = targetOf(of, { patches: [patch] });
    return { target, patch: toViewPatch(patch, { roots: of, target }) };
  };

  it("of the content has pointers from there", () => {
    expect(
      shown([
        { op: "str_ins", path: "/document/content/text", pos: 0, str: "a" },
        { op: "remove", path: "/other/0" },
        { op: "replace", path: "/document/extra", value: 1 },
        { op: "replace", path: "/document/id", value: "another" },
        { op: "add", path: "/document/contents", value: 1 },
      ]),
    ).toEqual({ target: "content", patch: [{ op: "str_ins", path: "/text", pos: 0, str: "a" }] });
  });

  it("of the title has all its pointers from the whole document", () => {
    expect(
      shown([
        { op: "str_del", path: "/document/title", pos: 0, str: "T" },
        { op: "add", path: "/document/content/a", value: 2 },
      ]),
    ).toEqual({
      target: "document",
      patch: [
        { op: "str_del", path: "/title", pos: 0, str: "T" },
        { op: "add", path: "/content/a", value: 2 },
      ],
    });
  });

  it("that sets or removes the root is one of what is shown of it", () => {
    const { document } = full;
    expect(shown([{ op: "add", path: "/document", value: document }])).toEqual({
      target: "document",
      patch: [
        { op: "replace", path: "/title", value: "T" },
        { op: "replace", path: "/content", value: { a: 1 } },
      ],
    });
    expect(shown([{ op: "remove", path: "/document" }]).patch).toEqual([
      { op: "replace", path: "/title", value: null },
      { op: "replace", path: "/content", value: {} },
    ]);
    expect(shown([{ op: "remove", path: "/document/content" }]).patch).toEqual([
      { op: "replace", path: "/content", value: {} },
    ]);
  });

  it("is what it is where all roots are the content", () => {
    const patch: Patch = [{ op: "add", path: "/document/content/a", value: 2 }];
    expect(shown(patch, others)).toEqual({ target: "content", patch });
    expect(toViewPatch(patch, { roots: others, target: "document" })).toEqual([
      { op: "add", path: "/content/document/content/a", value: 2 },
    ]);
  });

  it("has issues, whose pointers lead there too", () => {
    const place = (...pointers: string[]) => {
      const target = targetOf(roots, { pointers });
      return [target, ...pointers.map(pointer => toViewPointer(pointer, { roots, target }))];
    };
    expect(place("/document/content/a/0", "/document/content")).toEqual(["content", "/a/0", ""]);
    expect(place("/document/content/a", "/document/title")).toEqual(["document", "/content/a", "/title"]);
    expect(place("/other/3")).toEqual(["document", ""]);
    expect(toViewPointer("/a", { roots: others, target: "content" })).toBe("/a");
    expect(toViewPointer("/a", { roots: others, target: "document" })).toBe("/content/a");
  });
});

describe("random edits", () => {
  it("are patches of the view that lead there and back", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const doc = new Y.Doc();
      doc.clientID = 1;
      if (random.chance(0.7)) doc.getMap("document");
      if (random.chance(0.5)) doc.getArray("other");
      const declared: Roots = random.chance(0.5) ? roots : {};
      let before = {} as JsonObject;
      const observer = observePatches(doc, { roots: declared }, ({ change }) => {
        const after = read(doc, observer.roots);
        if (![before, after].some(json => Array.isArray(valueAt(json, ["document", "content"])))) {
          lead(forwardPatch(change), { from: before, to: after });
          lead(reversePatch(change), { from: after, to: before });
        }
        before = after;
      });
      before = read(doc, observer.roots);
      for (let step = 0; step < 12; step++) {
        doc.transact(() => {
          for (let n = 1 + random.below(3); n > 0; n--) editDocument(doc, random);
        });
      }
    });
  });

  function lead(patch: Patch, { from, to }: { readonly from: JsonObject; readonly to: JsonObject }): void {
    const target = targetOf(roots, { patches: [patch] });
    const view = viewOf("d", from, { roots });
    const shown = toViewPatch(patch, { roots, target });
    expect(applyToView(view, shown, target)).toEqual(viewOf("d", to, { roots }));
    const whole = toViewPatch(patch, { roots, target: "document" });
    expect(applyToView(view, whole, "document")).toEqual(viewOf("d", to, { roots }));
  }

  it("by clients without Yjs are the same in the document and in its view", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const doc = new Y.Doc();
      applyPatch(doc, [{ op: "add", path: "/document", value: { title: "t", content: { a: "x", b: [] } } }], {
        roots,
      });
      for (let step = 0; step < 8; step++) {
        const target = random.pick<Target>(["content", "document"]);
        const inContent = random.pick<Patch>([
          [{ op: "add", path: "/a", value: `x${step}` }],
          [{ op: "add", path: "/b/0", value: step }],
          [{ op: "str_ins", path: "/a", pos: 0, str: "y" }],
          [
            { op: "copy", from: "/a", path: "/b/-" },
            { op: "move", from: "/b/0", path: "/c" },
          ],
        ]);
        const patch: Patch =
          target === "content"
            ? inContent
            : [
                ...toViewPatch(inContent, { roots: {}, target }),
                { op: "replace", path: "/title", value: `t${step}` },
              ];
        // A `from` is not rewritten where changes are shown, which have none.
        const sent = patch.map(each =>
          "from" in each && target === "document" ? { ...each, from: `/content${each.from}` } : each,
        );
        const before = viewOf("d", read(doc, roots), { roots });
        applyPatch(doc, toRootPointers(sent, { roots, target }), { roots });
        expect(viewOf("d", read(doc, roots), { roots })).toEqual(applyToView(before, sent, target));
      }
    });
  });
});

function applyToView(view: DocumentView, patch: Patch, target: Target): unknown {
  if (target === "content") return { ...view, content: applyPatchToJson(view.content, patch) };
  return applyPatchToJson({ ...view }, patch);
}

/** What Yjs clients may do to a document that is shown, sensible or not. */
function editDocument(doc: Y.Doc, random: Random): void {
  const document = doc.getMap("document");
  const value = () =>
    random.pick([
      () => "text",
      () => 5,
      () => new Y.Text("shared"),
      () => new Y.Map([["a", 1]]),
      () => new Y.Map<unknown>([["deep", new Y.Array()]]),
      () => new Y.XmlFragment(),
      () => ({ plain: [1, { x: null }] }),
    ])();
  const key = random.pick(["id", "title", "title", "content", "content", "content", "else"]);
  const held = document.get(key);
  const what = random.below(10);
  if (what < 1) document.delete(key);
  else if (what < 3 || held === undefined) document.set(key, value());
  else if (what < 5 && held instanceof Y.Text) held.insert(0, "z", random.chance(0.3) ? { bold: true } : {});
  else if (what < 7 && held instanceof Y.Map) held.set(random.pick(["a", "b~/", "c"]), value());
  else editRandomly(doc, random, { richText: true, contradictions: true });
}
