import { encodeVersoClientMessage, fragmentBytes, type VersoClientMessage } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { z } from "zod";
import type { Authenticate, ConfigInput } from "./index.js";
import { arrival, createRelayHarness, type RelayHarness } from "./relay-harness.js";
import { connectVerso, enterVerso, updateOf, type VersoGuest } from "./verso-harness.js";

let harness: RelayHarness;
const guests: VersoGuest[] = [];

beforeEach(() => {
  harness = createRelayHarness();
});
afterEach(async () => {
  for (const { socket } of guests.splice(0)) socket.terminate();
  await harness.dispose();
});

async function connect(): Promise<VersoGuest> {
  const guest = await connectVerso(harness.url);
  guests.push(guest);
  return guest;
}

async function enter(...options: [Parameters<typeof enterVerso>[1]?]): Promise<VersoGuest> {
  const guest = await enterVerso(harness.url, ...options);
  guests.push(guest);
  return guest;
}

const hello: VersoClientMessage = { type: "hello", token: null, user: null, agent: "test" };
const empty = Uint8Array.of(0);
const openOf = (channel: number, documentId: string, epoch = 0): VersoClientMessage => ({
  type: "open",
  channel,
  documentId,
  epoch,
  replicaId: "r",
  stateVector: empty,
});
const write = (text: string) => (doc: Y.Doc) => doc.getText("t").insert(doc.getText("t").length, text);
const setTotal = (total: number) => (doc: Y.Doc) => doc.getMap("invoice").set("total", total);

/** A kind that refuses a negative total, and one in which anything goes. */
const documents: ConfigInput["documents"] = {
  "invoice/:id": {
    roots: { invoice: "map", t: "text" },
    schema: z.object({
      invoice: z.object({ total: z.number().nonnegative().optional() }).loose(),
      t: z.string(),
    }),
  },
  "*": {},
};

/** Whoever shows the name of a user as his token is that one; after a `~` stands for how many milliseconds. */
const named: Authenticate = ({ token }) => {
  if (token === null || token === "nobody") return null;
  const [user = "", time] = token.split("~");
  return { user, roles: ["editor"], ...(time === undefined ? {} : { expires: Date.now() + Number(time) }) };
};

