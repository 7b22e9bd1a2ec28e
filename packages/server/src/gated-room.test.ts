/** Rooms of kinds that ask something of what is written: the author heals, and nobody else notices. */
import { decodeChange, type JsonObject } from "@verso/bridge";
import { encodeUpdate } from "@verso/protocol";
import { createMemoryStore } from "@verso/storage";
import { rule } from "@verso/validation";
import { bombs } from "@verso/validation/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { toChangeEvent } from "./changes.js";
import { createKinds } from "./kinds.js";
import { createWorld, type SimulatedClient, type World, type WorldActor } from "./testing.js";

const secret = "s3cr3t";
const invoice = {
  roots: { invoice: "map", notes: "text" },
  schema: z.object({
    invoice: z.looseObject({ total: z.number().nonnegative().optional(), status: z.string().optional() }),
    notes: z.string().refine(text => !text.includes(secret)),
  }),
  permissions: { "/invoice/approved": ["approver"] },
  conflicts: { "/invoice/status": "server-wins" },
  rules: [
    rule({
      name: "round",
      reads: ["/invoice/total"],
      severity: "warning",
      check: ([total]) => total === undefined || Number.isInteger(total) || "is not round",
    }),
  ],
} as const;

let world: World;
let store: ReturnType<typeof createMemoryStore>;
let clients: SimulatedClient[];
let sent: Uint8Array[];
const rejected: unknown[] = [];

beforeEach(async () => {
  store = createMemoryStore();
  await start();
});
afterEach(() => world.close());

async function start() {
  clients = [];
  sent = [];
  rejected.length = 0;
  world = await createWorld({
    open: store.open,
    documents: { "invoice/:id": invoice, "*": { roots: {} } },
    sent: message => sent.push(message),
    events: { rejected: event => rejected.push(event) },
  });
}

async function join(clientId: number, actor: Partial<WorldActor> = {}, documentId = "invoice/1") {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const client = world.connect(documentId, doc, actor);
  clients.push(client);
  await flush();
  return client;
}

function flush() {
  return world.exchange(clients);
}

const map = ({ doc }: SimulatedClient) => doc.getMap("invoice");
const notes = ({ doc }: SimulatedClient) => doc.getText("notes");

async function commits(documentId = "invoice/1") {
  const found = [];
  for await (const commit of world.ledger.read(documentId)) found.push(commit);
  return found;
}

