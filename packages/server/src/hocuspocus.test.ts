/** Stock Hocuspocus providers of both versions on a relay, over real sockets. */
import {
  HocuspocusProvider as Provider4,
  HocuspocusProviderWebsocket as Socket4,
} from "@hocuspocus/provider";
import { createMemoryStore } from "@verso/storage";
import { createFaults } from "@verso/storage/testing";
import { rule } from "@verso/validation";
import {
  HocuspocusProvider as Provider3,
  HocuspocusProviderWebsocket as Socket3,
} from "hocuspocus-provider-3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import type { ConfigInput } from "./index.js";
import { arrival, createRelayHarness, type RelayHarness } from "./relay-harness.js";

const versions = [
  ["3", { Provider: Provider3, Socket: Socket3 }],
  ["4", { Provider: Provider4, Socket: Socket4 }],
] as const;

type Provider = Provider3 | Provider4;
type Socket = Socket3 | Socket4;

let relay: RelayHarness;
let open: (Provider | Socket)[];

beforeEach(() => {
  relay = createRelayHarness();
  open = [];
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) each.destroy();
  await relay.dispose();
});

/** Users by their tokens; whoever's begins with "reader" may only read. */
const byToken = {
  auth: ({ token }: { token: string | null }) =>
    token === null || token === "" || token === "wrong" ? null : { user: token.split("-")[0] ?? "" },
  access: ({ user }: { user: string }, _documentId: string | null, action: string) =>
    !user.startsWith("reader") || action === "read",
} satisfies ConfigInput;

/** Resolves when something holds, which is looked at now and at each of these events. */
function when(provider: Provider | Socket, events: readonly string[], holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (!holds()) return;
      for (const event of events) provider.off(event, look);
      resolve();
    };
    for (const event of events) provider.on(event, look);
    look();
  });
}

const settled = (provider: Provider) =>
  when(provider, ["unsyncedChanges", "synced"], () => provider.isSynced && provider.unsyncedChanges === 0);

const next = (provider: Provider | Socket, event: string): Promise<Record<string, unknown>> =>
  new Promise(resolve => {
    const hear = (payload: Record<string, unknown>) => {
      provider.off(event, hear);
      resolve(payload);
    };
    provider.on(event, hear);
  });

