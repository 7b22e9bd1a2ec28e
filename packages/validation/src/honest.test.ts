/**
 * Nothing that honest clients send is refused, in whatever way it arrives; and the bytes that Yjs emits for a change
 * are "news" exactly when they change something.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { Scan } from "./answers.js";
import type { TypeKind } from "./document.js";
import { createFirewall, type Firewall } from "./firewall.js";
import { between, createRandom, forEachSeed, type HonestHistory, honestHistory } from "./testing.js";

const roots: Record<string, TypeKind> = { map: "map", array: "array", text: "text", xml: "fragment" };

/** A relay in small: what passes is applied. */
function createRelay(seed = 0): { doc: Y.Doc; firewall: Firewall; receive: typeof receive } {
  const doc = new Y.Doc();
  const firewall = createFirewall(doc, seed % 2 === 0 ? { roots } : {});
  let events = 0;
  doc.on("update", () => events++);
  return { doc, firewall, receive };

  function receive(update: Uint8Array, { fullState = false } = {}): Scan {
    const scan = firewall.scan(update, { fullState });
    if (scan.type !== "pass") return scan;
    const before = events;
    const isInTransaction = doc._transaction !== null;
    Y.applyUpdate(doc, update);
    if (!isInTransaction && events > before !== scan.news) expect(events > before).toBe(scan.news);
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
      throw new Error("something is pending");
    return scan;
  }
}

const passes = { type: "pass" };

/** The ways in which a history may arrive. */
const deliveries: Record<string, (history: HonestHistory, seed: number) => void> = {
  "one by one, and then once more everything that each of them has": ({ updates, docs }, seed) => {
    const relay = createRelay(seed);
    for (const update of updates) {
      const scan = relay.receive(update);
      mustPass(scan);
      if (scan.type === "pass" && scan.work >= 1_000) throw new Error(`an edit makes work: ${scan.work}`);
    }
    for (const doc of docs) {
      const again = relay.receive(Y.encodeStateAsUpdate(doc), { fullState: true });
      expect(again).toMatchObject({ ...passes, news: false });
    }
    expect(Y.encodeStateVector(relay.doc)).toEqual(Y.encodeStateVector(docs[0]!));
  },

  "everything at once to an empty relay": ({ docs }, seed) => {
    for (const doc of docs) {
      mustPass(createRelay(seed).receive(Y.encodeStateAsUpdate(doc), { fullState: true }));
    }
  },

  "merged, of one or of many": ({ updates }, seed) => {
    const random = createRandom(seed);
    const relay = createRelay(seed);
    for (let i = 0; i < updates.length; ) {
      const count = between(random, 1, 9);
      mustPass(relay.receive(Y.mergeUpdates(updates.slice(i, i + count))));
      i += count;
    }
    const again = relay.receive(Y.mergeUpdates([...updates]), { fullState: true });
    expect(again).toMatchObject({ ...passes, news: false });
  },

  "what is lacking, cut from a document or from an update": ({ updates, docs }, seed) => {
    const known = updates.slice(0, between(createRandom(seed), 0, updates.length));
    const whole = Y.encodeStateAsUpdate(docs[1]!);
    const ways = [
      (vector: Uint8Array) => Y.encodeStateAsUpdate(docs[2]!, vector),
      (vector: Uint8Array) => Y.diffUpdate(whole, vector),
    ];
    for (const lacking of ways) {
      const relay = createRelay(seed);
      for (const update of known) relay.receive(update);
      mustPass(relay.receive(lacking(Y.encodeStateVector(relay.doc)), { fullState: true }));
    }
  },

  "out of order, within a transaction: asked for again, and then all is well": ({ updates, docs }, seed) => {
    const random = createRandom(seed);
    const shuffled = [...updates].sort(() => between(random, 0, 1) - 0.5);
    const relay = createRelay(seed);
    relay.doc.transact(() => {
      for (const update of shuffled) {
        const { type } = relay.receive(update);
        if (type !== "resync") expect(type).toBe("pass");
      }
    });
    relay.doc.transact(() => {
      for (const update of updates) mustPass(relay.receive(update));
    });
    expect(Y.encodeStateVector(relay.doc)).toEqual(Y.encodeStateVector(docs[0]!));
  },
};