describe("a connection", () => {
  it("V-1 is refused without the subprotocol, and speaks it otherwise", async () => {
    await harness.start();
    const refused = harness.connect("/sync");
    await expect(refused.opened).rejects.toThrow("400");
    await expect(harness.connect("/sync", { protocols: ["y-websocket"] }).opened).rejects.toThrow("400");
    expect((await connect()).socket.protocol).toBe("verso.1");
  });

  it("V-2 ends with 4400 at what is no message", async () => {
    await harness.start();
    for (const frame of ["", "63", "06", "060100", "03000100ff"]) {
      const guest = await enter();
      guest.sendBytes(Buffer.from(frame, "hex"));
      expect((await guest.next("denied")).code).toBe("bad-request");
      expect(await guest.closed).toMatchObject({
        code: 4400,
        reason: expect.stringMatching(/^malformed-message/),
      });
    }
    const guest = await enter();
    guest.socket.send("text");
    expect((await guest.closed).code).toBe(4400);
  });

  it("V-3 begins with one hello", async () => {
    await harness.start();
    for (const first of [
      { type: "ping", nonce: 1 },
      openOf(0, "a"),
      { type: "token", token: "t" },
    ] as const) {
      const guest = await connect();
      guest.send(first);
      expect(await guest.closed).toMatchObject({
        code: 4400,
        reason: expect.stringContaining("before hello"),
      });
    }
    const guest = await enter();
    guest.send(hello);
    expect(await guest.closed).toMatchObject({
      code: 4400,
      reason: expect.stringContaining("unexpected-message"),
    });
  });

  it("V-4 takes neither much nor long before it is known who is there", async () => {
    await harness.start({ authDeadline: 100 });
    const silent = await connect();
    expect((await silent.closed).code).toBe(4503);
    const large = await connect();
    large.sendBytes(new Uint8Array(100_000));
    expect([1006, 4400]).toContain((await large.closed).code);
    const long = await connect();
    long.send({ ...hello, agent: "a".repeat(40_000) });
    expect(await long.closed).toMatchObject({ code: 4400, reason: expect.stringContaining("too-large") });
    await harness.start({ auth: () => new Promise(() => {}) });
    const many = await connect();
    many.send(hello);
    for (let n = 0; n < 10; n++) many.sendBytes(new Uint8Array(10_000));
    expect((await many.closed).code).toBe(1006);
  });

  it("V-5 is denied to whom nobody knows", async () => {
    await harness.start({ auth: named });
    for (const [token, code] of [
      [null, "token-missing"],
      ["nobody", "token-invalid"],
    ] as const) {
      const guest = await connect();
      guest.send({ ...hello, token });
      expect((await guest.next("denied")).code).toBe(code);
      expect((await guest.closed).code).toBe(4401);
    }
    expect(harness.log).not.toContain('"nobody"');
  });

  it("V-6 is welcomed, and told who it is and what it may send", async () => {
    await harness.start();
    const guest = await connect();
    guest.send({ ...hello, user: "ann" });
    const welcome = await guest.next("welcome");
    expect(welcome).toMatchObject({ user: "ann", heartbeat: 20_000 });
    expect(welcome.limits).toMatchObject({ updateBytes: 64 * 1024 * 1024, openDocuments: 1000 });
    // What is sent right behind the hello counts.
    const eager = await connect();
    eager.send(hello, openOf(0, "a"), { type: "ping", nonce: 7 });
    expect((await eager.next("pong")).nonce).toBe(7);
  });

  it("V-7 answers a ping with its nonce", async () => {
    await harness.start();
    const guest = await enter();
    guest.send({ type: "ping", nonce: 41 }, { type: "ping", nonce: 42 });
    expect(await guest.next("pong")).toEqual({ type: "pong", nonce: 41 });
    expect(await guest.next("pong")).toEqual({ type: "pong", nonce: 42 });
  });

  it("V-8 asks for another token before the first expires, and goes on with it", async () => {
    await harness.start({ auth: named, access: () => true });
    const guest = await enter({ token: "ann~1500" });
    const { within } = await guest.next("token-wanted");
    const replica = await guest.open("a");
    expect(within).toBeGreaterThan(0);
    // Not at once, or a client whose tokens all live so short would be asked without end.
    expect(within).toBeLessThanOrEqual(750);
    guest.send({ type: "token", token: "ann~3000" });
    // The first one has expired when the second is asked to be renewed again.
    await guest.next("token-wanted");
    replica.push(1, write("still here"));
    await guest.next("acknowledged");
    expect((await guest.closed).code).toBe(4401);
    expect(guest.told.at(-1)).toMatchObject({ type: "denied", code: "token-expired" });
  });

  it("V-9 takes no token of another user", async () => {
    await harness.start({ auth: named, access: () => true });
    const guest = await enter({ token: "ann" });
    guest.send({ type: "token", token: "bob" });
    expect(await guest.closed).toMatchObject({ code: 4403 });
  });

  it("V-10 ends with its token, when that is revoked", async () => {
    const token = await harness.createToken({ user: "ann", roles: ["editor", "admin"] });
    await harness.start({ auth: "tokens" });
    const guest = await enter({ token });
    const list = (await (await harness.get("/api/admin/tokens", token)).json()) as {
      tokens: { id: string }[];
    };
    await harness.send("DELETE", `/api/admin/tokens/${list.tokens[0]?.id}`, { token });
    expect((await guest.closed).code).toBe(4401);
    expect(guest.told.at(-1)).toMatchObject({ type: "denied", code: "token-revoked" });
  });

  it("V-11 is refused to pages of other sites where whoever comes is let in", async () => {
    await harness.start();
    const headers = { origin: "https://evil.example" };
    await expect(harness.connect("/sync", { protocols: ["verso.1"], headers }).opened).rejects.toThrow("403");
  });

  it("V-12 is told to come back when the relay shuts down", async () => {
    await harness.start();
    const guest = await enter();
    await guest.open("a");
    await harness.stop();
    expect((await guest.closed).code).toBe(1012);
    expect(await guest.next("closed")).toMatchObject({ channel: 0, code: 1012 });
  });
});

