/**
 * One relay, three clients and a disk that fails, from one seed: every run is another story, and the same seed the same.
 *
 * R1: what was acknowledged or relayed is in the ledger, whatever happens. R3: the patches lead from nothing to the
 * document and back. R4: sequences have no gap, and the chain verifies. R6: replicas that have received everything
 * are equal.
 */
import { decodeYMessage } from "@verso/protocol";
import { type Ledger, openLedger, StorageError, verifyLedger } from "@verso/storage";
import { createFaults, createSimulatedDisk, type SimulatedDisk } from "@verso/storage/testing";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createWorld, type SimulatedClient, type World } from "./testing.js";
import { createReplay } from "./verify.js";

const seeds = Number(process.env.VERSO_SEEDS ?? 200);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
const steps = 150;

describe("a relay on a disk that fails", () => {
  it(`keeps R1, R3, R4 and R6 in ${seeds} stories from seed ${firstSeed}`, async () => {
    const lived = { edits: 0, failures: 0, crashes: 0, commits: 0 };
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const story = await live(seed);
      expect(story.faults, `seed ${seed}`).toEqual([]);
      for (const key of ["edits", "failures", "crashes", "commits"] as const) lived[key] += story[key];
    }
    // A simulation in which nothing goes wrong proves nothing.
    expect(lived.failures).toBeGreaterThan(seeds / 2);
    expect(lived.crashes).toBeGreaterThan(seeds / 2);
    expect(lived.edits).toBeGreaterThan(20 * seeds);
    expect(lived.commits).toBeGreaterThan(5 * seeds);
  });

  it("tells the same story for the same seed", async () => {
    expect(await live(77)).toEqual(await live(77));
  });
});

async function live(seed: number) {
  const random = createRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const disk = await createSimulatedDisk();
  const docs = [101, 102, 103].map(clientID => Object.assign(new Y.Doc(), { clientID }));
  const story = { seed, edits: 0, failures: 0, crashes: 0, commits: 0, faults: [] as string[], content: "" };
  /** What the ledger has said to be durable, as a document. */
  let durable = new Y.Doc();
  let trouble = false;
  let era = await begin();
  trouble = true;

  for (let step = 0; step < steps; step++) {
    const who = below(docs.length);
    const choice = random();
    if (choice < 0.35) {
      edit(docs[who]!, below);
      story.edits++;
    } else if (choice < 0.6) era.clients[who]?.deliver("to relay", 1 + below(4));
    else if (choice < 0.8) era.clients[who]?.deliver("from relay", 1 + below(4));
    else if (choice < 0.92) await era.world.pass(1 + below(12));
    else if (choice < 0.95) {
      era.clients[who]?.disconnect();
      era.clients[who] = null;
    } else if (choice < 0.98) era.clients[who] ??= era.world.connect("story", docs[who]!);
    else await powerCut();
  }

  // Then everything is mended, and all come together.
  trouble = false;
  await era.world.pass(10_000);
  for (const [i, doc] of docs.entries()) era.clients[i] ??= era.world.connect("story", doc);
  for (let rounds = 0; rounds < 30; rounds++) {
    for (const client of era.clients) client?.deliver("to relay");
    await era.world.pass(10);
    for (const client of era.clients) client?.deliver("from relay");
  }
  await judge();
  await era.world.close();
  return story;

  async function begin() {
    const power = { on: true };
    const faults = createFaults(({ operation, when }) => {
      if (operation !== "batch" || !trouble || random() > 0.15) return;
      story.failures++;
      throw new StorageError("write-failed", `simulated, ${when} it was written`);
    });
    const world: World = await createWorld({
      open: async () => {
        if (!power.on) throw new StorageError("unavailable", "the power is off");
        return faults.wrap(await disk.open());
      },
      watch: ledger => remember(ledger),
      sent: message => checkSent(message),
    });
    const clients: (SimulatedClient | null)[] = docs.map(doc => world.connect("story", doc));
    return { world, clients, power };
  }

  /** The process and its machine die: clients and disk are all that is left. */
  async function powerCut(): Promise<void> {
    story.crashes++;
    era.power.on = false;
    await disk.crash();
    for (const client of era.clients) client?.disconnect();
    const before = durable;
    durable = await ledgerAsDocument(disk);
    const kept = Y.encodeStateAsUpdate(before);
    if (!Y.snapshotContainsUpdate(Y.snapshot(durable), kept))
      story.faults.push("R1: a power cut took what was durable");
    era = await begin();
  }

  /** Notes what the ledger says to be durable before anybody else hears of it. */
  function remember(ledger: Ledger): Ledger {
    return {
      ...ledger,
      get status() {
        return ledger.status;
      },
      async open(document) {
        const opened = await ledger.open(document);
        const { log, snapshot, tail } = opened;
        if (snapshot !== undefined) Y.applyUpdate(durable, snapshot.state);
        for (const { update } of tail) Y.applyUpdate(durable, update ?? new Uint8Array([0, 0]));
        return {
          ...opened,
          log: {
            ...log,
            get head() {
              return log.head;
            },
            async append(drafts, options) {
              const appended = await log.append(drafts, options);
              for (const { update } of drafts) if (update !== undefined) Y.applyUpdate(durable, update);
              return appended;
            },
          },
        };
      },
    };
  }

  function checkSent(bytes: Uint8Array): void {
    const message = decodeYMessage(bytes);
    if (message.type !== "update" && message.type !== "sync-step-2") return;
    if (!Y.snapshotContainsUpdate(Y.snapshot(durable), message.update)) {
      story.faults.push("R1: something was sent that is not in the ledger");
    }
  }

  async function judge(): Promise<void> {
    const [first, ...others] = docs.map(describeDocument);
    for (const other of others) if (other !== first) story.faults.push("R6: two replicas differ");
    const reading = era.world.rooms.get("story").view(({ content, head }) => ({ content: content(), head }));
    await era.world.settle();
    const { content, head } = await reading;
    story.content = JSON.stringify(content);
    story.commits = head?.sequence ?? 0;
    await era.world.close();
    if (describeDocument(await ledgerAsDocument(disk)) !== first)
      story.faults.push("R6: the ledger differs from the replicas");
    const backend = await disk.open();
    await verifyLedger(backend, {
      replay: () => createReplay(),
      onIssue: issue => void story.faults.push(`R3, R4: ${issue.code}: ${issue.detail}`),
    });
    await backend.close();
  }
}

