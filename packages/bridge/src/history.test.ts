/** Taking back by ids. Long, because each way in which later edits meet a revert has a story here, and all share the log. */
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { BridgeError } from "./errors.js";
import { type Reversion, revert } from "./history.js";
import { decodeInverse, encodeInverse, type InverseRecord } from "./invert.js";
import { type JsonObject, jsonEqual } from "./json.js";
import { observePatches } from "./observe.js";
import { type Roots, read } from "./read.js";
import {
  createRevertMemory,
  decodeRevertNote,
  encodeRevertNote,
  type RevertMemory,
} from "./revert-memory.js";
import { createRandom, editRandomly, forEachSeed, openRoots } from "./testing.js";
import { textOf } from "./yjs.js";

const roots: Roots = { m: "map", a: "array", t: "text", x: "xmlFragment" };

/** What a server keeps: the document, collected, and of every span the record and the JSON after it. */
interface Log {
  doc: Y.Doc;
  memory: RevertMemory;
  readonly records: Uint8Array[];
  readonly jsons: JsonObject[];
  notes: Uint8Array[];
}

function openLog(clientId = 9999): Log {
  const doc = new Y.Doc({ gc: true, guid: "log" });
  const log: Log = { doc, memory: createRevertMemory(), records: [], jsons: [], notes: [] };
  log.doc.clientID = clientId;
  openRoots(log.doc, roots);
  record(log);
  return log;
}

function record(log: Log): void {
  observePatches(log.doc, { roots }, span => {
    log.records.push(encodeInverse(span.inverse()));
    log.jsons.push(read(log.doc, roots));
  });
}

/** The same log in a new process: all that is left is bytes. */
function restart(log: Log): void {
  const { clientID } = log.doc;
  const update = Y.encodeStateAsUpdate(log.doc);
  log.doc.destroy();
  log.doc = new Y.Doc({ gc: true, guid: "log" });
  log.memory = createRevertMemory(log.notes.map(decodeRevertNote));
  Y.applyUpdate(log.doc, update);
  log.doc.clientID = clientID;
  openRoots(log.doc, roots);
  record(log);
}

function revertRecords(log: Log, records: readonly Uint8Array[]): Reversion {
  const reversion = revert(log.doc, records.map(decodeInverse), { memory: log.memory });
  log.notes.push(encodeRevertNote(reversion));
  return reversion;
}

describe("undoing one span of many", () => {
  it("keeps all later edits: every character is there that ought to be, by its ids", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const log = openLog();
        const uncollected = new Y.Doc({ gc: false });
        const clients = [1001, 2001, 3001].map(id => {
          const doc = new Y.Doc();
          doc.clientID = id;
          return doc;
        });
        const outboxes = clients.map((doc): Uint8Array[] => {
          const outbox: Uint8Array[] = [];
          doc.on("update", (update, origin) => origin !== "server" && outbox.push(update));
          return outbox;
        });
        for (let step = 0; step < 25; step++) {
          const at = random.below(3);
          const client = clients[at]!;
          const text = client.getText("t");
          client.transact(() => {
            if (text.length > 4 && random.chance(0.45)) text.delete(random.below(text.length - 1), 2);
            if (random.chance(0.8))
              text.insert(random.below(text.length + 1), "abcdefgh".slice(random.below(8)));
          });
          if (random.chance(0.6) && outboxes[at]!.length > 0) {
            const update = Y.mergeUpdates(outboxes[at]!.splice(0));
            Y.applyUpdate(log.doc, update);
            Y.applyUpdate(uncollected, update);
          }
          if (random.chance(0.4)) {
            Y.applyUpdate(client, Y.encodeStateAsUpdate(log.doc, Y.encodeStateVector(client)), "server");
          }
        }
        if (log.records.length === 0) return;
        const undone = random.below(log.records.length);
        const expected = textWithout(uncollected, log.records.map(decodeInverse), undone);
        if (random.chance(0.5)) restart(log);
        const { skipped } = revertRecords(log, [log.records[undone]!]);
        expect(skipped).toEqual([]);
        expect(log.doc.getText("t").toString()).toBe(expected);
      },
      { usually: 1500 },
    );
  });
});

