import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type Json, type JsonObject, type Path, provenanceOf, type Roots, read, readPath } from "./index.js";
import { forEachSeed, simulate } from "./testing.js";

const roots: Roots = { map: "map", list: "array", text: "text", rich: "richText", xml: "xmlFragment" };

/** A document that is written by the client 7, whose every unit has its number. */
function write(edit: (doc: Y.Doc) => void): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 7;
  edit(doc);
  return doc;
}

/** The parts at a path as text: `key@clock` and `from-to@clock`. */
function partsAt(doc: Y.Doc, ...path: (string | number)[]): string[] {
  const found = provenanceOf(doc, roots, path);
  if (found === undefined) throw new Error("Nothing is there.");
  return found.parts.map(part =>
    part.type === "member"
      ? `${part.path.join("/")}@${part.ids?.clock}`
      : `${part.path.join("/")}:${part.index}-${part.index + part.ids.length}@${part.ids.clock}`,
  );
}

const clockAt = (doc: Y.Doc, ...path: (string | number)[]) => provenanceOf(doc, roots, path)?.ids?.clock;

describe("the ids", () => {
  it("of keys are those of the values in force", () => {
    const doc = write(doc => {
      const map = doc.getMap("map");
      map.set("a", 1);
      map.set("b", 1);
      map.set("a", 2);
      map.set("$y", 3);
      map.set("gone", 4);
      map.delete("gone");
    });
    expect(partsAt(doc, "map")).toEqual(["map/a@2", "map/b@1", "map/$$y@3"]);
    expect(provenanceOf(doc, roots, ["map", "$$y"])).toEqual({
      ids: { client: 7, clock: 3, length: 1 },
      parts: [],
    });
    expect(provenanceOf(doc, roots, ["map", "gone"])).toBeUndefined();
    expect(provenanceOf(doc, roots, ["map", "$y"])).toBeUndefined();
  });

  it("of elements and characters are runs, in which deleted ones are not counted", () => {
    const doc = write(doc => {
      doc.getArray("list").insert(0, ["a", "b", "c"]);
      doc.getArray("list").delete(1, 1);
      doc.getText("text").insert(0, "one😀");
      doc.getText("text").insert(3, " two");
    });
    expect(partsAt(doc, "list")).toEqual(["list:0-1@0", "list:1-2@2"]);
    expect(clockAt(doc, "list", "1")).toBe(2);
    expect(provenanceOf(doc, roots, ["list", 2])).toBeUndefined();
    expect(partsAt(doc, "text")).toEqual(["text:0-3@3", "text:3-7@8", "text:7-9@6"]);
  });

  it("of formatted text count embeds and no formats, and its attributes have their own", () => {
    const doc = write(doc => {
      const rich = doc.getText("rich");
      rich.insert(0, "ab");
      rich.format(1, 1, { bold: true });
      rich.insertEmbed(1, { image: 1 });
      rich.setAttribute("align", "left");
    });
    expect(partsAt(doc, "rich")).toEqual(["rich/attrs/align@5", "rich:0-1@0", "rich:1-2@4", "rich:2-3@1"]);
    expect(clockAt(doc, "rich", "attrs", "align")).toBe(5);
    // The delta is no place of its own.
    expect(provenanceOf(doc, roots, ["rich", "delta", "0", "insert"])).toEqual({ ids: null, parts: [] });
    expect(provenanceOf(doc, roots, ["rich", "delta", "9"])).toBeUndefined();
  });

  it("of elements in XML are those of attributes and children", () => {
    const doc = write(doc => {
      const p = new Y.XmlElement("p");
      doc.getXmlFragment("xml").insert(0, [p]);
      p.setAttribute("id", "first");
      p.insert(0, [new Y.XmlText("hi")]);
    });
    expect(partsAt(doc, "xml")).toEqual(["xml/children:0-1@0"]);
    const p = ["xml", "children", 0] as const;
    expect(clockAt(doc, ...p)).toBe(0);
    expect(partsAt(doc, ...p)).toEqual(["xml/children/0/attrs/id@1", "xml/children/0/children:0-1@2"]);
    expect(partsAt(doc, ...p, "attrs")).toEqual(["xml/children/0/attrs/id@1"]);
    expect(partsAt(doc, ...p, "children")).toEqual(["xml/children/0/children:0-1@2"]);
    expect(partsAt(doc, ...p, "children", "0")).toEqual(["xml/children/0/children/0:0-2@3"]);
    expect([clockAt(doc, ...p, "attrs"), clockAt(doc, ...p, "tag")]).toEqual([0, 0]);
    expect(provenanceOf(doc, roots, [...p, "name"])).toBeUndefined();
  });

  it("of what is in a plain value are those of the value", () => {
    const doc = write(doc => doc.getMap("map").set("plain", { list: [{ a: 1 }] }));
    expect(provenanceOf(doc, roots, ["map", "plain", "list", "0", "a"])).toEqual({
      ids: { client: 7, clock: 0, length: 1 },
      parts: [],
    });
    expect(provenanceOf(doc, roots, ["map", "plain", "list", "1"])).toBeUndefined();
  });

  it("of the document and its roots are none", () => {
    const doc = write(doc => doc.getMap("map").set("a", 1));
    const { ids, parts } = provenanceOf(doc, roots, [])!;
    expect([ids, parts.map(({ path, ids }) => [path, ids])]).toEqual([
      null,
      Object.keys(roots).map(name => [[name], null]),
    ]);
    expect(provenanceOf(doc, roots, ["map"])?.ids).toBeNull();
    expect(provenanceOf(doc, roots, ["text"])).toEqual({ ids: null, parts: [] });
    expect(provenanceOf(doc, roots, ["other"])).toBeUndefined();
    expect(provenanceOf(doc, roots, ["text", "attrs"])).toBeUndefined();
  });
});