describe.each(versions)("providers of version %s", (_, { Provider, Socket }) => {
  const url = () => `${relay.url.replace("http", "ws")}/hocuspocus`;
  const socketTo = (to = url()) => {
    // The types of ws and of the DOM differ in what the provider never uses.
    const socket = new Socket({
      url: to,
      WebSocketPolyfill: WebSocket,
      delay: 20,
      minDelay: 10,
      jitter: false,
    });
    open.push(socket);
    return socket;
  };
  const visit = (
    name: string,
    { token = "ann", socket = socketTo(), doc = new Y.Doc(), ...options }: VisitOptions = {},
  ) => {
    const provider = new Provider({
      name,
      token,
      document: doc,
      // Each version has a class of its own by this name.
      websocketProvider: socket as Socket3 & Socket4,
      ...options,
    });
    open.push(provider);
    provider.attach();
    return { doc, provider, socket };
  };
  interface VisitOptions {
    token?: string | (() => string);
    socket?: Socket;
    doc?: Y.Doc;
    sessionAwareness?: boolean;
  }

  it("edit a document together, and with clients of y-websocket", async () => {
    await relay.start();
    const ann = visit("notes");
    ann.doc.getText("t").insert(0, "hello");
    await settled(ann.provider);
    const bob = visit("notes");
    const eve = await relay.open("notes");
    await settled(bob.provider);
    expect([bob.doc, eve.doc].map(doc => doc.getText("t").toString())).toEqual(["hello", "hello"]);
    bob.doc.getText("t").insert(5, ", world");
    const text = "hello, world";
    await Promise.all(
      [ann.doc, eve.doc].map(doc => arrival(doc, () => doc.getText("t").toString() === text)),
    );
    eve.doc.getText("t").insert(0, "> ");
    await arrival(ann.doc, () => ann.doc.getText("t").toString() === `> ${text}`);
  });

  it("have several documents on one socket", async () => {
    await relay.start(byToken);
    const socket = socketTo();
    const names = ["a", "b", "c/d"];
    const visits = names.map(name => visit(name, { socket }));
    const denied = visit("e", { socket, token: "wrong" });
    const failure = next(denied.provider, "authenticationFailed");
    await Promise.all(visits.map(({ provider }) => settled(provider)));
    for (const [i, { doc }] of visits.entries()) doc.getMap("m").set("name", names[i]);
    await Promise.all(visits.map(({ provider }) => settled(provider)));
    expect(await failure).toEqual({ reason: "token-invalid: the token is not valid" });
    for (const name of names) {
      const answer = await relay.get(`/api/documents/${encodeURIComponent(name)}`, "ann");
      expect(await answer.json()).toMatchObject({ content: { m: { name } } });
    }
    // One that leaves does not take the others with it.
    visits[0]?.provider.destroy();
    visits[1]?.doc.getMap("m").set("more", true);
    await settled(visits[1]!.provider);
  });

  it("hear whether they may write, and what a reader writes is taken back and stays unsynced", async () => {
    await relay.start(byToken);
    const ann = visit("notes");
    expect(await next(ann.provider, "authenticated")).toEqual({ scope: "read-write" });
    ann.doc.getMap("m").set("k", 1);
    await settled(ann.provider);
    const reader = visit("notes", { token: "reader" });
    expect(await next(reader.provider, "authenticated")).toEqual({ scope: "readonly" });
    await settled(reader.provider);
    expect(reader.doc.getMap("m").toJSON()).toEqual({ k: 1 });
    reader.doc.getMap("m").set("k", 2);
    await arrival(reader.doc, () => reader.doc.getMap("m").get("k") === 1);
    ann.doc.getMap("m").set("after", true);
    await arrival(reader.doc, () => reader.doc.getMap("m").has("after"));
    expect(reader.doc.getMap("m").toJSON()).toEqual({ k: 1, after: true });
    expect(reader.provider.unsyncedChanges).toBe(1);
    expect(ann.doc.getMap("m").toJSON()).toEqual({ k: 1, after: true });
  });

  it("are told that authentication has failed, and may try again with another token", async () => {
    await relay.start(byToken);
    let token = "wrong";
    const { provider } = visit("notes", { token: () => token });
    expect(await next(provider, "authenticationFailed")).toMatchObject({
      reason: expect.stringContaining("token-invalid"),
    });
    expect(provider.isAuthenticated).toBe(false);
    token = "ann";
    await provider.sendToken();
    await next(provider, "authenticated");
    provider.startSync();
    await settled(provider);
    const stranger = visit("notes", { token: "" });
    expect(await next(stranger.provider, "authenticationFailed")).toMatchObject({
      reason: expect.stringContaining("token-missing"),
    });
  });

  it("renew a token that ends, with nothing lost in between", async () => {
    let shown = 0;
    await relay.start({
      auth: ({ token }) => ({ user: "ann", expires: token === "1" ? Date.now() + 600 : null }),
    });
    const { provider, doc } = visit("notes", { token: () => String(++shown) });
    const closed = next(provider, "close");
    await next(provider, "authenticated");
    await next(provider, "authenticated");
    expect(shown).toBe(2);
    doc.getMap("m").set("k", 1);
    await settled(provider);
    expect(await Promise.race([closed, "still open"])).toBe("still open");
  });

  it("count a change until it is on the disk, and no longer", async () => {
    let held: Promise<void> | null = null;
    let begun = () => {};
    const store = createMemoryStore();
    const faults = createFaults(async ({ operation, when }) => {
      if (operation !== "batch" || when !== "before" || held === null) return;
      begun();
      await held;
    });
    await relay.start({
      storage: { name: "slow", open: async () => faults.wrap(await store.open()) },
      onStateless: ({ reply }) => reply("all that came before was read"),
    });
    const { provider, doc } = visit("notes");
    await settled(provider);
    let release = () => {};
    held = new Promise(resolve => (release = resolve));
    const writing = new Promise<void>(resolve => (begun = resolve));
    for (const value of [1, 2, 3]) doc.getMap("m").set("k", value);
    provider.sendStateless("has it arrived?");
    await Promise.all([writing, next(provider, "stateless")]);
    expect(provider.unsyncedChanges).toBe(3);
    release();
    await settled(provider);
  });

  it("are healed of what breaks a rule, and have nothing unsynced then", async () => {
    const positive = rule({
      name: "positive",
      reads: ["/m/total"],
      check: ([total]) => total === undefined || (typeof total === "number" && total >= 0) || "is negative",
    });
    await relay.start({ documents: { "*": { roots: { m: "map" }, rules: [positive] } } });
    const { provider, doc } = visit("notes");
    doc.getMap("m").set("total", 1);
    await settled(provider);
    doc.getMap("m").set("total", -1);
    expect(provider.unsyncedChanges).toBe(1);
    await settled(provider);
    expect(doc.getMap("m").get("total")).toBe(1);
  });

  it("see each other, and that one has gone", async () => {
    await relay.start();
    const [ann, bob] = [visit("notes"), visit("notes")];
    await Promise.all([settled(ann.provider), settled(bob.provider)]);
    const annId = ann.doc.clientID;
    ann.provider.setAwarenessField("user", { name: "Ann" });
    const seen = () => bob.provider.awareness?.getStates().get(annId);
    await when(bob.provider, ["awarenessUpdate"], () => seen()?.user !== undefined);
    expect(seen()).toMatchObject({ user: { name: "Ann" } });
    ann.socket.destroy();
    await when(bob.provider, ["awarenessUpdate"], () => seen() === undefined);
  });

  it("send stateless messages to the code of the operator, which may tell all", async () => {
    await relay.start({
      ...byToken,
      onStateless({ actor, documentId, payload, broadcast, reply }) {
        broadcast(`${actor.user} on ${documentId}: ${payload}`);
        reply("told");
      },
    });
    const [ann, bob] = [visit("notes", { token: "ann" }), visit("notes", { token: "bob" })];
    await Promise.all([settled(ann.provider), settled(bob.provider)]);
    const heard: unknown[] = [];
    ann.provider.on("stateless", ({ payload }: { payload: string }) => heard.push(payload));
    const both = Promise.all([
      next(bob.provider, "stateless"),
      when(ann.provider, ["stateless"], () => heard.length === 2),
    ]);
    ann.provider.sendStateless("hello");
    expect((await both)[0]).toEqual({ payload: "ann on notes: hello" });
    expect(heard).toEqual(["ann on notes: hello", "told"]);
  });

  it("come back when the relay was restarted, with what was written meanwhile", async () => {
    await relay.start({ port: 0 });
    const port = Number(new URL(relay.url).port);
    const { provider, socket, doc } = visit("notes");
    doc.getText("t").insert(0, "before ");
    await settled(provider);
    const gone = next(socket, "disconnect");
    await relay.stop();
    await gone;
    doc.getText("t").insert(7, "meanwhile");
    expect(provider.unsyncedChanges).toBeGreaterThan(0);
    await relay.start({ port });
    await settled(provider);
    expect(await (await relay.get("/api/documents/notes")).json()).toMatchObject({
      content: { t: "before meanwhile" },
    });
  });
});

