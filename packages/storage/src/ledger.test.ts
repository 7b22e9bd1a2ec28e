/** The ledger, on a simulated disk. Long, because every promise of its face has a story here, and all share the disk. */
import { describe, expect, test } from "vitest";
import type { StorageBackend } from "./backend.js";
import type { CommitDraft } from "./commit.js";
import { createFaults, type FaultPoint } from "./faults.js";
import { documentKey, headKey, snapshotKey } from "./keys.js";
import { type Ledger, type LedgerOptions, openLedger } from "./ledger.js";
import { createSimulatedDisk, type SimulatedDisk } from "./simulated-disk.js";
import { verifyLedger } from "./verify.js";

const ada = { user: "ada", session: "s1" };
const bob = { user: "bob" };

function edit(text: string, more: Partial<CommitDraft> = {}): CommitDraft {
  return {
    actor: ada,
    kind: "update",
    update: Buffer.from(text),
    change: Buffer.from(`change ${text}`),
    ...more,
  };
}

/** A ledger on a disk of its own, with a clock that ticks at each look. */
async function start(
  options: Partial<LedgerOptions> & { at?: (point: FaultPoint) => void | Promise<void> } = {},
) {
  const { at = () => undefined, ...rest } = options;
  const disk = await createSimulatedDisk();
  const faults = createFaults(at);
  const open = async () => faults.wrap(await disk.open());
  let time = 1_000;
  const all: LedgerOptions = { open, now: () => time++, sleep: async () => undefined, ...rest };
  const ledger = await openLedger(all);
  return { ledger, disk, restart: () => openLedger(all) };
}

