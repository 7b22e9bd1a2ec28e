/**
 * Forks in a relay without sockets: free writing, and a parent into which only what is accepted comes, whole. Long,
 * because a fork can fail to be merged in many ways, and all share the relay.
 */
import { forwardPatch, reversePatch } from "@verso/bridge";
import { encodeAwareness, encodeAwarenessMessage, encodeUpdate } from "@verso/protocol";
import { type StorageBackend, StorageError, verifyLedger } from "@verso/storage";
import { createFaults, createSimulatedDisk, type SimulatedDisk } from "@verso/storage/testing";
import { rule } from "@verso/validation";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { type Actor, toActor } from "./actor.js";
import { toChangeEvent } from "./changes.js";
import { documentOf, type Fork } from "./fork-store.js";
import { createWorld, type SimulatedClient, type World, type WorldActor } from "./testing.js";
import { createReplay } from "./verify.js";

const secret = "s3cr3t";
const invoice = {
  roots: { invoice: "map", lines: "array", notes: "text" },
  initial: { invoice: { status: "draft", total: 1 } },
  schema: z.object({
    invoice: z.looseObject({ total: z.number().nonnegative().optional(), status: z.string().optional() }),
    lines: z.array(z.string()),
    notes: z.string(),
  }),
  permissions: { "/invoice/approved": ["approver"] },
  conflicts: { "/invoice/status": "server-wins" },
  rules: [
    rule({
      name: "no-secrets",
      reads: ["/notes"],
      check: ([notes]) => !String(notes).includes(secret) || "tells a secret",
    }),
    rule({
      name: "round",
      reads: ["/invoice/total"],
      severity: "warning",
      check: ([total]) => total === undefined || Number.isInteger(total) || "is not round",
    }),
    rule({ name: "moody", reads: ["/invoice/mood"], check: ([asked]) => asked === undefined || mood() }),
  ],
} as const;

const parent = "invoice/1";
const ben = actor("ben");
const eva = actor("eva", "approver");

let disk: SimulatedDisk;
/** Called before and after each batch that is written. */
let atBatch: (when: "before" | "after") => void;
let mood: () => true | string;
let world: World;
let clients: SimulatedClient[];
/** Everything that the relay has sent to anybody, by client. */
let sent: Map<SimulatedClient | undefined, Uint8Array[]>;
let refused: { code: string; documentId: string }[];

beforeEach(async () => {
  disk = await createSimulatedDisk();
  atBatch = () => {};
  mood = () => true;
  await start();
});
afterEach(() => world.close());

async function start() {
  clients = [];
  sent = new Map();
  refused = [];
  const faults = createFaults(({ operation, when }) => {
    if (operation === "batch") atBatch(when);
  });
  world = await createWorld({
    open: async () => faults.wrap(await disk.open()),
    documents: { "invoice/:id": invoice, "*": { roots: {} } },
    events: { refused: event => refused.push(event) },
  });
}

function actor(user: string, ...roles: string[]): Actor {
  return toActor({ user, roles }, { authenticated: true });
}

async function join(clientId: number, documentId = parent, as: Partial<WorldActor> = {}) {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const client = world.connect(documentId, doc, as);
  clients.push(client);
  await flush();
  return client;
}

async function flush() {
  for (let rounds = 0; rounds < 10; rounds++) {
    for (const client of clients) client.deliver("to relay");
    await world.pass(5);
    for (const client of clients) {
      sent.set(client, [...(sent.get(client) ?? []), ...client.fromRelay]);
      client.deliver("from relay");
    }
  }
}

