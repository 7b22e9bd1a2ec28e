/** What a session does with a connection that takes nothing, and with rights that change; in simulated time. */
import {
  createFragments,
  decodeVersoServerMessage,
  encodeVersoClientMessage,
  type VersoClientMessage,
  type VersoServerMessage,
} from "@verso/protocol";
import { createMemoryStore, StorageError } from "@verso/storage";
import { createFaults } from "@verso/storage/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { identified } from "./auth.js";
import { updateOf } from "./verso-harness.js";
import { createVersoPushes } from "./verso-pushes.js";
import { createVersoSession } from "./verso-session.js";
import { createWorld, type World } from "./world.js";

let world: World;
/** Who may write by now. */
let mayWrite: (user: string) => boolean;
/** Where the next batch for the disk fails. */
let failing: "before" | "after" | null;

beforeEach(async () => {
  mayWrite = () => true;
  failing = null;
  const store = createMemoryStore();
  const faults = createFaults(async ({ operation, when }) => {
    if (operation !== "batch" || failing !== when) return;
    failing = null;
    throw new StorageError("write-failed", `simulated, ${when} it was written`);
  });
  world = await createWorld({ open: async () => faults.wrap(await store.open()) });
});
afterEach(() => world.close());

const limits = { updateBytes: 2 ** 26, frameBytes: 2 ** 26, openDocuments: 100 };

/** A client that reads when it is told to. */
function connect(user = "ann") {
  const told: VersoServerMessage[] = [];
  const fragments = createFragments({ frameBytes: 2 ** 26, fragments: 1024, batches: 16 });
  let unread: Uint8Array[] = [];
  let drained = () => {};
  const client = {
    told,
    /** How many messages each write had. */
    writes: [] as number[],
    reading: true,
    paused: false,
    closed: null as { code: number; reason: string } | null,
    get unreadBytes() {
      return unread.reduce((sum, { length }) => sum + length, 0);
    },
    send(...messages: VersoClientMessage[]) {
      for (const message of messages) session.onMessage(encodeVersoClientMessage(message));
    },
    /** Reads everything that waits. */
    read() {
      const frames = unread;
      unread = [];
      for (const frame of frames) hear(frame);
      drained();
    },
    ofType: <Type extends VersoServerMessage["type"]>(type: Type) =>
      told.filter((message): message is Extract<VersoServerMessage, { type: Type }> => message.type === type),
    disconnect: () => session.onClose(),
  };
  const session = createVersoSession(
    {
      get backlog() {
        return client.reading ? 0 : client.unreadBytes;
      },
      bytesTaken: 0,
      send({ messages }) {
        unread.push(...messages);
        client.writes.push(messages.length);
        if (client.reading) client.read();
      },
      onDrain(listener) {
        drained = listener;
      },
      pause() {
        client.paused = true;
      },
      resume() {
        client.paused = false;
      },
      close(code, reason) {
        client.closed = { code, reason };
      },
      trust() {},
    },
    {
      rooms: world.rooms,
      pushes: createVersoPushes(world.ledger),
      admit: async ({ user }) => ({ type: "open", mayWrite: mayWrite(user), epoch: 1 }),
      identify: async ({ token }) => {
        const authentication = identified({ user: token ?? user }, { expires: null });
        if (!authentication.ok) throw new Error("Everybody is known here.");
        return authentication;
      },
      deadline: 5000,
      clock: world.clock,
      limits,
      events: {
        answered() {},
        denied() {},
        entered() {},
        failed(error) {
          throw error;
        },
      },
    },
  );
  client.send({ type: "hello", token: user, user: null, agent: "test" });
  return client;

  function hear(frame: Uint8Array): void {
    const message = decodeVersoServerMessage(frame);
    if (message.type === "malformed") throw new Error(message.detail);
    if (message.type !== "fragment") return void told.push(message);
    const whole = fragments.take(message);
    if (whole instanceof Uint8Array) hear(whole);
  }
}

const openOf = (channel: number, documentId = "a"): VersoClientMessage => ({
  type: "open",
  channel,
  documentId,
  epoch: 0,
  replicaId: "r",
  stateVector: Uint8Array.of(0),
});
const pushOf = (clientSequence: number, update: Uint8Array): VersoClientMessage => ({
  type: "push",
  channel: 0,
  clientSequence,
  madeAt: 0,
  update,
});
const writeText = (text: string) => (doc: Y.Doc) => doc.getText("t").insert(doc.getText("t").length, text);