async function issuesOf(disk: SimulatedDisk): Promise<unknown[]> {
  await using backend: StorageBackend = await disk.open();
  const issues: unknown[] = [];
  await verifyLedger(backend, { onIssue: issue => void issues.push(issue) });
  return issues;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const texts = async (ledger: Ledger, document: string) =>
  (await collect(ledger.read(document))).map(({ update }) => Buffer.from(update ?? []).toString());

describe("a document", () => {
  test("without commits has no head and is not listed, also once it was opened", async () => {
    const { ledger } = await start();
    expect(await ledger.head("a")).toBeUndefined();
    const { log, snapshot, tail } = await ledger.open("a");
    expect([log.head, snapshot, tail]).toEqual([undefined, undefined, []]);
    expect(await log.append([])).toEqual([]);
    expect(await collect(ledger.documents())).toEqual([]);
    expect(await ledger.snapshot("a")).toBeUndefined();
    expect(await collect(ledger.read("a"))).toEqual([]);
  });

  test("grows commit by commit, each with its sequence, its revision and the hash of the chain", async () => {
    const { ledger, disk, restart } = await start();
    const { log } = await ledger.open("a");
    const [first] = await log.append([edit("one", { kind: "create", actor: bob })]);
    const [second, third] = await log.append([edit("two"), edit("three")]);
    expect([first, second, third].map(appended => appended?.sequence)).toEqual([1, 2, 3]);
    expect([first, second, third].map(appended => appended?.feedSequence)).toEqual([1, 2, 3]);
    expect(third?.revision).toBe(`3-${Buffer.from(third!.hash).toString("hex").slice(0, 12)}`);
    expect(log.head).toMatchObject({
      document: "a",
      epoch: 1,
      sequence: 3,
      revision: third!.revision,
      created: { actor: bob, time: first!.time },
      updated: { actor: ada, time: third!.time },
      snapshot: 0,
      tail: { commits: 3, bytes: 11 },
    });
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);

    const again = await restart();
    const { log: reopened, tail } = await again.open("a");
    expect(reopened.head).toMatchObject({
      sequence: 3,
      revision: third!.revision,
      tail: { commits: 3, bytes: 11 },
    });
    expect(tail.map(({ revision }) => revision)).toEqual(
      [first, second, third].map(appended => appended!.revision),
    );
    const [fourth] = await reopened.append([edit("four")]);
    expect(fourth).toMatchObject({ sequence: 4, feedSequence: 4 });
    await again.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("takes several appends at once, in the order of the calls", async () => {
    const { ledger, disk } = await start();
    const { log } = await ledger.open("a");
    const appends = Array.from({ length: 50 }, (_, index) =>
      log.append([edit(`${index}a`), edit(`${index}b`)]),
    );
    expect((await Promise.all(appends)).flat().map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    expect((await texts(ledger, "a")).slice(0, 3)).toEqual(["0a", "0b", "1a"]);
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("shows the head that is durable, however much is in flight behind it", async () => {
    const { ledger } = await start({ maxBatchRecords: 1 });
    const { log } = await ledger.open("a");
    const appends = [log.append([edit("1")]), log.append([edit("2")]), log.append([edit("3")])];
    expect(log.head).toBeUndefined();
    await appends[0];
    expect(log.head?.sequence).toBe(1);
    await Promise.all(appends);
    expect(log.head?.sequence).toBe(3);
  });

  test("may have any text for an id", async () => {
    const { ledger, disk } = await start();
    const ids = [
      "b",
      "a",
      "a/b",
      "a\0",
      "\0",
      "é",
      "日本",
      "\u{1f600}",
      "a\u0001",
      "__proto__",
      "x".repeat(1_024),
    ];
    for (const id of ids) await (await ledger.open(id)).log.append([edit(id)]);
    const byBytes = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await collect(ledger.documents())).map(({ document }) => document)).toEqual(byBytes);
    for (const id of ids) expect(await texts(ledger, id)).toEqual([id]);
    for (const bad of ["", "\ud800", "x".repeat(1_025)]) {
      await expect(ledger.open(bad)).rejects.toBeInstanceOf(TypeError);
      await expect(ledger.head(bad)).rejects.toBeInstanceOf(TypeError);
    }
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("keeps roots and metadata in its head, and replaces them with an append only", async () => {
    const { ledger, restart } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1")], {
      roots: new Map([["notes", "text"]]),
      metadata: new Map([["type", "note"]]),
    });
    await log.append([edit("2")], {
      roots: new Map([
        ["notes", "text"],
        ["rows", "array"],
      ]),
    });
    await log.append([edit("3")]);
    await ledger.close();
    const again = await restart();
    const head = await again.head("a");
    expect([...head!.roots]).toEqual([
      ["notes", "text"],
      ["rows", "array"],
    ]);
    expect([...head!.metadata]).toEqual([["type", "note"]]);
  });

  test("is deleted by a delete, stays so when something is refused, and is back with the next commit", async () => {
    const { ledger, disk } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1"), edit("", { kind: "delete", actor: bob })]);
    expect(log.head?.deleted).toMatchObject({ sequence: 2, actor: bob });
    await log.append([edit("no", { kind: "refused" })]);
    expect(log.head?.deleted?.sequence).toBe(2);
    await log.append([edit("back", { kind: "restore" })]);
    expect(log.head?.deleted).toBeUndefined();
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("has an epoch that only rises and is part of every hash", async () => {
    const { ledger } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1")]);
    await log.append([edit("2")], { epoch: 4 });
    await log.append([edit("3")]);
    expect(log.head?.epoch).toBe(4);
    expect((await collect(ledger.read("a"))).map(({ epoch }) => epoch)).toEqual([1, 4, 4]);
    for (const epoch of [3, 0, 4.5, Number.NaN]) {
      await expect(log.append([edit("4")], { epoch })).rejects.toBeInstanceOf(TypeError);
    }
    await log.append([edit("4")]);
    expect(await texts(ledger, "a")).toEqual(["1", "2", "3", "4"]);
  });

  test("is not changed by a draft that is wrong, whatever stands beside it", async () => {
    const { ledger, disk } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1")]);
    const wrong = [
      edit("x", { kind: "rename" as never }),
      edit("x", { actor: {} as never }),
      edit("x", { notes: { undoes: [-1] } }),
      edit("x", { dedupe: "" }),
      edit("x", { dedupe: "x".repeat(1_025) }),
    ];
    for (const draft of wrong) {
      await expect(log.append([edit("beside"), draft])).rejects.toBeInstanceOf(TypeError);
    }
    expect((await log.append([edit("2")]))[0]).toMatchObject({ sequence: 2 });
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });
});

describe("dedupe keys", () => {
  test("make a commit of only one of all drafts that bear one: in one append, in flight, later, after a restart", async () => {
    const { ledger, disk, restart } = await start();
    const { log } = await ledger.open("a");
    const keyed = (text: string, dedupe: string) => edit(text, { dedupe });
    const [first, second, third] = await Promise.all([
      log.append([keyed("1", "k1"), keyed("again", "k1"), edit("2")]),
      log.append([keyed("again", "k1")]),
      log.append([keyed("3", "k3"), keyed("again", "k1"), edit("4")]),
    ]);
    expect(first!.map(({ sequence, duplicate }) => [sequence, duplicate])).toEqual([
      [1, false],
      [1, true],
      [2, false],
    ]);
    expect(second).toEqual([{ ...first![0], duplicate: true }]);
    expect(third!.map(({ sequence, duplicate }) => [sequence, duplicate])).toEqual([
      [3, false],
      [1, true],
      [4, false],
    ]);
    expect(await log.append([keyed("again", "k3")])).toEqual([{ ...third![0], duplicate: true }]);
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);

    const again = await restart();
    const { log: reopened } = await again.open("a");
    expect(await reopened.append([keyed("again", "k1"), edit("5")])).toMatchObject([
      { ...first![0], duplicate: true },
      { sequence: 5 },
    ]);
    expect(await texts(again, "a")).toEqual(["1", "2", "3", "4", "5"]);
    expect(await again.findByDedupe("a", "k3")).toBe(3);
    expect(await again.findByDedupe("a", "k4")).toBeUndefined();
    expect(await again.findByDedupe("b", "k3")).toBeUndefined();
  });

  test("do not let a later append overtake one that looks them up", async () => {
    const { ledger } = await start();
    const { log } = await ledger.open("a");
    await Promise.all([
      log.append([edit("1", { dedupe: "k1" })]),
      log.append([edit("2")]),
      log.append([edit("3", { dedupe: "k3" })]),
      log.append([edit("4")]),
    ]);
    expect(await texts(ledger, "a")).toEqual(["1", "2", "3", "4"]);
  });

  test("of one document say nothing of another", async () => {
    const { ledger } = await start();
    const { log: a } = await ledger.open("a");
    const { log: b } = await ledger.open("b");
    await a.append([edit("1", { dedupe: "k" })]);
    expect(await b.append([edit("1", { dedupe: "k" })])).toMatchObject([{ sequence: 1, duplicate: false }]);
  });
});

describe("the feed", () => {
  test("holds every commit of every document once, in order, from any place on", async () => {
    const { ledger, restart } = await start();
    const logs = await Promise.all(["a", "b", "c"].map(async id => (await ledger.open(id)).log));
    const acknowledged: { document: string; sequence: number; feedSequence: number }[] = [];
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        logs.map(async (log, index) => {
          const drafts = Array.from({ length: 1 + ((round + index) % 4) }, (_, each) =>
            edit(`${round} ${each}`),
          );
          for (const { sequence, feedSequence } of await log.append(drafts)) {
            acknowledged.push({ document: log.document, sequence, feedSequence });
          }
        }),
      );
    }
    await ledger.close();
    const again = await restart();
    const sorted = acknowledged.sort((x, y) => x.feedSequence - y.feedSequence);
    for (const since of [0, 1, 2, 3, 50, 51, sorted.at(-1)!.feedSequence - 1, sorted.at(-1)!.feedSequence]) {
      const found: typeof acknowledged = [];
      for await (const { document, from, to, feedSequence } of again.feed({ since })) {
        for (let sequence = from; sequence <= to; sequence++) {
          found.push({ document, sequence, feedSequence: feedSequence - (to - sequence) });
        }
      }
      expect(found).toEqual(sorted.filter(({ feedSequence }) => feedSequence > since));
    }
    expect(await collect(again.feed({ limit: 2 }))).toHaveLength(2);
    expect(again.feedSequence).toBe(sorted.at(-1)!.feedSequence);
    for await (const { sequence, feedSequence } of again.read("b")) {
      expect(sorted.find(entry => entry.document === "b" && entry.sequence === sequence)?.feedSequence).toBe(
        feedSequence,
      );
    }
  });
});

describe("reading", () => {
  test("gives commits between two sequences, from either end", async () => {
    const { ledger } = await start();
    const { log } = await ledger.open("a");
    await log.append(Array.from({ length: 10 }, (_, index) => edit(String(index + 1))));
    const read = async (options: Parameters<Ledger["read"]>[1]) =>
      (await collect(ledger.read("a", options))).map(({ sequence }) => sequence);
    expect(await read({ from: 4, to: 6 })).toEqual([4, 5, 6]);
    expect(await read({ from: 8 })).toEqual([8, 9, 10]);
    expect(await read({ limit: 2 })).toEqual([1, 2]);
    expect(await read({ reverse: true, limit: 3 })).toEqual([10, 9, 8]);
    expect(await read({ reverse: true, from: 2, to: 3 })).toEqual([3, 2]);
    expect(await read({ from: 11 })).toEqual([]);
    expect(await read({ from: 0, to: 1 })).toEqual([1]);
    await expect(read({ from: -1 })).rejects.toBeInstanceOf(TypeError);
    await expect(read({ to: 1.5 })).rejects.toBeInstanceOf(TypeError);
  });

  test("lists documents page by page", async () => {
    const { ledger } = await start();
    for (const id of ["c", "a", "b", "d"]) await (await ledger.open(id)).log.append([edit("1")]);
    const page = async (options: Parameters<Ledger["documents"]>[0]) =>
      (await collect(ledger.documents(options))).map(({ document }) => document);
    expect(await page({ limit: 2 })).toEqual(["a", "b"]);
    expect(await page({ after: "b", limit: 2 })).toEqual(["c", "d"]);
    expect(await page({ after: "bb" })).toEqual(["c", "d"]);
  });
});

describe("snapshots", () => {
  test("stand for the commits before them when a document is opened", async () => {
    const { ledger, disk, restart } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1"), edit("22"), edit("333")]);
    const attachments = new Map([["stateVector", Buffer.from("sv")]]);
    expect(await log.saveSnapshot({ sequence: 2, state: Buffer.from("state"), attachments })).toBe("saved");
    expect(log.head).toMatchObject({ snapshot: 2, tail: { commits: 1, bytes: 3 } });
    await log.append([edit("4444")]);
    expect(log.head?.tail).toEqual({ commits: 2, bytes: 7 });
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);

    const again = await restart();
    const { snapshot, tail } = await again.open("a");
    expect(Buffer.from(snapshot!.state).toString()).toBe("state");
    expect(Buffer.from(snapshot!.attachments.get("stateVector")!).toString()).toBe("sv");
    expect(snapshot).toMatchObject({
      sequence: 2,
      revision: (await collect(again.read("a", { from: 2, limit: 1 })))[0]!.revision,
    });
    expect(tail.map(({ sequence }) => sequence)).toEqual([3, 4]);
  });

  test("of an older commit come too late", async () => {
    const { ledger } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1"), edit("2")]);
    const saves = [2, 1, 2].map(sequence =>
      log.saveSnapshot({ sequence, state: Buffer.from(String(sequence)) }),
    );
    expect(await Promise.all(saves)).toEqual(["saved", "superseded", "superseded"]);
    expect(Buffer.from((await ledger.snapshot("a"))!.state).toString()).toBe("2");
    for (const sequence of [0, 3, 1.5]) {
      await expect(log.saveSnapshot({ sequence, state: Buffer.alloc(0) })).rejects.toBeInstanceOf(TypeError);
    }
  });

  test("that are missing are an error and not another snapshot", async () => {
    const { ledger, disk, restart } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1"), edit("2"), edit("3")]);
    for (const sequence of [1, 3])
      await log.saveSnapshot({ sequence, state: Buffer.from(`state ${sequence}`) });
    await ledger.close();
    const backend = await disk.open();
    for (const chunk of [0, 1])
      await backend.batch([{ type: "delete", key: snapshotKey(documentKey("a"), 3, chunk) }]);
    await backend.close();
    const again = await restart();
    const missing = { code: "corrupted", document: "a", sequence: 3 };
    await expect(again.snapshot("a")).rejects.toMatchObject(missing);
    await expect(again.open("a")).rejects.toMatchObject(missing);
    expect((await again.snapshot("a", { notAfter: 2 }))?.sequence).toBe(1);
    expect(await again.snapshot("a", { notAfter: 0 })).toBeUndefined();
    await again.close();
  });

  test("count rightly what is appended while they are saved", async () => {
    const { ledger, disk } = await start();
    const { log } = await ledger.open("a");
    await log.append(Array.from({ length: 20 }, () => edit("12345")));
    const saving = log.saveSnapshot({ sequence: 7, state: Buffer.alloc(3_000_000, 1) });
    for (let round = 0; round < 30; round++)
      await Promise.all([log.append([edit("67")]), log.append([edit("8")])]);
    expect(await saving).toBe("saved");
    await log.append([edit("9")]);
    expect(log.head).toMatchObject({
      sequence: 81,
      snapshot: 7,
      tail: { commits: 74, bytes: 13 * 5 + 30 * 3 + 1 },
    });
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("that are old go, and so do the pieces of one that was cut off", async () => {
    let cutOff = false;
    const { ledger, disk, restart } = await start({
      snapshotsKept: 3,
      at({ operation, when, batches }) {
        if (cutOff && operation === "batch" && when === "before" && batches % 5 === 0)
          throw new Error("cut off");
      },
    });
    const { log } = await ledger.open("a");
    for (let round = 1; round <= 12; round++) {
      await log.append([edit("x"), edit("y")]);
      await log.saveSnapshot({ sequence: round * 2, state: Buffer.from(`state ${round * 2}`) });
    }
    cutOff = true;
    await expect(log.saveSnapshot({ sequence: 24, state: Buffer.alloc(0) })).resolves.toBe("superseded");
    await log.append([edit("z")]);
    await expect(log.saveSnapshot({ sequence: 25, state: Buffer.alloc(3_000_000) })).rejects.toMatchObject({
      code: "unknown-outcome",
    });
    cutOff = false;
    await ledger.close();
    expect(await issuesOf(disk)).toMatchObject([{ code: "orphaned-data", severity: "low", sequence: 25 }]);

    const again = await restart();
    const { log: reopened } = await again.open("a");
    await reopened.append([edit("zz")]);
    await reopened.saveSnapshot({ sequence: 26, state: Buffer.from("state 26") });
    const at = async (notAfter: number) => (await again.snapshot("a", { notAfter }))?.sequence;
    const kept = new Set(await Promise.all(Array.from({ length: 30 }, (_, sequence) => at(sequence))));
    kept.delete(undefined);
    expect(kept.size).toBe(3);
    expect(await at(100)).toBe(26);
    expect(await again.snapshots("a")).toEqual([...kept]);
    await again.close();
    expect(await issuesOf(disk)).toEqual([]);
  });
});

describe("retention", () => {
  async function long() {
    const started = await start();
    const { log } = await started.ledger.open("a");
    for (let round = 0; round < 10; round++) {
      await log.append(
        Array.from({ length: 50 }, (_, index) => edit(`${round} ${index}`, { inverse: Buffer.from("i") })),
      );
    }
    return { ...started, log };
  }

  test("drops parts and the chain verifies all the same", async () => {
    const { ledger, log, disk } = await long();
    await log.saveSnapshot({ sequence: 450, state: Buffer.from("s") });
    const drop = (before: number, parts: ("update" | "change" | "inverse")[]) =>
      ledger.dropParts({ document: "a", before, parts });
    expect(await drop(300, ["update"])).toMatchObject({ outcome: "dropped", commits: 299 });
    expect(await drop(200, ["change", "inverse"])).toMatchObject({ outcome: "dropped", commits: 199 });
    expect(await drop(310, ["update", "change"])).toMatchObject({ outcome: "dropped", commits: 309 - 199 });
    expect(await drop(310, ["update", "change"])).toMatchObject({ outcome: "dropped", commits: 0 });
    const commits = await collect(ledger.read("a"));
    expect(commits.map(({ update }) => update === undefined)).toEqual(
      commits.map(({ sequence }) => sequence < 310),
    );
    expect(commits.map(({ change }) => change === undefined)).toEqual(
      commits.map(({ sequence }) => sequence < 310),
    );
    expect(commits.map(({ inverse }) => inverse === undefined)).toEqual(
      commits.map(({ sequence }) => sequence < 200),
    );
    await log.append([edit("on")]);
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("drops parts up to the first commit that is young enough, and goes on from there", async () => {
    const { ledger, log } = await long();
    await log.saveSnapshot({ sequence: 500, state: Buffer.from("s") });
    const times = (await collect(ledger.read("a"))).map(commit => commit.time);
    const olderThan = times[249]!;
    const first = times.indexOf(olderThan) + 1;
    const options = { document: "a", before: 501, parts: ["update"], olderThan } as const;
    expect(await ledger.dropParts(options)).toEqual({ outcome: "dropped", commits: first - 1, next: first });
    expect(await ledger.dropParts({ ...options, from: first })).toEqual({
      outcome: "dropped",
      commits: 0,
      next: first,
    });
    const later = { ...options, from: first, olderThan: Number.MAX_SAFE_INTEGER };
    expect(await ledger.dropParts(later)).toEqual({ outcome: "dropped", commits: 501 - first, next: 501 });
  });

  test("drops the issues of single commits, keeps what else their notes hold, and the chain verifies", async () => {
    const { ledger, disk } = await start();
    const { log } = await ledger.open("a");
    const issue = { pointer: "/a", code: "schema.custom", message: "secret", severity: "error" } as const;
    const refusedUpdate = Buffer.alloc(32, 7);
    const reversion = Buffer.from("needed by undo");
    await log.append([
      edit("1", { notes: { issues: [issue], refusedUpdate, reversion, undoes: [1], dependsOn: [1] } }),
      edit("2", { notes: { issues: [issue] } }),
      edit("3", { notes: { undoes: [2] } }),
      edit("4", { notes: { issues: [issue] } }),
    ]);
    const before = await collect(ledger.read("a"));
    await ledger.dropIssues({ document: "a", sequences: [1, 2, 3, 99] });
    await ledger.dropIssues({ document: "a", sequences: [1, 2] });
    await ledger.dropParts({ document: "a", before: 3, parts: ["change"] });
    const after = await collect(ledger.read("a"));
    expect(after.map(({ notes }) => notes)).toEqual([
      { issues: [], undoes: [1], dependsOn: [1], reversion },
      { issues: [], undoes: [], dependsOn: [] },
      before[2]!.notes,
      before[3]!.notes,
    ]);
    expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
    expect(after.map(({ update }) => update)).toEqual(before.map(({ update }) => update));
    await log.append([edit("on")]);
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("keeps updates that no snapshot stands for", async () => {
    const { ledger, log } = await long();
    const drop = (before: number) => ledger.dropParts({ document: "a", before, parts: ["update"] });
    expect(await drop(2)).toEqual({ outcome: "no-snapshot", latest: 0 });
    await log.saveSnapshot({ sequence: 100, state: Buffer.from("s") });
    expect(await drop(102)).toEqual({ outcome: "no-snapshot", latest: 100 });
    expect(await drop(101)).toMatchObject({ outcome: "dropped", commits: 100 });
    expect(await ledger.dropParts({ document: "none", before: 5, parts: ["change"] })).toMatchObject({
      outcome: "dropped",
      commits: 0,
    });
    expect(await ledger.dropParts({ document: "a", before: 10_000, parts: ["change"] })).toMatchObject({
      outcome: "dropped",
      commits: 500,
    });
    await expect(drop(0)).rejects.toBeInstanceOf(TypeError);
  });
});

describe("one writer", () => {
  test("opening a document again makes the log before it stale, which loses nothing", async () => {
    const { ledger, disk } = await start();
    const { log: first } = await ledger.open("a");
    const inFlight = first.append([edit("1")]);
    const { log: second, tail } = await ledger.open("a");
    expect(await inFlight).toMatchObject([{ sequence: 1 }]);
    expect(tail).toHaveLength(1);
    await expect(first.append([edit("x")])).rejects.toMatchObject({
      code: "conflict",
      document: "a",
      transient: true,
    });
    await expect(first.saveSnapshot({ sequence: 1, state: Buffer.alloc(0) })).rejects.toMatchObject({
      code: "conflict",
    });
    await first.close();
    expect(await second.append([edit("2")])).toMatchObject([{ sequence: 2 }]);
    await second.close();
    await second.close();
    await expect(second.append([edit("x")])).rejects.toMatchObject({ code: "closed" });
    const { log: third } = await ledger.open("a");
    expect(await third.append([edit("3")])).toMatchObject([{ sequence: 3 }]);
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("of many who open at once only the last one writes", async () => {
    const { ledger } = await start();
    const opened = await Promise.all([1, 2, 3, 4].map(() => ledger.open("a")));
    const outcomes = await Promise.allSettled(
      opened.map(({ log }, index) => log.append([edit(String(index))])),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected", "fulfilled"]);
    expect(await texts(ledger, "a")).toEqual(["3"]);
  });
});

describe("opening", () => {
  test("marks an empty store, and refuses one that holds something else or is of a later version", async () => {
    const disk = await createSimulatedDisk();
    await using other = await disk.open();
    await other.batch([{ type: "put", key: Buffer.from("something"), value: Buffer.from("else") }]);
    await other.close();
    await expect(openLedger({ open: () => disk.open() })).rejects.toMatchObject({ code: "corrupted" });
    // The refused store was closed again.
    await (await disk.open()).close();
  });

  test("finds a head that does not belong to its commits, and names document and sequence", async () => {
    const spoil: Record<
      string,
      { sequence: number; spoil: (keys: Map<string, Uint8Array[]>) => Uint8Array[] }
    > = {
      "the last commit is gone": { sequence: 3, spoil: keys => keys.get("commit")!.slice(2) },
      "a commit in the middle is gone": { sequence: 2, spoil: keys => keys.get("commit")!.slice(1, 2) },
      "the first commit is gone": { sequence: 1, spoil: keys => keys.get("commit")!.slice(0, 1) },
      "the head is gone": { sequence: 1, spoil: keys => keys.get("head")! },
    };
    for (const [what, { sequence, spoil: pick }] of Object.entries(spoil)) {
      const { ledger, disk, restart } = await start();
      const { log } = await ledger.open("a");
      await log.append([edit("1"), edit("2"), edit("3")]);
      await (await ledger.open("b")).log.append([edit("b")]);
      await ledger.close();
      const backend = await disk.open();
      const keys = new Map<string, Uint8Array[]>();
      for await (const key of backend.keys()) {
        const kind = { 16: "head", 32: "commit" }[key[0]!] ?? "other";
        if (key[1] === "a".charCodeAt(0)) keys.set(kind, [...(keys.get(kind) ?? []), key]);
      }
      await backend.batch(pick(keys).map(key => ({ type: "delete", key })));
      await backend.close();
      const again = await restart();
      await expect(again.open("a"), what).rejects.toMatchObject({
        code: "corrupted",
        document: "a",
        sequence,
      });
      // Nothing else is disturbed, and the damaged one says the same again.
      await (await again.open("b")).log.append([edit("b")]);
      await expect(again.open("a"), what).rejects.toMatchObject({ code: "corrupted" });
      await again.close();
    }
  });

  test("finds commits that the head knows nothing of", async () => {
    const { ledger, disk, restart } = await start();
    const { log } = await ledger.open("a");
    await log.append([edit("1")]);
    const key = headKey(documentKey("a"));
    await ledger.close();
    const backend = await disk.open();
    const older = (await backend.get(key))!;
    await backend.close();
    const again = await restart();
    await (await again.open("a")).log.append([edit("2")]);
    await again.close();
    await using spoilt = await disk.open();
    await spoilt.batch([{ type: "put", key, value: older }]);
    await spoilt.close();
    const last = await restart();
    await expect(last.open("a")).rejects.toMatchObject({ code: "corrupted", document: "a", sequence: 2 });
    await last.close();
  });
});

describe("when the store fails", () => {
  test("nothing in doubt is acknowledged, everything acknowledged is there, and writing goes on", async () => {
    let fail: "before" | "after" | undefined;
    const { ledger, disk } = await start({
      at({ operation, when }) {
        if (operation === "batch" && when === fail) {
          fail = undefined;
          throw new Error("disk error");
        }
      },
    });
    const states: string[] = [];
    ledger.subscribe(() => states.push(ledger.status.state));
    for (const when of ["before", "after"] as const) {
      const { log } = await ledger.open(when);
      const { log: idle } = await ledger.open(`idle ${when}`);
      await log.append([edit("1")]);
      await idle.append([edit("1")]);
      fail = when;
      const doubtful = Promise.allSettled([
        log.append([edit("2", { dedupe: "k2" })]),
        log.append([edit("3", { dedupe: "k3" })]),
      ]);
      for (const outcome of await doubtful) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { transient: true } });
      }
      await new Promise(resolve => setImmediate(resolve));
      expect(states.splice(0)).toEqual(["failed", "ready"]);
      await expect(log.append([edit("4")])).rejects.toMatchObject({ code: "conflict" });
      expect(await idle.append([edit("2")])).toMatchObject([{ sequence: 2 }]);

      const { log: again } = await ledger.open(when);
      const resent = await again.append([edit("2", { dedupe: "k2" }), edit("3", { dedupe: "k3" })]);
      expect(resent.map(({ sequence }) => sequence)).toEqual([2, 3]);
      expect(await texts(ledger, when)).toEqual(["1", "2", "3"]);
    }
    await ledger.close();
    expect(await issuesOf(disk)).toEqual([]);
  });

  test("and comes back without what it had acknowledged, it is not used", async () => {
    const disk = await createSimulatedDisk();
    let durable = true;
    let failing = false;
    const ledger = await openLedger({
      async open() {
        const backend = await disk.open();
        return {
          ...backend,
          async batch(operations) {
            if (failing) throw new Error("disk error");
            await backend.batch(operations, { durable });
          },
          async close() {
            await backend.close();
            await disk.crash();
          },
        };
      },
    });
    const { log: idle } = await ledger.open("idle");
    await idle.append([edit("1")]);
    const { log } = await ledger.open("a");
    await log.append([edit("1")]);
    durable = false;
    await idle.append([edit("2")]);
    failing = true;
    await expect(log.append([edit("2")])).rejects.toMatchObject({ code: "unknown-outcome" });
    failing = false;
    await new Promise(resolve => setImmediate(resolve));
    expect(ledger.status).toMatchObject({
      state: "failed",
      retrying: false,
      cause: { code: "corrupted", document: "idle", sequence: 2 },
    });
    await expect(idle.append([edit("3")])).rejects.toMatchObject({ code: "unavailable" });
    await ledger.close();
  });

  test("while it is down everything is unavailable, and closing is possible", async () => {
    let down = false;
    const { ledger } = await start({
      at() {
        if (down) throw new Error("down");
      },
      sleep: (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const { log } = await ledger.open("a");
    const { log: idle } = await ledger.open("idle");
    await log.append([edit("1")]);
    down = true;
    await expect(log.append([edit("2")])).rejects.toMatchObject({ code: "unknown-outcome" });
    expect(ledger.status).toMatchObject({ state: "failed", retrying: true });
    for (const use of [
      () => idle.append([edit("1")]),
      () => idle.append([edit("1")]),
      () => ledger.open("a"),
      () => ledger.head("a"),
      () => collect(ledger.read("a")),
      () => collect(ledger.documents()),
      () => collect(ledger.feed()),
      () => ledger.snapshot("a"),
      () => ledger.findByDedupe("a", "k"),
      () => ledger.dropParts({ document: "a", before: 1, parts: ["change"] }),
    ]) {
      await expect(use()).rejects.toMatchObject({ code: "unavailable", transient: true });
    }
    await ledger.close();
    expect(ledger.status).toEqual({ state: "closed" });
    await expect(ledger.head("a")).rejects.toMatchObject({ code: "closed" });
    await expect(log.append([edit("3")])).rejects.toMatchObject({ code: "conflict" });
  });
});
