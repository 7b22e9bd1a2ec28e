/** What a room tells of each push to whoever asks: once, and only when it is durable. */
import { createMemoryStore, StorageError } from "@verso/storage";
import { createFaults } from "@verso/storage/testing";
import { rule } from "@verso/validation";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as Y from "yjs";
import { toActor } from "./actor.js";
import type { Peer } from "./delivery.js";
import { createWorld, type World } from "./testing.js";
import type { PushOutcome } from "./turn.js";

const documents = {
  "invoice/:id": {
    roots: { m: "map" },
    rules: [
      rule({
        name: "positive",
        reads: ["/m/total"],
        check: ([total]) => total === undefined || (typeof total === "number" && total >= 0) || "is negative",
      }),
    ],
  },
  "*": { roots: {} },
} as const;

let world: World;
let disk: { failing: boolean; held: Promise<void> | null };
let told: unknown[];
let doc: Y.Doc;

beforeEach(async () => {
  told = [];
  doc = new Y.Doc();
  doc.clientID = 101;
  disk = { failing: false, held: null };
  const faults = createFaults(async ({ operation, when }) => {
    if (operation !== "batch" || when !== "before") return;
    await disk.held;
    if (disk.failing) throw new StorageError("write-failed", "the disk is out of order");
  });
  const store = createMemoryStore();
  world = await createWorld({ open: async () => faults.wrap(await store.open()), documents });
});
afterEach(() => world.close());

function peer({ mayWrite = true } = {}): Peer {
  return {
    actor: toActor({ user: "ann" }, { authenticated: true }),
    mayWrite,
    backlog: 0,
    answer: () => told.push("answer"),
    putOff() {},
    changed: () => told.push("changed"),
    ask: () => told.push("ask"),
    present() {},
    pause() {},
    resume() {},
    close: (code, reason) => told.push(`closed ${code} ${reason.split(":")[0]}`),
  };
}

/** What one edit came to in bytes. */
function edit(change: (doc: Y.Doc) => void): Uint8Array {
  const before = Y.encodeStateVector(doc);
  doc.transact(() => change(doc));
  return Y.encodeStateAsUpdate(doc, before);
}

function pushes(documentId = "notes", options: { mayWrite?: boolean } = {}) {
  const room = world.rooms.get(documentId);
  const author = peer(options);
  room.enter(author);
  return (name: string, update: Uint8Array, { isNamed = false, fullState = false } = {}) =>
    room.push(author, update, {
      fullState,
      ...(isNamed && { name: { dedupe: name, madeAt: 0 } }),
      answered: outcome => told.push([name, ...said(outcome)]),
    });
}

function said(outcome: PushOutcome): unknown[] {
  switch (outcome.type) {
    case "acknowledged":
      return ["acknowledged", outcome.sequence];
    case "rejected":
      return [outcome.verdict, outcome.sequence, outcome.issues.map(({ rule }) => rule)];
    case "refused":
      return ["refused", outcome.code];
    case "lacking":
    case "discarded":
      return [outcome.type];
  }
}

const put = (value: unknown) => (doc: Y.Doc) => void doc.getMap("m").set("total", value);

it("a push is answered with its commit when that is durable, and all that share it with the same one", async () => {
  const push = pushes();
  let release = () => {};
  disk.held = new Promise(resolve => (release = resolve));
  push("first", edit(put(1)));
  push("second", edit(put(2)));
  await world.pass(50);
  expect(told).toEqual([]);
  release();
  await world.pass(50);
  expect(told).toEqual([
    ["first", "acknowledged", 1],
    ["second", "acknowledged", 1],
  ]);
});

it("a push with a name is a commit of its own, whatever stands before it and behind it", async () => {
  const push = pushes();
  push("grouped", edit(put(1)));
  push("own", edit(put(2)), { isNamed: true });
  push("other own", edit(put(3)), { isNamed: true });
  push("grouped again", edit(put(4)));
  push("with it", edit(put(5)));
  await world.pass(50);
  expect(told).toEqual([
    ["grouped", "acknowledged", 1],
    ["own", "acknowledged", 2],
    ["other own", "acknowledged", 3],
    ["grouped again", "acknowledged", 4],
    ["with it", "acknowledged", 4],
  ]);
});

