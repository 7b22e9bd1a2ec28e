import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { createClient } from "../documents.js";
import { memoryPersistence } from "../memory-persistence.js";
import { createNetworkDouble } from "../network-double.js";
import { bind } from "./bound.js";
import { select, shallow } from "./store.js";

const kinds = {
  "note/:id": {
    roots: { title: "text", map: "map" },
    schema: z.object({ title: z.string(), map: z.object({ likes: z.number().optional() }) }),
  },
} as const;

function start({ connect = true, persistence = memoryPersistence() } = {}) {
  const net = createNetworkDouble();
  const client = createClient({
    url: "ws://relay.test",
    ...net.options,
    WebSocket: net.WebSocket,
    connect,
    persistence,
    kinds,
  });
  return { net, client, note: bind(client, "note/1") };
}

const nothing = () => {};

describe("a bound document", () => {
  it("is the same for the same client and id, and typed by its kind", async () => {
    const { client, note } = start();
    expect(bind(client, "note/1")).toBe(note);
    expect(bind(client, "note/2")).not.toBe(note);
    expectTypeOf(note.json.getSnapshot().map.likes).toEqualTypeOf<number | undefined>();
    await client.close();
  });

  it("is read without being opened", async () => {
    const { client, net, note } = start();
    expect(note.json.getSnapshot()).toEqual({ title: "", map: {} });
    expect(note.json.getSnapshot()).toBe(note.json.getInitialSnapshot());
    expect(note.status.getSnapshot()).toMatchObject({ connection: "disconnected", synced: false });
    expect([note.replica.getSnapshot(), note.others.getSnapshot()]).toEqual([null, []]);
    await net.settle(100);
    expect([client.isOpen("note/1"), net.sockets.length]).toEqual([false, 0]);
    await client.close();
  });

  it("is open while anybody follows it, and a second more", async () => {
    const { client, note } = start({ connect: false });
    const ends = [note.json.subscribe(nothing), note.status.subscribe(nothing)];
    const first = note.replica.getSnapshot();
    expect(first).toBe(client.open("note/1"));
    for (const end of ends) end();
    const again = note.json.subscribe(nothing);
    await past(1_100);
    expect(note.replica.getSnapshot()).toBe(first);
    again();
    again();
    await past(1_100);
    await expect.poll(() => client.isOpen("note/1")).toBe(false);
    expect(note.replica.getSnapshot()).toBe(null);
    await client.close();
  });

  it("is opened anew for who comes while it is being closed", async () => {
    const kept = memoryPersistence();
    let closed = () => {};
    const closing = new Promise<void>(resolve => {
      closed = resolve;
    });
    const slow = { ...kept.open("note/1"), close: () => closing };
    let opened = 0;
    const persistence = {
      open: (id: string) => {
        opened += 1;
        return opened === 1 ? slow : kept.open(id);
      },
    };
    const { client, note } = start({ connect: false, persistence });
    note.json.subscribe(nothing)();
    const first = note.replica.getSnapshot();
    await expect.poll(() => note.replica.getSnapshot(), { timeout: 5_000 }).toBe(null);
    let told = 0;
    const end = note.json.subscribe(() => {
      told += 1;
    });
    expect([note.replica.getSnapshot(), told]).toEqual([null, 0]);
    expect(() => note.setText("/title", "nobody would have it")).toThrow(TypeError);
    closed();
    await expect.poll(() => note.replica.getSnapshot()).not.toBe(null);
    expect(note.replica.getSnapshot()).not.toBe(first);
    expect(told).toBeGreaterThan(0);
    note.setText("/title", "new");
    expect(note.json.getSnapshot().title).toBe("new");
    end();
    await client.close();
  });

  it("leaves open what the program has opened itself", async () => {
    const { client, note } = start({ connect: false });
    const document = client.open("note/1");
    note.json.subscribe(nothing)();
    await past(1_100);
    expect([client.isOpen("note/1"), client.open("note/1")]).toEqual([true, document]);
    await client.close();
  });

  it("begins anew with the document when its epoch does", async () => {
    const { client, net, note } = start();
    const end = note.json.subscribe(nothing);
    await net.settle(100);
    note.change(draft => {
      draft.title = "old";
    });
    await net.settle(100);
    const first = note.replica.getSnapshot();
    net.relay.reset("note/1");
    net.drop(1006);
    await expect
      .poll(async () => {
        await net.settle(5_000);
        return note.replica.getSnapshot() !== first && note.status.getSnapshot().synced;
      })
      .toBe(true);
    expect(note.json.getSnapshot().title).toBe("");
    end();
    await client.close();
  });

  it("keeps what was refused until it is dismissed", async () => {
    const { client, net, note } = start();
    net.relay.judge = doc =>
      Number(doc.getMap("map").get("likes")) > 3
        ? [{ code: "schema", rule: "likes", pointer: "/map/likes", message: "Too many.", severity: "error" }]
        : [];
    const end = note.json.subscribe(nothing);
    await net.settle(100);
    note.patch([{ op: "add", path: "/map/likes", value: 4 }]);
    await net.settle(1_000);
    expect(note.json.getSnapshot().map).toEqual({});
    const [rejection] = note.rejections.getSnapshot();
    expect(rejection).toMatchObject({ verdict: "refused", issues: [{ pointer: "/map/likes" }] });
    note.dismiss(rejection!);
    expect(note.rejections.getSnapshot()).toEqual([]);
    end();
    await client.close();
  });

  it("shows of oneself what was said before it was open, and again when it is opened again", async () => {
    const { client, note } = start({ connect: false });
    note.setPresence({ name: "Ada" });
    expect(note.self.getSnapshot()).toEqual({});
    const end = note.self.subscribe(nothing);
    note.setPresence({ color: "teal" });
    expect(note.self.getSnapshot()).toEqual({ name: "Ada", color: "teal" });
    end();
    await expect.poll(() => client.isOpen("note/1"), { timeout: 5_000 }).toBe(false);
    const again = note.self.subscribe(nothing);
    expect(note.self.getSnapshot()).toEqual({ name: "Ada", color: "teal" });
    again();
    await client.close();
  });

  it("can undo what was written here, and redo what was undone, until there is nothing", async () => {
    const { client, note } = start({ connect: false });
    const end = note.undoing.subscribe(nothing);
    expect(note.undoing.getSnapshot()).toEqual({ canUndo: false, canRedo: false });
    note.setText("/title", "one");
    expect(note.undoing.getSnapshot()).toEqual({ canUndo: true, canRedo: false });
    expect(await note.undo()).toEqual({ type: "local" });
    expect([note.json.getSnapshot().title, note.undoing.getSnapshot().canRedo]).toEqual(["", true]);
    expect(await note.redo()).toEqual({ type: "local" });
    expect(note.json.getSnapshot().title).toBe("one");
    expect(await note.redo()).toEqual({ type: "nothing" });
    expect(note.undoing.getSnapshot()).toEqual({ canUndo: true, canRedo: false });
    end();
    await client.close();
  });

  it("is ready when the relay has answered, and open while somebody waits for that", async () => {
    const { client, net, note } = start();
    const ready = note.ready();
    expect(note.ready()).toBe(ready);
    let isReady = false;
    void ready?.then(() => {
      isReady = true;
    });
    expect([client.isOpen("note/1"), isReady]).toEqual([true, false]);
    await net.settle(1_000);
    expect([isReady, note.ready()]).toEqual([true, null]);
    await client.close();
  });
});

describe("a part of a store", () => {
  it("stays the same object while it is equal", async () => {
    const { client, note } = start({ connect: false });
    const even = select(note.json, ({ map: { likes = 0 } }) => ({ isEven: likes % 2 === 0 }), shallow);
    const end = even.subscribe(nothing);
    const first = even.getSnapshot();
    note.change(draft => {
      draft.map.likes = 2;
    });
    expect(even.getSnapshot()).toBe(first);
    note.change(draft => {
      draft.map.likes = 3;
    });
    expect(even.getSnapshot()).toEqual({ isEven: false });
    end();
    await client.close();
  });

  it.each([
    [{ a: 1 }, { a: 1 }, true],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: undefined }, { b: undefined }, false],
    [[1, 2], [1, 2], true],
    [[1], { 0: 1 }, false],
    [Number.NaN, Number.NaN, true],
    [null, {}, false],
  ])("is compared one level deep: %j and %j", (a, b, isEqual) => {
    expect(shallow(a, b)).toBe(isEqual);
  });
});

function past(milliseconds: number): Promise<void> {
  // Real time, which is what a document stays open for.
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
