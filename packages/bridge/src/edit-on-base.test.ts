import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { editOnBase } from "./edit-on-base.js";
import { type Roots, read } from "./read.js";
import { createRandom, editRandomly, forEachSeed, openRoots, type Random } from "./testing.js";
import { applyPatch } from "./write.js";

const roots: Roots = { m: "map", a: "array", t: "text", x: "xmlFragment" };
const own = 4;

describe("an edit on an older version", () => {
  it("comes to the present as if its author had not heard of the rest", () => {
    const [doc, versions] = history();
    doc.getText("t").insert(0, "one two");
    doc.getArray("a").push([1, 2, 3]);
    const base = versions.length - 1;
    doc.getText("t").insert(0, "zero ");
    doc.getArray("a").delete(0);

    const edit = (older: Y.Doc) =>
      applyPatch(
        older,
        [
          { op: "str_ins", path: "/t", pos: 3, str: " and" },
          { op: "replace", path: "/a/1", value: "two" },
        ],
        { roots },
      );
    Y.applyUpdate(doc, editOnBase(docOf(versions[base]!), edit, ownClocks(doc))!);
    expect(read(doc, roots)).toMatchObject({ t: "zero one and two", a: ["two", 3] });
  });

  it("gives nothing when it changes nothing, and throws what the edit throws", () => {
    const [doc, versions] = history();
    doc.getText("t").insert(0, "one");
    const older = () => docOf(versions.at(-1)!);
    expect(editOnBase(older(), () => {}, ownClocks(doc))).toBeNull();
    const fails = () => {
      throw new RangeError("no");
    };
    expect(() => editOnBase(older(), fails, ownClocks(doc))).toThrow(new RangeError("no"));
  });

  it("of two on one version that set one key, the earlier stays in force, and loses to every client", () => {
    const [doc, versions] = history();
    doc.getMap("m").set("k", 0);
    const base = versions.at(-1)!;
    const set = (value: string) => (older: Y.Doc) => older.getMap("m").set("k", value);
    for (const value of ["first", "second"]) {
      Y.applyUpdate(doc, editOnBase(docOf(base), set(value), ownClocks(doc))!);
    }
    expect(doc.getMap("m").toJSON()).toEqual({ k: "first" });
    doc.getMap("m").set("k", "a client's");
    Y.applyUpdate(doc, editOnBase(docOf(base), set("third"), ownClocks(doc))!);
    expect(doc.getMap("m").toJSON()).toEqual({ k: "a client's" });
  });

  it("is what a client of that id would have made, and replicas agree in whatever order they hear of others", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const [doc, versions] = history(100);
      const updates: { readonly update: Uint8Array; readonly isOwn: boolean }[] = [];
      doc.on("update", (update: Uint8Array, origin) => updates.push({ update, isOwn: origin === "own" }));
      const other = docOf(versions[0]!);
      other.clientID = 50;
      other.on("update", (update: Uint8Array, origin) => {
        if (origin !== "relay") Y.applyUpdate(doc, update);
      });

      for (let step = 0; step < 12; step++) {
        const choice = random.below(4);
        if (choice === 0) editRandomly(doc, random);
        else if (choice === 1) editRandomly(other, random);
        else if (choice === 2) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc), "relay");
        else editOld(doc, versions, random);
      }

      const replicas = [0, 1, 2].map(() => delivered(updates, random));
      for (const replica of replicas) expect(read(replica, roots)).toEqual(read(doc, roots));
    });
  });
});

/** A document, and its state after each of its updates. */
function history(clientId = 9): [Y.Doc, Uint8Array[]] {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  openRoots(doc, roots);
  const versions = [Y.encodeStateAsUpdate(doc)];
  doc.on("update", () => versions.push(Y.encodeStateAsUpdate(doc)));
  return [doc, versions];
}

function docOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  openRoots(doc, roots);
  Y.applyUpdate(doc, state);
  return doc;
}

function ownClocks({ store }: Y.Doc) {
  return { client: own, clock: Y.getState(store, own) };
}

/** An edit on any version; the first one ever is compared with that of a client who stands there. */
function editOld(doc: Y.Doc, versions: readonly Uint8Array[], random: Random): void {
  const base = versions[random.below(versions.length)]!;
  const seed = random.below(1e9);
  const isFirst = !doc.store.clients.has(own);
  const client = docOf(base);
  if (isFirst) {
    client.clientID = own;
    client.transact(() => editRandomly(client, createRandom(seed)));
    Y.applyUpdate(client, Y.encodeStateAsUpdate(doc));
  }
  const update = editOnBase(docOf(base), older => editRandomly(older, createRandom(seed)), ownClocks(doc));
  if (update !== null) Y.applyUpdate(doc, update, "own");
  if (isFirst) expect(read(doc, roots)).toEqual(read(client, roots));
}

/** A document that hears of the updates in another order. */
function delivered(
  updates: readonly { readonly update: Uint8Array; readonly isOwn: boolean }[],
  random: Random,
): Y.Doc {
  const doc = new Y.Doc();
  openRoots(doc, roots);
  const waiting = updates.map(({ update }) => update);
  while (waiting.length > 0) Y.applyUpdate(doc, waiting.splice(random.below(waiting.length), 1)[0]!);
  // Yjs keeps what comes too early, but may wait for more than it needs: whoever lacks something is sent it again.
  for (const { update } of updates) Y.applyUpdate(doc, update);
  expect(doc.store.pendingStructs).toBeNull();
  return doc;
}