function mustPass(scan: Scan): void {
  if (scan.type !== "pass") expect(scan).toMatchObject(passes);
}

it("people who edit together are never refused, however their updates arrive", () => {
  forEachSeed(seed => {
    const history = honestHistory({ seed, edits: 25 });
    for (const [name, deliver] of Object.entries(deliveries)) {
      try {
        deliver(history, seed);
      } catch (cause) {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
  });
});

/** What a client sends for an edit. */
function edited(doc: Y.Doc, edit: () => void): Uint8Array {
  const updates: Uint8Array[] = [];
  const listen = (update: Uint8Array) => updates.push(update);
  doc.on("update", listen);
  doc.transact(edit);
  doc.off("update", listen);
  return updates[0]!;
}

describe("honest messages that look odd", () => {
  it("an empty update", () => {
    expect(createRelay().receive(Uint8Array.of(0, 0))).toMatchObject({ ...passes, news: false, structs: 0 });
  });

  it("a paste of 300 kB", () => {
    const doc = new Y.Doc();
    const update = edited(doc, () => doc.getText("text").insert(0, "Lörem ipsum 😀 ".repeat(18_000)));
    expect(update.length).toBeGreaterThan(300_000);
    expect(createRelay().receive(update)).toMatchObject({ ...passes, newStructs: 1 });
  });

  it("a transaction of 4,000 maps with 5 fields", () => {
    const doc = new Y.Doc();
    const rows = Array.from(
      { length: 4_000 },
      (_, i) => new Y.Map(Object.entries({ i, a: "x", b: null, c: true, d: 1.5 })),
    );
    const update = edited(doc, () => doc.getArray("array").push(rows));
    expect(createRelay().receive(update)).toMatchObject({ ...passes, newStructs: 24_000 });
  });

  it("10,000 client ids in one document", () => {
    const doc = new Y.Doc();
    doc.transact(() => {
      for (let client = 100; client < 10_100; client++) {
        doc.clientID = client;
        doc.getText("text").insert(0, "x");
      }
    });
    const relay = createRelay();
    expect(relay.receive(Y.encodeStateAsUpdate(doc), { fullState: true })).toMatchObject(passes);
    expect(relay.receive(Y.encodeStateAsUpdate(doc))).toMatchObject({ ...passes, news: false });
  });

  it("a tab deletes and edits what the relay has not heard of yet from another tab", () => {
    const tabA = new Y.Doc();
    const tabB = new Y.Doc();
    // Ids take one to five bytes; the answer names a position in bytes.
    tabA.clientID = 100;
    const relay = createRelay();
    const typed = edited(tabA, () => tabA.getText("text").insert(0, "abc"));
    Y.applyUpdate(tabB, typed);
    const deletion = edited(tabB, () => tabB.getText("text").delete(1, 1));
    const insertion = edited(tabB, () => tabB.getText("text").insert(2, "!"));

    expect(relay.receive(deletion)).toEqual({
      type: "resync",
      code: "unknown-delete",
      offset: 4,
      detail: "client 100, clocks 1 to 1",
      missing: [{ client: 100, from: 1, to: 2 }],
    });
    expect(relay.receive(insertion)).toMatchObject({ type: "resync", code: "missing-dependency" });
    for (const update of [typed, deletion, insertion]) expect(relay.receive(update)).toMatchObject(passes);
  });

  it("long runs of collected structs", () => {
    const doc = new Y.Doc();
    for (let i = 0; i < 3_000; i++) {
      doc.getArray("array").push([new Y.Map([["text", new Y.Text("something long")]])]);
      if (i % 3 > 0) doc.getArray("array").delete(0);
    }
    doc.getArray("array").delete(0, doc.getArray("array").length);
    const relay = createRelay();
    expect(relay.receive(Y.encodeStateAsUpdate(doc), { fullState: true })).toMatchObject(passes);
  });

  it("a transaction that creates what it deletes again", () => {
    const doc = new Y.Doc();
    const update = edited(doc, () => {
      doc.getMap("map").set("key", new Y.Map([["inner", new Y.Text("text")]]));
      doc.getMap("map").delete("key");
    });
    expect(createRelay().receive(update)).toMatchObject(passes);
  });

  it("values of a key that a client without garbage collection has joined, and deleted", () => {
    const doc = new Y.Doc({ gc: false });
    const values = () => doc.getMap("map").set("key", Math.random());
    for (let i = 0; i < 5; i++) values();
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    const concurrent = edited(other, () => other.getMap("map").set("key", "other"));
    for (let i = 0; i < 5; i++) values();
    Y.applyUpdate(doc, concurrent);
    const state = Y.encodeStateAsUpdate(doc);
    const joined = Y.decodeUpdate(state).structs.some(({ length }) => length > 1);
    expect(joined).toBe(true);
    expect(createRelay().receive(state, { fullState: true })).toMatchObject(passes);
  });

  it("content of older versions of Yjs", () => {
    const doc = new Y.Doc();
    const update = edited(doc, () => {
      const array = doc.getArray("array");
      const id = Y.createID(doc.clientID, 0);
      const content = new Y.ContentJSON([1, undefined, { a: ["b"] }, null]);
      new Y.Item(id, null, null, null, null, array, null, content).integrate(doc._transaction!, 0);
    });
    expect(createRelay().receive(update)).toMatchObject({ ...passes, newLength: 4 });
  });

  it("a document that a rich-text editor built of XML", () => {
    const doc = new Y.Doc();
    const relay = createRelay();
    const xml = doc.getXmlFragment("xml");
    const send = (edit: () => void) => expect(relay.receive(edited(doc, edit))).toMatchObject(passes);
    send(() => {
      const paragraph = new Y.XmlElement("paragraph");
      const text = new Y.XmlText();
      paragraph.insert(0, [text]);
      paragraph.setAttribute("textAlign", "left");
      xml.insert(0, [paragraph]);
      text.applyDelta([
        { insert: "Hello " },
        { insert: "world", attributes: { strong: {}, link: { href: "#" } } },
      ]);
    });
    const text = (xml.get(0) as Y.XmlElement).get(0) as Y.XmlText;
    send(() => text.format(0, 3, { em: {}, "comment--8f3a": { id: 7 } }));
    send(() => text.delete(2, 6));
    send(() => xml.insert(1, [new Y.XmlElement("horizontal_rule")]));
    send(() => xml.delete(0, 1));
  });

  it("a document that keeps its nodes as embedded types", () => {
    const doc = new Y.Doc();
    const relay = createRelay(1);
    const root = doc.get("root", Y.XmlText);
    const send = (edit: () => void) => expect(relay.receive(edited(doc, edit))).toMatchObject(passes);
    send(() => {
      const paragraph = new Y.XmlText();
      paragraph.setAttribute("__type", "paragraph");
      root.insertEmbed(0, paragraph);
      paragraph.insertEmbed(
        0,
        new Y.Map<unknown>([
          ["__type", "text"],
          ["__format", 0],
        ]),
      );
      paragraph.insert(1, "Hello");
      root.insertEmbed(1, new Y.XmlElement("image"));
      root.setAttribute("__dir", "ltr");
    });
  });

  it("characters typed and deleted beside an emoji, and emoji made of several", () => {
    const doc = new Y.Doc();
    const relay = createRelay();
    const text = doc.getText("text");
    const send = (edit: () => void) => expect(relay.receive(edited(doc, edit))).toMatchObject(passes);
    send(() => text.insert(0, "a😀b👩‍👩‍👧c"));
    send(() => text.insert(3, "!"));
    send(() => text.insert(1, "?"));
    send(() => text.delete(2, 2));
    // Takes one person out of the family: between characters, though not between what people see.
    send(() => text.delete(text.toString().indexOf("\u200d"), 3));
    expect(relay.doc.getText("text").toString()).toBe(text.toString());
  });

  it("a character whose halves were typed one after the other", () => {
    const doc = new Y.Doc();
    const relay = createRelay();
    expect(relay.receive(edited(doc, () => doc.getText("text").insert(0, "\ud83d")))).toMatchObject(passes);
    doc.getText("text").insert(1, "\ude00");
    expect(relay.receive(Y.encodeStateAsUpdate(doc))).toMatchObject(passes);
  });

  it("an update in the midst of which the relay's knowledge ends", () => {
    const doc = new Y.Doc();
    const relay = createRelay();
    relay.receive(edited(doc, () => doc.getText("text").insert(0, "abc")));
    doc.getText("text").insert(3, "def");
    const scan = relay.receive(Y.encodeStateAsUpdate(doc));
    expect(scan).toMatchObject({ ...passes, newStructs: 1, newLength: 3 });
    expect(scan).toMatchObject({ writes: [{ client: doc.clientID, from: 3, to: 6 }] });
  });

  it("a placeholder for what the relay already has", () => {
    const doc = new Y.Doc();
    const relay = createRelay();
    const updates = ["a", "b", "c"].map((character, i) =>
      edited(doc, () => doc.getText("text").insert(i, character)),
    );
    for (const update of updates.slice(0, 2)) relay.receive(update);
    expect(relay.receive(Y.mergeUpdates([updates[0]!, updates[2]!]))).toMatchObject(passes);
  });

  it("content for a parent that somebody else has deleted", () => {
    const [ann, bob] = [new Y.Doc(), new Y.Doc()];
    const relay = createRelay();
    const created = edited(ann, () => ann.getMap("map").set("list", new Y.Array()));
    relay.receive(created);
    Y.applyUpdate(bob, created);
    relay.receive(edited(ann, () => ann.getMap("map").delete("list")));
    const late = edited(bob, () =>
      (bob.getMap("map").get("list") as Y.Array<unknown>).push([1, new Y.Map()]),
    );
    expect(relay.receive(late)).toMatchObject(passes);
  });
});

/** Histories of real editing, which only this project's own checkouts have beside them. */
const traces = new URL("../../../../shared/data/traces/", import.meta.url);

interface Trace {
  readonly txns: readonly { readonly patches: readonly (readonly [number, number, string])[] }[];
  readonly endContent: string;
}

describe.skipIf(!existsSync(traces))(
  "recorded editing (skipped where ../shared/data/traces is not there)",
  () => {
    it.each(["automerge-paper", "friendsforever_flat", "sveltecomponent"])(
      "%s, edit by edit at first and then as a whole",
      name => {
        const file = readFileSync(new URL(`${name}.json.gz`, traces));
        const trace: Trace = JSON.parse(gunzipSync(file).toString());
        const doc = new Y.Doc();
        const text = doc.getText("text");
        const relay = createRelay();
        let edits = 0;
        doc.on("update", update => {
          if (edits++ < 20_000) mustPass(relay.receive(update));
        });
        for (const { patches } of trace.txns) {
          for (const [at, deleted, inserted] of patches) {
            doc.transact(() => {
              text.delete(at, deleted);
              text.insert(at, inserted);
            });
          }
        }
        expect(text.toString()).toBe(trace.endContent);
        const state = Y.encodeStateAsUpdate(doc);
        expect(relay.receive(state, { fullState: true })).toMatchObject(passes);
        expect(createRelay().receive(state, { fullState: true })).toMatchObject(passes);
        expect(relay.doc.getText("text").toString()).toBe(trace.endContent);
      },
    );
  },
);
