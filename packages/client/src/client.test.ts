import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as Y from "yjs";
import { type ClientOptions, createClient } from "./client.js";
import { memoryPersistence } from "./memory-persistence.js";
import { createNetworkDouble } from "./network-double.js";

describe("a client", () => {
  it("goes on by HTTP where no WebSocket comes through, and comes back to one", async () => {
    const net = network();
    net.isBlocked = true;
    const ann = net.open();
    await net.settle(10_000);
    expect(ann.status).toMatchObject({ connection: "connected", transport: "http", synced: true });
    expect(net.sockets.length).toBe(3);
    ann.doc.getText("text").insert(0, "by HTTP");
    await net.settle(1_000);
    expect(net.relay.doc("d").getText("text").toString()).toBe("by HTTP");
    net.isBlocked = false;
    await net.settle(120_000);
    expect(ann.status.transport).toBe("websocket");
  });

  it("shows others who is present, and nobody when the connection is gone", async () => {
    const net = network();
    const [ann, ben] = [net.open(), net.open()];
    await net.settle();
    ben.awareness.setLocalState({ name: "Ben" });
    ann.awareness.setLocalState({ name: "Ann" });
    await net.settle();
    expect(ann.awareness.getStates().get(ben.doc.clientID)).toEqual({ name: "Ben" });
    expect(ben.awareness.getStates().get(ann.doc.clientID)).toEqual({ name: "Ann" });
    net.drop(1006);
    expect([...ann.awareness.getStates().values()]).toEqual([{ name: "Ann" }]);
  });

  it("sends nothing on a socket that is closing, and all of it on the next one", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    net.sockets[0]!.readyState = 2;
    ann.doc.getText("text").insert(0, "late");
    await net.settle(1_000);
    expect(ann.unsyncedChanges).toBe(1);
    net.drop(1006);
    await net.settle(60_000);
    expect(net.relay.doc("d").getText("text").toString()).toBe("late");
    expect(ann.unsyncedChanges).toBe(0);
  });

  it("stops at a close that is for good, and says why", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    net.drop(4403, "forbidden");
    await net.settle(60_000);
    expect(ann.status.stopped).toEqual({ code: 4403, reason: "forbidden" });
    expect(net.sockets.length).toBe(1);
    await expect(ann.syncNow()).rejects.toMatchObject({ code: "closed" });
  });

  it("asks for a token at each connection", async () => {
    const net = network();
    let asked = 0;
    const tokens = () => net.relay.messages.flatMap(each => ("token" in each ? [each.token] : []));
    net.open({ token: async () => `token ${++asked}` });
    await net.settle();
    net.drop(1006);
    await net.settle(60_000);
    expect(tokens()).toEqual(["token 1", "token 2"]);
  });

  it("gives the relay a fresh token when it wants one, on the connection that is there", async () => {
    const net = network();
    let asked = 0;
    const ann = net.open({ token: () => `token ${++asked}` });
    await net.settle();
    net.say({ type: "token-wanted", within: 2_000 });
    await net.settle();
    expect(net.relay.messages.flatMap(each => (each.type === "token" ? [each.token] : []))).toEqual([
      "token 2",
    ]);
    expect(net.sockets.length).toBe(1);
    expect(ann.status.synced).toBe(true);
  });

  it("keeps what waits when it is closed, and the next one sends it", async () => {
    const net = network();
    const persistence = memoryPersistence();
    const ann = net.open({ persistence, connect: false });
    ann.doc.getText("text").insert(0, "written offline");
    const closed = ann.close();
    await net.settle();
    await closed;
    expect(net.sockets.length).toBe(0);
    const next = net.open({ persistence });
    await net.settle();
    expect(next.unsyncedChanges).toBe(0);
    expect(net.relay.doc("d").getText("text").toString()).toBe("written offline");
  });

  it("hears by itself when the page is online or shown again, until it is closed", async () => {
    const page = Object.assign(new EventTarget(), {
      document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
    });
    for (const [name, value] of Object.entries({
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
      document: page.document,
    })) {
      vi.stubGlobal(name, value);
    }
    onTestFinished(() => void vi.unstubAllGlobals());
    const net = network();
    const client = net.client();
    const ann = client.open("d");
    await net.settle();
    const heard: boolean[] = [];
    for (const say of [
      () => page.dispatchEvent(new Event("online")),
      () => page.document.dispatchEvent(new Event("visibilitychange")),
    ]) {
      net.drop(1006);
      say();
      await net.settle();
      heard.push(ann.status.synced);
    }
    page.document.visibilityState = "hidden";
    net.drop(1006);
    page.document.dispatchEvent(new Event("visibilitychange"));
    await net.settle();
    heard.push(ann.status.synced);
    expect(heard).toEqual([true, true, false]);
    const attempts = net.sockets.length;
    const closed = client.close();
    await net.settle();
    await closed;
    page.dispatchEvent(new Event("online"));
    await net.settle();
    expect(net.sockets.length).toBe(attempts);
  });

  it("does not wait any longer when the network is back", async () => {
    const net = network();
    let woken = () => {};
    const ann = net.open({
      onWake(wake) {
        woken = wake;
        return () => {};
      },
    });
    await net.settle();
    net.drop(1006);
    expect(ann.status.connection).toBe("connecting");
    woken();
    await net.settle();
    expect(ann.status.synced).toBe(true);
  });

  it("answers syncNow when the relay has said all it has", async () => {
    const net = network();
    const ann = net.open();
    await net.settle();
    const synced = ann.syncNow();
    await net.settle();
    await synced;
    expect(net.relay.messages.filter(({ type }) => type === "sync")).toHaveLength(1);
  });
});

/** Clients at a relay, on a network that moves when a test says so. */
function network() {
  const net = createNetworkDouble();
  const client = (options: Partial<ClientOptions> = {}) =>
    createClient({ url: "ws://relay", WebSocket: net.WebSocket, ...net.options, ...options });
  const open = (options: Partial<ClientOptions> = {}) => client(options).open("d", { doc: new Y.Doc() });
  return Object.assign(net, { client, open });
}