describe("a channel", () => {
  it("V-20 opens with what the replica lacks, and with what the relay has", async () => {
    await harness.start();
    const stock = await harness.open("a");
    stock.doc.getText("t").insert(0, "hello");
    const guest = await enter();
    await arrivedAtRelay("a");
    const replica = await guest.open("a");
    expect(replica.text()).toBe("hello");
    expect(replica.opened).toMatchObject({ channel: 0, epoch: 1, sequence: 1, writable: true });
    expect(replica.opened.stateVector).toEqual(Y.encodeStateVector(stock.doc));
    // One that has a part gets the rest.
    const part = new Y.Doc();
    Y.applyUpdate(part, Y.encodeStateAsUpdate(stock.doc));
    stock.doc.getText("t").insert(5, " world");
    await guest.next("update");
    const other = await guest.open("a", { channel: 1, doc: part });
    expect(other.text()).toBe("hello world");
    expect(other.opened.updates.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(60);
  });

  it("V-21 fails alone, with a code", async () => {
    await harness.start({
      auth: named,
      documents: { "note/:id": {} },
      access: (_actor, documentId) => documentId !== "note/secret",
    });
    const guest = await enter({ token: "ann" });
    for (const [documentId, code, reason] of [
      ["", 4400, "bad-document-id"],
      ["note/../x", 4400, "bad-document-id"],
      ["unknown", 4403, "forbidden-document"],
      ["note/secret", 4403, "forbidden"],
      ["~fork/000000000-000000000000000000000000", 4404, "not-found"],
    ] as const) {
      guest.send(openOf(0, documentId));
      expect(await guest.next("closed")).toMatchObject({
        channel: 0,
        code,
        reason: expect.stringContaining(reason),
      });
    }
    guest.send({
      type: "open",
      channel: 0,
      documentId: "note/1",
      epoch: 0,
      replicaId: "r",
      stateVector: Uint8Array.of(9),
    });
    expect(await guest.next("closed")).toMatchObject({ code: 4400 });
    expect((await guest.open("note/1")).opened.writable).toBe(true);
  });

  it("V-22 has a number that is not taken, and that was opened", async () => {
    await harness.start();
    const twice = await enter();
    twice.send(openOf(0, "a"), openOf(0, "b"));
    expect(await twice.closed).toMatchObject({
      code: 4400,
      reason: expect.stringContaining("channel 0 is open"),
    });
    const never = await enter();
    never.send({ type: "push", channel: 3, clientSequence: 1, madeAt: 0, update: empty });
    expect(await never.closed).toMatchObject({ code: 4400, reason: expect.stringContaining("never opened") });
    const replica = await enter();
    replica.send({ ...openOf(0, "a"), replicaId: "" } as VersoClientMessage);
    expect((await replica.closed).code).toBe(4400);
  });

  it("V-23 is closed by the client without a word, and its number is free", async () => {
    await harness.start();
    const guest = await enter();
    await guest.open("a");
    guest.send({ type: "close", channel: 0 });
    // What was under way to it is not heard.
    guest.send({ type: "sync", channel: 0, stateVector: empty }, { type: "close", channel: 0 });
    const stock = await harness.open("a");
    stock.doc.getText("t").insert(0, "hello");
    await arrivedAtRelay("a");
    await guest.open("b", { channel: 0 });
    await guest.settled();
    expect(guest.told.map(({ type }) => type)).toEqual(["welcome", "opened", "opened", "pong"]);
  });

  it("V-24 is one of at most so many", async () => {
    await harness.start();
    const guest = await enter();
    for (let channel = 0; channel <= 1000; channel++) guest.send(openOf(channel, `note/${channel % 3}`));
    expect(await guest.next("closed")).toMatchObject({
      channel: 1000,
      code: 4513,
      reason: expect.stringContaining("too-many-documents"),
    });
    guest.send({ type: "close", channel: 5 });
    await guest.open("note/1", { channel: 1001 });
  });

  it("V-25 ends with the epoch, where the replica is of another", async () => {
    await harness.start();
    const guest = await enter();
    guest.send(openOf(0, "a", 7), openOf(1, "a", 1));
    expect(await guest.next("epoch")).toEqual({ type: "epoch", channel: 0, epoch: 1 });
    expect((await guest.next("opened")).channel).toBe(1);
  });

  it("V-26 ends when the document is erased, or deleted", async () => {
    await harness.start({ auth: named, access: () => true });
    const guest = await enter({ token: "ann" });
    const erased = await guest.open("a");
    const deleted = await guest.open("b", { channel: 1 });
    erased.push(1, write("x"));
    deleted.push(1, write("x"));
    await guest.next("acknowledged");
    await guest.next("acknowledged");
    await harness.send("DELETE", "/api/documents/a?erase=true", { token: "ann" });
    expect(await guest.next("erased")).toEqual({ type: "erased", channel: 0 });
    guest.send(openOf(0, "a"));
    expect(await guest.next("erased")).toEqual({ type: "erased", channel: 0 });
    await harness.send("DELETE", "/api/documents/b", { token: "ann" });
    expect(await guest.next("closed")).toMatchObject({ channel: 1, code: 4404 });
  });

  it("V-27 tells whether the document may be written, and of every change of others in order", async () => {
    await harness.start({
      auth: named,
      access: (actor, _documentId, action) => action === "read" || actor.user === "ann",
    });
    const ann = await enter({ token: "ann" });
    const writer = await ann.open("a");
    writer.push(1, write("1"));
    await ann.next("acknowledged");
    const bob = await enter({ token: "bob" });
    const reader = await bob.open("a");
    expect(reader.opened.writable).toBe(false);
    for (let n = 2; n <= 20; n++) writer.push(n, write(`,${n}`));
    await arrival(reader.doc, () => reader.text().endsWith(",20"));
    const sequences = bob.told.flatMap(message => (message.type === "update" ? [message.sequence] : []));
    expect(sequences).toEqual(Array.from({ length: 19 }, (_, i) => i + 2));
    reader.push(1, write("!"));
    expect(await bob.next("rejected")).toMatchObject({ clientSequence: 1, verdict: "refused" });
    expect(bob.news).toEqual([]);
    expect(reader.text()).toBe(writer.text());
  });

  it("V-28 answers a question for what is lacking", async () => {
    await harness.start();
    const guest = await enter();
    const replica = await guest.open("a");
    replica.push(1, write("hello"));
    await guest.next("acknowledged");
    guest.send({ type: "sync", channel: 0, stateVector: empty });
    const synced = await guest.next("synced");
    expect(synced).toMatchObject({ sequence: 1, stateVector: Y.encodeStateVector(replica.doc) });
    const copy = new Y.Doc();
    for (const update of synced.updates) Y.applyUpdate(copy, update);
    expect(copy.getText("t").toString()).toBe("hello");
    guest.send({ type: "sync", channel: 0, stateVector: Uint8Array.of(255) });
    expect(await guest.next("closed")).toMatchObject({ channel: 0, code: 4400 });
  });

  it("V-29 carries awareness between the dialects", async () => {
    await harness.start();
    const stock = await harness.open("a");
    stock.provider.awareness.setLocalState({ name: "ann" });
    const guest = await enter();
    await guest.open("a");
    const heard = await guest.next("awareness");
    expect(Buffer.from(heard.update).toString()).toContain('{"name":"ann"}');
    guest.send({ type: "query-awareness", channel: 0 });
    expect(Buffer.from((await guest.next("awareness")).update).toString()).toContain("ann");
    // Not less than nothing: it closes the channel, and not the socket.
    guest.send({ type: "awareness", channel: 0, update: Uint8Array.of(1) });
    expect(await guest.next("closed")).toMatchObject({ channel: 0, code: 4400 });
    await guest.settled();
  });
});

/** Resolves when the relay has written something of the document. */
async function arrivedAtRelay(documentId: string): Promise<void> {
  while ((await harness.get(`/api/documents/${documentId}`)).status !== 200) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

describe("a push", () => {
  it("V-40 is a commit of its own, and acknowledged with its sequence when it is durable", async () => {
    await harness.start();
    const guest = await enter({ user: "ann" });
    const replica = await guest.open("a");
    const sent = Array.from({ length: 200 }, (_, i) => replica.push(i + 1, write(".")));
    for (const { clientSequence } of sent) {
      const { sequence, ...told } = await guest.next("acknowledged");
      expect(told).toEqual({ type: "acknowledged", channel: 0, clientSequence });
      expect(sequence).toBe(clientSequence);
    }
    const { changes } = (await (await harness.get("/api/documents/a/changes?limit=1000")).json()) as {
      changes: { user_id: string; made_at: string }[];
    };
    expect(changes).toHaveLength(200);
    expect(changes[7]).toMatchObject({ user_id: "ann", made_at: new Date(sent[7]!.madeAt).toISOString() });
    // A stock client sees them like any other.
    expect((await harness.open("a")).doc.getText("t").length).toBe(200);
  });

  it("V-41 that brings nothing new is acknowledged with the last sequence", async () => {
    await harness.start();
    const guest = await enter();
    const replica = await guest.open("a");
    const { update } = replica.push(1, write("hello"));
    await guest.next("acknowledged");
    guest.send({ type: "push", channel: 0, clientSequence: 2, madeAt: 0, update });
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 2, sequence: 1 });
  });

  it("V-42 that is taken back is rejected after its compensation, and costs no other", async () => {
    await harness.start({ documents });
    const guest = await enter();
    const replica = await guest.open("invoice/1");
    replica.push(1, setTotal(5));
    replica.push(2, setTotal(-5));
    replica.push(3, write("kept"));
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 1 });
    const rejected = await guest.next("rejected");
    expect(rejected).toMatchObject({ clientSequence: 2, sequence: 2, verdict: "refused" });
    expect(rejected.issues[0]).toMatchObject({ pointer: "/invoice/total", severity: "error" });
    const before = guest.told.slice(0, guest.told.indexOf(rejected));
    expect(before.some(message => message.type === "update" && message.sequence === 2)).toBe(true);
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 3 });
    expect(replica.doc.getMap("invoice").toJSON()).toEqual({ total: 5 });
    expect(replica.text()).toBe("kept");
  });

  it("V-43 is answered as it was when it is sent again, on another socket and after a restart", async () => {
    await harness.start({ documents });
    const first = await enter();
    const doc = new Y.Doc();
    const replica = await first.open("invoice/1", { doc, replicaId: "mine" });
    const sent = [replica.push(1, setTotal(5)), replica.push(2, setTotal(-5)), replica.push(3, write("x"))];
    const answers = [
      await first.next("acknowledged"),
      await first.next("rejected"),
      await first.next("acknowledged"),
    ];
    first.socket.terminate();
    for (const restart of [false, true]) {
      if (restart) await harness.start({ documents });
      const second = await enter();
      await second.open("invoice/1", { replicaId: "mine" });
      second.send(...sent);
      const again = [
        await second.next("acknowledged"),
        await second.next("rejected"),
        await second.next("acknowledged"),
      ];
      expect(again).toEqual(answers);
    }
    const { changes } = (await (await harness.get("/api/documents/invoice%2F1/changes")).json()) as {
      changes: unknown[];
    };
    expect(changes).toHaveLength(3);
  });

  it("V-44 is made once, however many sockets bring it at the same time and whatever bytes come later", async () => {
    await harness.start();
    const [one, other] = [await enter(), await enter()];
    const replica = await one.open("a", { replicaId: "mine" });
    await other.open("a", { replicaId: "mine" });
    const push = replica.push(1, write("once"));
    one.send(push);
    other.send(push);
    const acknowledged = { type: "acknowledged", channel: 0, clientSequence: 1, sequence: 1 };
    expect(await one.next("acknowledged")).toEqual(acknowledged);
    expect(await other.next("acknowledged")).toEqual(acknowledged);
    const fork = new Y.Doc();
    other.send({ ...push, update: updateOf(fork, write("never")) });
    expect(await other.next("acknowledged")).toEqual(acknowledged);
    await other.settled();
    expect((await harness.open("a")).doc.getText("t").toString()).toBe("once");
  });

  it("V-45 is its author's: another user's of the same name is another", async () => {
    await harness.start({ auth: named, access: () => true });
    const [ann, bob] = [await enter({ token: "ann" }), await enter({ token: "bob" })];
    (await ann.open("a", { replicaId: "mine" })).push(1, write("ann"));
    expect(await ann.next("acknowledged")).toMatchObject({ sequence: 1 });
    (await bob.open("a", { replicaId: "mine" })).push(1, write("bob"));
    expect(await bob.next("acknowledged")).toMatchObject({ sequence: 2 });
  });

  it("V-46 that builds on what is not here is asked for, and answered when it is sent again", async () => {
    await harness.start();
    const guest = await enter();
    const replica = await guest.open("a");
    const missing = updateOf(replica.doc, write("a"));
    const push = replica.push(2, write("b"));
    const resync = await guest.next("resync");
    expect(resync).toEqual({ type: "resync", channel: 0, stateVector: empty });
    guest.send({ type: "push", channel: 0, clientSequence: 1, madeAt: 0, update: missing }, push);
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 1, sequence: 1 });
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 2, sequence: 2 });
  });

  it("V-47 that may not enter closes its channel, and no other", async () => {
    await harness.start({ limits: { fullStateBytes: 100_000 } });
    const guest = await enter();
    await guest.open("b", { channel: 1 });
    for (const [update, code] of [
      [Uint8Array.of(1, 2, 3), 4400],
      [updateOf(new Y.Doc(), write("x".repeat(150_000))), 4513],
    ] as const) {
      await guest.open("a");
      guest.send({ type: "push", channel: 0, clientSequence: 1, madeAt: 0, update });
      // What comes behind it is not looked at.
      guest.send({ type: "push", channel: 0, clientSequence: 2, madeAt: 0, update });
      expect(await guest.next("closed")).toMatchObject({ channel: 0, code });
    }
    guest.send({ type: "sync", channel: 1, stateVector: empty });
    expect((await guest.next("synced")).channel).toBe(1);
    // It was not made, so it can be, with other bytes.
    const replica = await guest.open("a");
    replica.push(1, write("fine"));
    expect(await guest.next("acknowledged")).toMatchObject({ clientSequence: 1, sequence: 1 });
  });

  it("V-48 has a sequence from 1 and a time that is one", async () => {
    await harness.start();
    for (const wrong of [{ clientSequence: 0 }, { madeAt: Number.MAX_SAFE_INTEGER }]) {
      const guest = await enter();
      await guest.open("a");
      guest.send({ type: "push", channel: 0, clientSequence: 1, madeAt: 0, update: empty, ...wrong });
      expect((await guest.closed).code).toBe(4400);
    }
  });

  it("V-49 is not answered before the document is opened", async () => {
    await harness.start();
    const guest = await enter();
    const update = updateOf(new Y.Doc(), write("early"));
    guest.send(openOf(0, "a"), { type: "push", channel: 0, clientSequence: 1, madeAt: 0, update });
    await guest.next("acknowledged");
    expect(guest.told.map(({ type }) => type)).toEqual(["welcome", "opened", "acknowledged"]);
  });
});