it("are found wherever anything is, and lead to what is there", () => {
  let parts = 0;
  forEachSeed(seed => {
    const options = { richText: seed % 2 === 0, contradictions: seed % 3 === 0, crowded: seed % 10 === 0 };
    const doc = simulate({ ...options, seed, steps: 5 + (seed % 10), roots, watch: () => {} });
    const json = read(doc, roots);
    for (const path of placesIn(json)) parts += check(doc, path);
    for (const path of [["map", "none"], ["list", 10_000], ["text", "attrs", "a", "b"], ["nowhere"]]) {
      expect(provenanceOf(doc, roots, path) === undefined).toBe(readPath(doc, roots, path) === undefined);
    }
  });
  expect(parts).toBeGreaterThan(0);
});

function* placesIn(json: Json, path: Path = []): Generator<Path> {
  yield path;
  if (typeof json !== "object" || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    yield* placesIn(value, [...path, Array.isArray(json) ? Number(key) : key]);
  }
}

/** Checks the parts of one place against the items that have their ids; gives how many there are. */
function check(doc: Y.Doc, path: Path): number {
  const found = provenanceOf(doc, roots, path);
  const where = `/${path.join("/")}`;
  if (found === undefined) throw new Error(`Nothing is at ${where}.`);
  let end = 0;
  for (const part of found.parts) {
    if (part.type === "member") {
      expect(provenanceOf(doc, roots, part.path)?.ids, where).toEqual(part.ids);
      continue;
    }
    const { client, clock, length } = part.ids;
    expect(part.index, where).toBe(end);
    end += length;
    const item = Y.getItem(doc.store, Y.createID(client, clock)) as Y.Item;
    expect(item.deleted, where).toBe(false);
    const content = item.content.getContent().slice(clock - item.id.clock, clock - item.id.clock + length);
    const holder = readPath(doc, roots, part.path) as Json;
    if (Array.isArray(holder)) {
      for (let at = 0; at < length; at++) {
        const unit = provenanceOf(doc, roots, [...part.path, part.index + at]);
        expect(unit?.ids, where).toEqual({ client, clock: clock + at, length: 1 });
        const value = holder[part.index + at] as Json;
        if (typeof value === "number" || typeof value === "boolean") expect(content[at]).toBe(value);
      }
    } else if (typeof holder === "string") {
      expect(content.join(""), where).toBe(holder.slice(part.index, end));
    } else {
      const isText = item.content instanceof Y.ContentString;
      const units = isText ? content : content.map(() => "embed");
      expect(unitsOf(holder as JsonObject).slice(part.index, end), where).toEqual(units);
    }
  }
  return found.parts.length;
}

/** The characters of a delta, and for each of its objects a word. */
function unitsOf({ delta }: JsonObject): string[] {
  return (delta as { insert: Json }[]).flatMap(({ insert }) =>
    typeof insert === "string" ? insert.split("") : ["embed"],
  );
}
