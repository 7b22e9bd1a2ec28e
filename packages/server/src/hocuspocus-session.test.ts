/** Hocuspocus clients of a simulated relay, byte by byte: what stock providers do not do, or not when a test wants it. */
import {
  CloseCode,
  encodeAwareness,
  encodeAwarenessMessage,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
} from "@verso/protocol";
import { createMemoryStore, StorageError } from "@verso/storage";
import { createFaults } from "@verso/storage/testing";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { toActor } from "./actor.js";
import type { Place } from "./entrance.js";
import { createHocuspocusSession, type HocuspocusConnection } from "./hocuspocus-session.js";
import { createManualClock } from "./manual-clock.js";
import { createWorld, type World } from "./testing.js";

interface Wire {
  /** What was read, in words, since this was last called. */
  news(): string[];
  /** Sends one message for a document; text is for those that have no bytes. */
  send(address: string, ...parts: readonly (number | string | Uint8Array)[]): void;
  raw(message: Uint8Array): void;
  token(address: string, token: string): void;
  /** Bytes that it leaves lying in its socket; with 0 it has taken everything. */
  lie(bytes: number): void;
  readonly closed: string | null;
  readonly paused: boolean;
  readonly trusted: boolean;
  disconnect(): void;
}

let world: World;
let disk: { held: Promise<void> | null; failing: boolean };
let entering: { name: string; token: string | null; settle: (place: Place) => void }[];
/** Whether tokens are found out about at once. */
let settlesAtOnce: boolean;
let expires: number | null;
const heard: string[] = [];

beforeEach(async () => {
  disk = { held: null, failing: false };
  entering = [];
  settlesAtOnce = true;
  expires = null;
  heard.length = 0;
  const faults = createFaults(async ({ operation, when }) => {
    if (operation !== "batch" || when !== "before") return;
    await disk.held;
    if (disk.failing) throw new StorageError("write-failed", "the disk is out of order");
  });
  const store = createMemoryStore();
  world = await createWorld({
    clock: createManualClock({ now: 1_000_000 }),
    open: async () => faults.wrap(await store.open()),
  });
});
afterEach(() => world.close());

/** A token is a user, and "?" nobody; a reader's ends in "-r". */
function placeOf(documentId: string, token: string | null): Place {
  if (token === null || token === "?") {
    return { ok: false, code: CloseCode.unauthorized, reason: "token-invalid: the token is not valid" };
  }
  if (token === "later") return { ok: false, code: CloseCode.unavailable, reason: "unavailable: try again" };
  const actor = toActor({ user: token.replace(/-r$/, "") }, { authenticated: true });
  const identity = { actor, expires, onRevoked: () => () => {} };
  return { ok: true, identity, mayWrite: !token.endsWith("-r"), documentId };
}

function connect(): Wire {
  const read: string[] = [];
  const wire = { closed: null as string | null, paused: false, trusted: false };
  let backlog = 0;
  let drained = () => {};
  const connection: HocuspocusConnection = {
    get backlog() {
      return backlog;
    },
    bytesTaken: 0,
    send({ messages }) {
      read.push(...messages.map(described));
    },
    onDrain(listener) {
      drained = listener;
    },
    pause() {
      wire.paused = true;
    },
    resume() {
      wire.paused = false;
    },
    close(code, reason) {
      wire.closed = `${code} ${reason}`;
    },
    trust() {
      wire.trusted = true;
    },
  };
  const session = createHocuspocusSession(connection, {
    enter: (name, token) =>
      new Promise(settle => {
        if (settlesAtOnce) settle(placeOf(name, token));
        else entering.push({ name, token, settle });
      }),
    rooms: world.rooms,
    deadline: 5000,
    clock: world.clock,
    documentIdBytes: 512,
    events: {
      opened: ({ documentId, actor }) => heard.push(`${actor.user} opened ${documentId}`),
      closed: ({ documentId, actor, code }) => heard.push(`${actor.user} closed ${documentId} ${code}`),
      denied: ({ documentId, code }) => heard.push(`denied ${documentId} ${code}`),
      stateless: ({ payload, channel }) => channel.stateless(`heard ${payload}`),
      failed: error => heard.push(`failed ${error}`),
    },
  });
  const send: Wire["send"] = (address, ...parts) => {
    const encoder = encoding.createEncoder();
    encoding.writeVarString(encoder, address);
    for (const part of parts) {
      if (typeof part === "number") encoding.writeVarUint(encoder, part);
      else if (typeof part === "string") encoding.writeVarString(encoder, part);
      else encoding.writeUint8Array(encoder, part);
    }
    session.onMessage(encoding.toUint8Array(encoder));
  };
  return {
    news: () => read.splice(0),
    send,
    raw: message => session.onMessage(message),
    token: (address, token) => send(address, 2, 0, token),
    get closed() {
      return wire.closed;
    },
    get paused() {
      return wire.paused;
    },
    get trusted() {
      return wire.trusted;
    },
    lie(bytes) {
      backlog = bytes;
      if (bytes === 0) drained();
    },
    disconnect: () => session.onClose(1001, "gone"),
  };
}