describe("undoing all after a version", () => {
  it("is exactly that version, of every type; undoing the undoing is what was before it", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const log = randomLog(seed);
      if (log.records.length < 2) return;
      const version = random.below(log.records.length - 1);
      const head = log.jsons.at(-1)!;
      if (random.chance(0.3)) restart(log);
      const before = log.records.length;
      const { skipped } = revertRecords(log, log.records.slice(version + 1));
      expect(skipped).toEqual([]);
      expectJson(log.doc, log.jsons[version]!);
      expectSameEverywhere(log.doc);
      for (const json of [head, log.jsons[version]!, head]) {
        if (random.chance(0.3)) restart(log);
        // The undo is a span like any other, and is undone like any other.
        revertRecords(log, log.records.slice(log.records.length === before ? before : -1));
        if (log.records.length > before) expectJson(log.doc, json);
      }
    });
  });

  it("can be done span by span, and redone span by span: then nothing has changed", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const log = randomLog(seed);
      const spans = log.records.length;
      const head = log.jsons.at(-1);
      if (head === undefined) return;
      const undos: (Uint8Array | null)[] = [];
      for (let at = spans - 1; at >= 0; at--) {
        const done = log.records.length;
        expect(revertRecords(log, [log.records[at]!]).skipped).toEqual([]);
        expectJson(log.doc, log.jsons[at - 1] ?? read(new Y.Doc(), roots));
        undos.push(log.records.length > done ? log.records[done]! : null);
        if (random.chance(0.1)) restart(log);
      }
      for (const undo of undos.reverse()) {
        if (undo !== null) expect(revertRecords(log, [undo]).skipped).toEqual([]);
        if (random.chance(0.1)) restart(log);
      }
      expectJson(log.doc, head);
      expectSameEverywhere(log.doc);
    });
  });
});

