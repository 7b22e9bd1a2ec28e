/** Client ids belong to users: nobody writes in another's name, and nobody is locked out of his own. */
import {
  decodeYMessage,
  encodeAwareness,
  encodeAwarenessMessage,
  encodeSyncStep2,
  encodeUpdate,
} from "@verso/protocol";
import { createMemoryStore } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createWorld, type SimulatedClient, type World, type WorldActor } from "./testing.js";

let world: World;
let store: ReturnType<typeof createMemoryStore>;
let clients: SimulatedClient[];
let sent: Uint8Array[];

beforeEach(async () => {
  store = createMemoryStore();
  await start();
});
afterEach(() => world.close());

async function start() {
  clients = [];
  sent = [];
  world = await createWorld({ open: store.open, sent: message => sent.push(message) });
}

const ann = { user: "ann", authenticated: true };
const bob = { user: "bob", authenticated: true };
const eve = { user: "eve", authenticated: true };
const nobody = { user: "nobody", authenticated: false };

function docOf(clientID: number): Y.Doc {
  return Object.assign(new Y.Doc(), { clientID });
}

/** Connects as a stock provider does, which announces its client id at once. */
async function join(doc: Y.Doc, actor: Partial<WorldActor>, { announces = true } = {}) {
  const client = world.connect("notes", doc, actor);
  if (announces) announce(client, doc.clientID);
  clients.push(client);
  await flush();
  return client;
}

function announce(client: SimulatedClient, clientId: number) {
  client.send(encodeAwarenessMessage(encodeAwareness([{ clientId, clock: 1, state: "{}" }])));
}

function flush() {
  return world.exchange(clients);
}

/** What somebody makes up who writes under the id of another after what this document has of it. */
function forged(clientID: number, { doc }: { doc: Y.Doc } = { doc: new Y.Doc() }): Uint8Array {
  const forger = new Y.Doc();
  Y.applyUpdate(forger, Y.encodeStateAsUpdate(doc));
  // Not before: Yjs draws another id when it meets its own.
  forger.clientID = clientID;
  const before = Y.encodeStateVector(forger);
  forger.getMap("forged").set("by", "eve".repeat(100));
  return Y.encodeStateAsUpdate(forger, before);
}

const text = ({ doc }: { doc: Y.Doc }) => doc.getText("t");
const content = () => {
  const reading = world.rooms.get("notes").view(({ content }) => content());
  return Promise.all([reading, world.settle()]).then(([json]) => json);
};

describe("an id that somebody has written under", () => {
  it("takes nothing of another user, and its owner does not notice", async () => {
    const victim = await join(docOf(101), ann);
    text(victim).insert(0, "mine");
    await flush();
    const forger = await join(docOf(102), eve);
    sent.length = 0;
    forger.send(encodeUpdate(forged(101, victim)));
    await flush();
    expect(forger.closed).toBe(null);
    expect(sent.map(message => decodeYMessage(message).type)).toContain("sync-step-1");

    text(victim).insert(4, " and mine");
    text(forger).insert(0, "This is ");
    await flush();
    expect(await content()).toEqual({ t: "This is mine and mine" });
    for (const client of clients) expect(text(client).toString()).toBe("This is mine and mine");
  });

  it("is his in another tab and on another connection, whatever the tabs have heard from each other", async () => {
    const doc = docOf(101);
    const first = await join(doc, ann);
    text(first).insert(0, "one");
    await flush();
    const tab = await join(docOf(103), ann);
    first.disconnect();
    clients.splice(clients.indexOf(first), 1);
    text({ doc }).insert(3, " two");
    Y.applyUpdate(tab.doc, Y.encodeStateAsUpdate(doc));
    text(tab).insert(7, " three");
    await flush();
    expect(await content()).toEqual({ t: "one two three" });

    const again = await join(doc, ann);
    text(again).insert(13, " four");
    await flush();
    expect(await content()).toEqual({ t: "one two three four" });
  });

  it("stays his when the relay is started again, from a snapshot and without", async () => {
    const victim = await join(docOf(101), ann);
    text(victim).insert(0, "mine");
    await flush();
    for (const compact of [false, true]) {
      const { doc } = victim;
      if (compact) await world.rooms.get("notes").compact(0);
      await world.close();
      await start();
      const forger = await join(docOf(102), eve);
      forger.send(encodeUpdate(forged(101, { doc })));
      await flush();
      expect(await content()).toEqual({ t: "mine" });
    }
  });

  it("is nobody else's to announce", async () => {
    const victim = await join(docOf(101), ann);
    const forger = await join(docOf(102), eve, { announces: false });
    sent.length = 0;
    announce(forger, 101);
    await flush();
    expect(sent).toEqual([]);
    text(victim).insert(0, "mine");
    await flush();
    victim.disconnect();
    announce(forger, 101);
    forger.send(encodeUpdate(forged(101, victim)));
    await flush();
    expect(await content()).toEqual({ t: "mine" });
  });
});