describe("a session of the Verso dialect", () => {
  it("V-50 queues nothing more for whoever does not read, and brings him up to date when he does", async () => {
    const [writer, reader] = [connect("ann"), connect("bob")];
    await world.settle();
    writer.send(openOf(0));
    reader.send(openOf(0));
    await world.pass(50);
    reader.reading = false;
    const doc = new Y.Doc();
    for (let n = 1; n <= 100; n++) {
      writer.send(pushOf(n, updateOf(doc, writeText("x".repeat(50_000)))));
      await world.pass(5);
    }
    await world.pass(50);
    expect(writer.ofType("acknowledged")).toHaveLength(100);
    expect(reader.unreadBytes).toBeLessThan(2 * 1024 * 1024);
    expect(reader.closed).toBeNull();
    reader.reading = true;
    reader.read();
    await world.pass(50);
    const copy = new Y.Doc();
    for (const { update } of reader.ofType("update")) Y.applyUpdate(copy, update);
    expect(copy.getText("t").length).toBe(100 * 50_000);
    expect(reader.ofType("update").at(-1)?.sequence).toBe(100);
  });

  it("answers the pushes of one turn together, in their order", async () => {
    const client = connect();
    await world.settle();
    client.send(openOf(0));
    await world.pass(50);
    const doc = new Y.Doc();
    client.writes.length = 0;
    const sequences = Array.from({ length: 20 }, (_, index) => index + 1);
    client.send(...sequences.map(n => pushOf(n, updateOf(doc, writeText(".")))));
    await world.pass(50);
    expect(client.ofType("acknowledged").map(({ clientSequence }) => clientSequence)).toEqual(sequences);
    expect(client.writes).toEqual([20]);
  });

  it("V-51 answers pushes of whoever does not read when he has been sent all that comes before", async () => {
    const [writer, other] = [connect("ann"), connect("bob")];
    await world.settle();
    writer.send(openOf(0));
    other.send(openOf(0));
    await world.pass(50);
    writer.reading = false;
    const doc = new Y.Doc();
    for (let n = 1; n <= 40; n++) {
      other.send(pushOf(n, updateOf(doc, writeText("x".repeat(50_000)))));
      await world.pass(5);
    }
    writer.send(pushOf(1, updateOf(new Y.Doc(), writeText("mine"))));
    await world.pass(50);
    expect(writer.paused).toBe(true);
    writer.reading = true;
    writer.read();
    await world.pass(50);
    expect(writer.paused).toBe(false);
    expect(writer.told.at(-1)).toEqual({ type: "acknowledged", channel: 0, clientSequence: 1, sequence: 41 });
    const before = writer.told.slice(0, -1);
    expect(before.findLast(({ type }) => type === "update")).toMatchObject({ sequence: 41 });
  });

  it("V-52 answers an opening that came while nothing was read, once it is", async () => {
    const [writer, reader] = [connect("ann"), connect("bob")];
    await world.settle();
    writer.send(openOf(0));
    const doc = new Y.Doc();
    writer.send(pushOf(1, updateOf(doc, writeText("x".repeat(2_000_000)))));
    await world.pass(100);
    reader.reading = false;
    for (let channel = 0; channel < 10; channel++) reader.send(openOf(channel));
    await world.pass(100);
    expect(reader.unreadBytes).toBeLessThan(5_000_000);
    for (let times = 0; times < 10; times++) {
      reader.read();
      await world.pass(20);
    }
    expect(reader.ofType("opened").map(({ channel }) => channel)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("V-53 is not read while too much of it waits", async () => {
    const client = connect();
    await world.settle();
    client.send(openOf(0));
    const doc = new Y.Doc();
    for (let n = 1; n <= 3000; n++) client.send(pushOf(n, updateOf(doc, writeText("."))));
    expect(client.paused).toBe(true);
    await world.pass(500);
    expect(client.paused).toBe(false);
    expect(client.ofType("acknowledged")).toHaveLength(3000);
  });

  it("V-54 says something when it has been silent", async () => {
    const client = connect();
    await world.pass(20_000);
    expect(client.told.slice(1)).toContainEqual({ type: "pong", nonce: 0 });
  });

  it("V-30 ends a channel to be opened again when what its user may do has changed", async () => {
    const client = connect();
    await world.settle();
    client.send(openOf(0));
    await world.pass(20);
    client.send({ type: "token", token: "ann" });
    await world.pass(20);
    expect(client.ofType("closed")).toEqual([]);
    mayWrite = () => false;
    client.send({ type: "token", token: "ann" });
    await world.pass(20);
    expect(client.ofType("closed")).toMatchObject([{ channel: 0, code: 1012 }]);
    client.send(openOf(0));
    await world.pass(20);
    expect(client.ofType("opened").map(({ writable }) => writable)).toEqual([true, false]);
  });

  it.each(["before", "after"] as const)(
    "V-43 is made once when the disk fails %s it was written",
    async when => {
      const client = connect();
      await world.settle();
      client.send(openOf(0));
      await world.pass(20);
      const doc = new Y.Doc();
      const pushes = ["a", "b", "c"].map((text, i) => pushOf(i + 1, updateOf(doc, writeText(text))));
      failing = when;
      client.send(...pushes);
      await world.pass(2000);
      expect(failing).toBeNull();
      // Whatever was not answered is asked for, and sent again.
      expect(client.ofType("resync")).not.toEqual([]);
      const answered = new Set(client.ofType("acknowledged").map(({ clientSequence }) => clientSequence));
      client.send(...pushes.filter(push => push.type === "push" && !answered.has(push.clientSequence)));
      await world.pass(2000);
      expect(client.ofType("acknowledged").map(told => [told.clientSequence, told.sequence])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      expect((await world.ledger.head("a"))?.sequence).toBe(3);
    },
  );

  it("V-44 makes a push that was under way on a connection which is gone, when it is sent again", async () => {
    const first = connect();
    await world.settle();
    first.send(openOf(0));
    await world.pass(20);
    const push = pushOf(1, updateOf(new Y.Doc(), writeText("once")));
    first.send(push);
    first.disconnect();
    const second = connect();
    await world.settle();
    second.send(openOf(0), push);
    await world.pass(50);
    expect(second.ofType("acknowledged")).toMatchObject([{ clientSequence: 1, sequence: 1 }]);
  });
});