async function ledgerAsDocument(disk: SimulatedDisk): Promise<Y.Doc> {
  const doc = new Y.Doc();
  await using ledger = await openLedger({ open: disk.open });
  for await (const { update } of ledger.read("story")) if (update !== undefined) Y.applyUpdate(doc, update);
  return doc;
}

function describeDocument(doc: Y.Doc): string {
  // The keys of a map have no order; each replica lists them as it came to know them.
  const map = Object.entries(doc.getMap("map").toJSON()).sort(([a], [b]) => (a < b ? -1 : 1));
  const json = [map, doc.getArray("list"), doc.getText("text")];
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b);
  return JSON.stringify([json, clocks]);
}

function edit(doc: Y.Doc, below: (n: number) => number): void {
  const map = doc.getMap<unknown>("map");
  const list = doc.getArray<unknown>("list");
  const text = doc.getText("text");
  doc.transact(() => {
    for (let edits = 1 + below(3); edits > 0; edits--) {
      switch (below(7)) {
        case 0:
          map.set(`key ${below(4)}`, below(100));
          break;
        case 1:
          map.delete(`key ${below(4)}`);
          break;
        case 2:
          map.set(`key ${below(4)}`, new Y.Map([["inner", below(100)]]));
          break;
        case 3:
          list.insert(below(list.length + 1), [below(100), { value: below(100) }]);
          break;
        case 4:
          if (list.length > 0) list.delete(below(list.length));
          break;
        case 5:
          text.insert(below(text.length + 1), "some words "[below(11)]!.repeat(1 + below(3)));
          break;
        case 6:
          if (text.length > 0) text.delete(below(text.length), 1);
          break;
      }
    }
  });
}

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
