/**
 * A relay whose kind asks much, and three stock clients who write at random, a part of it what is refused. Messages come
 * late, twice and after later ones, connections break, and what was done meanwhile comes merged.
 *
 * R2: nothing refused is in a byte that leaves the relay, nor in what it keeps. R3: the commits lead from nothing to the
 * document and back, and it is valid at each. R5: no valid edit is lost. R6: in the end all are equal.
 */
import { applyChange, type Change, decodeChange, emptyDocument, type JsonObject, read } from "@verso/bridge";
import { createMemoryStore, type StorageBackend } from "@verso/storage";
import { rule } from "@verso/validation";
import { between, createRandom, type Random } from "@verso/validation/testing";
import { expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { createKinds, type KindConfig } from "./kinds.js";
import { createWorld, type SimulatedClient } from "./testing.js";

const runs = Number(process.env.VERSO_CASES ?? 1000);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
const steps = 45;

const roots = { m: "map", list: "array", text: "text" } as const;
/** Every value that must not get in holds this. */
const secret = "s3cr3t";
const clean = z.string().refine(value => !value.includes(secret));
const value: z.ZodType = z.lazy(() =>
  z.union([clean, z.number(), z.array(value), z.record(z.string(), value)]),
);
const documents: Record<string, KindConfig> = {
  "*": {
    roots,
    schema: z.object({ m: z.record(z.string(), value), list: z.array(value), text: clean }),
    permissions: { "/m/locked": ["admin"], "/m/held": { delete: ["admin"] } },
    conflicts: { "/m/status": "server-wins", "/m/latest": "latest-wins" },
    rules: [
      rule({
        name: "ordered",
        reads: ["/m/from", "/m/to"],
        check: ([from, to]) => typeof from !== "number" || typeof to !== "number" || from <= to,
      }),
    ],
  },
};
const judge = createKinds(documents).of("story")?.judge;

it(`keeps R2, R3, R5 and R6 in ${runs} stories from seed ${firstSeed}`, async () => {
  const lived = { commits: 0, refused: 0, repaired: 0, merges: 0, asked: 0 };
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    try {
      const story = await live(seed);
      for (const key of Object.keys(lived) as (keyof typeof lived)[]) lived[key] += story[key];
    } catch (cause) {
      throw new Error(`VERSO_SEED=${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
  // A simulation in which nothing goes wrong proves nothing.
  expect(lived.commits).toBeGreaterThan(5 * runs);
  for (const [what, count] of Object.entries(lived)) expect(count, what).toBeGreaterThan(runs / 4);
}, 600_000);

async function live(seed: number) {
  const random = createRandom(seed);
  const store = createMemoryStore();
  const bytes: Uint8Array[] = [];
  const story = { commits: 0, refused: 0, repaired: 0, merges: 0, asked: 0 };
  const world = await createWorld({
    open: store.open,
    documents,
    sent: message => bytes.push(message),
    events: { rejected: ({ verdict }) => void story[verdict]++ },
  });
  const kept: string[] = [];
  const docs = [0, 1, 2].map(i => Object.assign(new Y.Doc(), { clientID: between(random, 6, 999) * 3 + i }));
  const connect = (doc: Y.Doc) => world.connect("story", doc, { user: `user ${doc.clientID}` });
  const clients: (SimulatedClient | null)[] = docs.map(connect);
  const asked = new WeakSet<SimulatedClient>();

  for (let step = 0; step < steps; step++) {
    const who = between(random, 0, 2);
    const client = clients[who] ?? null;
    const dice = between(random, 0, 99);
    if (dice < 45) edit(docs[who]!, random, kept, step);
    else if (client === null) {
      clients[who] = connect(docs[who]!);
      story.merges++;
    } else if (dice < 65) client.deliver("to relay", between(random, 1, 4));
    else if (dice < 80) hear(client, between(random, 1, 4));
    else if (dice < 84) client.overtake();
    else if (dice < 88) for (const message of client.toRelay.slice(-1)) client.send(message);
    else if (dice < 94) await world.pass(5);
    else {
      client.disconnect();
      clients[who] = null;
    }
  }
  for (const [i, doc] of docs.entries()) {
    clients[i] ??= connect(doc);
  }
  await agree();

  const reading = world.rooms.get("story").view(({ content }) => content());
  await world.settle();
  const content = await reading;
  for (const [i, doc] of docs.entries()) {
    expect(clients[i]?.closed).toBe(null);
    expect(doc.store.pendingStructs).toBe(null);
    expect(read(doc, roots)).toEqual(content);
    expect(Y.decodeStateVector(Y.encodeStateVector(doc))).toEqual(
      Y.decodeStateVector(Y.encodeStateVector(docs[0]!)),
    );
  }
  const written = JSON.stringify(content);
  for (const mark of kept) expect(written).toContain(mark);

  story.commits = await expectReplay(content);
  await world.close();
  const backend = await store.open();
  const stored = await everythingIn(backend);
  await backend.close();
  for (const each of [bytes, stored]) expect(Buffer.concat(each).includes(secret)).toBe(false);
  return story;

  /** After the first time a sync step 1 says that what the client sent builds on what the relay does not have. */
  function hear(client: SimulatedClient, count: number): void {
    for (const [protocol, type] of client.fromRelay.slice(0, count)) {
      if (protocol !== 0 || type !== 0) continue;
      if (asked.has(client)) story.asked++;
      asked.add(client);
    }
    client.deliver("from relay", count);
  }

  /** Everything arrives; who was asked again and again is asked more and more seldom. */
  async function agree(): Promise<void> {
    for (let rounds = 0; rounds < 16; rounds++) {
      for (const client of clients) {
        client?.deliver("to relay");
        if (client !== null) hear(client, client.fromRelay.length);
      }
      world.clock.advance(rounds % 4 < 3 ? 10 : 10_000);
      await world.settle();
    }
  }

  async function expectReplay(content: JsonObject): Promise<number> {
    const json = emptyDocument(roots) as Parameters<typeof applyChange>[0];
    const changes: Change[] = [];
    for await (const { change } of world.ledger.read("story")) {
      changes.push(decodeChange(change!));
      applyChange(json, changes.at(-1)!, "forward");
      expect(judge?.judgeDocument(json, { user: "", session: "", roles: [] })).toEqual([]);
    }
    expect(json).toEqual(content);
    for (const change of changes.toReversed()) applyChange(json, change, "reverse");
    expect(json).toEqual(emptyDocument(roots));
    return changes.length;
  }
}

async function everythingIn(backend: StorageBackend): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const [key, value] of backend.range({})) found.push(key, value);
  return found;
}

/** One transaction of a client; what it puts where nothing takes it away again is noted. */
function edit(doc: Y.Doc, random: Random, kept: string[], step: number): void {
  const mark = `<${doc.clientID}.${step}>`;
  const map = doc.getMap("m");
  const list = doc.getArray("list");
  const text = doc.getText("text");
  const upTo = (most: number) => between(random, 0, most);
  const inside = (key: string) => {
    const type = map.get(key);
    return type instanceof Y.Map ? (type as Y.Map<unknown>) : null;
  };
  const valid: (() => void)[] = [
    () => note(() => map.set(mark, mark)),
    () => text.insert(upTo(text.length), mark),
    () => note(() => map.set(`nested ${mark}`, new Y.Map([["inner", new Y.Text(mark)]]))),
    () => list.insert(upTo(list.length), [mark]),
    () => list.length > 0 && list.delete(upTo(list.length - 1), 1),
    () => map.set("disposable", new Y.Map([["of", mark]])),
    () => map.delete("disposable"),
    () => inside("disposable")?.set("inner", mark),
    () => map.has("held") || map.set("held", new Y.Map([["text", new Y.Text(mark)]])),
    () => inside("held")?.set(mark, mark),
    () => map.set("status", mark),
    () => map.set("latest", mark),
    () => map.set("from", step % 5),
    () => map.set("to", 5 + (step % 5)),
  ];
  const invalid: (() => void)[] = [
    () => map.set("from", 5 + (step % 5)),
    () => map.set("to", step % 5),
    () => map.set(`bad ${step}`, secret),
    () => map.set("disposable", secret),
    () => inside("disposable")?.set("inner", secret),
    () => map.set(`bad ${step}`, new Y.Map([["deep", new Y.Array<unknown>()]])),
    () => map.set(`bad ${step}`, new Y.Map([["deep", new Y.Text(secret)]])),
    () => list.insert(upTo(list.length), [1, secret, 2]),
    () => text.insert(upTo(text.length), secret),
    () => map.set("locked", mark),
    () => map.delete("held"),
  ];
  doc.transact(() => {
    for (let i = between(random, 1, 2); i > 0; i--) {
      const actions = between(random, 0, 2) === 0 ? invalid : valid;
      actions[upTo(actions.length - 1)]!();
    }
  });

  function note(write: () => void): void {
    write();
    kept.push(mark);
  }
}
