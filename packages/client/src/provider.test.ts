import { describe, expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { createNetworkDouble } from "./network-double.js";
import { type ProviderEvents, type ProviderOptions, VersoProvider } from "./provider.js";

describe("what y-websocket's provider does, this one does", () => {
  it("connects by itself, and says so: connecting, connected, synced", async () => {
    const net = network();
    const ann = net.open();
    const heard = record(ann, ["status", "sync", "synced"]);
    expect([ann.wsconnected, ann.synced, ann.shouldConnect]).toEqual([false, false, true]);
    await net.settle();
    expect([ann.wsconnected, ann.wsconnecting, ann.synced]).toEqual([true, false, true]);
    expect(heard.filter(([name]) => name === "status").at(-1)).toEqual(["status", { status: "connected" }]);
    expect(heard).toContainEqual(["sync", true]);
    expect(heard).toContainEqual(["synced", true]);
    await ann.whenSynced;
  });

  it("waits for connect() where it is told to", async () => {
    const net = network();
    const ann = net.open({ connect: false });
    await net.settle();
    expect([ann.shouldConnect, ann.wsconnected, net.sockets.length]).toEqual([false, false, 0]);
    ann.connect();
    ann.connect();
    await net.settle();
    expect([ann.shouldConnect, ann.wsconnected, net.sockets.length]).toEqual([true, true, 1]);
  });

  it("brings edits to the others and theirs here, those from before the connection, too", async () => {
    const net = network();
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "before ");
    const ann = net.open({ connect: false }, doc);
    const ben = net.open();
    ann.connect();
    await net.settle();
    ben.doc.getText("text").insert(7, "after");
    await net.settle();
    expect(ann.doc.getText("text").toString()).toBe("before after");
    expect(ann.doc).toBe(doc);
    expect(ann.document).toBe(doc);
    expect(net.relay.doc("room").getText("text").toString()).toBe("before after");
  });

  it("tells who is present, and that others are gone when the connection is", async () => {
    const net = network();
    const ann = net.open();
    const ben = net.open();
    await net.settle();
    ben.awareness.setLocalState({ name: "Ben" });
    ann.awareness.setLocalState({ name: "Ann" });
    await net.settle();
    expect(ann.awareness.getStates().get(ben.doc.clientID)).toEqual({ name: "Ben" });
    ann.disconnect();
    await net.settle();
    expect([...ann.awareness.getStates().values()]).toEqual([{ name: "Ann" }]);
    ann.connect();
    await net.settle();
    expect(ben.awareness.getStates().get(ann.doc.clientID)).toEqual({ name: "Ann" });
    ben.awareness.setLocalState({ name: "Ben B." });
    await net.settle();
    expect(ann.awareness.getStates().get(ben.doc.clientID)).toEqual({ name: "Ben B." });
  });

  it("takes an awareness that is there already", () => {
    const doc = new Y.Doc();
    const awareness = new Awareness(doc);
    expect(network().open({ awareness, connect: false }, doc).awareness).toBe(awareness);
    awareness.destroy();
  });

  it("stays away after disconnect(), and comes back after connect() with what was written meanwhile", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    const heard = record(ann, ["status", "sync", "connection-close", "closed"]);
    ann.disconnect();
    ann.disconnect();
    await net.settle(60_000);
    expect(heard).toEqual([
      ["connection-close", null, "provider"],
      ["status", { status: "disconnected" }],
      ["sync", false],
    ]);
    expect(net.sockets).toHaveLength(1);
    ann.doc.getText("text").insert(0, "offline");
    ann.connect();
    await net.settle();
    expect(net.relay.doc("room").getText("text").toString()).toBe("offline");
    expect(ann.synced).toBe(true);
  });

  it("comes back after a lost connection, and tells of each", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    const heard = record(ann, ["status", "connection-close", "closed"]);
    net.sockets[0]!.drop(1006, "");
    expect([ann.wsconnected, ann.synced, ann.shouldConnect]).toEqual([false, false, true]);
    await net.settle(60_000);
    expect(ann.synced).toBe(true);
    expect(heard.slice(0, 2)).toEqual([
      ["connection-close", { code: 1006, reason: "" }, "provider"],
      ["status", { status: "disconnected" }],
    ]);
    expect(heard.at(-1)).toEqual(["status", { status: "connected" }]);
    expect(heard.some(([name]) => name === "closed")).toBe(false);
  });

  it("stops where the relay closes for good, says why, and goes on when it is asked to", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    const heard = record(ann, ["closed"]);
    net.relay.tell("room", channel => ({ type: "closed", channel, code: 4403, reason: "forbidden" }));
    await net.settle(60_000);
    expect(heard).toEqual([["closed", { code: 4403, reason: "forbidden" }, "provider"]]);
    expect([ann.shouldConnect, ann.wsconnected]).toEqual([false, false]);
    ann.connect();
    await net.settle();
    expect([ann.shouldConnect, ann.synced]).toEqual([true, true]);
  });

  it("leaves it to shouldReconnect whether a close is for good", async () => {
    const net = network();
    const ann = net.open({ shouldReconnect: ({ code }) => code !== 4503 });
    await net.settle();
    const heard = record(ann, ["closed"]);
    net.sockets[0]!.drop(4503, "later");
    await net.settle(60_000);
    expect(heard).toEqual([["closed", { code: 4503, reason: "later" }, "provider"]]);
    expect([ann.shouldConnect, net.sockets.length]).toEqual([false, 1]);
    ann.connect();
    await net.settle();
    net.relay.tell("room", channel => ({ type: "closed", channel, code: 4403, reason: "forbidden" }));
    await net.settle(60_000);
    expect(heard).toHaveLength(1);
    expect(ann.synced).toBe(true);
  });

  it("connects with the params that there are then", async () => {
    const net = network();
    const tokens: (string | null)[] = [];
    net.relay.deny = token => {
      tokens.push(token);
      return null;
    };
    const ann = net.open({ params: { token: "first" } });
    expect(ann.url).toBe("ws://relay/yjs/room?token=first");
    await net.settle();
    ann.params = { token: "second" };
    net.sockets[0]!.drop(1006, "");
    await net.settle(60_000);
    ann.params = {};
    net.sockets.at(-1)!.drop(1006, "");
    await net.settle(60_000);
    expect(tokens).toEqual(["first", "second", null]);
    expect(net.sockets[0]!.url).toBe("ws://relay/sync");
    expect(ann.url).toBe("ws://relay/yjs/room");
  });

  it("tells that a token is not accepted, and does not try again", async () => {
    const net = network();
    net.relay.deny = () => "expired";
    const ann = net.open({ token: "old" });
    const heard = record(ann, ["authenticationFailed", "closed"]);
    await net.settle(60_000);
    expect(heard.map(([name]) => name)).toEqual(["authenticationFailed", "closed"]);
    expect([ann.shouldConnect, net.sockets.length]).toEqual([false, 1]);
  });

  it("asks again for what is missing after each resyncInterval", async () => {
    const net = network();
    net.open({ resyncInterval: 5_000 });
    await net.settle();
    const asked = () => net.relay.messages.filter(({ type }) => type === "sync").length;
    expect(asked()).toBe(0);
    await net.settle(5_001);
    expect(asked()).toBe(1);
  });

  it("counts what the relay has not answered", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    const heard = record(ann, ["unsyncedChanges", "sync-status"]);
    ann.doc.getText("text").insert(0, "a");
    await net.settle();
    expect(heard.filter(([name]) => name === "unsyncedChanges")).toEqual([
      ["unsyncedChanges", 1],
      ["unsyncedChanges", 0],
    ]);
    expect([ann.hasUnsyncedChanges, ann.syncStatus.status]).toEqual([false, "green"]);
  });

  it("speaks with other tabs without the relay, of edits and of who is present", async () => {
    const net = network();
    net.isBlocked = true;
    const inOneBrowser = {
      disableBc: false,
      fetch: () => Promise.reject(new TypeError("unreachable")),
    };
    const old = new Y.Doc();
    old.getText("text").insert(0, "from before");
    const ann = net.open(inOneBrowser, old);
    const ben = net.open(inOneBrowser);
    const apart = net.open();
    ann.awareness.setLocalState({ name: "Ann" });
    ben.doc.getText("text").insert(11, ", and now");
    for (const { doc } of [ann, ben]) expect(doc.getText("text").toString()).toBe("from before, and now");
    expect(apart.doc.getText("text").toString()).toBe("");
    expect(ben.awareness.getStates().get(old.clientID)).toEqual({ name: "Ann" });
    expect([ann.bcconnected, apart.bcconnected, ann.wsconnected]).toEqual([true, false, false]);
    await net.settle();
    // What a tab has from another is that one's to send.
    expect([ann.unsyncedChanges, ben.unsyncedChanges]).toEqual([1, 1]);

    ann.disconnect();
    expect(ben.awareness.getStates().has(old.clientID)).toBe(false);
    ann.doc.getText("text").insert(0, "alone ");
    expect([ann.bcconnected, ben.doc.getText("text").toString()]).toEqual([false, "from before, and now"]);
    ann.connect();
    expect(ben.doc.getText("text").toString()).toBe("alone from before, and now");
    for (const provider of [ann, ben, apart]) await provider.destroy();
  });

  it("ends with destroy(), and with its document", async () => {
    const net = network();
    const ann = net.open();
    const ben = net.open();
    await net.settle();
    const heard = record(ann, ["status", "connection-close"]);
    await ann.destroy();
    await ann.destroy();
    expect(heard).toEqual([
      ["connection-close", null, "provider"],
      ["status", { status: "disconnected" }],
    ]);
    ann.connect();
    ann.doc.getText("text").insert(0, "to nobody");
    ben.doc.destroy();
    await ben.destroy();
    await net.settle(60_000);
    expect([ann.wsconnected, ben.wsconnected, ann.shouldConnect]).toEqual([false, false, false]);
    expect(net.relay.doc("room").getText("text").toString()).toBe("");
    expect(net.sockets.every(({ isOpen }) => !isOpen)).toBe(true);
  });

  it("ends the awareness that it has made, and leaves one that it was given", async () => {
    const net = network();
    const given = new Awareness(new Y.Doc());
    const own = net.open();
    const other = net.open({ awareness: given });
    const ended: string[] = [];
    own.awareness.on("destroy", () => ended.push("own"));
    given.on("destroy", () => ended.push("given"));
    await own.destroy();
    await other.destroy();
    expect(ended).toEqual(["own"]);
    given.destroy();
  });
});

type Name = keyof ProviderEvents;

function record(provider: VersoProvider, names: readonly Name[]): [Name, ...unknown[]][] {
  const heard: [Name, ...unknown[]][] = [];
  for (const name of names)
    provider.on(name, ((...event: unknown[]) =>
      heard.push([name, ...event.map(part => (part === provider ? "provider" : part))])) as never);
  return heard;
}

/** Providers at a relay, on a network that moves when a test says so; each in a browser of its own. */
function network() {
  const net = createNetworkDouble();
  const open = (options: ProviderOptions = {}, doc = new Y.Doc()) =>
    new VersoProvider("ws://relay/yjs/", "room", doc, {
      WebSocketPolyfill: net.WebSocket,
      disableBc: true,
      ...net.options,
      ...options,
    });
  return Object.assign(net, { open });
}
