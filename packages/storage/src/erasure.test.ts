import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StorageBackend } from "./backend.js";
import { openLevelBackend } from "./backends/level.js";
import { createFaults, type FaultPoint } from "./faults.js";
import { commitKey, documentKey, headKey, parseKey, tombstoneKey } from "./keys.js";
import { type Ledger, openLedger } from "./ledger.js";
import { createRandom } from "./random.js";
import { createSimulatedDisk, type SimulatedDisk } from "./simulated-disk.js";
import { verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

const admin = { user: "root" };
const ada = { user: "ada" };
const STATE = Buffer.alloc(300_000, 1);

async function start(at: (point: FaultPoint) => void | Promise<void> = () => undefined) {
  const disk = await createSimulatedDisk();
  const faults = createFaults(at);
  let time = 1_000;
  const open = () =>
    openLedger({
      open: async () => faults.wrap(await disk.open()),
      now: () => time++,
      sleep: async () => undefined,
    });
  return { disk, faults, open };
}

/** Two documents that have everything a document can have, and commits that alternate in the feed. */
async function fill(ledger: Ledger): Promise<void> {
  const logs = [(await ledger.open("a")).log, (await ledger.open("a\0")).log];
  for (let made = 1; made <= 130; made++) {
    for (const log of logs) {
      const kind = "update";
      await log.append([
        { actor: ada, kind, update: Buffer.from(`${made}`), dedupe: `key ${made}` },
        { actor: ada, kind, change: Buffer.from(`secret ${made}`) },
      ]);
    }
  }
  for (const log of logs) await log.saveSnapshot({ sequence: 100, state: STATE });
  for (const { document } of logs) {
    await ledger.documentRecords(document, "tags").put("first", Buffer.from("1"));
  }
}

async function keysOf(disk: SimulatedDisk, document: string): Promise<string[]> {
  await using backend: StorageBackend = await disk.open();
  const kinds: string[] = [];
  for await (const key of backend.keys()) {
    const parsed = parseKey(key);
    if (parsed !== undefined && "document" in parsed && parsed.document === document)
      kinds.push(parsed.keyspace);
  }
  return kinds;
}

async function verified(disk: SimulatedDisk) {
  await using backend: StorageBackend = await disk.open();
  const issues: VerifyIssue[] = [];
  const summary = await verifyLedger(backend, { onIssue: issue => void issues.push(issue) });
  return { issues, summary };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe("a document that is erased", () => {
  test("is gone with all that it had, and a tombstone says when and by whom", async () => {
    const { disk, open } = await start();
    const ledger = await open();
    await fill(ledger);
    const tombstone = await ledger.erase("a", { actor: admin });
    expect(tombstone).toMatchObject({ document: "a", sequence: 260, actor: admin });
    expect(await ledger.tombstone("a")).toMatchObject(tombstone);
    expect(await ledger.head("a")).toBeUndefined();
    expect(await ledger.snapshot("a")).toBeUndefined();
    expect(await collect(ledger.read("a"))).toEqual([]);
    expect(await ledger.findByDedupe("a", "key 1")).toBeUndefined();
    expect(await collect(ledger.documentRecords("a", "tags").entries())).toEqual([]);
    expect((await collect(ledger.documents())).map(({ document }) => document)).toEqual(["a\0"]);
    expect(await ledger.tombstone("a\0")).toBeUndefined();
    expect(await collect(ledger.read("a\0"))).toHaveLength(260);
    await ledger.close();
    expect(await keysOf(disk, "a")).toEqual(["tombstone"]);
    const { issues, summary } = await verified(disk);
    expect(issues).toEqual([]);
    expect(summary).toMatchObject({ documents: 1, erased: 1, commits: 260, records: 1 });
  });

  test("never comes back: not by opening it, nor by its records, nor after a restart", async () => {
    const { open } = await start();
    const ledger = await open();
    await fill(ledger);
    const { log } = await ledger.open("a");
    await ledger.erase("a", { actor: admin });
    await expect(log.append([{ actor: ada, kind: "update" }])).rejects.toMatchObject({ code: "conflict" });
    await ledger.close();
    await using again = await open();
    await expect(again.open("a")).rejects.toMatchObject({ code: "erased", document: "a", transient: false });
    const tags = again.documentRecords("a", "tags");
    await expect(tags.put("x", STATE)).rejects.toMatchObject({ code: "erased" });
    await expect(tags.add("x", STATE)).rejects.toMatchObject({ code: "erased" });
  });

  test("is erased once, and keeps its first tombstone", async () => {
    const { open } = await start();
    await using ledger = await open();
    await fill(ledger);
    const first = await ledger.erase("a", { actor: admin });
    expect(await ledger.erase("a", { actor: ada })).toMatchObject(first);
  });

  test("leaves the feed whole: others' commits are there, and it says that this one is gone", async () => {
    const { open } = await start();
    const ledger = await open();
    await fill(ledger);
    const [, , third] = await collect(ledger.feed());
    await ledger.erase("a", { actor: admin });
    const feed = await collect(ledger.feed());
    expect(feed.filter(({ document }) => document === "a")).toEqual([
      { document: "a", erased: true, from: 1, to: 0, feedSequence: 521 },
    ]);
    expect(feed.filter(({ erased }) => !erased)).toHaveLength(130);
    expect((await collect(ledger.feed({ since: third!.feedSequence }))).at(-1)).toMatchObject({
      erased: true,
      from: 1,
      to: 0,
    });
    await ledger.close();
    // Numbers are never given out again, or a reader of the feed would miss what bears them.
    await using again = await open();
    const { log } = await again.open("a\0");
    expect(await log.append([{ actor: ada, kind: "update" }])).toMatchObject([{ feedSequence: 522 }]);
  });
});

describe("erasing", () => {
  test("is finished when the store is opened again, wherever it was cut off", async () => {
    for (let cut = 1; ; cut++) {
      let batches = Number.POSITIVE_INFINITY;
      const { disk, open } = await start(({ operation, when }) => {
        if (operation === "batch" && when === "before" && --batches < 0) throw new Error("cut off");
      });
      const ledger = await open();
      await fill(ledger);
      batches = cut - 1;
      const outcome = await ledger.erase("a", { actor: admin }).then(
        () => "done",
        () => "cut off",
      );
      // It tries to open the store again for as long as it can.
      await ledger.close();
      batches = Number.POSITIVE_INFINITY;
      await disk.crash();
      expect((await verified(disk)).issues, `cut off at batch ${cut}`).toEqual([]);
      await using again = await open();
      const erased = (await again.tombstone("a")) !== undefined;
      expect(erased).toBe(cut > 1);
      await again.close();
      if (erased) expect(await keysOf(disk, "a"), `cut off at batch ${cut}`).toEqual(["tombstone"]);
      expect((await verified(disk)).issues).toEqual([]);
      if (outcome === "done") {
        expect(cut).toBeGreaterThan(5);
        break;
      }
    }
  });

  test("is finished in the same process too, once the store is open again", async () => {
    let fail = false;
    let batches = 0;
    const { disk, open } = await start(({ operation, when }) => {
      if (fail && operation === "batch" && when === "before" && ++batches === 3) throw new Error("disk");
    });
    const ledger = await open();
    await fill(ledger);
    fail = true;
    await expect(ledger.erase("a", { actor: admin })).rejects.toMatchObject({ code: "unknown-outcome" });
    while (ledger.status.state === "failed") {
      await new Promise<void>(resolve => {
        const off = ledger.subscribe(() => {
          off();
          resolve();
        });
      });
    }
    await expect(ledger.open("a")).rejects.toMatchObject({ code: "erased" });
    await ledger.close();
    expect(await keysOf(disk, "a")).toEqual(["tombstone"]);
  });

  test("takes what is written at the same time as well", async () => {
    const { disk, open } = await start();
    const ledger = await open();
    await fill(ledger);
    const { log } = await ledger.open("a");
    const tags = ledger.documentRecords("a", "tags");
    const others = Promise.allSettled([
      log.saveSnapshot({ sequence: 200, state: STATE }),
      log.append([{ actor: ada, kind: "update", update: Buffer.from("late") }]),
      ledger.dropParts({ document: "a", before: 90, parts: ["update", "change"] }),
      tags.put("late", Buffer.from("1")),
      ledger.erase("a", { actor: admin }),
      ledger.dropIssues({ document: "a", sequences: [1, 2, 3] }),
      tags.put("later", Buffer.from("1")),
      ledger.open("a"),
    ]);
    await others;
    await ledger.close();
    expect(await keysOf(disk, "a")).toEqual(["tombstone"]);
    expect((await verified(disk)).issues).toEqual([]);
  });

  test("works on a document that is damaged", async () => {
    const { disk, open } = await start();
    const ledger = await open();
    await fill(ledger);
    await ledger.close();
    const backend = await disk.open();
    const [head, commit] = [headKey(documentKey("a")), commitKey(documentKey("a"), 7)];
    await backend.batch([
      { type: "put", key: head, value: Buffer.from("damaged") },
      { type: "put", key: commit, value: Buffer.from("damaged") },
    ]);
    await backend.close();
    const damaged = await open();
    await expect(damaged.open("a")).rejects.toMatchObject({ code: "corrupted" });
    await damaged.erase("a", { actor: admin });
    await damaged.close();
    expect(await keysOf(disk, "a")).toEqual(["tombstone"]);
  });
});

describe("verifying", () => {
  test("finds what is left of an erased document, and a tombstone that was taken away", async () => {
    const { disk, open } = await start();
    const ledger = await open();
    await fill(ledger);
    await ledger.close();
    const before = await disk.open();
    const key = commitKey(documentKey("a"), 7);
    const commit = (await before.get(key))!;
    await before.close();
    const erasing = await open();
    await erasing.erase("a", { actor: admin });
    await erasing.close();
    const after = await disk.open();
    await after.batch([{ type: "put", key, value: commit }]);
    await after.close();
    expect((await verified(disk)).issues).toMatchObject([{ code: "orphaned-data", document: "a" }]);
    const again = await disk.open();
    await again.batch([
      { type: "delete", key },
      { type: "delete", key: tombstoneKey(documentKey("a")) },
    ]);
    await again.close();
    expect((await verified(disk)).issues).toMatchObject([{ code: "missing-reference", document: "a" }]);
  });
});

test.each([
  ["that has tables", 3],
  ["that was never flushed", 1],
])("nothing of an erased document is in the files of a LevelDB any more %s", async (_which, openings) => {
  const directory = await mkdtemp(join(tmpdir(), "verso-erasure-"));
  const random = createRandom(7);
  // LevelDB compresses whatever repeats itself.
  const contents = new Map([
    ["a", Array.from({ length: 60 }, () => random.bytes(4_000))],
    ["other", Array.from({ length: 60 }, () => random.bytes(4_000))],
  ]);
  const remaining = async (document: string) => {
    const files = await Promise.all((await readdir(directory)).map(name => readFile(join(directory, name))));
    return contents.get(document)!.filter(bytes => files.some(file => file.includes(bytes.subarray(50, 90))))
      .length;
  };
  try {
    const open = () => openLedger({ open: () => openLevelBackend(directory) });
    // Opened again and again, the document gets into tables of several levels.
    let ledger = await open();
    for (let opened = 0; opened < openings; opened++) {
      for (const [document, updates] of contents) {
        const { log } = await ledger.open(document);
        const share = updates.length / openings;
        for (const update of updates.slice(opened * share, (opened + 1) * share)) {
          await log.append([{ actor: ada, kind: "update", update }]);
        }
        if (openings > 1)
          await log.saveSnapshot({ sequence: log.head!.sequence, state: random.bytes(300_000) });
      }
      if (opened === openings - 1) break;
      await ledger.close();
      ledger = await open();
    }
    expect([await remaining("a"), await remaining("other")]).toEqual([60, 60]);
    await ledger.erase("a", { actor: admin });
    expect([await remaining("a"), await remaining("other")]).toEqual([0, 60]);
    await ledger.close();
  } finally {
    await rm(directory, { recursive: true });
  }
});