describe("a revert", () => {
  it("leaves what others wrote since, in the middle of it too", () => {
    const log = openLog();
    const text = () => log.doc.getText("t");
    text().insert(0, "The quick fox jumps.");
    log.doc.transact(() => {
      text().delete(4, 6);
      text().insert(4, "SLOW ");
    });
    text().insert(text().length - 1, " over");
    text().insert(6, "!");
    restart(log);
    const { restoredUnits, deletedUnits } = revertRecords(log, [log.records[1]!]);
    expect(text().toString()).toBe("The quick !fox jumps over.");
    expect({ restoredUnits, deletedUnits }).toEqual({ restoredUnits: 6, deletedUnits: 5 });
  });

  it("does not bring content back twice, though it forgets everything but the ledger in between", () => {
    const log = openLog();
    log.doc.getText("t").insert(0, "hello");
    log.doc.getText("t").delete(0, 5);
    revertRecords(log, [log.records[1]!]);
    restart(log);
    expect(revertRecords(log, [log.records[1]!])).toMatchObject({ restoredUnits: 0, skipped: [] });
    expect(log.doc.getText("t").toString()).toBe("hello");
  });

  it("says that a key has a later value", () => {
    const log = openLog();
    for (const value of [1, 2, 3]) log.doc.getMap("m").set("k", value);
    const { skipped, restoredUnits } = revertRecords(log, [log.records[1]!]);
    expect(skipped).toEqual([expect.objectContaining({ reason: "overwritten", parent: "m", key: "k" })]);
    expect(restoredUnits).toBe(0);
    expect(log.doc.getMap("m").toJSON()).toEqual({ k: 3 });
  });

  it("says that a key was deleted later", () => {
    const log = openLog();
    log.doc.getMap("m").set("k", 1);
    log.doc.getMap("m").set("k", 2);
    log.doc.getMap("m").delete("k");
    expect(revertRecords(log, [log.records[1]!]).skipped).toEqual([
      expect.objectContaining({ reason: "deleted-later", key: "k" }),
    ]);
    expect(log.doc.getMap("m").toJSON()).toEqual({});
    expect(revertRecords(log, log.records.slice(1, 3)).skipped).toEqual([]);
    expect(log.doc.getMap("m").toJSON()).toEqual({ k: 1 });
  });

  it("restores a key over a write that came at the same time and lost", () => {
    for (const [winner, loser] of [
      [20, 10],
      [10, 20],
    ] as const) {
      const log = openLog();
      log.doc.getMap("m").set("k", "before");
      const [ada, ben] = [winner, loser].map(client => {
        const replica = new Y.Doc();
        replica.clientID = client;
        Y.applyUpdate(replica, Y.encodeStateAsUpdate(log.doc));
        replica.getMap("m").set("k", client);
        return Y.encodeStateAsUpdate(replica);
      });
      Y.applyUpdate(log.doc, ada!);
      Y.applyUpdate(log.doc, ben!);
      // The higher id is in force; it came first, or it came last over the other.
      expect(log.doc.getMap("m").toJSON()).toEqual({ k: 20 });
      const byHigher = winner === 20 ? 1 : 2;
      expect(revertRecords(log, [log.records[byHigher]!]).skipped).toEqual([]);
      expect(log.doc.getMap("m").toJSON()).toEqual({ k: winner === 20 ? "before" : 10 });
    }
  });

  it("does not restore a key that was deleted between two writes which are both taken back", () => {
    const log = openLog();
    const map = log.doc.getMap("m");
    map.set("k", 0);
    map.set("k", 1);
    map.set("k", 2);
    map.delete("k");
    map.set("k", 3);
    expect(revertRecords(log, [log.records[1]!, log.records[4]!]).skipped).toEqual([
      expect.objectContaining({ reason: "deleted-later", key: "k" }),
    ]);
    expect(map.toJSON()).toEqual({});
  });

  it("says that restored content was deleted again", () => {
    const log = openLog();
    log.doc.getText("t").insert(0, "ab");
    log.doc.getText("t").delete(0, 1);
    revertRecords(log, [log.records[1]!]);
    log.doc.getText("t").delete(0, 1);
    expect(revertRecords(log, [log.records[1]!]).skipped).toEqual([
      expect.objectContaining({ reason: "deleted-later", key: null, length: 1 }),
    ]);
    expect(log.doc.getText("t").toString()).toBe("b");
  });

  it("says that the parent is gone", () => {
    const log = openLog();
    log.doc.getMap<Y.Array<string>>("m").set("list", Y.Array.from(["a", "b"]));
    log.doc.getMap<Y.Array<string>>("m").get("list")!.delete(0, 1);
    log.doc.getMap("m").delete("list");
    expect(revertRecords(log, [log.records[1]!]).skipped).toEqual([
      expect.objectContaining({ reason: "parent-gone" }),
    ]);
  });

  it("finds the place in a parent that came back under new ids", () => {
    const log = openLog();
    log.doc.getMap<Y.Array<string>>("m").set("list", Y.Array.from(["a", "b", "c"]));
    const list = () => log.doc.getMap<Y.Array<string>>("m").get("list")!;
    list().delete(1, 1);
    log.doc.getMap("m").delete("list");
    revertRecords(log, [log.records[2]!]);
    expect(list().toJSON()).toEqual(["a", "c"]);
    restart(log);
    list().insert(1, ["new"]);
    expect(revertRecords(log, [log.records[1]!]).skipped).toEqual([]);
    expect(list().toJSON().sort()).toEqual(["a", "b", "c", "new"]);
  });

  it("restores a key where the same transaction set and deleted it again", () => {
    const log = openLog();
    log.doc.getMap("m").set("k", 1);
    log.doc.transact(() => {
      log.doc.getMap("m").set("k", 2);
      log.doc.getMap("m").delete("k");
    });
    expect(revertRecords(log, [log.records[1]!]).skipped).toEqual([]);
    expect(log.doc.getMap("m").toJSON()).toEqual({ k: 1 });
  });

  it("compensates a running transaction, so that nothing of it is left but tombstones", () => {
    const doc = new Y.Doc();
    doc.clientID = 1;
    doc.getMap("m").set("k", "old");
    doc.getText("t").insert(0, "protected");
    const author = new Y.Doc();
    Y.applyUpdate(author, Y.encodeStateAsUpdate(doc));
    const updates: Uint8Array[] = [];
    author.on("update", update => updates.push(update));
    author.transact(() => {
      author.getMap("m").set("k", "SECRET");
      author.getMap("m").set("new", new Y.Text("SECRET"));
      author.getText("t").delete(0, 4);
    });
    const sent: Uint8Array[] = [];
    doc.on("update", update => sent.push(update));
    let changes = 0;
    const observer = observePatches(doc, { roots }, ({ change }) => {
      changes += change.length;
    });
    doc.transact(transaction => {
      Y.applyUpdate(doc, updates[0]!);
      revert(doc, [observer.deriveNow(transaction).inverse()]);
      transaction.local = true;
    });
    expect(changes).toBe(0);
    expect(sent).toHaveLength(1);
    expect(doc.clientID).toBe(1);
    for (const bytes of [...sent, Y.encodeStateAsUpdate(doc)]) {
      expect(new TextDecoder().decode(bytes)).not.toContain("SECRET");
    }
    Y.applyUpdate(author, sent[0]!);
    expect(read(author, roots)).toEqual(read(doc, roots));
    expect(read(doc, roots)).toMatchObject({ m: { k: "old" }, t: "protected" });
    doc.getText("t").insert(3, "!");
    expect(doc.getText("t").toString()).toBe("pro!tected");
  });

  it("without records does nothing", () => {
    const log = openLog();
    expect(revertRecords(log, [])).toEqual({
      restorations: [],
      withdrawn: [],
      restoredUnits: 0,
      deletedUnits: 0,
      skipped: [],
    });
    expect(Y.encodeStateAsUpdate(log.doc)).toEqual(Uint8Array.of(0, 0));
  });
});