function described(message: Uint8Array): string {
  if (message.length === 1) return `byte ${message[0]}`;
  const decoder = decoding.createDecoder(message);
  const address = decoding.readVarString(decoder).replace("\0", "#");
  const number = () => decoding.readVarUint(decoder);
  const word = () => decoding.readVarString(decoder);
  const body = () => {
    switch (number()) {
      case 0:
        return ["step 1", "step 2", "update"][number()];
      case 1:
        return "awareness";
      case 2:
        return [() => "token wanted", () => `denied ${word()}`, () => `authenticated ${word()}`][
          number()
        ]?.();
      case 5:
        return `stateless ${word()}`;
      case 7:
        return `close ${word()}`;
      case 8:
        return number() === 1 ? "applied" : "refused";
      default:
        return "unknown";
    }
  };
  return `${address}: ${body()}`;
}

/** A document whose edits are at hand as bytes. */
function edits() {
  const doc = new Y.Doc();
  doc.clientID = 101;
  return {
    doc,
    next(value: number): Uint8Array {
      const before = Y.encodeStateVector(doc);
      doc.getMap("m").set("value", value);
      return Y.encodeStateAsUpdate(doc, before);
    },
  };
}

const nothing = encodeSyncStep1(Uint8Array.of(0));

describe("before it is known who is there, a socket", () => {
  it("is closed when it has shown no token in time", async () => {
    const wire = connect();
    await world.pass(4990);
    expect(wire.closed).toBe(null);
    await world.pass(20);
    expect(wire.closed).toMatch(/^4401 token-missing/);
    expect(heard).toEqual(["denied null 4401"]);
  });

  it("hears nothing of a document, and nothing that it sends for one is kept", async () => {
    const wire = connect();
    wire.send("notes", nothing);
    wire.send("notes", encodeUpdate(edits().next(1)));
    await world.pass(50);
    wire.token("notes", "ann");
    await world.pass(50);
    expect(wire.news()).toEqual(["notes: authenticated read-write"]);
    expect(await world.ledger.head("notes")).toBe(undefined);
  });

  it("is not read while its token is looked at, and what came behind that is done then, in order", async () => {
    settlesAtOnce = false;
    const wire = connect();
    wire.token("notes", "ann");
    expect(wire.paused).toBe(true);
    wire.send("notes", nothing);
    wire.send("notes", encodeSyncStep2(edits().next(1)));
    await world.pass(50);
    expect(wire.news()).toEqual([]);
    expect(entering).toMatchObject([{ name: "notes", token: "ann" }]);
    entering[0]?.settle(placeOf("notes", "ann"));
    await world.pass(50);
    expect(wire.paused).toBe(false);
    expect(wire.trusted).toBe(true);
    expect(wire.news()).toEqual([
      "notes: authenticated read-write",
      "notes: applied",
      "notes: step 2",
      "notes: step 1",
    ]);
  });

  it("may send no more than fits some tokens", () => {
    const large = connect();
    large.send("notes", encodeUpdate(new Uint8Array(70_000)));
    expect(large.closed).toMatch(/^4513 too-large/);
    settlesAtOnce = false;
    const many = connect();
    many.token("notes", "ann");
    for (let i = 0; i < 1000; i++) many.send("notes", nothing);
    expect(many.closed).toMatch(/^4513 too-large/);
  });

  it("may have no more documents under way than a page opens", async () => {
    settlesAtOnce = false;
    const wire = connect();
    for (let i = 0; i < 101; i++) wire.token(`notes/${i}`, "ann");
    await world.pass(10);
    expect(entering).toHaveLength(100);
    expect(wire.news()).toEqual([expect.stringMatching(/^notes\/100: denied too-many-documents/)]);
  });

  it("leaves nothing behind when it goes while its token is looked at", async () => {
    settlesAtOnce = false;
    const wire = connect();
    wire.token("notes", "ann");
    wire.disconnect();
    entering[0]?.settle(placeOf("notes", "ann"));
    await world.pass(50);
    expect(heard).toEqual([]);
    expect(world.rooms.size).toBe(0);
  });
});

