/** What Yjs does and nobody expects; each of these has misled a reader of its events. */
import { expect, it } from "vitest";
import * as Y from "yjs";
import type { Change } from "./change.js";
import { observePatches } from "./observe.js";
import type { Roots } from "./read.js";
import { watchPatches } from "./testing.js";
import { applyPatch } from "./write.js";
import { collectVanished } from "./yjs.js";

const roots: Roots = { m: "map", a: "array", t: "text" };

it("a deleted type reads as empty in its own event; its old value is all that was in it", () => {
  const doc = new Y.Doc();
  doc.getMap("m").set("k", new Y.Map([["a", Y.Array.from([1])]]));
  let oldValue: unknown;
  doc.getMap("m").observe(event => {
    oldValue = event.changes.keys.get("k")!.oldValue.toJSON();
  });
  const changes = watched(doc);
  doc.getMap("m").delete("k");
  expect(oldValue).toEqual({});
  expect(changes).toEqual([[{ type: "set", path: ["m"], key: "k", before: { a: [1] }, after: undefined }]]);
});

it("an observer's edit merges with the structs that it reacts to, and its own event is then empty", () => {
  const doc = new Y.Doc();
  const text = doc.getText("t");
  const deltas: unknown[] = [];
  text.observe(event => {
    deltas.push(event.delta);
    if (text.length === 1) text.insert(1, "ZZ");
  });
  const changes = watched(doc);
  text.insert(0, "a");
  expect(deltas).toEqual([[{ insert: "a" }], []]);
  expect(changes).toEqual([
    [{ type: "textInsert", path: ["t"], index: 0, text: "a" }],
    [{ type: "textInsert", path: ["t"], index: 1, text: "ZZ" }],
  ]);
});

it("transactions begun by observers see each other; the clocks of the first cover the second", () => {
  const doc = new Y.Doc();
  const map = doc.getMap("m");
  map.observe(() => {
    if (map.size > 1) return;
    map.set("b", 2);
    map.set("c", 3);
  });
  // Begun while the second of these is being observed.
  map.observe(() => {
    if (map.size === 3) doc.getText("t").insert(0, "x");
  });
  const changes = watched(doc);
  map.set("a", 1);
  expect(changes.flat().map(operation => operation.type === "set" && operation.key)).toEqual([
    "a",
    "b",
    "c",
    false,
    false,
    false,
  ]);
});

it("inside a transaction the delete set is in no order", () => {
  const doc = new Y.Doc();
  doc.getText("t").insert(0, "abcdef");
  const observer = observePatches(doc, { roots }, () => {});
  doc.transact(transaction => {
    for (const index of [4, 0, 1]) doc.getText("t").delete(index, 1);
    const set = transaction.deleteSet;
    const found = [0, 2, 4].map(clock => Y.isDeleted(set, Y.createID(doc.clientID, clock)));
    expect(found).toContain(false);
    expect(observer.deriveNow(transaction).change).toEqual([
      { type: "textDelete", path: ["t"], index: 0, text: "a" },
      { type: "textDelete", path: ["t"], index: 1, text: "c" },
      { type: "textDelete", path: ["t"], index: 2, text: "e" },
    ]);
  });
});

it("what a transaction did before it threw stays, and is reported", () => {
  const doc = new Y.Doc();
  const changes = watched(doc);
  expect(() =>
    doc.transact(() => {
      doc.getMap("m").set("k", 1);
      doc.getArray("a").insert(0, ["kept", 10n]);
    }),
  ).toThrow();
  expect(changes).toEqual([
    [
      { type: "set", path: ["m"], key: "k", before: undefined, after: 1 },
      { type: "insert", path: ["a"], index: 0, values: ["kept"] },
    ],
  ]);
});

it("Yjs keeps plain objects by reference; what is recorded or patched in does not", () => {
  const doc = new Y.Doc();
  const mine = { a: 1 };
  const changes = watched(doc, false);
  doc.getMap("m").set("mine", mine);
  mine.a = 2;
  expect(changes[0]).toMatchObject([{ key: "mine", after: { a: 1 } }]);
  const given = { cell: { a: 1 } };
  doc.getMap("m").set("cell", {});
  applyPatch(doc, [{ op: "add", path: "/m/cell/x", value: given }], { roots });
  given.cell.a = 2;
  expect(doc.getMap("m").get("cell")).toEqual({ x: { cell: { a: 1 } } });
});

it("items under a collected parent arrive as structs that are collected already", () => {
  const doc = new Y.Doc();
  doc.getMap("m").set("list", new Y.Array());
  const late = new Y.Doc();
  Y.applyUpdate(late, Y.encodeStateAsUpdate(doc));
  (late.getMap("m").get("list") as Y.Array<unknown>).push([1, new Y.Map([["k", 1]])]);
  late.getMap("m").set("after", 1);
  doc.getMap("m").delete("list");
  const changes = watched(doc);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(late));
  expect(changes).toEqual([[{ type: "set", path: ["m"], key: "after", before: undefined, after: 1 }]]);
});

it("structs that wait for others are in nobody's JSON until these have come", () => {
  const source = new Y.Doc();
  const updates: Uint8Array[] = [];
  source.on("update", update => updates.push(update));
  source.getMap("m").set("a", 1);
  source.getMap("m").set("b", 2);
  const doc = new Y.Doc();
  const changes = watched(doc);
  Y.applyUpdate(doc, updates[1]!);
  expect(changes).toEqual([]);
  Y.applyUpdate(doc, updates[0]!);
  expect(changes.flat()).toMatchObject([{ key: "a" }, { key: "b" }]);
});

it("a key that was added and deleted in one transaction is in no event; its ids are in the record", () => {
  const doc = new Y.Doc();
  doc.clientID = 7;
  let record: unknown;
  observePatches(doc, { roots }, span => {
    record = span.inverse();
  });
  doc.transact(() => {
    doc.getMap("m").set("k", 1);
    doc.getMap("m").delete("k");
  });
  expect(record).toEqual({
    inserted: [{ client: 7, clock: 0, length: 1 }],
    vanished: [{ client: 7, clock: 0, length: 1 }],
    deleted: [],
  });
});

it("what was added and deleted at once is kept, and sent, where an UndoManager watches; unless it is collected", () => {
  const doc = new Y.Doc();
  const map = doc.getMap("m");
  new Y.UndoManager(map);
  const sent: string[] = [];
  doc.on("update", (update: Uint8Array) => sent.push(Buffer.from(update).toString("latin1")));
  const vanish = (transaction: Y.Transaction, collected: boolean) => {
    map.set("k", new Y.Map([["deep", new Y.Text("gone")]]));
    map.delete("k");
    if (collected) collectVanished(transaction);
  };
  doc.transact(transaction => vanish(transaction, false));
  doc.transact(transaction => vanish(transaction, true));
  expect(sent.map(update => update.includes("gone"))).toEqual([true, false]);
  const replica = new Y.Doc();
  for (const update of sent) Y.applyUpdate(replica, Buffer.from(update, "latin1"));
  expect(replica.store.pendingStructs).toBe(null);
  expect(replica.getMap("m").toJSON()).toEqual({});
});

function watched(doc: Y.Doc, checked = true): Change[] {
  const changes: Change[] = [];
  if (checked) watchPatches(doc, { roots, onSpan: ({ change }) => changes.push(change) });
  else observePatches(doc, { roots }, ({ change }) => changes.push(change));
  return changes;
}