describe("a refused edit", () => {
  it("heals its author by an ordinary update, reaches nobody else, and is on record with its reasons", async () => {
    const ann = await join(101, { user: "ann" });
    const bob = await join(102);
    map(ann).set("total", 7);
    await flush();
    sent.length = 0;
    map(ann).set("total", -1);
    notes(ann).insert(0, secret);
    notes(ann).insert(0, "fine");
    await flush();

    for (const client of [ann, bob]) {
      expect(map(client).toJSON()).toEqual({ total: 7 });
      expect(notes(client).toString()).toBe("fine");
      expect(client.closed).toBe(null);
    }
    expect(Buffer.concat(sent).toString("latin1")).not.toContain(secret);

    const all = await commits();
    expect(all.map(({ kind }) => kind)).toEqual(["update", "refused", "refused", "update"]);
    expect(all[1]).toMatchObject({
      actor: { user: "ann" },
      notes: { issues: [{ pointer: "/invoice/total", code: "schema.too_small", severity: "error" }] },
    });
    expect(decodeChange(all[1]!.change!)).toEqual([]);
    expect(toChangeEvent("invoice/1", all[1]!, { roots: invoice.roots })).toMatchObject({
      event_type: "update",
      kind: "refused",
      refused: true,
      forward_patch: [],
      reverse_patch: [],
      issues: [{ pointer: "/invoice/total", code: "schema.too_small" }],
    });
    expect(rejected).toMatchObject([
      { documentId: "invoice/1", actor: { user: "ann" }, verdict: "refused", hash: /^[0-9a-f]{64}$/ },
      { documentId: "invoice/1", verdict: "refused" },
    ]);
  });

  it("of one who may only read is taken back, and he goes on reading", async () => {
    const ann = await join(101);
    const reader = await join(102, { user: "reader", mayWrite: false });
    notes(ann).insert(0, "to be read");
    await flush();
    notes(reader).insert(0, "not to be written: ");
    await flush();
    expect(notes(reader).toString()).toBe("to be read");
    expect(reader.closed).toBe(null);
    expect((await commits()).at(-1)).toMatchObject({
      kind: "refused",
      notes: { issues: [{ code: "permission-denied" }] },
    });
  });

  it("is refused by the actor's rights, and allowed by them", async () => {
    const ann = await join(101);
    const eva = await join(102, { user: "eva", roles: ["approver"] });
    map(ann).set("approved", true);
    await flush();
    expect(map(eva).has("approved")).toBe(false);
    map(eva).set("approved", true);
    await flush();
    expect(map(ann).get("approved")).toBe(true);
  });

  it("is taken back under the relay's own id, also when the document was read again", async () => {
    const ann = await join(101);
    map(ann).set("total", 7);
    const written = async () => {
      map(ann).set("total", -1);
      await flush();
      return Y.getState(ann.doc.store, 1);
    };
    const before = await written();
    expect(before).toBeGreaterThan(0);
    ann.disconnect();
    await world.close();
    await start();
    clients.push(world.connect("invoice/1", ann.doc));
    await flush();
    expect(await written()).toBeGreaterThan(before);
    expect([...ann.doc.store.clients.keys()].sort((a, b) => a - b)).toEqual([1, 101]);
  });

  it("that was written unseen, where the relay's value counts, is told as a conflict", async () => {
    const ann = await join(101);
    const bob = await join(102);
    map(ann).set("status", "sent");
    map(bob).set("status", "paid");
    await flush();
    expect([ann, bob].map(client => map(client).get("status"))).toEqual(["sent", "sent"]);
    expect((await commits()).at(-1)).toMatchObject({
      kind: "refused",
      notes: { issues: [{ code: "conflict" }] },
    });
  });

  it.each([
    [101, 102],
    [102, 101],
  ])(
    "is told as a conflict to one who was offline too, whoever Yjs prefers (%i, %i)",
    async (first, late) => {
      const ann = await join(first);
      const bob = await join(late);
      bob.disconnect();
      map(bob).set("status", "paid");
      map(ann).set("status", "sent");
      await flush();
      const again = world.connect("invoice/1", bob.doc);
      clients = [ann, again];
      await flush();
      for (const client of clients) expect(map(client).get("status")).toBe("sent");
      expect((await commits()).at(-1)).toMatchObject({
        kind: "refused",
        notes: { issues: [{ code: "conflict", pointer: "/invoice/status" }] },
      });
    },
  );

  it.each([
    ["from a snapshot", true],
    ["from its commits", false],
  ])("is remembered when the document is opened again, %s", async (_name, compact) => {
    const ann = await join(101);
    const bob = await join(100);
    map(ann).set("total", 7);
    map(ann).set("status", "sent");
    await flush();
    bob.disconnect();
    clients = [ann];
    map(ann).set("total", -1);
    map(ann).set("status", 5);
    await flush();
    if (compact) await world.rooms.get("invoice/1").compact(0);
    await world.close();
    await start();

    // He has seen what the relay restored, and writes over it, and not over what was refused meanwhile.
    map(bob).set("total", 8);
    map(bob).set("status", "paid");
    const again = world.connect("invoice/1", bob.doc);
    clients = [again];
    await flush();
    expect(map(again).toJSON()).toEqual({ total: 8, status: "paid" });
    expect((await commits()).at(-1)).toMatchObject({ kind: "update", notes: { issues: [] } });
  });

  it("is all that goes where so many edits wait that they are judged together", async () => {
    const ann = await join(101);
    const bob = await join(102);
    const typed = Array.from({ length: 200 }, (_, i) => `${i} `);
    for (const [i, words] of typed.entries()) {
      notes(ann).insert(notes(ann).length, words);
      if (i === 100) map(ann).set("approved", true);
    }
    await flush();
    for (const client of [ann, bob]) {
      expect(notes(client).toString()).toBe(typed.join(""));
      expect(map(client).has("approved")).toBe(false);
    }
    const all = await commits();
    expect(all.length).toBeLessThan(20);
    expect(all.filter(({ notes }) => notes.issues.length > 0)).toMatchObject([
      { kind: "update", notes: { issues: [{ code: "permission-denied", pointer: "/invoice/approved" }] } },
    ]);
  });

  it("is all that goes of what a client merged offline", async () => {
    const ann = await join(101);
    ann.disconnect();
    const { doc } = ann;
    map(ann).set("total", 5);
    map(ann).set("approved", true);
    notes(ann).insert(0, "written offline");
    const again = world.connect("invoice/1", doc);
    clients = [again];
    await flush();
    expect(map(again).toJSON()).toEqual({ total: 5 });
    expect(notes(again).toString()).toBe("written offline");
    expect(await commits()).toMatchObject([
      { kind: "update", notes: { issues: [{ pointer: "/invoice/approved", code: "permission-denied" }] } },
    ]);
  });
});