describe("an id that nobody has written under", () => {
  it("is of the user whose session announces it", async () => {
    const victim = await join(docOf(101), ann);
    const forger = await join(docOf(102), eve);
    forger.send(encodeUpdate(forged(101)));
    announce(forger, 101);
    await flush();
    text(victim).insert(0, "mine");
    await flush();
    expect(await content()).toEqual({ t: "mine" });
    expect(text(forger).toString()).toBe("mine");
  });

  it("is so while the document is being opened", async () => {
    const victim = world.connect("notes", docOf(101), ann);
    announce(victim, 101);
    victim.deliver("to relay");
    const forger = world.connect("notes", docOf(102), eve);
    announce(forger, 101);
    forger.deliver("to relay");
    clients.push(victim, forger);
    await flush();
    text(victim).insert(0, "mine");
    await flush();
    expect(await content()).toEqual({ t: "mine" });
  });

  it("is not of those who only pass on what they heard", async () => {
    const away = docOf(101);
    away.getText("t").insert(0, "written on a plane");
    const doc = docOf(102);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(away));
    await join(doc, bob);
    expect(await content()).toEqual({ t: "written on a plane" });

    const back = await join(away, ann);
    text(back).insert(18, ", and on the ground");
    await flush();
    expect(await content()).toEqual({ t: "written on a plane, and on the ground" });
  });

  it("is of whoever is the first to write, where nothing is announced", async () => {
    const victim = await join(docOf(101), ann, { announces: false });
    text(victim).insert(0, "mine");
    await flush();
    const forger = await join(docOf(102), eve, { announces: false });
    forger.send(encodeUpdate(forged(101, victim)));
    await flush();
    text(victim).insert(4, " still");
    await flush();
    expect(await content()).toEqual({ t: "mine still" });
  });
});

describe("what somebody holds of others", () => {
  it("is left out, and what he wrote himself arrives; the owner brings it later", async () => {
    const away = await join(docOf(101), ann);
    text(away).insert(0, "shared");
    await flush();
    away.disconnect();
    clients = [];
    text(away).insert(6, " and not yet sent");
    away.doc.getText("t").delete(0, 1);

    const doc = docOf(102);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(away.doc));
    doc.getMap("m").set("by", "bob");
    const relayed = await join(doc, bob);
    expect(await content()).toEqual({ t: "hared", m: { by: "bob" } });

    await join(away.doc, ann);
    expect(await content()).toEqual({ t: "hared and not yet sent", m: { by: "bob" } });
    expect(relayed.closed).toBe(null);
    expect(Y.encodeStateVector(relayed.doc)).toEqual(Y.encodeStateVector(away.doc));
  });

  it("keeps waiting what builds on it, and is asked for ever more rarely", async () => {
    const away = await join(docOf(101), ann);
    text(away).insert(0, "shared");
    await flush();
    away.disconnect();
    clients = [];
    text(away).insert(6, " unsent");
    const doc = docOf(102);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(away.doc));
    doc.getText("t").insert(13, " and more");
    await join(doc, bob);
    expect(await content()).toEqual({ t: "shared" });
    sent.length = 0;
    for (let seconds = 0; seconds < 60; seconds++) {
      await world.pass(950);
      await flush();
    }
    const questions = sent.filter(message => decodeYMessage(message).type === "sync-step-1");
    expect(questions.length).toBeGreaterThan(3);
    expect(questions.length).toBeLessThan(15);

    await join(away.doc, ann);
    await world.pass(30_000);
    await flush();
    expect(await content()).toEqual({ t: "shared unsent and more" });
  });
});

describe("those who are not authenticated", () => {
  it("are one user, who has no ids of his own and writes under nobody's", async () => {
    const anonymous = await join(docOf(101), nobody);
    text(anonymous).insert(0, "a");
    await flush();
    const other = await join(docOf(103), { ...nobody, user: "somebody" });
    other.send(encodeUpdate(forged(101, anonymous)));
    await flush();
    expect(await content()).toMatchObject({ t: "a", forged: {} });

    const victim = await join(docOf(102), ann);
    text(victim).insert(0, "b");
    await flush();
    anonymous.send(encodeUpdate(forged(102, victim)));
    text(victim).insert(1, "c");
    await flush();
    expect(await content()).toMatchObject({ t: "bca" });
  });

  it("go on under the same id when they have logged in", async () => {
    const doc = docOf(101);
    const anonymous = await join(doc, nobody);
    text(anonymous).insert(0, "before");
    await flush();
    anonymous.disconnect();
    clients = [];
    const same = await join(doc, ann);
    text(same).insert(6, " and after");
    await flush();
    expect(await content()).toEqual({ t: "before and after" });
  });
});

describe("the relay's own ids", () => {
  it("are nobody's: who has drawn one is told to draw another", async () => {
    const client = await join(docOf(15), nobody);
    text(client).insert(0, "a");
    await flush();
    expect(client.closed).toMatchObject({
      code: 4400,
      reason: expect.stringMatching(/^reserved-client-id: /),
    });
    expect(await content()).toEqual({});
  });

  it("lock nobody out who has seen more of them than the store, which may be restored from an older copy", async () => {
    const client = await join(docOf(101), ann);
    const replica = docOf(101);
    const relays = docOf(1);
    relays.getMap("m").set("by", "the relay, later");
    Y.applyUpdate(replica, Y.encodeStateAsUpdate(relays));
    replica.getText("t").insert(0, "mine");
    client.send(encodeSyncStep2(Y.encodeStateAsUpdate(replica)));
    await flush();
    expect(client.closed).toBe(null);
    expect(await content()).toEqual({ t: "mine" });
  });
});
