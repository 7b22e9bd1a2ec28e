import {
  decodeAwareness,
  decodeYMessage,
  encodeAwareness,
  encodeAwarenessMessage,
  encodeSyncStep1,
  encodeUpdate,
} from "@verso/protocol";
import { createMemoryStore, type StorageBackend, StorageError } from "@verso/storage";
import { createFaults } from "@verso/storage/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { toActor } from "./actor.js";
import type { Cell, TrialResult } from "./cell.js";
import { createWorld, type SimulatedClient, type World, type WorldOptions } from "./testing.js";

/** What a disk may do to the batches of a ledger. */
interface Disk {
  open(): Promise<StorageBackend>;
  /** Holds every further batch until `release`. */
  hold(): void;
  release(): void;
  /** Lets the next batch fail: without having been written, or after. */
  failNext(when: "before" | "after"): void;
}

function createDisk(): Disk {
  const store = createMemoryStore();
  let held: Promise<void> | null = null;
  let release = () => {};
  let failing: "before" | "after" | null = null;
  const faults = createFaults(async ({ operation, when }) => {
    if (operation !== "batch") return;
    if (when === "before") await held;
    if (failing !== when) return;
    failing = null;
    throw new StorageError("write-failed", "the disk is out of order");
  });
  return {
    open: async () => faults.wrap(await store.open()),
    hold() {
      held = new Promise(resolve => (release = resolve));
    },
    release() {
      held = null;
      release();
    },
    failNext(when) {
      failing = when;
    },
  };
}

