import { describe, expect, test } from "vitest";
import { compareBytes, type StorageBackend } from "./backend.js";
import { createMemoryStore } from "./backends/memory.js";
import type { CommitDraft } from "./commit.js";
import { sealed } from "./encoding.js";
import { StorageError } from "./errors.js";
import { createHeadEncoder, readHead } from "./head.js";
import { encodeDedupeEntry, encodeFeedEntry } from "./indexes.js";
import {
  commitKey,
  dedupeKey,
  documentKey,
  FORMAT_KEY,
  feedKey,
  headKey,
  parseKey,
  snapshotKey,
} from "./keys.js";
import { openLedger } from "./ledger.js";
import { createRandom } from "./random.js";
import { type DocumentReplay, type VerifyOptions, verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

const SEED = Number(process.env.VERSO_SEED ?? 23);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

const a = documentKey("a");

/** A ledger with three documents, snapshots, dedupe keys, dropped parts, appends of several commits, and records. */
async function healthy(): Promise<StorageBackend> {
  const store = createMemoryStore();
  let time = 1_000;
  const ledger = await openLedger({ open: () => store.open(), now: () => time++ });
  for (const document of ["a", "a\0", "b"]) {
    const { log } = await ledger.open(document);
    let made = 0;
    for (const count of [1, 3, 2, 4]) {
      const drafts = Array.from({ length: count }, (): CommitDraft => {
        made += 1;
        return {
          actor: { user: "ada" },
          kind: made === 1 ? "create" : "update",
          update: Buffer.from(`update ${made}`),
          change: Buffer.from(`change ${made}`),
          ...(made % 3 === 0 ? { dedupe: `key ${made}` } : {}),
        };
      });
      await log.append(drafts);
      if (made !== 1) await log.saveSnapshot({ sequence: made - 1, state: Buffer.alloc(300_000, made) });
    }
    await ledger.dropParts({ document, before: 3, parts: ["update", "change"] });
  }
  const records = ledger.records("keys");
  await records.put("one", Buffer.from("1"));
  await records.put("two", Buffer.from("2"));
  await ledger.close();
  return await store.open();
}

async function verify(backend: StorageBackend, options: VerifyOptions = {}) {
  const issues: VerifyIssue[] = [];
  const summary = await verifyLedger(backend, { ...options, onIssue: issue => void issues.push(issue) });
  expect(summary.issues).toBe(issues.length);
  return { issues, summary };
}

test("a healthy ledger has no issues, and an empty store neither", async () => {
  const { issues, summary } = await verify(await healthy());
  expect(issues).toEqual([]);
  expect(summary).toEqual({
    documents: 3,
    commits: 30,
    snapshots: 9,
    dedupeKeys: 9,
    feedEntries: 12,
    records: 2,
    erased: 0,
    issues: 0,
  });
  expect((await verify(await createMemoryStore().open())).summary).toMatchObject({ documents: 0, issues: 0 });
});

describe("no record can be", () => {
  test("taken away unnoticed, except a dedupe key and what is no document's", async () => {
    const backend = await healthy();
    const entries = [];
    for await (const entry of backend.range()) entries.push(entry);
    for (const [key, value] of entries) {
      await backend.batch([{ type: "delete", key }]);
      const { issues } = await verify(backend);
      const parsed = parseKey(key);
      const unseen = parsed?.keyspace === "dedupe" || parsed?.keyspace === "record";
      expect(issues.length > 0, JSON.stringify(parsed)).toBe(!unseen);
      await backend.batch([{ type: "put", key, value }]);
    }
  });

  test("changed in one bit unnoticed", async () => {
    const backend = await healthy();
    const random = createRandom(SEED);
    const entries = [];
    for await (const entry of backend.range()) entries.push(entry);
    for (let run = 0; run < CASES / 10; run++) {
      const [key, value] = random.pick(entries);
      const flipped = Buffer.from(value);
      const bit = random.int(value.length * 8);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await backend.batch([{ type: "put", key, value: flipped }]);
      const { issues } = await verify(backend);
      expect(issues, `seed ${SEED}, run ${run}, ${JSON.stringify(parseKey(key))}, bit ${bit}`).not.toEqual(
        [],
      );
      await backend.batch([{ type: "put", key, value }]);
    }
  });

  test("put under another key unnoticed", async () => {
    const backend = await healthy();
    const random = createRandom(SEED);
    const entries = [];
    for await (const entry of backend.range()) entries.push(entry);
    for (let run = 0; run < CASES / 10; run++) {
      const [key, value] = random.pick(entries);
      const [, other] = random.pick(entries);
      if (compareBytes(value, other) === 0) continue;
      await backend.batch([{ type: "put", key, value: other }]);
      expect((await verify(backend)).issues, `seed ${SEED}, run ${run}`).not.toEqual([]);
      await backend.batch([{ type: "put", key, value }]);
    }
  });
});

describe("what is wrong has its code, its severity and its place", () => {
  const cases: Record<
    string,
    { spoil: (backend: StorageBackend) => Promise<void>; issue: Partial<VerifyIssue> }
  > = {
    "a commit is gone": {
      spoil: backend => remove(backend, commitKey(a, 4)),
      issue: { code: "missing-reference", severity: "critical", document: "a", sequence: 4 },
    },
    "the last commits are gone": {
      spoil: async backend => {
        await remove(backend, commitKey(a, 9));
        await remove(backend, commitKey(a, 10));
      },
      issue: { code: "missing-reference", severity: "critical", document: "a", sequence: 10 },
    },
    "a commit is another than the next one follows from": {
      async spoil(backend) {
        const other = await healthy();
        const key = commitKey(a, 5);
        const value = Buffer.from((await other.get(key))!).subarray(0, -4);
        value[value.length - 1]! ^= 1;
        await backend.batch([{ type: "put", key, value: sealed(key, value) }]);
      },
      issue: { code: "hash-mismatch", severity: "critical", document: "a", sequence: 5 },
    },
    "a commit's seal is broken": {
      spoil: backend => change(backend, commitKey(a, 5), value => value.fill(0, 3, 5)),
      issue: { code: "corrupted-entry", severity: "critical", document: "a", sequence: 5 },
    },
    "the head is gone": {
      spoil: backend => remove(backend, headKey(a)),
      issue: { code: "missing-reference", severity: "critical", document: "a" },
    },
    "the head ends before the commits": {
      spoil: backend => changeHead(backend, { sequence: 9 }),
      issue: { code: "orphaned-data", severity: "critical", document: "a", sequence: 10 },
    },
    "the head has another hash": {
      spoil: backend => changeHead(backend, { hash: Buffer.alloc(32) }),
      issue: { code: "hash-mismatch", severity: "critical", document: "a", sequence: 10 },
    },
    "the head is in another epoch": {
      spoil: backend => changeHead(backend, { epoch: 2 }),
      issue: { code: "invalid-data", severity: "high", document: "a", sequence: 10 },
    },
    "the head says deleted and is not": {
      spoil: backend => changeHead(backend, { deleted: { sequence: 10, time: 1, actor: { user: "ada" } } }),
      issue: { code: "invalid-data", severity: "medium", document: "a", sequence: 10 },
    },
    "the head miscounts": {
      spoil: backend => changeHead(backend, { tail: { commits: 1, bytes: 0 } }),
      issue: { code: "invalid-data", severity: "low", document: "a", sequence: 10 },
    },
    "the head knows no snapshot, though updates were dropped": {
      spoil: backend => changeHead(backend, { snapshot: 0 }),
      issue: { code: "missing-reference", severity: "critical", document: "a", sequence: 1 },
    },
    "the latest snapshot is gone": {
      async spoil(backend) {
        for (const chunk of [0, 1, 2]) await remove(backend, snapshotKey(a, 9, chunk));
      },
      issue: { code: "missing-reference", severity: "high", document: "a", sequence: 9 },
    },
    "a snapshot has lost a chunk": {
      spoil: backend => remove(backend, snapshotKey(a, 5, 2)),
      issue: { code: "corrupted-entry", severity: "high", document: "a", sequence: 5 },
    },
    "a snapshot was not finished": {
      spoil: backend => remove(backend, snapshotKey(a, 5, 0)),
      issue: { code: "orphaned-data", severity: "low", document: "a", sequence: 5 },
    },
    "a dedupe key names a commit that is not there": {
      async spoil(backend) {
        const key = dedupeKey(a, "new");
        await backend.batch([{ type: "put", key, value: encodeDedupeEntry(key, { sequence: 11, time: 1 }) }]);
      },
      issue: { code: "missing-reference", severity: "medium", document: "a", sequence: 11 },
    },
    "a dedupe key of no document": {
      async spoil(backend) {
        const key = dedupeKey(documentKey("none"), "key");
        await backend.batch([{ type: "put", key, value: encodeDedupeEntry(key, { sequence: 1, time: 1 }) }]);
      },
      issue: { code: "missing-reference", severity: "medium", document: "none", sequence: 1 },
    },
    "the feed skips commits": {
      spoil: backend => remove(backend, feedKey(4)),
      issue: { code: "missing-reference", severity: "medium", document: "a", sequence: 2 },
    },
    "the feed names commits that are not there, more than anyone can count": {
      async spoil(backend) {
        const key = feedKey(2 ** 50);
        const run = { document: "none", from: 1, to: 2 ** 49 };
        await backend.batch([{ type: "put", key, value: encodeFeedEntry(key, run) }]);
      },
      issue: { code: "missing-reference", severity: "medium", document: "none", sequence: 1 },
    },
    "the feed names a commit twice": {
      async spoil(backend) {
        const key = feedKey(1_000);
        await backend.batch([
          { type: "put", key, value: encodeFeedEntry(key, { document: "a", from: 1, to: 1 }) },
        ]);
      },
      issue: { code: "missing-reference", severity: "medium", document: "a", sequence: 1 },
    },
    "there is a key that no ledger writes": {
      spoil: backend => backend.batch([{ type: "put", key: Buffer.of(0x70, 1), value: Buffer.of(1) }]),
      issue: { code: "orphaned-data", severity: "low", detail: "no ledger writes the key 7001" },
    },
    "there is half a key": {
      spoil: backend =>
        backend.batch([{ type: "put", key: commitKey(a, 1).subarray(0, -1), value: Buffer.of(1) }]),
      issue: { code: "orphaned-data", severity: "low" },
    },
    "the format is of a later version": {
      spoil: backend =>
        backend.batch([{ type: "put", key: FORMAT_KEY, value: sealed(FORMAT_KEY, Buffer.of(9)) }]),
      issue: { code: "version-mismatch", severity: "critical" },
    },
    "the format is gone": {
      spoil: backend => remove(backend, FORMAT_KEY),
      issue: { code: "missing-reference", severity: "high" },
    },
  };

  for (const [what, { spoil, issue }] of Object.entries(cases)) {
    test(what, async () => {
      const backend = await healthy();
      await spoil(backend);
      const { issues, summary } = await verify(backend);
      expect(issues).toContainEqual(expect.objectContaining(issue));
      // The rest was looked at all the same.
      expect(summary.documents).toBeGreaterThanOrEqual(3);
      expect(issues.every(({ document }) => document !== "b")).toBe(true);
    });
  }

  test("a store that cannot be read to its end", async () => {
    const inner = await healthy();
    const backend: StorageBackend = {
      ...bind(inner),
      async *range(options) {
        for await (const entry of inner.range(options)) {
          if (parseKey(entry[0])?.keyspace === "commit" && entry[0][1] === "b".charCodeAt(0)) {
            throw new StorageError("read-failed", "bad sector");
          }
          yield entry;
        }
      },
    };
    const { issues, summary } = await verify(backend);
    expect(issues).toMatchObject([{ code: "corrupted-entry", severity: "critical", detail: "bad sector" }]);
    expect(summary).toMatchObject({ documents: 3, commits: 20 });
  });

  test("a store of which only walks can be read", async () => {
    const inner = await healthy();
    const fail = async () => {
      throw new StorageError("read-failed", "bad sector");
    };
    const { issues, summary } = await verify({ ...bind(inner), get: fail, getMany: fail, has: fail });
    expect(issues.every(({ code, severity }) => code === "corrupted-entry" && severity === "critical")).toBe(
      true,
    );
    expect(summary).toMatchObject({ documents: 3, commits: 30, snapshots: 9, feedEntries: 12 });
  });

  test("a store that was closed is not bad data", async () => {
    const backend = await healthy();
    await backend.close();
    await expect(verify(backend)).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a replay", () => {
  test("gets every document's commits in order, each snapshot behind its commit, and the head at last", async () => {
    const seen: string[] = [];
    const replay = (document: string): DocumentReplay => ({
      async commit({ sequence, update }) {
        seen.push(
          `${document} ${sequence} ${update === undefined ? "dropped" : Buffer.from(update).toString()}`,
        );
      },
      snapshot({ sequence, state }) {
        seen.push(`${document} snapshot ${sequence} of ${state.length}`);
      },
      end(head) {
        seen.push(`${document} head ${head?.sequence}`);
      },
    });
    await verify(await healthy(), { replay });
    expect(seen.filter(line => line.startsWith("b "))).toEqual([
      "b 1 dropped",
      "b 2 dropped",
      "b 3 update 3",
      "b snapshot 3 of 300000",
      "b 4 update 4",
      "b 5 update 5",
      "b snapshot 5 of 300000",
      "b 6 update 6",
      "b 7 update 7",
      "b 8 update 8",
      "b 9 update 9",
      "b snapshot 9 of 300000",
      "b 10 update 10",
      "b head 10",
    ]);
  });

  test("adds what it finds, and what it throws", async () => {
    const replay = (document: string): DocumentReplay =>
      document === "b"
        ? {
            commit: ({ sequence }) =>
              sequence === 2
                ? [{ code: "invalid-data", severity: "high", sequence, detail: "does not apply" }]
                : undefined,
            async end() {
              throw new Error("the JSON differs");
            },
          }
        : {};
    expect((await verify(await healthy(), { replay })).issues).toEqual([
      { code: "invalid-data", severity: "high", document: "b", sequence: 2, detail: "does not apply" },
      {
        code: "invalid-data",
        severity: "critical",
        document: "b",
        sequence: undefined,
        detail: "the JSON differs",
      },
    ]);
  });
});

test("a ledger in use can be verified", async () => {
  const store = createMemoryStore();
  const backend = await store.open();
  const ledger = await openLedger({ open: async () => backend });
  const { log } = await ledger.open("a");
  const draft: CommitDraft = { actor: { user: "ada" }, kind: "update", update: Buffer.from("x") };
  await log.append(Array.from({ length: 500 }, () => draft));
  for (const sequence of [100, 200, 300]) await log.saveSnapshot({ sequence, state: Buffer.alloc(300_000) });
  const [{ issues, summary }] = await Promise.all([
    verify(backend),
    ...Array.from({ length: 50 }, () => log.append([draft, draft])),
    ...[400, 450, 490].map(sequence => log.saveSnapshot({ sequence, state: Buffer.alloc(300_000) })),
    ledger.dropParts({ document: "a", before: 200, parts: ["update"] }),
  ]);
  expect(issues).toEqual([]);
  expect(summary).toMatchObject({ commits: 500, snapshots: 3 });
});

async function remove(backend: StorageBackend, key: Uint8Array): Promise<void> {
  expect(await backend.has(key)).toBe(true);
  await backend.batch([{ type: "delete", key }]);
}

async function change(
  backend: StorageBackend,
  key: Uint8Array,
  spoil: (value: Buffer) => void,
): Promise<void> {
  const value = Buffer.from((await backend.get(key))!);
  spoil(value);
  await backend.batch([{ type: "put", key, value }]);
}

async function changeHead(
  backend: StorageBackend,
  changes: Partial<ReturnType<typeof readHead>>,
): Promise<void> {
  const key = headKey(a);
  const head = { ...readHead([key, (await backend.get(key))!], "a"), ...changes };
  await backend.batch([{ type: "put", key, value: createHeadEncoder(key)(head) }]);
}

function bind(backend: StorageBackend): StorageBackend {
  return {
    supports: backend.supports,
    get: key => backend.get(key),
    getMany: keys => backend.getMany(keys),
    has: key => backend.has(key),
    batch: (operations, options) => backend.batch(operations, options),
    range: options => backend.range(options),
    keys: options => backend.keys(options),
    info: () => backend.info(),
    clear: () => backend.clear(),
    close: () => backend.close(),
    [Symbol.asyncDispose]: () => backend.close(),
  };
}