/** Lets the relay work until the promise is settled. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  promise.then(done, done);
  while (!settled) await world.pass(5);
  return promise;
}

async function forked(documentId = parent): Promise<Fork> {
  const fork = await soon(world.forks.fork(documentId, { proposer: ben, title: "a proposal" }));
  if (fork === undefined) throw new Error("There is nothing to fork.");
  return fork;
}

const edit = (fork: Fork, clientId = 900) => join(clientId, documentOf(fork), { user: "ben" });
const review = (fork: Fork, by = eva) => soon(world.forks.review(fork, { by }));
const merge = (fork: Fork, options = {}) => soon(world.forks.merge(fork, { by: eva, ...options }));
const drop = (fork: Fork) => soon(world.forks.drop(fork, { by: eva }));
const map = ({ doc }: SimulatedClient) => doc.getMap("invoice");
const lines = ({ doc }: SimulatedClient) => doc.getArray<string>("lines");
const notes = ({ doc }: SimulatedClient) => doc.getText("notes");
const content = ({ doc }: SimulatedClient) => ({
  invoice: doc.getMap("invoice").toJSON(),
  lines: doc.getArray("lines").toJSON(),
  notes: doc.getText("notes").toString(),
});

async function commits(documentId = parent) {
  const found = [];
  for await (const commit of world.ledger.read(documentId)) found.push(commit);
  return found;
}

/** Everything that there is of a document: its ledger and its bytes in memory. */
async function everythingOf(documentId = parent) {
  const state = await soon(
    world.rooms.get(documentId).view(view => view.answer(Y.encodeStateVector(new Y.Doc()))),
  );
  const doc = new Y.Doc();
  for (const update of state) Y.applyUpdate(doc, update);
  return { head: await world.ledger.head(documentId), state: Y.encodeStateAsUpdate(doc) };
}

describe("in a fork", () => {
  it("its proposer begins with the parent as it is, and writes what the parent would not take", async () => {
    const ann = await join(101);
    notes(ann).insert(0, "ours");
    map(ann).set("total", -1); // taken back: the relay has written under its own id
    await flush();
    const fork = await forked();
    const editor = await edit(fork);
    expect(content(editor)).toEqual(content(ann));
    expect(map(editor).get("total")).toBe(1);

    map(editor).set("total", -7);
    map(editor).set("approved", true);
    notes(editor).insert(4, ` and ${secret}`);
    await flush();
    const second = await edit(fork, 901);
    expect(content(second)).toEqual({
      invoice: { status: "draft", total: -7, approved: true },
      lines: [],
      notes: `ours and ${secret}`,
    });
    expect(content(ann)).toEqual({ invoice: { status: "draft", total: 1 }, lines: [], notes: "ours" });
  });

  it("the relay never writes: what it would take back ends the connection", async () => {
    await join(101);
    const fork = await forked();
    const before = await everythingOf(documentOf(fork));
    const undeclared = new Y.Doc();
    undeclared.getMap("elsewhere").set("a", 1);
    const forbidden = await edit(fork);
    forbidden.doc.getMap("invoice").set("__proto__", 1);
    const strange = await edit(fork, 902);
    strange.send(encodeUpdate(Y.encodeStateAsUpdate(undeclared)));
    const reader = await join(903, documentOf(fork), { user: "eva", mayWrite: false });
    notes(reader).insert(0, "not mine to write");
    await flush();
    expect(forbidden.closed).toMatchObject({ code: 4400 });
    expect(strange.closed).toMatchObject({ code: 4400 });
    expect(reader.closed).toEqual({ code: 4403, reason: "read-only: this fork is somebody else's" });
    expect(refused.map(({ code }) => code)).toEqual(["forbidden-key", "undeclared-root", "read-only"]);
    expect(await everythingOf(documentOf(fork))).toEqual(before);
  });

  it("nothing is undone or reverted, which would be the relay's writing", async () => {
    await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    notes(editor).insert(0, "proposed");
    await flush();
    const before = await everythingOf(documentOf(fork));
    await expect(world.history.undo(documentOf(fork), ben)).rejects.toThrow(TypeError);
    await expect(world.history.revert(documentOf(fork), ben, 1)).rejects.toThrow(TypeError);
    await expect(world.history.restore(documentOf(fork), ben, 0)).rejects.toThrow(TypeError);
    expect(await everythingOf(documentOf(fork))).toEqual(before);
    expect(content(editor)).toMatchObject({ notes: "proposed" });
  });

  it("nobody writes under a client id that has content in the parent, nor under the relay's", async () => {
    const ann = await join(101);
    notes(ann).insert(0, "ours");
    await flush();
    const fork = await forked();
    // The same document at both, or a forgery of it.
    const both = world.connect(documentOf(fork), ann.doc, { user: "ben" });
    clients.push(both);
    await flush();
    expect(both.closed).toBe(null);
    notes(ann).insert(4, " and mine");
    await flush();
    expect(both.closed).toMatchObject({ code: 4403, reason: expect.stringContaining("foreign-client") });
    expect(ann.closed).toBe(null);

    const editor = await edit(fork);
    const forger = new Y.Doc();
    Y.applyUpdate(forger, Y.encodeStateAsUpdate(editor.doc));
    forger.clientID = 1;
    forger.getMap("invoice").set("total", 2);
    editor.send(encodeUpdate(Y.encodeStateAsUpdate(forger)));
    await flush();
    expect(editor.closed).toMatchObject({
      code: 4400,
      reason: expect.stringContaining("reserved-client-id"),
    });
  });

  it("of what was never written there is none", async () => {
    expect(await soon(world.forks.fork("invoice/none", { proposer: ben }))).toBe(undefined);
    expect(await world.ledger.head("invoice/none")).toBe(undefined);
  });
});