describe("a kind with a beginning", () => {
  const documents = {
    "order/:id": {
      roots: { order: "map", notes: "text", lines: "array" },
      initial: { order: { status: "draft", total: 0 }, notes: "to be filled in" },
      schema: z.object({
        order: z.object({ status: z.enum(["draft", "sent"]), total: z.number() }),
        notes: z.string(),
        lines: z.array(z.unknown()),
      }),
    },
  } as const;
  beforeEach(async () => {
    await world.close();
    clients = [];
    world = await createWorld({ open: store.open, documents });
  });

  it("has it as its first commit, once, whoever comes first and however many", async () => {
    const reader = await join(101, { mayWrite: false }, "order/1");
    expect(await commits("order/1")).toEqual([]);
    const [ann, bob] = await Promise.all([join(102, {}, "order/1"), join(103, {}, "order/1")]);
    for (const { doc } of [reader, ann!, bob!]) {
      expect(doc.getMap("order").toJSON()).toEqual({ status: "draft", total: 0 });
      expect(doc.getText("notes").toString()).toBe("to be filled in");
    }
    ann!.doc.getMap("order").set("status", "sent");
    await flush();
    const all = await commits("order/1");
    expect(all).toMatchObject([{ kind: "create", actor: { user: "relay" } }, { kind: "update" }]);
    expect(toChangeEvent("order/1", all[0]!, { roots: documents["order/:id"].roots })).toMatchObject({
      event_type: "create",
      forward_patch: {
        id: "order/1",
        title: null,
        content: { order: { status: "draft", total: 0 }, notes: "to be filled in" },
      },
      reverse_patch: null,
    });
  });

  it("must satisfy its own schema, and stay within its roots", () => {
    const { initial, ...rest } = documents["order/:id"];
    const start = (broken: JsonObject) => () => createKinds({ "order/:id": { ...rest, initial: broken } });
    const invalid = (path: string) => expect.objectContaining({ code: "config-invalid", path });
    expect(start({ ...initial, order: { status: "lost", total: 0 } })).toThrow(
      invalid("documents.order/:id.initial/order/status"),
    );
    expect(start({ ...initial, unknown: {} })).toThrow(invalid("documents.order/:id.initial.unknown"));
  });
});

it("a warning keeps nothing out and is on record", async () => {
  const ann = await join(101);
  map(ann).set("total", 1.5);
  await flush();
  expect(await commits()).toMatchObject([
    { kind: "update", notes: { issues: [{ code: "rule.round", severity: "warning" }] } },
  ]);
  expect(rejected).toEqual([]);
});

it("what the ledger holds opens as the same document after a restart", async () => {
  const ann = await join(101);
  for (const total of [1, -1, 2, -2]) map(ann).set("total", total);
  notes(ann).insert(0, secret);
  notes(ann).insert(0, "kept");
  await flush();
  await world.close();
  await start();
  const bob = await join(102);
  expect({ ...map(bob).toJSON(), notes: notes(bob).toString() }).toEqual({ total: 2, notes: "kept" });
});

it("what is taken back after a restart is written under the relay's own id too", async () => {
  const ann = await join(101);
  map(ann).set("total", 1);
  await flush();
  map(ann).set("total", -1);
  await flush();
  await world.close();
  await start();
  const bob = await join(102);
  map(bob).set("total", -2);
  await flush();
  expect(map(bob).toJSON()).toEqual({ total: 1 });
  const ids = [...Y.decodeStateVector(Y.encodeStateVector(bob.doc)).keys()];
  expect(new Set(ids)).toEqual(new Set([1, 101, 102]));
});

it("nobody writes under the ids of the relay itself", async () => {
  const ann = await join(101);
  const eve = await join(1);
  map(eve).set("total", 1);
  await flush();
  expect(map(ann).toJSON()).toEqual({});
  // The relay's own id is still what it was: the lower one, over which the author's later writes win.
  map(ann).set("total", -1);
  map(ann).set("total", 2);
  await flush();
  expect(map(ann).toJSON()).toEqual({ total: 2 });
});

describe("what the firewall lets in only to be taken back", () => {
  const compensated = bombs.filter(({ answer }) => answer.type === "compensate");
  it.each(compensated.map(bomb => [bomb.name, bomb] as const))("%s", async (_name, bomb) => {
    const victim = await join(101, {}, "plain");
    const offender = await join(102, {}, "plain");
    victim.doc.getMap("m").set("before", 1);
    await flush();
    for (const update of bomb.before?.() ?? []) offender.send(encodeUpdate(update));
    await flush();
    for (const update of bomb.payloads()) offender.send(encodeUpdate(update));
    await flush();
    victim.doc.getMap("m").set("after", 1);
    await flush();
    expect(victim.closed).toBe(null);
    const late = await join(103, {}, "plain");
    expect(late.doc.getMap("m").toJSON()).toEqual({ before: 1, after: 1 });
    expect(Y.encodeStateVector(late.doc)).toEqual(Y.encodeStateVector(victim.doc));
    if (offender.closed === null) {
      expect((await commits("plain")).some(({ kind }) => kind === "refused")).toBe(true);
    } else {
      expect(["split-surrogate-pair", "subdocument"]).toContain(offender.closed.reason.split(":")[0]);
    }
  });
});
