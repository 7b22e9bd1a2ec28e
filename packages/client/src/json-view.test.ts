import { type Json, type Path, read, valueAt } from "@verso/bridge";
import { createRandom, editRandomly, forEachSeed } from "@verso/bridge/testing";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createJsonView } from "./json-view.js";

describe("the JSON of a document", () => {
  it("is what the bridge reads, whatever is done to the document, in and between transactions", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const doc = new Y.Doc();
        const roots = { map: "map", list: "array", text: "text", rich: "richText" } as const;
        doc.getMap("map");
        doc.getArray("list");
        doc.getText("text");
        doc.getText("rich");
        doc.getXmlFragment("page");
        const view = createJsonView(doc, { roots });
        const check = () => expect(view.getSnapshot()).toEqual(read(doc, view.roots));
        // Observers that look, and one that writes: transactions begun by it are open at the same time.
        doc.on("update", check);
        doc.getMap("map").observeDeep((_, { origin }) => {
          check();
          if (origin === "answer" && random.chance(0.5))
            doc.transact(() => doc.getMap("map").set("answer", seed), "no answer");
        });
        for (let step = 0; step < 12; step++) {
          doc.transact(
            () => {
              for (let edits = random.below(3); edits >= 0; edits--) {
                editRandomly(doc, random, { richText: true, contradictions: true });
                if (random.chance(0.2)) check();
              }
            },
            random.pick([null, "answer"]),
          );
          check();
        }
      },
      { usually: 300 },
    );
  });

  it("keeps every object in which nothing has changed, and replaces those around what has", () => {
    const { doc, view, at } = invoice();
    const before = view.getSnapshot();
    (doc.getMap("invoice").get("lines") as Y.Array<Y.Map<number>>).get(1).set("sum", 9);
    const after = view.getSnapshot();
    expect(at(after, ["invoice", "lines", 1, "sum"])).toBe(9);
    for (const path of [[], ["invoice"], ["invoice", "lines"], ["invoice", "lines", 1]])
      expect(at(after, path)).not.toBe(at(before, path));
    for (const path of [
      ["invoice", "lines", 0],
      ["invoice", "address"],
      ["invoice", "lines", 1, "tags"],
    ])
      expect(at(after, path)).toBe(at(before, path));
  });

  it("stays the same object where nothing has changed in the end", () => {
    const { doc, view } = invoice();
    const before = view.getSnapshot();
    doc.getMap("invoice").set("number", 7);
    doc.getMap("other").set("gone", 1);
    doc.getMap("other").delete("gone");
    expect(view.getSnapshot()).not.toBe(before);
    const { other, ...rest } = view.getSnapshot();
    expect([other, rest]).toEqual([{}, before]);
    expect(rest.invoice).toBe(before.invoice);
    const again = view.getSnapshot();
    doc.getMap("invoice").set("number", 7);
    expect(view.getSnapshot()).toBe(again);
  });

  it("cannot be changed", () => {
    const { view, at } = invoice();
    for (const path of [
      [],
      ["invoice"],
      ["invoice", "lines"],
      ["invoice", "lines", 0],
      ["invoice", "address"],
    ])
      expect(Object.isFrozen(at(view.getSnapshot(), path))).toBe(true);
  });

  it("calls after all transactions, until one unsubscribes", () => {
    const { doc, view, at } = invoice();
    const seen: (Json | undefined)[] = [];
    const look = () => seen.push(at(view.getSnapshot(), ["invoice", "number"]));
    const end = view.subscribe(look);
    const other = view.subscribe(look);
    other();
    doc.getMap("invoice").observe(() => {
      if (doc.getMap("invoice").get("number") === 1) doc.getMap("invoice").set("number", 2);
    });
    doc.getMap("invoice").set("number", 1);
    doc.transact(() => {});
    expect(seen).toEqual([2]);
    end();
    doc.getMap("invoice").set("number", 3);
    expect(seen).toEqual([2]);
    view.close();
  });

  it("shows a root that nobody has declared when something is in it, and from then on", () => {
    const doc = new Y.Doc();
    const view = createJsonView(doc);
    doc.getArray("list");
    expect(view.getSnapshot()).toEqual({});
    doc.getArray("list").push([1]);
    expect(view.getSnapshot()).toEqual({ list: [1] });
    doc.getArray("list").delete(0, 1);
    expect(view.getSnapshot()).toEqual({ list: [] });
    expect(view.roots).toEqual({ list: "array" });
  });
});

function invoice() {
  const doc = new Y.Doc();
  const view = createJsonView(doc, { roots: { invoice: "map" } });
  const lines = new Y.Array();
  lines.push([new Y.Map(Object.entries({ sum: 1 })), new Y.Map(Object.entries({ sum: 2, tags: ["a"] }))]);
  const map = doc.getMap("invoice");
  map.set("number", 7);
  map.set("address", { city: "Ulm" });
  map.set("lines", lines);
  return { doc, view, at: (json: Json, path: Path) => valueAt(json, path) };
}
