/**
 * A document, two who write to it, and forks of it, from one seed: every run is another story, and the same seed the same.
 *
 * What was shown as accepted is merged as it was shown; what is not leaves the document byte for byte; whatever is
 * merged, the document satisfies its schema, all replicas end equal, and the ledger replays both ways.
 */
import { applyChange, type JsonObject } from "@verso/bridge";
import { type StorageBackend, verifyLedger } from "@verso/storage";
import { createSimulatedDisk } from "@verso/storage/testing";
import { expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { toActor } from "./actor.js";
import { documentOf, type Fork } from "./fork-store.js";
import { createWorld, type SimulatedClient } from "./testing.js";
import { createReplay } from "./verify.js";

const stories = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 10);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
const steps = 60;

const number = z.number().min(0);
const schema = z.object({
  map: z.record(z.string(), z.union([number, z.record(z.string(), number)])),
  list: z.array(number),
  text: z.string().refine(text => !text.includes("!")),
  rich: z.unknown(),
});
const kind = {
  roots: { map: "map", list: "array", text: "text", rich: "richText" },
  initial: { map: { k0: 1 } },
  schema,
  conflicts: { "/map/k0": "server-wins", "/map/k1": "latest-wins" },
} as const;
const actor = (user: string) => toActor({ user }, { authenticated: true });
const nothing = Y.encodeStateVector(new Y.Doc());

it(`forks merge as they were shown, or leave no trace, in ${stories} stories from seed ${firstSeed}`, async () => {
  const lived = { merged: 0, keptOut: 0, concurrent: 0 };
  for (let seed = firstSeed; seed < firstSeed + stories; seed++) {
    const story = await live(seed).catch(error => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
    for (const key of ["merged", "keptOut", "concurrent"] as const) lived[key] += story[key];
  }
  // Stories in which nothing happens prove nothing.
  for (const [what, count] of Object.entries(lived)) expect(count, what).toBeGreaterThan(stories / 10);
});

async function live(seed: number) {
  const random = createRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const disk = await createSimulatedDisk();
  const world = await createWorld({ open: disk.open, documents: { "*": kind } });
  const writers = [join("story", 101), join("story", 102)];
  const forks: { fork: Fork; editor: SimulatedClient }[] = [];
  const story = { merged: 0, keptOut: 0, concurrent: 0 };
  let editors = 900;
  await flush();

  for (let step = 0; step < steps; step++) {
    const choice = random();
    const chosen = forks[below(forks.length)];
    if (choice < 0.3) edit(writers[below(2)]!.doc, below);
    else if (choice < 0.4) await flush();
    else if (choice < 0.5) {
      const fork = await soon(world.forks.fork("story", { proposer: actor("ben") }));
      forks.push({ fork: fork!, editor: join(documentOf(fork!), ++editors) });
    } else if (choice < 0.85) {
      if (chosen !== undefined) edit(chosen.editor.doc, below);
    } else if (chosen !== undefined) await close(chosen);
  }
  for (const left of [...forks]) await close(left);
  await flush();

  const { content } = await read();
  schema.parse(content);
  for (const { doc } of writers) {
    expect(doc.getMap("map").toJSON()).toEqual(content.map);
    expect(doc.getArray("list").toJSON()).toEqual(content.list);
    expect(doc.getText("text").toString()).toEqual(content.text);
    const server = new Y.Doc();
    for (const update of (await read()).state) Y.applyUpdate(server, update);
    expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(server));
  }
  await world.close();
  const backend: StorageBackend = await disk.open();
  const issues: unknown[] = [];
  await verifyLedger(backend, { replay: () => createReplay(), onIssue: issue => void issues.push(issue) });
  expect(issues).toEqual([]);
  return story;

  async function close(open: (typeof forks)[number]): Promise<void> {
    forks.splice(forks.indexOf(open), 1);
    await flush();
    const before = await read();
    if (before.head !== open.fork.base.sequence) story.concurrent++;
    const shown = (await soon(world.forks.review(open.fork, { by: actor("eva") })))!;
    expect(await read()).toEqual(before);
    const result = await soon(world.forks.merge(open.fork, { by: actor("eva") }));
    const after = await read();
    if (result.type === "merged") {
      story.merged++;
      expect(shown.verdict).toBe("accepted");
      expect(after.head).toBe(before.head + 1);
      const expected = structuredClone(before.content) as Parameters<typeof applyChange>[0];
      applyChange(expected, shown.change, "forward");
      expect(after.content).toEqual(expected);
      schema.parse(after.content);
    } else {
      if (shown.verdict !== "unchanged") story.keptOut++;
      expect(shown.verdict).not.toBe("accepted");
      expect(after).toEqual(before);
      await soon(world.forks.drop(open.fork, { by: actor("eva") }));
    }
    expect(open.editor.closed?.code).toBe(4404);
  }

  async function read() {
    return soon(
      world.rooms.get("story").view(({ head, content, answer }) => ({
        head: head?.sequence ?? 0,
        content: structuredClone(content()) as JsonObject,
        state: answer(nothing),
      })),
    );
  }

  function join(documentId: string, clientID: number): SimulatedClient {
    return world.connect(documentId, Object.assign(new Y.Doc(), { clientID }));
  }

  async function flush(): Promise<void> {
    const clients = [...writers, ...forks.map(({ editor }) => editor)];
    do {
      for (const client of clients) client.deliver("to relay");
      await world.pass(10);
      for (const client of clients) client.deliver("from relay");
    } while (clients.some(({ toRelay }) => toRelay.length > 0));
  }

  async function soon<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    while (!settled) await world.pass(5);
    return promise;
  }
}

function edit(doc: Y.Doc, below: (n: number) => number): void {
  const map = doc.getMap<unknown>("map");
  const list = doc.getArray<number>("list");
  const text = doc.getText("text");
  const rich = doc.getText("rich");
  // Now and then what the schema does not allow.
  const value = () => below(15) - 1;
  const key = `k${below(4)}`;
  switch (below(9)) {
    case 0:
      map.set(key, value());
      break;
    case 1:
      map.delete(key);
      break;
    case 2:
      map.set(key, new Y.Map([["a", value()]]));
      break;
    case 3: {
      const inner = map.get(key);
      if (inner instanceof Y.Map) inner.set(`i${below(2)}`, value());
      break;
    }
    case 4:
      list.insert(below(list.length + 1), [value(), value()]);
      break;
    case 5:
      if (list.length > 0) list.delete(below(list.length), 1);
      break;
    case 6:
      text.insert(below(text.length + 1), below(20) === 0 ? "!" : "abc");
      break;
    case 7:
      if (text.length > 1) text.delete(below(text.length - 1), 2);
      break;
    case 8:
      rich.insert(below(rich.length + 1), "xyz", below(2) === 0 ? { bold: true } : {});
      if (rich.length > 2) rich.format(below(rich.length - 2), 2, { italic: below(2) === 0 || null });
      break;
  }
}

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