describe("a review", () => {
  it("shows what merging would do to the parent as it is by now, and changes nothing", async () => {
    const ann = await join(101);
    notes(ann).insert(0, "ours");
    await flush();
    const fork = await forked();
    const editor = await edit(fork);
    map(editor).set("total", 2.5);
    notes(editor).insert(4, "!");
    notes(ann).insert(0, "now ");
    await flush();
    const before = await everythingOf();
    const shown = await review(fork);
    expect(shown).toMatchObject({
      verdict: "accepted",
      issues: [{ code: "rule.round", severity: "warning" }],
      revision: (await world.ledger.head(documentOf(fork)))?.revision,
    });
    expect(forwardPatch(shown!.change)).toEqual([
      { op: "replace", path: "/invoice/total", value: 2.5 },
      { op: "str_ins", path: "/notes", pos: 8, str: "!" },
    ]);
    expect(reversePatch(shown!.change)).toEqual([
      { op: "str_del", path: "/notes", pos: 8, str: "!" },
      { op: "replace", path: "/invoice/total", value: 1 },
    ]);
    expect(await everythingOf()).toEqual(before);
  });

  it("shows all that is asked for where not all of it could stay, and why", async () => {
    await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    map(editor).set("total", -1);
    map(editor).set("approved", true);
    map(editor).set("currency", "EUR");
    await flush();
    const shown = await review(fork, actor("rob"));
    expect(shown).toMatchObject({ verdict: "repaired" });
    expect(shown?.issues.map(({ code, pointer }) => `${code} ${pointer}`).sort()).toEqual([
      "permission-denied /invoice/approved",
      "schema.too_small /invoice/total",
    ]);
    expect(shown?.change.map(operation => "key" in operation && operation.key).sort()).toEqual([
      "approved",
      "currency",
      "total",
    ]);
    // By the rights of whoever asks.
    expect((await review(fork, eva))?.issues.map(({ code }) => code)).toEqual(["schema.too_small"]);
  });
});