describe("a token", () => {
  it("that is not accepted costs that document alone, and may be followed by another", async () => {
    const wire = connect();
    wire.token("notes", "ann");
    wire.token("secrets", "?");
    await world.pass(20);
    expect(wire.news()).toEqual([
      "notes: authenticated read-write",
      "secrets: denied token-invalid: the token is not valid",
    ]);
    wire.token("secrets", "ann-r");
    await world.pass(20);
    expect(wire.news()).toEqual(["secrets: authenticated readonly"]);
    expect(wire.closed).toBe(null);
  });

  it("that cannot be found out about now has the client come back", async () => {
    const wire = connect();
    wire.token("notes", "later");
    await world.pass(20);
    expect(wire.closed).toBe("4503 unavailable: try again");
  });

  it("is wanted again before it ends, and renewed without a break", async () => {
    expires = world.clock.now() + 300_000;
    const wire = connect();
    wire.token("notes", "ann");
    await world.pass(239_000);
    expect(wire.news()).not.toContain("notes: token wanted");
    await world.pass(2000);
    expect(wire.news()).toContain("notes: token wanted");
    expires = null;
    wire.token("notes", "ann-r");
    await world.pass(100_000);
    const news = wire.news();
    expect(news).toContain("notes: authenticated readonly");
    expect(news.filter(line => /denied|close/.test(line))).toEqual([]);
    expect(heard).toEqual(["ann opened notes"]);
  });

  it("that has ended takes the document with it, and only that", async () => {
    expires = world.clock.now() + 10_000;
    const wire = connect();
    wire.token("notes", "ann");
    await world.pass(1);
    expires = null;
    wire.token("others", "ann");
    await world.pass(10_000);
    const reason = "token-expired: the token has expired";
    expect(wire.news()).toEqual([
      "notes: authenticated read-write",
      "others: authenticated read-write",
      "notes: token wanted",
      `notes: denied ${reason}`,
      `notes: close ${reason}`,
    ]);
    wire.send("others", nothing);
    await world.pass(20);
    expect(wire.news()).toContain("others: step 2");
  });

  it("of another user does not take over a document that is open", async () => {
    const wire = connect();
    wire.token("notes", "ann");
    await world.pass(10);
    wire.token("notes", "bob");
    await world.pass(10);
    expect(wire.news().slice(1)).toEqual([
      "notes: denied forbidden: the token is another user's",
      "notes: close forbidden: the token is another user's",
    ]);
    expect(heard).toEqual(["ann opened notes", "ann closed notes 4403"]);
  });
});

describe("an update is called applied", () => {
  it("when it is durable, and not before", async () => {
    const wire = connect();
    const { next } = edits();
    wire.token("notes", "ann");
    let release = () => {};
    disk.held = new Promise(resolve => (release = resolve));
    await world.pass(10);
    wire.send("notes", encodeUpdate(next(1)));
    wire.send("notes", encodeUpdate(next(2)));
    await world.pass(1000);
    expect(wire.news()).toEqual(["notes: authenticated read-write"]);
    release();
    await world.pass(10);
    expect(wire.news()).toEqual(["notes: applied", "notes: applied"]);
  });

  it("when it came again after the disk did not take it", async () => {
    const wire = connect();
    const { doc, next } = edits();
    wire.token("notes", "ann");
    await world.pass(10);
    disk.failing = true;
    wire.send("notes", encodeUpdate(next(1)));
    await world.pass(50);
    expect(wire.news()).toEqual(["notes: authenticated read-write", "notes: step 1"]);
    disk.failing = false;
    await world.pass(5000);
    wire.news();
    wire.send("notes", encodeSyncStep2(Y.encodeStateAsUpdate(doc)));
    await world.pass(50);
    expect(wire.news()).toEqual(["notes: applied"]);
  });

  it("when what it builds on has come too", async () => {
    const wire = connect();
    const { doc, next } = edits();
    wire.token("notes", "ann");
    await world.pass(10);
    next(1);
    wire.send("notes", encodeUpdate(next(2)));
    await world.pass(50);
    expect(wire.news()).toEqual(["notes: authenticated read-write", "notes: step 1"]);
    wire.send("notes", encodeSyncStep2(Y.encodeStateAsUpdate(doc)));
    await world.pass(50);
    expect(wire.news()).toEqual(["notes: applied"]);
  });

  it("never where its author may only read: it is taken back", async () => {
    const writer = connect();
    writer.token("notes", "ann");
    await world.pass(10);
    writer.send("notes", encodeUpdate(edits().next(1)));
    const reader = connect();
    reader.token("notes", "bob-r");
    await world.pass(50);
    reader.send("notes", nothing);
    await world.pass(50);
    reader.news();
    const own = new Y.Doc();
    own.getMap("m").set("value", 2);
    reader.send("notes", encodeSyncStep2(Uint8Array.of(0, 0)));
    reader.send("notes", encodeUpdate(Y.encodeStateAsUpdate(own)));
    await world.pass(50);
    expect(reader.news()).toEqual(["notes: update", "notes: applied", "notes: refused"]);
  });
});

