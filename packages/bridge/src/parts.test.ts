import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  cutPart,
  joinRecords,
  observePatches,
  type PatchSpan,
  read,
  revert,
  type SpanPart,
} from "./index.js";

const roots = { m: "map", list: "array", text: "text", rich: "richText" } as const;

/** A document with something in every root, and an edit whose parts are looked at while it is running. */
function edit(begin: (doc: Y.Doc) => void, then: (doc: Y.Doc) => void, look: (span: PatchSpan) => void) {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const observer = observePatches(doc, { roots }, () => {});
  const author = new Y.Doc();
  author.clientID = 100;
  author.transact(() => begin(author));
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(author));
  const before = read(doc, roots);
  const known = Y.encodeStateVector(author);
  author.transact(() => then(author));
  doc.transact(transaction => {
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(author, known));
    look(observer.deriveNow(transaction));
  });
  return { doc, before, after: read(doc, roots) };
}

const placeOf = ({ path, units }: SpanPart) =>
  units === null ? path.join("/") : `${path.join("/")} ${units.index}+${units.length}`;

describe("the parts of a span", () => {
  it("are its keys, and its runs of list elements and characters, nested ones too", () => {
    let places: string[] = [];
    edit(
      doc => {
        doc.getMap("m").set("old", 1);
        doc.getArray("list").insert(0, [1, 2, 3]);
        doc.getText("text").insert(0, "hello world");
      },
      doc => {
        const map = new Y.Map<unknown>([["inner", "x"]]);
        doc.getMap("m").set("new", map);
        doc.getMap("m").delete("old");
        doc.getArray("list").delete(0, 1);
        doc.getArray("list").insert(2, ["a", "b"]);
        doc.getText("text").delete(0, 5);
        doc.getText("text").insert(0, "bye");
      },
      span => {
        places = span.parts().map(placeOf).sort();
      },
    );
    expect(places).toEqual(["list 0+0", "list 2+2", "m/new", "m/new/inner", "m/old", "text 0+0", "text 0+3"]);
  });

  it("can be taken back one by one, and the others stay", () => {
    const { after } = edit(
      doc => {
        doc.getMap("m").set("kept", "old").toString();
        doc.getMap("m").set("lost", "old").toString();
        doc.getArray("list").insert(0, ["one", "two"]);
      },
      doc => {
        doc.getMap("m").set("kept", "new");
        doc.getMap("m").set("lost", "refused");
        doc.getMap("m").set("added", "refused");
        doc.getArray("list").insert(1, ["refused", "good"]);
        doc.getArray("list").delete(0, 1);
      },
      span => {
        const parts = span.parts();
        const find = (place: string) => parts.find(part => placeOf(part) === place)!;
        const records = [
          find("m/lost").record,
          find("m/added").record,
          cutPart(find("list 0+2"), 0, 1).record,
          find("list 0+0").record,
        ];
        revert(span.transaction.doc, [joinRecords(records)]);
      },
    );
    expect(after).toMatchObject({ m: { kept: "new", lost: "old" }, list: ["one", "good", "two"] });
    expect(after.m).not.toHaveProperty("added");
  });

  it("all together are the whole", () => {
    const { before, after } = edit(
      doc => {
        doc.getText("rich").insert(0, "some text", { bold: true });
        doc.getMap("m").set("deep", new Y.Map([["a", new Y.Array()]]));
      },
      doc => {
        doc.getText("rich").format(2, 4, { italic: true });
        doc.getText("rich").insertEmbed(1, { image: "x" });
        ((doc.getMap("m").get("deep") as Y.Map<Y.Array<number>>).get("a") as Y.Array<number>).push([1, 2]);
        doc.getMap("m").set("other", new Y.Text("words"));
      },
      span => {
        revert(span.transaction.doc, [joinRecords(span.parts().map(({ record }) => record))]);
      },
    );
    expect(after).toEqual(before);
  });
});

it("what the reverter writes into a remote transaction is its own, and Yjs keeps its client id", () => {
  const { doc } = edit(
    doc => doc.getMap("m").set("key", "old"),
    doc => doc.getMap("m").set("key", "refused"),
    span => revert(span.transaction.doc, [span.inverse()]),
  );
  expect(doc.getMap("m").get("key")).toBe("old");
  expect(doc.clientID).toBe(1);
  expect([...doc.store.clients.keys()].sort()).toEqual([1, 100]);
});
