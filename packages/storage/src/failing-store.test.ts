/** A store that fails: at each write in turn, at random, with its power cut, and for want of room. */

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { StorageBackend } from "./backend.js";
import { openLevelBackend } from "./backends/level.js";
import type { CommitDraft } from "./commit.js";
import { storageErrorCode } from "./errors.js";
import { createFaults, type FaultPoint } from "./faults.js";
import { type Ledger, openLedger } from "./ledger.js";
import { createRandom, type Random } from "./random.js";
import { createSimulatedDisk } from "./simulated-disk.js";
import { verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

const SEED = Number(process.env.VERSO_SEED ?? 51);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

const root = await mkdtemp(join(tmpdir(), "verso-failing-"));
let folders = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

/** Two chunks. */
const STATE = Buffer.alloc(300_000, 1);

/**
 * Somebody who writes to one document and remembers what was acknowledged. He sends again what he has no answer for,
 * opens the document again when its log is stale, and waits while the store is down.
 */
function createAuthor(document: string) {
  const acknowledged = new Map<string, number>();
  return {
    document,
    acknowledged,
    async write(
      ledger: Ledger,
      texts: readonly string[],
      snapshots: (text: string) => boolean,
    ): Promise<void> {
      let opened = await persist(ledger, () => ledger.open(document));
      for (const text of texts) {
        const draft: CommitDraft = {
          actor: { user: document },
          kind: "update",
          update: Buffer.from(text),
          notes: { issues: [{ pointer: "", code: text, message: "", severity: "info" }] },
          dedupe: text,
        };
        for (;;) {
          try {
            const [answer] = await opened.log.append([draft]);
            acknowledged.set(text, answer!.sequence);
            if (snapshots(text)) await opened.log.saveSnapshot({ sequence: answer!.sequence, state: STATE });
            break;
          } catch (error) {
            assertTransient(error);
            opened = await persist(ledger, () => ledger.open(document));
          }
        }
      }
      await opened.log.close();
    },
  };
}

/** Tries until the store is there again. */
async function persist<T>(ledger: Ledger, run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      assertTransient(error);
      await ready(ledger);
    }
  }
}

function assertTransient(error: unknown): void {
  if (!["unknown-outcome", "unavailable", "conflict"].includes(storageErrorCode(error) ?? "")) throw error;
}

async function ready(ledger: Ledger): Promise<void> {
  while (ledger.status.state === "failed") {
    expect(ledger.status.retrying, String(ledger.status.cause)).toBe(true);
    await new Promise<void>(resolve => {
      const off = ledger.subscribe(() => {
        off();
        resolve();
      });
    });
  }
}