describe("a fault", () => {
  it.each([
    ["that cannot be read", [11]],
    ["that is a stateless broadcast", [6, "all"]],
    ["that is said among servers", [4, 0, 1, 0]],
  ])("%s ends the connection", async (_, parts) => {
    const wire = connect();
    wire.token("notes", "ann");
    await world.pass(10);
    wire.send("notes", ...parts);
    expect(wire.closed).toMatch(/^4400 malformed-message/);
    expect(heard).toEqual(["ann opened notes", "ann closed notes 4400"]);
  });

  it("of one document ends that one", async () => {
    const wire = connect();
    wire.token("notes", "ann");
    wire.token("others", "ann");
    await world.pass(10);
    wire.news();
    wire.send("notes", encodeUpdate(Uint8Array.of(1, 2, 3)));
    await world.pass(10);
    expect(wire.news()).toEqual(["notes: refused", expect.stringMatching(/^notes: close /)]);
    wire.send("notes", nothing);
    wire.send("others", nothing);
    await world.pass(10);
    expect(wire.news()).toEqual(["others: step 2", "others: step 1"]);
    expect(wire.closed).toBe(null);
  });
});

it("a relay that goes down tells the socket, since a provider would not open a document again on the same one", async () => {
  const wire = connect();
  wire.token("notes", "ann");
  await world.pass(10);
  await world.rooms.close(CloseCode.restart, "restart");
  expect(wire.closed).toBe("1012 restart");
  expect(wire.news()).toEqual(["notes: authenticated read-write"]);
});

it("two providers of one document on one socket are two clients, each under its own address", async () => {
  const wire = connect();
  wire.token("notes\0a", "ann");
  wire.token("notes\0b", "ann");
  await world.pass(10);
  wire.send("notes\0a", nothing);
  wire.send("notes\0b", nothing);
  await world.pass(10);
  wire.news();
  wire.send("notes\0a", encodeUpdate(edits().next(1)));
  await world.pass(10);
  expect(wire.news()).toEqual(["notes#b: update", "notes#a: applied"]);
  wire.send("notes\0a", 7);
  expect(heard.at(-1)).toBe("ann closed notes 1000");
});

it("pings are answered, and silence is broken by what every provider takes for a sign of life", async () => {
  const wire = connect();
  wire.token("notes", "ann");
  await world.pass(10);
  wire.raw(Uint8Array.of(9));
  wire.raw(Uint8Array.of(10));
  expect(wire.news()).toEqual(["notes: authenticated read-write", "byte 10"]);
  await world.pass(20_000);
  expect(wire.news()).toEqual([": awareness"]);
});

it("who does not take what it is sent is not read", async () => {
  const wire = connect();
  wire.token("notes", "ann");
  await world.pass(10);
  wire.lie(2 * 1024 * 1024);
  wire.raw(Uint8Array.of(9));
  expect(wire.paused).toBe(true);
  wire.lie(0);
  expect(wire.paused).toBe(false);
});

it("who has left all documents may open another for a while", async () => {
  const wire = connect();
  wire.token("notes", "ann");
  await world.pass(10);
  wire.send("notes", 7);
  await world.pass(50_000);
  wire.token("others", "ann");
  await world.pass(20_000);
  expect(wire.closed).toBe(null);
  wire.send("others", 7);
  await world.pass(61_000);
  expect(wire.closed).toMatch(/^4401 idle/);
});

it("a stateless message goes to whoever is to hear of it", async () => {
  const wire = connect();
  wire.token("notes", "ann");
  await world.pass(10);
  wire.send("notes", 5, "hello");
  expect(wire.news()).toContain("notes: stateless heard hello");
});

it("awareness reaches the others, and is asked for", async () => {
  const [ann, bob] = [connect(), connect()];
  for (const wire of [ann, bob]) {
    wire.token("notes", "ann");
    await world.pass(10);
    wire.send("notes", nothing);
    await world.pass(10);
    wire.news();
  }
  const state = encodeAwareness([{ clientId: 101, clock: 1, state: '{"name":"Ann"}' }]);
  ann.send("notes", encodeAwarenessMessage(state));
  await world.pass(100);
  expect(bob.news()).toEqual(["notes: awareness"]);
  bob.send("notes", 3);
  expect(bob.news()).toEqual(["notes: awareness"]);
  ann.disconnect();
  await world.pass(100);
  expect(bob.news()).toEqual(["notes: awareness"]);
});