it("two providers of version 4 have one document on one socket, each with a session of its own", async () => {
  await relay.start();
  const socket = new Socket4({
    url: `${relay.url.replace("http", "ws")}/hocuspocus`,
    WebSocketPolyfill: WebSocket,
  });
  open.push(socket);
  const [ann, bob] = [1, 2].map(() => {
    const provider = new Provider4({ name: "notes", websocketProvider: socket, sessionAwareness: true });
    open.push(provider);
    provider.attach();
    return provider;
  }) as [Provider4, Provider4];
  await Promise.all([settled(ann), settled(bob)]);
  ann.document.getText("t").insert(0, "hello");
  await arrival(bob.document, () => bob.document.getText("t").toString() === "hello");
  await settled(ann);
});

describe("a socket on which nobody is known", () => {
  it("is closed when no token comes", async () => {
    await relay.start({ authDeadline: 100 });
    const { closed } = relay.connect("/hocuspocus");
    expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-missing") });
  });

  it("is closed when it sends much, or what is no message", async () => {
    await relay.start();
    const large = relay.connect("/hocuspocus");
    await large.opened;
    large.socket.send(new Uint8Array(100_000));
    expect(await large.closed).toMatchObject({ code: 4513 });
    const hostile = relay.connect("/hocuspocus");
    await hostile.opened;
    hostile.socket.send("text");
    expect(await hostile.closed).toMatchObject({ code: 4400 });
    expect(relay.log).toContain('"path":"/hocuspocus"');
  });

  it("is told nothing of documents that are not, and logs hold no token", async () => {
    await relay.start({ ...byToken, documents: { "notes/:id": {} } });
    const provider = new Provider4({
      url: `${relay.url.replace("http", "ws")}/hocuspocus`,
      name: "others",
      token: "ann-s3cr3t",
      WebSocketPolyfill: WebSocket,
    } as ConstructorParameters<typeof Provider4>[0]);
    open.push(provider);
    expect(await next(provider, "authenticationFailed")).toMatchObject({
      reason: expect.stringContaining("forbidden-document"),
    });
    expect(relay.log).not.toContain("s3cr3t");
  });
});