/** Everything that was acknowledged is there, once and in its place, and the whole verifies. */
async function expectSound(
  backend: StorageBackend,
  authors: readonly ReturnType<typeof createAuthor>[],
  said: string,
) {
  const issues: VerifyIssue[] = [];
  await verifyLedger(backend, { onIssue: issue => void issues.push(issue) });
  // The pieces of a snapshot that was under way are no harm.
  expect(
    issues.filter(({ code, severity }) => code !== "orphaned-data" || severity !== "low"),
    said,
  ).toEqual([]);
  await using ledger = await openLedger({ open: async () => backend });
  for (const { document, acknowledged } of authors) {
    const found = new Map<string, number>();
    for await (const { sequence, notes } of ledger.read(document)) {
      expect(sequence, said).toBe(found.size + 1);
      found.set(notes.issues[0]!.code, sequence);
    }
    for (const [text, sequence] of acknowledged)
      expect(found.get(text), `${document} ${text}, ${said}`).toBe(sequence);
    expect((await ledger.head(document))?.sequence ?? 0, said).toBe(found.size);
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);

describe("the n-th write fails", () => {
  for (const when of ["before", "after"] as const) {
    test(`${when} it is done, for every n, on LevelDB: the ledger stops, opens again and goes on`, async () => {
      for (let n = 1; ; n++) {
        const directory = join(root, String(++folders));
        let failed = false;
        const faults = createFaults(point => {
          if (failed || point.operation !== "batch" || point.when !== when || point.batches !== n) return;
          failed = true;
          throw new Error("injected");
        });
        const opening = openLedger({
          open: async () => faults.wrap(await openLevelBackend(directory)),
          sleep: async () => undefined,
        });
        if (n === 1) {
          // The very first write says what the store is; without it there is no ledger yet.
          await expect(opening).rejects.toThrow("injected");
          await rm(directory, { recursive: true });
          continue;
        }
        const ledger = await opening;
        const authors = [createAuthor("a"), createAuthor("b")];
        await Promise.all(
          authors.map(author => author.write(ledger, numbered(4), text => text.endsWith("2"))),
        );
        await ledger.close();
        await expectSound(
          await openLevelBackend(directory),
          authors,
          `write ${n} failed ${when} it was done`,
        );
        await rm(directory, { recursive: true });
        if (failed) continue;
        expect(n).toBeGreaterThan(6);
        break;
      }
    });
  }
});

test("failures of any operation and power cuts at random lose nothing that was acknowledged", async () => {
  for (let run = 0; run < CASES / 10; run++) {
    const seed = SEED * 1_000 + run;
    await simulate(createRandom(seed), `seed ${seed}`);
  }
});

/** Several authors on one disk that fails and loses power. */
async function simulate(random: Random, said: string): Promise<void> {
  const disk = await createSimulatedDisk();
  const authors = ["a", "b", "c"].map(createAuthor);
  let calm = false;
  const faults = createFaults(async ({ operation }: FaultPoint) => {
    // Operations end in another order than they began.
    for (let turns = random.int(4); turns > 0; turns--) await null;
    if (calm || operation === "close" || random.int(40) !== 0) return;
    if (random.int(3) === 0) await disk.crash();
    throw new Error("injected");
  });
  for (let life = 0; life < 4; life++) {
    calm = true;
    const ledger = await openLedger({
      open: async () => faults.wrap(await disk.open()),
      sleep: async () => undefined,
      snapshotsKept: 2,
      maxBatchRecords: 1 + random.int(10),
    });
    calm = false;
    const texts = numbered(8 + 8 * life);
    // Each life sends everything again from the start.
    await Promise.all(
      authors.map(author => author.write(ledger, texts, () => random.int(20) === 0).catch(tolerate)),
    );
    calm = true;
    if (random.int(2) === 0) await disk.crash();
    await ledger.close();
  }
  await expectSound(await disk.open(), authors, said);

  /** What is read may fail too; whoever reads is told, and nothing is written that should not be. */
  function tolerate(error: unknown): void {
    if (!(error instanceof Error && /injected|closed/.test(error.message))) throw error;
  }
}

const mountable = canMount();

test.skipIf(!mountable)(
  "a full disk: the ledger stops acknowledging, waits for room, opens again and goes on (skipped where no tmpfs can be mounted)",
  async () => {
    const directory = join(root, "full");
    await mkdir(directory);
    mount(directory, "48m");
    try {
      const ballast = join(directory, "ballast");
      let full = false;
      const waiting: (() => void)[] = [];
      const ledger = await openLedger({
        open: () => openLevelBackend(join(directory, "store")),
        // Waits for somebody to make room.
        sleep: () =>
          new Promise(resolve => {
            if (full) waiting.push(resolve);
            else resolve();
          }),
      });
      const author = createAuthor("a");
      const random = createRandom(SEED);
      // LevelDB needs as much again to merge its tables when it is opened.
      await writeFile(ballast, Buffer.alloc(32 << 20));
      full = true;
      const { log } = await ledger.open("a");
      const failure = await fillUp(log, author.acknowledged, random);
      expect(failure).toMatchObject({ code: "unknown-outcome", transient: true });
      expect(ledger.status.state).toBe("failed");
      await expect(log.append([{ actor: { user: "a" }, kind: "update" }])).rejects.toMatchObject({
        transient: true,
      });
      await expect(ledger.open("a")).rejects.toMatchObject({ code: "unavailable" });

      await rm(ballast);
      full = false;
      for (const resolve of waiting.splice(0)) resolve();
      await ready(ledger);
      await author.write(ledger, numbered(20), () => false);
      await ledger.close();
      expect(author.acknowledged.size).toBeGreaterThan(100);
      await expectSound(await openLevelBackend(join(directory, "store")), [author], "after a full disk");
    } finally {
      unmount(directory);
    }
  },
);

/** Appends until that fails, several at a time; what fails, and what is acknowledged, is remembered. */
async function fillUp(
  log: Awaited<ReturnType<Ledger["open"]>>["log"],
  acknowledged: Map<string, number>,
  random: Random,
): Promise<unknown> {
  for (let round = 0; ; round++) {
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(async each => {
        const text = `fill ${log.head?.sequence ?? 0} ${round} ${each}`;
        const update = random.bytes(5_000 + random.int(40_000));
        const notes = { issues: [{ pointer: "", code: text, message: "", severity: "info" as const }] };
        const [answer] = await log.append([{ actor: { user: "a" }, kind: "update", update, notes }]);
        acknowledged.set(text, answer!.sequence);
      }),
    );
    const failed = outcomes.find(outcome => outcome.status === "rejected");
    if (failed?.status === "rejected") return failed.reason;
  }
}

function canMount(): boolean {
  const probe = join(root, "probe");
  try {
    mkdirSync(probe);
    mount(probe, "1m");
    unmount(probe);
    return true;
  } catch {
    return false;
  }
}

function mount(directory: string, size: string): void {
  runCommand("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory);
}

function unmount(directory: string): void {
  runCommand("umount", directory);
}

function runCommand(command: string, ...parameters: string[]): void {
  execFileSync(command, parameters, { stdio: "ignore" });
}