describe("an encoded inverse record", () => {
  it("is what it always was", () => {
    const log = openLog(7);
    log.doc.getMap("m").set("k", "v");
    expect([...log.records[0]!]).toEqual([1, 1, 7, 0, 1, 0, 0]);
    log.doc.transact(() => {
      log.doc.getMap("m").set("k", new Y.Array());
      log.doc.getText("t").insert(0, "ab");
      log.doc.getText("t").delete(1, 1);
    });
    expect([...log.records[1]!]).toEqual([
      1, 1, 7, 1, 3, 1, 7, 3, 1, 1, 17, 7, 0, 0, 1, 109, 1, 107, 1, 6, 1, 118,
    ]);
    log.doc.getMap("m").delete("k");
    expect([...log.records[2]!]).toEqual([1, 0, 0, 1, 22, 7, 1, 0, 1, 109, 1, 107, 1, 0, 0, 0]);
  });

  it("holds all that can be deleted", () => {
    const log = openLog();
    const all = new Y.Map<unknown>();
    log.doc.getMap("m").set("all", all);
    log.doc.transact(() => {
      all.set("values", [1, undefined, Number.NaN, { $y: 1 }, "\ud83d"]);
      all.set("bigint", 12n);
      all.set("bytes", Uint8Array.of(1, 2));
      all.set("doc", new Y.Doc({ guid: "g", meta: { a: 1 } }));
      all.set("hook", new Y.XmlHook("video"));
      const text = new Y.Text("abc");
      text.format(0, 2, { b: { c: 1 } });
      text.insertEmbed(3, { image: 1 });
      all.set("text", text);
      const element = new Y.XmlElement("p");
      element.setAttribute("id", "1");
      element.insert(0, [new Y.XmlText("x"), new Y.XmlFragment() as never]);
      all.set("element", element);
    });
    (all.get("text") as Y.Text).delete(0, 1);
    log.doc.getMap("m").delete("all");
    const json = log.jsons.at(-2)!;
    restart(log);
    revertRecords(log, [log.records.at(-1)!]);
    expectJson(log.doc, json);
  });

  it("is refused when it ends too early or too late, or was written by a newer version", () => {
    const bytes = randomLog(3).records.reduce((a, b) => (a.length > b.length ? a : b));
    const malformed = expect.objectContaining({ code: "malformed-bytes" });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeInverse(bytes.slice(0, length))).toThrow(malformed);
    }
    expect(() => decodeInverse(Uint8Array.of(...bytes, 0))).toThrow(malformed);
    expect(() => decodeInverse(Uint8Array.of(2, 0, 0, 0))).toThrow(
      expect.objectContaining({ code: "unsupported-version" }),
    );
    expect(() => decodeRevertNote(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0))).toThrow(malformed);
  });

  it("is refused or is the encoding of another record, when bytes were altered", () => {
    const records = Array.from({ length: 20 }, (_, seed) => randomLog(seed).records).flat();
    forEachSeed(seed => {
      const random = createRandom(seed);
      const altered = random.pick(records).slice();
      for (let n = 1 + random.below(3); n > 0; n--) altered[random.below(altered.length)] = random.below(256);
      let decoded: InverseRecord;
      try {
        decoded = decodeInverse(altered);
      } catch (error) {
        expect(error).toBeInstanceOf(BridgeError);
        return;
      }
      expect(encodeInverse(decoded)).toEqual(altered);
    });
  });
});