describe("fragments", () => {
  it("V-60 carry what is large, in both directions", async () => {
    await harness.start();
    const text = "0123456789".repeat(100_000);
    const guest = await enter();
    const replica = await guest.open("a");
    replica.push(1, write(text));
    await guest.next("acknowledged");
    const frames: number[] = [];
    const other = await enter();
    other.socket.on("message", (data: Buffer) => frames.push(data.length));
    expect((await other.open("a")).text()).toBe(text);
    expect(frames.length).toBeGreaterThan(3);
    expect(Math.max(...frames)).toBeLessThan(fragmentBytes + 100);
  });

  it("V-61 let other messages through between them", async () => {
    await harness.start();
    const guest = await enter();
    const replica = await guest.open("a");
    const push = encodeVersoClientMessage({
      type: "push",
      channel: 0,
      clientSequence: 1,
      madeAt: 0,
      update: updateOf(replica.doc, write("in parts")),
    });
    const part = (index: number, bytes: Uint8Array): VersoClientMessage => ({
      type: "fragment",
      batch: 9,
      index,
      count: 2,
      bytes,
    });
    guest.send(part(0, push.subarray(0, 5)), { type: "ping", nonce: 5 }, part(1, push.subarray(5)));
    await guest.next("pong");
    expect(await guest.next("acknowledged")).toMatchObject({ sequence: 1 });
  });

  it.each<[string, (guest: VersoGuest) => void]>([
    ["out of order", guest => guest.send(fragment(0, 1, 2))],
    ["of one part", guest => guest.send(fragment(0, 0, 1))],
    ["of too many parts", guest => guest.send(fragment(0, 0, 2 ** 40))],
    ["of nothing", guest => guest.send(fragment(0, 0, 2, 0))],
    [
      "that never end",
      guest => {
        for (let batch = 0; batch < 20; batch++) guest.send(fragment(batch, 0, 2));
      },
    ],
    [
      "that are too large",
      guest => {
        for (let index = 0; index < 300; index++) guest.send(fragment(0, index, 400, 1000));
      },
    ],
    [
      "of fragments",
      guest => {
        const inner = encodeVersoClientMessage(fragment(1, 0, 2));
        guest.send({ type: "fragment", batch: 0, index: 0, count: 2, bytes: inner.subarray(0, 2) });
        guest.send({ type: "fragment", batch: 0, index: 1, count: 2, bytes: inner.subarray(2) });
      },
    ],
  ])("V-62 end the connection when they are %s", async (_, send) => {
    await harness.start({ limits: { fullStateBytes: 100_000 } });
    const guest = await enter();
    send(guest);
    expect(await guest.closed).toMatchObject({
      code: 4400,
      reason: expect.stringContaining("malformed-message"),
    });
  });

  const fragment = (batch: number, index: number, count: number, length = 1): VersoClientMessage => ({
    type: "fragment",
    batch,
    index,
    count,
    bytes: new Uint8Array(length),
  });
});

describe("hostile input", () => {
  it("changes nothing, and ends the connection or is answered", async () => {
    await harness.start();
    const random = createRandom(Number(process.env.VERSO_SEED ?? 1));
    const cases = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 20);
    for (let n = 0; n < cases; n++) {
      const guest = await enter();
      await guest.open("a");
      for (let each = 0; each < 20 && guest.socket.readyState === WebSocket.OPEN; each++) {
        guest.sendBytes(Uint8Array.from({ length: random(30) }, () => random(256)));
        guest.sendBytes(Uint8Array.of(random(10), random(2), random(4), random(4), random(4)));
      }
      const { code } = await guest.closed;
      expect(code, `case ${n}`).toBe(4400);
    }
    expect((await harness.get("/api/documents/a")).status).toBe(404);
  });
});

/** Whole numbers below a bound: an LCG is enough for bytes that nobody is to foresee. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