describe("a merge", () => {
  it("brings the whole fork in as one commit of its proposer, with what was written in the parent meanwhile", async () => {
    const ann = await join(101);
    notes(ann).insert(0, "one two three");
    lines(ann).push(["a", "b", "c"]);
    await flush();
    const fork = await forked();
    const editor = await edit(fork);
    notes(editor).delete(4, 4);
    notes(editor).insert(0, "zero ");
    lines(editor).delete(1, 1);
    await flush();
    map(editor).set("approved", true);
    await flush();
    notes(ann).insert(13, " four");
    notes(ann).insert(6, "WW"); // inside of what the fork has deleted
    lines(ann).insert(2, ["between"]);
    await flush();
    const before = await commits();
    const result = await merge(fork);
    await flush();

    expect(result).toMatchObject({ type: "merged", fork: { state: "merged", closed: { user: "eva" } } });
    expect(content(ann)).toEqual({
      invoice: { status: "draft", total: 1, approved: true },
      lines: ["a", "between", "c"],
      notes: "zero one WWthree four",
    });
    const after = await commits();
    expect(after.length).toBe(before.length + 1);
    const last = after.at(-1)!;
    expect(last).toMatchObject({
      kind: "update",
      actor: { user: "ben", session: undefined },
      // What he wrote under is his from now on, in the parent too.
      notes: { merged: { fork: fork.id, user: "eva" }, leases: [900] },
    });
    expect(toChangeEvent(parent, last, { roots: {} })).toMatchObject({
      user_id: "ben",
      merged: { fork: fork.id, user_id: "eva" },
    });
    expect(await world.forks.get(fork.id)).toMatchObject({
      state: "merged",
      merged: { sequence: last.sequence, revision: last.revision },
    });
    expect(editor.closed).toEqual({ code: 4404, reason: "fork-not-open: the fork was merged" });
    // Those who come later, and those who go on, get the same.
    expect(content(await join(102))).toEqual(content(ann));
    notes(ann).insert(0, "still ");
    await flush();
    expect((await commits()).length).toBe(after.length + 1);
  });

  it.each<[string, string, (editor: SimulatedClient, ann: SimulatedClient) => void]>([
    ["the schema", "schema.too_small", editor => map(editor).set("total", -1)],
    ["a rule", "rule.no-secrets", editor => notes(editor).insert(0, secret)],
    ["a missing right", "permission-denied", editor => map(editor).set("approved", true)],
    [
      "what was written meanwhile, where the relay's value counts",
      "conflict",
      (editor, ann) => {
        map(editor).set("status", "paid");
        map(ann).set("status", "sent");
      },
    ],
  ])("that is refused by %s leaves the parent byte for byte, and the fork open", async (_, code, write) => {
    const ann = await join(101);
    notes(ann).insert(0, "ours");
    await flush();
    const fork = await forked();
    const editor = await edit(fork);
    lines(editor).push(["sound"]);
    write(editor, ann);
    await flush();
    const before = await everythingOf();
    const sentBefore = sent.get(ann)?.length;
    const result = await merge(fork, { by: actor("rob") });
    expect(result).toMatchObject({ type: "refused", merging: { issues: [{ code }] } });
    await flush();
    expect(await everythingOf()).toEqual(before);
    expect(sent.get(ann)?.length).toBe(sentBefore);
    expect(await world.forks.get(fork.id)).toMatchObject({ state: "open" });
    expect(editor.closed).toBe(null);
  });

  it("can be tried again when the proposer has mended the fork", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    map(editor).set("total", -1);
    notes(editor).insert(0, secret);
    await flush();
    expect(await merge(fork)).toMatchObject({ type: "refused" });
    map(editor).set("total", 2);
    notes(editor).delete(0, secret.length);
    await flush();
    expect(await merge(fork)).toMatchObject({ type: "merged" });
    await flush();
    expect(content(ann)).toEqual({ invoice: { status: "draft", total: 2 }, lines: [], notes: "" });
    for (const message of sent.get(ann) ?? []) expect(Buffer.from(message).includes(secret)).toBe(false);
  });

  it("takes what the relay has set again after a refusal for what stood there before", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    map(editor).set("status", "sent");
    // Refused, and restored under another id than the one that the fork has seen.
    const rob = await join(102);
    rob.doc.transact(() => {
      map(rob).set("status", 7);
      map(rob).set("total", -1);
    });
    await flush();
    expect(map(ann).get("status")).toBe("draft");
    expect(await review(fork)).toMatchObject({ verdict: "accepted" });
    expect(await merge(fork)).toMatchObject({ type: "merged" });
    await flush();
    expect(map(ann).get("status")).toBe("sent");
  });

  it("happens once, however often it is asked for at the same time", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    lines(editor).push(["once"]);
    await flush();
    const results = await soon(
      Promise.all([
        world.forks.merge(fork, { by: eva }),
        world.forks.merge(fork, { by: eva }),
        world.forks.drop(fork, { by: eva }),
      ]),
    );
    expect(results.map(({ type }) => type)).toEqual(["merged", "not-open", "not-open"]);
    await flush();
    expect(lines(ann).toJSON()).toEqual(["once"]);
  });

  it("of another revision than the one that was reviewed does not happen", async () => {
    await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    lines(editor).push(["harmless"]);
    await flush();
    const revision = (await review(fork))?.revision;
    lines(editor).push(["smuggled"]);
    await flush();
    expect(await merge(fork, { revision })).toMatchObject({ type: "changed" });
    expect(await merge(fork, { revision: (await review(fork))?.revision })).toMatchObject({ type: "merged" });
  });

  it("of a fork in which nothing was written does nothing", async () => {
    await join(101);
    const fork = await forked();
    const before = await everythingOf();
    expect(await review(fork)).toMatchObject({ verdict: "unchanged", change: [] });
    expect(await merge(fork)).toMatchObject({ type: "unchanged" });
    expect(await everythingOf()).toEqual(before);
  });

  it("does not take what was written under an id that is somebody else's in the parent", async () => {
    const ann = await join(101);
    const fork = await forked();
    // They have come since; the first has written, the second has only been seen.
    const carl = await join(102);
    notes(carl).insert(0, "carl's");
    const dora = await join(103);
    dora.send(encodeAwarenessMessage(encodeAwareness([{ clientId: 103, clock: 1, state: "{}" }])));
    await flush();
    const before = await everythingOf();
    for (const stolen of [102, 103]) {
      const another = stolen === 102 ? fork : await forked();
      const editor = await edit(another, stolen);
      lines(editor).push(["forged"]);
      await flush();
      expect(await merge(another)).toMatchObject({
        type: "refused",
        merging: { issues: [{ code: "foreign-client" }] },
      });
    }
    expect(await everythingOf()).toEqual(before);
    notes(dora).insert(0, "dora's, ");
    await flush();
    expect(notes(ann).toString()).toContain("dora's");
  });

  it("of very much is tried on a copy elsewhere first", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    // Each at the beginning, so that none joins the one before.
    for (let i = 0; i < 1500; i++) lines(editor).insert(0, [`${i}`]);
    await flush();
    expect(await review(fork)).toMatchObject({ verdict: "accepted" });
    expect(await merge(fork)).toMatchObject({ type: "merged" });
    await flush();
    expect(lines(ann).length).toBe(1500);
  });

  it("leaves nothing behind when a rule changes its mind between the copy and the document", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    map(editor).set("mood", "fine");
    await flush();
    const before = await everythingOf();
    let asked = 0;
    mood = () => asked++ === 0 || "not today";
    await expect(merge(fork)).rejects.toThrow("accepted on a copy");
    await flush();
    expect(await everythingOf()).toEqual(before);
    expect(map(ann).has("mood")).toBe(false);
    mood = () => true;
    expect(await merge(fork)).toMatchObject({ type: "merged" });
  });
});