describe("a room", () => {
  let disk: Disk;
  let world: World;
  let clients: SimulatedClient[];

  const start = async (options: Partial<WorldOptions> = {}) => {
    world = await createWorld({ open: disk.open, ...options });
  };
  beforeEach(async () => {
    disk = createDisk();
    clients = [];
    await start();
  });
  afterEach(() => world.close());

  const connect = (clientId: number, documentId = "notes") => {
    const doc = new Y.Doc();
    doc.clientID = clientId;
    const client = world.connect(documentId, doc);
    clients.push(client);
    return client;
  };
  const join = async (clientId: number, documentId = "notes") => {
    const client = connect(clientId, documentId);
    await flush();
    expect(client.synced).toBe(true);
    return client;
  };
  /** Lets everything arrive everywhere, until nothing is on its way any more. */
  const flush = () => world.exchange(clients, 20);
  const text = ({ doc }: { doc: Y.Doc }) => doc.getText("t");
  const commits = async (documentId = "notes") => {
    const found = [];
    for await (const commit of world.ledger.read(documentId)) found.push(commit);
    return found;
  };
  const content = (documentId = "notes") => {
    const reading = world.rooms.get(documentId).view(({ content }) => content());
    return Promise.all([reading, world.settle()]).then(([json]) => json);
  };

  it("brings an edit to the ledger and to everybody else", async () => {
    const ann = await join(101);
    const bob = await join(102);
    text(ann).insert(0, "hello");
    await flush();
    expect(text(bob).toString()).toBe("hello");
    expect(await content()).toEqual({ t: "hello" });
    expect(await commits()).toMatchObject([{ sequence: 1, kind: "update", actor: { session: "session 1" } }]);
  });

  it("tells no program of what it has found in what is not durable", async () => {
    const ann = toActor({ user: "ann" }, { authenticated: false });
    const set = (value: number) =>
      world.edits.patch("notes", ann, { patch: [{ op: "add", path: "/a", value }] });
    const during = async <T>(answers: Promise<T>) => (await Promise.all([answers, world.pass(50)]))[0];
    await during(world.edits.create("notes", ann, { content: { a: 1 } }));
    disk.hold();
    const told: string[] = [];
    const both = [set(2), set(2)].map(edit => edit.then(({ type }) => void told.push(type)));
    await world.pass(50);
    expect(told).toEqual([]);
    disk.release();
    await during(Promise.all(both));
    expect(told).toEqual(["done", "unchanged"]);

    disk.failNext("before");
    const outcomes = await during(Promise.allSettled([set(3), set(3)]));
    expect(outcomes).toMatchObject([
      { reason: { code: "document-closed" } },
      { reason: { code: "document-closed" } },
    ]);
  });

  it("shows nothing to anybody before it is durable", async () => {
    const ann = await join(101);
    const bob = await join(102);
    disk.hold();
    text(ann).insert(0, "secret");
    ann.deliver("to relay");
    await world.pass(50);
    expect(bob.fromRelay).toEqual([]);

    const cy = connect(103);
    cy.deliver("to relay");
    const reader = world.rooms.get("notes").view(({ head }) => head?.sequence);
    await world.pass(50);
    expect(cy.fromRelay).toEqual([]);

    disk.release();
    await flush();
    expect(await reader).toBe(1);
    expect([bob, cy].map(client => text(client).toString())).toEqual(["secret", "secret"]);
  });

  it("answers no first join before the document is loaded", async () => {
    const ann = await join(101);
    text(ann).insert(0, "kept");
    await flush();
    await world.close();
    await start();
    const bob = connect(102);
    bob.deliver("to relay");
    expect(bob.fromRelay).toEqual([]);
    await flush();
    expect(bob.synced).toBe(true);
    expect(text(bob).toString()).toBe("kept");
  });

  it("makes one commit of what one author pushed within one turn, and one delivery of all of them", async () => {
    const [ann, bob, cy] = [await join(101), await join(102), await join(103)];
    for (let i = 0; i < 100; i++) text(ann).insert(i, "a");
    for (let i = 0; i < 100; i++) text(bob).insert(i, "b");
    await flush();
    expect(await commits()).toHaveLength(2);
    expect(text(cy).toString()).toHaveLength(200);
    expect(text(ann).toString()).toBe(text(cy).toString());
  });

  it("does not send a sole author his own edits", async () => {
    const ann = await join(101);
    text(ann).insert(0, "mine");
    ann.deliver("to relay");
    await world.pass(20);
    expect(ann.fromRelay).toEqual([]);
  });

  it("loses nothing of an edit after which Yjs would tidy up formats", async () => {
    const ann = await join(101);
    const bob = await join(102);
    const words = ({ doc }: { doc: Y.Doc }) => doc.getMap<Y.Text>("m").get("words")!;
    ann.doc.getMap("m").set("words", new Y.Text("ab"));
    await flush();
    // Bob makes italic what Ann deletes: marks are left over that have no effect.
    words(bob).format(0, 2, { italic: true });
    words(ann).delete(0, 2);
    bob.deliver("to relay");
    await world.pass(10);
    await flush();
    expect([ann, bob].map(client => words(client).toDelta())).toEqual([[], []]);
    const built = new Y.Doc();
    for (const { update } of await commits()) Y.applyUpdate(built, update!);
    expect(words({ doc: built }).toDelta()).toEqual([]);
  });

  it("makes no commit of what it knows already", async () => {
    const ann = await join(101);
    text(ann).insert(0, "once");
    await flush();
    ann.send(encodeUpdate(Y.encodeStateAsUpdate(ann.doc)));
    await flush();
    expect(await commits()).toHaveLength(1);
  });

  it("takes edits of two tabs that build on each other within one turn", async () => {
    // The tabs hear from each other by a broadcast channel, before the relay does.
    const one = await join(101);
    const two = await join(102);
    const share = () => {
      Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc), two);
      Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(two.doc), one);
    };
    text(one).insert(0, "A1 ");
    share();
    text(two).insert(3, "B1 ");
    share();
    text(one).insert(6, "A2 ");
    share();
    text(two).delete(0, 3);
    share();
    one.deliver("to relay");
    two.deliver("to relay");
    await world.pass(20);
    expect(one.fromRelay.concat(two.fromRelay).map(decodeYMessage)).not.toContainEqual(
      expect.objectContaining({ type: "sync-step-1" }),
    );
    await flush();
    expect(await content()).toEqual({ t: "B1 A2 " });
    expect(one.closed ?? two.closed).toBe(null);
  });

  it("asks for what it lacks when an edit builds on one that never came, and is whole again", async () => {
    const one = await join(101);
    const two = await join(102);
    text(one).insert(0, "from one");
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc), two);
    one.disconnect();
    text(two).insert(8, ", from two");
    await flush();
    expect(await content()).toEqual({ t: "from one, from two" });
    expect(two.closed).toBe(null);
  });

  it("turns away one who sends what no client may send, and nobody else notices", async () => {
    const refused: unknown[] = [];
    await world.close();
    await start({ events: { refused: event => refused.push(event) } });
    const ann = await join(101);
    const eve = await join(102);
    eve.send(encodeUpdate(Uint8Array.of(1, 1, 119, 0, 0, 0)));
    text(ann).insert(0, "hello");
    await flush();
    expect(eve.closed).toMatchObject({ code: 4400, reason: expect.stringContaining("zero-length") });
    expect(refused).toMatchObject([{ documentId: "notes", code: "zero-length", hash: /^[0-9a-f]{64}$/ }]);
    expect(ann.closed).toBe(null);
    expect(await content()).toEqual({ t: "hello" });
  });

  it.each(["before", "after"] as const)(
    "loses and doubles nothing when a batch fails %s it was written",
    async when => {
      const discarded: unknown[] = [];
      await world.close();
      await start({ events: { discarded: event => discarded.push(event) } });
      const ann = await join(101);
      const bob = await join(102);
      text(ann).insert(0, "first ");
      await flush();
      disk.failNext(when);
      text(ann).insert(6, "second ");
      await flush();
      text(bob).insert(0, "zeroth ");
      await flush();
      expect(discarded).toHaveLength(1);
      await world.pass(5000);
      await flush();
      expect(text(ann).toString()).toBe("zeroth first second ");
      expect(text(bob).toString()).toBe("zeroth first second ");
      expect(await content()).toEqual({ t: "zeroth first second " });
      expect((await commits()).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    },
  );

  it("gives a slow reader one difference instead of every turn", async () => {
    const ann = await join(101);
    const slow = await join(102);
    slow.reading = false;
    for (let i = 0; i < 40; i++) {
      text(ann).insert(0, "x".repeat(100_000));
      ann.deliver("to relay");
      await world.pass(5);
    }
    const buffered = slow.fromRelay.reduce((sum, message) => sum + message.length, 0);
    expect(buffered).toBeLessThan(1.2 * 1024 * 1024);
    slow.reading = true;
    const before = slow.fromRelay.length;
    slow.deliver("from relay");
    await world.pass(20);
    expect(before).toBeLessThan(12);
    expect(slow.fromRelay).toHaveLength(1);
    await flush();
    expect(text(slow).toString()).toBe(text(ann).toString());
    expect(slow.closed).toBe(null);
  });

  it("closes a reader that takes nothing for half a minute, and keeps the others going", async () => {
    const ann = await join(101);
    const dead = await join(102);
    dead.reading = false;
    text(ann).insert(0, "hello");
    await flush();
    await world.pass(40_000);
    expect(dead.closed).toMatchObject({ code: 4508 });
    expect(ann.closed).toBe(null);
  });

  it("says something to a silent client before it takes the connection for dead", async () => {
    const ann = await join(101);
    await world.pass(20_000);
    expect(ann.fromRelay.map(decodeYMessage)).toMatchObject([{ type: "awareness" }]);
  });

  it("stops reading from authors who push faster than it works, and goes on when it has caught up", async () => {
    const ann = await join(101);
    disk.hold();
    for (let i = 0; i < 5000; i++) text(ann).insert(0, "x");
    ann.deliver("to relay");
    expect(ann.paused).toBe(true);
    disk.release();
    await flush();
    expect(ann.paused).toBe(false);
    expect(await content()).toEqual({ t: "x".repeat(5000) });
  });

  describe("with an update on trial", () => {
    const trials: { settle: (result: TrialResult) => void }[] = [];
    /** A transaction of more structs than are applied untried. */
    const large = (count = 2000) =>
      Y.transact(clients[0]!.doc, () => {
        for (let i = 0; i < count; i++) clients[0]!.doc.getMap("m").set(`key ${i}`, i);
      });

    beforeEach(async () => {
      trials.length = 0;
      await world.close();
      const cell: Pick<Cell, "try"> = { try: () => new Promise(settle => trials.push({ settle })) };
      await start({ options: { trials: cell } });
    });

    it("keeps the order of its author, to whom it answers after that, and lets the others go on", async () => {
      const ann = await join(101);
      const bob = await join(102);
      large();
      text(ann).insert(0, "after");
      text(bob).insert(0, "meanwhile");
      await flush();
      for (let i = 0; i < 2; i++) ann.send(encodeSyncStep1(Uint8Array.of(0)));
      await flush();
      expect(text(ann).toString()).toContain("meanwhile");
      expect(await content()).toEqual({ t: "meanwhile" });
      const answers = () =>
        ann.fromRelay.filter(message => decodeYMessage(message).type === "sync-step-2").length;
      ann.reading = false;
      await flush();
      expect(answers()).toBe(0);

      trials[0]!.settle({ type: "passed" });
      await flush();
      expect(answers()).toBe(2);
      expect(bob.doc.getMap("m").size).toBe(2000);
      expect(text(bob).toString()).toContain("after");
    });

    it("goes on reading from the others when the costly one is refused", async () => {
      await join(101);
      const bob = await join(102);
      const eve = await join(103);
      const doc = new Y.Doc();
      doc.getArray("a").insert(0, [new Uint8Array(4 * 1024 * 1024)]);
      large();
      clients[0]!.send(encodeUpdate(Y.encodeStateAsUpdate(doc)));
      await flush();
      text(bob).insert(0, "hello");
      await flush();
      expect(bob.paused).toBe(true);
      trials[0]!.settle({ type: "too-slow" });
      await flush();
      expect(clients[0]!.closed).toMatchObject({ code: 4513, reason: expect.stringContaining("costly") });
      expect(bob.paused).toBe(false);
      expect(text(eve).toString()).toBe("hello");
    });
  });

  it("keeps an empty room for the grace time and lets it go after that, with everything on the disk", async () => {
    await world.close();
    await start({ options: { residency: { bytes: 0, grace: 30_000, idle: 600_000 } } });
    const ann = await join(101);
    text(ann).insert(0, "kept");
    await flush();
    ann.disconnect();
    await world.pass(29_000);
    expect(world.rooms.size).toBe(1);
    await world.pass(31_500);
    expect(world.rooms.size).toBe(0);
    const bob = await join(102);
    expect(text(bob).toString()).toBe("kept");
  });

  it("keeps an empty room while there is memory for it", async () => {
    const ann = await join(101);
    text(ann).insert(0, "kept");
    await flush();
    ann.disconnect();
    await world.pass(300_000);
    expect(world.rooms.size).toBe(1);
    await world.pass(400_000);
    expect(world.rooms.size).toBe(0);
  });

  it("never lets go of a document that is not on the disk yet", async () => {
    await world.close();
    await start({ options: { residency: { bytes: 0, grace: 1000, idle: 1000 } } });
    const ann = await join(101);
    disk.hold();
    text(ann).insert(0, "not yet");
    ann.deliver("to relay");
    await world.pass(10);
    ann.disconnect();
    await world.pass(60_000);
    expect(world.rooms.size).toBe(1);
    disk.release();
    await world.pass(5000);
    expect(world.rooms.size).toBe(0);
    expect(await commits()).toHaveLength(1);
  });

  it("makes a snapshot when the commits outweigh the last one, and opens from it", async () => {
    const ann = await join(101);
    for (let i = 0; i < 30; i++) {
      text(ann).insert(0, "x".repeat(10_000));
      await flush();
    }
    const head = await world.ledger.head("notes");
    expect(head?.snapshot).toBeGreaterThan(0);
    expect(head?.tail.commits).toBeLessThan(30);
    await world.close();
    await start();
    expect(text(await join(102)).toString()).toHaveLength(300_000);
  });

  it("remembers what kind an undeclared root is, also when all of its content is gone", async () => {
    const ann = await join(101);
    ann.doc.getArray("list").insert(0, [1]);
    text(ann).insert(0, "x");
    await flush();
    ann.doc.getArray("list").delete(0);
    text(ann).delete(0, 1);
    await flush();
    expect(await content()).toEqual({ list: [], t: "" });
    await world.close();
    await start();
    expect(await content()).toEqual({ list: [], t: "" });
  });

  it("tells who is present, and who has left", async () => {
    const ann = await join(101);
    const bob = await join(102);
    const present = (client: SimulatedClient) =>
      client.fromRelay.map(decodeYMessage).flatMap(message => {
        if (message.type !== "awareness") return [];
        const decoded = decodeAwareness(message.payload);
        return decoded.type === "entries"
          ? decoded.entries.map(({ clientId, state }) => [clientId, state])
          : [];
      });
    ann.send(encodeAwarenessMessage(encodeAwareness([{ clientId: 101, clock: 1, state: '{"name":"Ann"}' }])));
    ann.deliver("to relay");
    await world.pass(20);
    expect(present(bob)).toEqual([[101, '{"name":"Ann"}']]);
    expect(present(ann)).toEqual([]);
    bob.fromRelay;
    await flush();
    ann.disconnect();
    await world.pass(100);
    expect(present(bob)).toEqual([[101, null]]);
  });

  it("opens no document any more when all are being closed", async () => {
    await join(101);
    const closing = world.rooms.close(1012, "the relay is shutting down");
    expect(() => world.rooms.get("notes")).toThrow("shutting down");
    expect(() => world.rooms.get("others")).toThrow("shutting down");
    await closing;
  });

  it("opens a document that cannot be read for nobody, and says so", async () => {
    const failed: unknown[] = [];
    await world.close();
    await start({
      events: { failed: event => failed.push(event) },
      watch: ledger => ({
        ...ledger,
        get status() {
          return ledger.status;
        },
        open: async document => {
          if (document === "broken") throw new StorageError("corrupted", "commit 7 is missing", { document });
          return ledger.open(document);
        },
      }),
    });
    const ann = connect(101, "broken");
    const reading = world.rooms.get("broken").view(({ content }) => content());
    await Promise.all([flush(), expect(reading).rejects.toMatchObject({ code: "document-unavailable" })]);
    expect(ann.closed).toMatchObject({ code: 4500 });
    expect(failed).toMatchObject([{ documentId: "broken", cause: { code: "corrupted" } }]);
    const bob = await join(102, "fine");
    expect(bob.closed).toBe(null);
  });
});
