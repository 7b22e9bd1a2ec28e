/**
 * The bytes of format 1, for ever. `fixtures/format-1.json` holds a whole ledger as this package wrote it first; it must
 * be written again to the byte, and be read.
 */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createMemoryStore } from "./backends/memory.js";
import { sealed } from "./encoding.js";
import { FORMAT_KEY } from "./keys.js";
import { openLedger } from "./ledger.js";
import { verifyLedger } from "./verify.js";

const fixture: [key: string, value: string][] = JSON.parse(
  await readFile(new URL("../fixtures/format-1.json", import.meta.url), "utf8"),
);

/** Uses everything that the format has. */
async function write(store: ReturnType<typeof createMemoryStore>): Promise<void> {
  let time = 1_763_700_000_000;
  await using ledger = await openLedger({ open: () => store.open(), now: () => time++ });
  const ada = { user: "ada", session: "s-1", tenant: "acme" };
  const bytes = (text: string) => Buffer.from(text);
  const { log } = await ledger.open("invoice/42");
  await log.append(
    [
      {
        actor: ada,
        kind: "create",
        update: bytes("u1"),
        change: bytes("c1"),
        inverse: bytes("i1"),
        dedupe: "7:1",
      },
      { actor: { user: "bob" }, kind: "update", update: bytes("u2"), change: bytes("c2"), dedupe: "8:1" },
    ],
    { roots: new Map([["invoice", "map"]]), metadata: new Map([["classification", "internal"]]) },
  );
  await log.append([
    {
      actor: ada,
      kind: "refused",
      update: bytes("u3"),
      notes: {
        issues: [
          {
            pointer: "/invoice/total",
            code: "too-small",
            message: "negative",
            rule: "total",
            severity: "error",
          },
        ],
        undoes: [1, 2],
        dependsOn: [2],
      },
    },
  ]);
  await log.saveSnapshot({
    sequence: 2,
    state: bytes("state"),
    attachments: new Map([["stateVector", bytes("sv")]]),
  });
  for (const kind of ["undo", "redo", "revert", "restore"] as const) {
    await log.append([{ actor: ada, kind, update: bytes(kind) }], { epoch: 2 });
  }
  const { log: odd } = await ledger.open("\0é\u{1f600}");
  await odd.append([
    { actor: ada, kind: "create", update: bytes("x") },
    { actor: ada, kind: "delete" },
  ]);
  await ledger.dropParts({ document: "invoice/42", before: 2, parts: ["update", "inverse"] });
}

async function entriesOf(store: ReturnType<typeof createMemoryStore>): Promise<typeof fixture> {
  await using backend = await store.open();
  const entries: typeof fixture = [];
  for await (const [key, value] of backend.range()) {
    entries.push([Buffer.from(key).toString("hex"), Buffer.from(value).toString("hex")]);
  }
  return entries;
}

test("is written as it always was", async () => {
  const store = createMemoryStore();
  await write(store);
  expect(await entriesOf(store)).toEqual(fixture);
});

test("is read as it always was", async () => {
  const store = createMemoryStore();
  const backend = await store.open();
  await backend.batch(
    fixture.map(([key, value]) => ({
      type: "put",
      key: Buffer.from(key, "hex"),
      value: Buffer.from(value, "hex"),
    })),
  );
  const issues: unknown[] = [];
  expect(await verifyLedger(backend, { onIssue: issue => void issues.push(issue) })).toEqual({
    documents: 2,
    commits: 9,
    snapshots: 1,
    dedupeKeys: 2,
    feedEntries: 7,
    records: 0,
    erased: 0,
    issues: 0,
  });
  expect(issues).toEqual([]);
  await backend.close();

  await using ledger = await openLedger({ open: () => store.open() });
  const { log, snapshot, tail } = await ledger.open("invoice/42");
  expect(log.head).toMatchObject({
    epoch: 2,
    sequence: 7,
    snapshot: 2,
    created: { actor: { user: "ada", tenant: "acme" } },
  });
  expect([...(log.head?.roots ?? [])]).toEqual([["invoice", "map"]]);
  expect(Buffer.from(snapshot!.state).toString()).toBe("state");
  expect(tail.map(({ kind }) => kind)).toEqual(["refused", "undo", "redo", "revert", "restore"]);
  expect(tail[0]!.notes).toMatchObject({ issues: [{ code: "too-small" }], undoes: [1, 2], dependsOn: [2] });
  expect((await ledger.head("\0é\u{1f600}"))?.deleted).toMatchObject({ sequence: 2 });
  expect(await ledger.findByDedupe("invoice/42", "8:1")).toBe(2);
  expect((await log.append([{ actor: { user: "ada" }, kind: "update" }]))[0]).toMatchObject({
    sequence: 8,
    feedSequence: 10,
  });
});

test("of a later version is refused, and left alone", async () => {
  const store = createMemoryStore();
  const backend = await store.open();
  const later = sealed(FORMAT_KEY, Buffer.of(2, 1, 1, 0));
  await backend.batch([{ type: "put", key: FORMAT_KEY, value: later }]);
  await backend.close();
  await expect(openLedger({ open: () => store.open() })).rejects.toMatchObject({
    code: "unsupported-version",
    transient: false,
  });
  expect(await entriesOf(store)).toEqual([[Buffer.from(FORMAT_KEY).toString("hex"), later.toString("hex")]]);
});