describe("a fork that was dropped", () => {
  it("ends its connections, is served no more, and leaves nothing in any byte of the parent's clients", async () => {
    const ann = await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    notes(editor).insert(0, secret);
    await flush();
    await review(fork);
    expect(await merge(fork)).toMatchObject({ type: "refused" });
    expect(await drop(fork)).toMatchObject({ type: "dropped", fork: { closed: { user: "eva" } } });
    expect(editor.closed).toEqual({ code: 4404, reason: "fork-not-open: the fork was dropped" });
    const late = await edit(fork, 905);
    expect(late.closed).not.toBe(null);
    expect(content(late).notes).toBe("");
    notes(ann).insert(0, "later");
    const joined = await join(104);
    await flush();
    for (const client of [ann, joined]) {
      for (const message of sent.get(client) ?? []) expect(Buffer.from(message).includes(secret)).toBe(false);
    }
    expect(Buffer.from((await everythingOf()).state).includes(secret)).toBe(false);
    expect(await merge(fork)).toMatchObject({ type: "not-open", fork: { state: "dropped" } });
    expect(await review((await world.forks.get(fork.id))!)).toBe(null);
  });
});

describe("after a restart", () => {
  const restart = async () => {
    await world.close();
    await start();
  };

  it("forks are what they were, in the order of their creation, and are edited on", async () => {
    await join(101);
    const first = await forked();
    const editor = await edit(first);
    lines(editor).push(["before"]);
    await world.pass(10);
    const second = await forked();
    await flush();
    await drop(second);
    await restart();

    const listed = [];
    for await (const fork of world.forks.list(parent)) listed.push(fork);
    expect(listed).toMatchObject([
      { id: first.id, state: "open", title: "a proposal", proposer: { user: "ben" } },
      { id: second.id, state: "dropped" },
    ]);
    const after = [];
    for await (const fork of world.forks.list(parent, { after: first.id, limit: 1 })) after.push(fork.id);
    expect(after).toEqual([second.id]);
    for await (const fork of world.forks.list("invoice/10")) expect.fail(`of another document: ${fork.id}`);

    const ann = await join(101);
    const again = await edit(first, 901);
    expect(lines(again).toJSON()).toEqual(["before"]);
    lines(again).push(["after"]);
    await flush();
    expect(await merge(first)).toMatchObject({ type: "merged" });
    await flush();
    expect(lines(ann).toJSON()).toEqual(["before", "after"]);
  });

  it("a fork whose commit is there is merged, though its record was not written any more", async () => {
    await join(101);
    const fork = await forked();
    const editor = await edit(fork);
    lines(editor).push(["once"]);
    await flush();
    let batches = 0;
    atBatch = when => {
      // The first is the commit, the second the record.
      if (when === "before" && ++batches === 2) throw new StorageError("write-failed", "out of order");
    };
    await expect(merge(fork)).rejects.toMatchObject({ code: "unknown-outcome" });
    await restart();
    expect(await world.forks.get(fork.id)).toMatchObject({ state: "merged", closed: { user: "eva" } });
    expect(await merge(fork)).toMatchObject({ type: "not-open" });
    const ann = await join(101);
    expect(lines(ann).toJSON()).toEqual(["once"]);
  });

  it.each(["before", "after"] as const)(
    "nothing is doubled when the store failed %s the commit was written, and the merge is tried again",
    async when => {
      const ann = await join(101);
      const fork = await forked();
      const editor = await edit(fork);
      lines(editor).push(["once"]);
      await flush();
      let batches = 0;
      atBatch = at => {
        if (at === when && ++batches === 1) throw new StorageError("write-failed", "out of order");
      };
      await expect(merge(fork)).rejects.toMatchObject({ code: "document-closed" });
      await world.pass(10_000);
      expect(await merge(fork)).toMatchObject({ type: when === "before" ? "merged" : "not-open" });
      await flush();
      expect(lines(ann).toJSON()).toEqual(["once"]);
      expect(await world.forks.get(fork.id)).toMatchObject({ state: "merged" });
    },
  );

  it("the store verifies: hashes, references, and every patch both ways", async () => {
    const ann = await join(101);
    notes(ann).insert(0, "ours");
    map(ann).set("total", -1);
    await flush();
    const forks = [await forked(), await forked(), await forked()];
    for (const [i, fork] of forks.entries()) {
      const editor = await edit(fork, 900 + i);
      notes(editor).delete(0, 2);
      lines(editor).push([`from ${i}`]);
      if (i === 2) map(editor).set("total", -1);
      notes(ann).insert(0, "more ");
      await flush();
      await merge(fork);
    }
    await drop(forks[2]!);
    await flush();
    await world.close();

    const issues: unknown[] = [];
    const backend: StorageBackend = await disk.open();
    const summary = await verifyLedger(backend, {
      replay: () => createReplay(),
      onIssue: issue => void issues.push(issue),
    });
    expect(issues).toEqual([]);
    expect(summary).toMatchObject({ documents: 4 });
    await backend.close();
    await start();
  });
});