it("a revert note survives its encoding", () => {
  const note = {
    restorations: [
      { client: 1, clock: 2, length: 3, newClient: 4, newClock: 5, isTombstone: false },
      { client: 2 ** 40, clock: 0, length: 1, newClient: 4, newClock: 8, isTombstone: true },
    ],
    withdrawn: [{ client: 4, clock: 5, length: 3 }],
  };
  expect([...encodeRevertNote(note)]).toEqual([
    ...[1, 2, 1, 2, 3, 4, 5, 0, 128, 128, 128, 128, 128, 32, 0, 1, 4, 8, 1, 1, 4, 5, 3],
  ]);
  expect(decodeRevertNote(encodeRevertNote(note))).toEqual(note);
});

it("a memory can be made anew from all that another remembers", () => {
  const memory = createRevertMemory();
  memory.noteRestoration({ client: 1, clock: 2, length: 3, newClient: 4, newClock: 5, isTombstone: false });
  memory.noteWithdrawal({ client: 4, clock: 5, length: 1 });
  const again = createRevertMemory([memory.all()]);
  expect(again.all()).toEqual(memory.all());
  expect(again.resolve({ client: 1, clock: 3, length: 1 })).toEqual({ client: 4, clock: 6, length: 1 });
  expect([again.isWithdrawn(4, 5), again.isWithdrawn(4, 6)]).toEqual([true, false]);
  again.noteWithdrawal({ client: 4, clock: 6, length: 1 });
  expect(memory.isWithdrawn(4, 6)).toBe(false);
});

/** A client who edits at random, a server who records it. */
function randomLog(seed: number): Log {
  const random = createRandom(seed);
  const log = openLog();
  const client = new Y.Doc({ guid: "client" });
  client.clientID = 7;
  openRoots(client, roots);
  client.on("update", (update, origin) => origin !== "server" && Y.applyUpdate(log.doc, update));
  const { doc } = log;
  doc.on("update", update => Y.applyUpdate(client, update, "server"));
  const options = { richText: seed % 2 === 0, contradictions: seed % 5 === 0 };
  for (let step = 0; step < 10; step++) {
    client.transact(() => {
      for (let edits = 1 + random.below(3); edits > 0; edits--) editRandomly(client, random, options);
    });
  }
  return log;
}

/** The text that has every character but those that one span inserted, and those that another span deleted. */
function textWithout(doc: Y.Doc, records: readonly InverseRecord[], undone: number): string {
  let text = "";
  for (let item = doc.getText("t")._start; item !== null; item = item.right) {
    for (let unit = 0; unit < item.length; unit++) {
      const [client, clock] = [item.id.client, item.id.clock + unit];
      const holds = (range: { client: number; clock: number; length: number }) =>
        range.client === client && clock >= range.clock && clock < range.clock + range.length;
      const deletedBy = records.findIndex(
        ({ deleted, vanished }) => deleted.some(holds) || vanished.some(holds),
      );
      if (records[undone]!.inserted.some(holds)) continue;
      if (deletedBy === -1 || (deletedBy === undone && !records[undone]!.vanished.some(holds))) {
        text += textOf(item)[unit];
      }
    }
  }
  return text;
}

function expectJson(doc: Y.Doc, expected: JsonObject): void {
  const json = read(doc, roots);
  if (!jsonEqual(json, expected)) expect(json).toEqual(expected);
}

/** Whoever gets the document's bytes reads what its owner reads. */
function expectSameEverywhere(doc: Y.Doc): void {
  const remote = new Y.Doc({ guid: "remote" });
  Y.applyUpdate(remote, Y.encodeStateAsUpdate(doc));
  expectJson(remote, read(doc, roots));
}