it("a push that brings nothing new is answered with the head", async () => {
  const push = pushes();
  const update = edit(put(1));
  push("first", update);
  await world.pass(50);
  push("again", update);
  push("empty", Uint8Array.of(0, 0), { fullState: true });
  await world.pass(50);
  expect(told).toEqual([
    ["first", "acknowledged", 1],
    ["again", "acknowledged", 1],
    ["empty", "acknowledged", 1],
  ]);
});

it("a push of which something was taken back is answered with the reasons, after its author was healed", async () => {
  const push = pushes("invoice/1");
  const reader = peer();
  world.rooms.get("invoice/1").enter(reader);
  world.rooms.get("invoice/1").join(reader, Uint8Array.of(0));
  await world.pass(50);
  told.length = 0;
  push("good", edit(put(1)));
  push("bad", edit(put(-1)));
  push("better", edit(put(2)));
  await world.pass(50);
  expect(told).toEqual([
    "changed",
    ["good", "acknowledged", 1],
    ["bad", "refused", 2, ["positive"]],
    ["better", "acknowledged", 3],
  ]);
});

it("a push of one who may only read is rejected, or refused where nothing is", async () => {
  pushes("notes", { mayWrite: false })("begin", edit(put(1)));
  await world.pass(50);
  expect(told.splice(0)).toEqual([["begin", "refused", "read-only"], "closed 4403 read-only"]);
  pushes()("write", Y.encodeStateAsUpdate(doc));
  await world.pass(50);
  told.length = 0;
  const push = pushes("notes", { mayWrite: false });
  push("nothing new", Y.encodeStateAsUpdate(doc));
  const other = new Y.Doc();
  other.getMap("m").set("total", 3);
  push("something", Y.encodeStateAsUpdate(other));
  await world.pass(50);
  expect(told).toMatchObject([
    ["nothing new", "acknowledged", 2],
    ["something", "refused", 2, [undefined]],
  ]);
});

it("a push that builds on what is not here is lacking, and its author is asked", async () => {
  const push = pushes();
  const missing = edit(put(1));
  push("early", edit(put(2)));
  await world.pass(50);
  expect(told.splice(0)).toEqual([["early", "lacking"], "ask"]);
  push("all", Y.encodeStateAsUpdate(doc), { fullState: true });
  push("late", missing);
  await world.pass(50);
  expect(told).toEqual([
    ["all", "acknowledged", 1],
    ["late", "acknowledged", 1],
  ]);
});

it("a push that may not enter is refused, and what stands behind it is discarded", async () => {
  const push = pushes();
  push("good", edit(put(1)));
  push("bad", Uint8Array.of(1, 2, 3));
  push("unseen", edit(put(2)));
  await world.pass(50);
  expect(told).toMatchObject([
    ["good", "acknowledged", 1],
    ["bad", "refused", expect.any(String)],
    expect.stringMatching(/^closed 4400/),
    ["unseen", "discarded"],
  ]);
});

it("a push that the disk did not take is discarded, and its author is asked for it", async () => {
  const push = pushes();
  disk.failing = true;
  push("lost", edit(put(1)));
  await world.pass(50);
  expect(told).toEqual([["lost", "discarded"], "ask"]);
  disk.failing = false;
  await world.pass(5000);
  push("again", Y.encodeStateAsUpdate(doc), { fullState: true });
  await world.pass(50);
  expect(told.slice(2)).toEqual([["again", "acknowledged", 1]]);
});

it("a push into a room that has ended is discarded", async () => {
  const push = pushes();
  push("before", edit(put(1)));
  await world.pass(50);
  await world.rooms.close(1012, "restart");
  push("after", edit(put(2)));
  expect(told).toEqual([["before", "acknowledged", 1], "closed 1012 restart", ["after", "discarded"]]);
});
