/** What was taken back is on record for a while, and its commit for ever. */
import { rejectionPage } from "@verso/protocol";
import { type Commit, createMemoryStore, type Ledger, openLedger, verifyLedger } from "@verso/storage";
import { afterEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { toRejection } from "./changes.js";
import { defaultRejectionRetention, type RejectionRetention } from "./rejections.js";
import { createRelayHarness } from "./relay-harness.js";
import { createWorld, type World } from "./testing.js";

const day = 24 * 60 * 60 * 1000;
const order = {
  roots: { order: "map" },
  schema: z.object({ order: z.object({ total: z.number().nonnegative() }).partial() }),
} as const;

let world: World | null = null;
afterEach(() => world?.close());

/** A document in which somebody is refused again and again, and which is let go in between. */
async function document(rejections: RejectionRetention = defaultRejectionRetention) {
  const store = createMemoryStore();
  const reads: number[] = [];
  const watch = (ledger: Ledger): Ledger => ({
    ...ledger,
    read: (id, options) => {
      reads.push(options?.from ?? 1);
      return ledger.read(id, options);
    },
  });
  const running = await createWorld({
    open: store.open,
    watch,
    documents: { "*": order },
    options: { rejections },
  });
  world = running;
  const doc = new Y.Doc();
  const ann = running.connect("order", doc, { user: "ann" });
  const flush = () => running.exchange([ann], 5);
  const commits = async () => {
    const found: Commit[] = [];
    for await (const commit of running.ledger.read("order")) found.push(commit);
    return found;
  };
  await flush();
  return {
    store,
    reads,
    async set(...totals: number[]) {
      for (const total of totals) {
        doc.getMap("order").set("total", total);
        await flush();
      }
    },
    async rest(days = 0) {
      running.clock.advance(days * day);
      await running.rooms.get("order").compact(Number.POSITIVE_INFINITY);
    },
    commits,
    async rejected() {
      const found = (await commits()).map(commit => toRejection("order", commit, { roots: {} }));
      return found.flatMap(rejection => (rejection === null ? [] : [rejection.sequence]));
    },
  };
}

describe("a rejection", () => {
  it("is forgotten after its days, and nothing but its reasons and the hash of what was sent", async () => {
    const { set, rest, commits, rejected, store } = await document();
    await set(7, -1);
    const before = await commits();
    await rest(89);
    expect(await rejected()).toEqual([2]);
    await set(-2);
    await rest(2);
    expect(await rejected()).toEqual([3]);

    const [, refused] = await commits();
    expect(before[1]?.notes).toMatchObject({ issues: [{ code: "schema.too_small" }] });
    const { issues, refusedUpdate, ...kept } = before[1]!.notes;
    expect(kept.reversion).toBeDefined();
    expect(refused).toEqual({ ...before[1], notes: { ...kept, issues: [] } });

    await world?.close();
    world = null;
    await using backend = await store.open();
    const faults: unknown[] = [];
    await verifyLedger(backend, { onIssue: fault => void faults.push(fault) });
    expect(faults).toEqual([]);
  });

  it("is forgotten when there are too many of one document, the oldest first", async () => {
    const { set, rest, rejected } = await document({ keepDays: 90, keepPerDocument: 2 });
    await set(7, -1, -2, 8, -3);
    await rest();
    expect(await rejected()).toEqual([3, 5]);
    await set(-4);
    await rest();
    expect(await rejected()).toEqual([5, 6]);
  });

  it("is forgotten when its document is let go, though nobody writes any more", async () => {
    const { set, rest, rejected } = await document();
    await set(7, -1);
    await rest();
    await rest(91);
    expect(await rejected()).toEqual([]);
  });

  it("is looked for once, and not each time", async () => {
    const { set, rest, reads } = await document();
    await set(7, -1, 8);
    reads.length = 0;
    await rest();
    await rest();
    await set(9);
    await rest();
    expect(reads).toEqual([1, 4, 4]);
  });
});

it("what is too old is not listed, though its document was not opened since", async () => {
  const store = createMemoryStore();
  for (const time of [Date.now() - 91 * day, Date.now()]) {
    await using ledger = await openLedger({ open: store.open, now: () => time });
    const { log } = await ledger.open("order");
    const notes = { refusedUpdate: Buffer.alloc(32) };
    await log.append([{ actor: { user: "ann" }, kind: "refused", update: Uint8Array.of(0, 0), notes }]);
  }
  const relay = createRelayHarness();
  try {
    await relay.start({ storage: { name: "memory", open: store.open } });
    const response = await relay.get("/api/documents/order/rejections");
    expect(rejectionPage.parse(await response.json())).toMatchObject({
      rejections: [{ sequence: 2 }],
      next: 2,
    });
  } finally {
    await relay.dispose();
  }
});
