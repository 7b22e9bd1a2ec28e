import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLevelBackend } from "./backends/level.js";
import { openLedger } from "./ledger.js";
import { createRandom } from "./random.js";
import { verifyFolder } from "./verify-folder.js";
import type { VerifyIssue } from "./verify-issue.js";

const SEED = Number(process.env.VERSO_SEED ?? 31);

const root = await mkdtemp(join(tmpdir(), "verso-verify-folder-"));
const scratch = join(root, "scratch");
let folders = 0;
const newFolder = () => join(root, String(++folders));
afterAll(() => rm(root, { recursive: true, force: true }));

/** A ledger of which some is in a table and some in the log. */
let healthy: string;

beforeAll(async () => {
  await mkdir(scratch);
  healthy = newFolder();
  const random = createRandom(SEED);
  for (let session = 0; session < 2; session++) {
    await using ledger = await openLedger({ open: () => openLevelBackend(healthy) });
    for (const document of ["a", "b"]) {
      const { log } = await ledger.open(document);
      for (let round = 0; round < 20; round++) {
        const drafts = Array.from({ length: 10 }, () => ({
          actor: { user: "ada" },
          kind: "update" as const,
          update: random.bytes(40),
          change: random.bytes(60),
        }));
        await log.append(drafts);
      }
      await log.saveSnapshot({ sequence: log.head!.sequence - 3, state: random.bytes(5_000) });
    }
  }
});

async function copyOf(directory: string): Promise<string> {
  const copy = newFolder();
  await cp(directory, copy, { recursive: true });
  return copy;
}

async function contentOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(directory)).sort())
    hash.update(name).update(await readFile(join(directory, name)));
  return hash.digest("hex");
}

async function verify(directory: string) {
  const before = await contentOf(directory);
  const issues: VerifyIssue[] = [];
  const summary = await verifyFolder(directory, { scratch, onIssue: issue => void issues.push(issue) });
  expect(summary.issues).toBe(issues.length);
  expect(await contentOf(directory)).toBe(before);
  expect(await readdir(scratch)).toEqual([]);
  return { issues, summary };
}

async function fileOf(directory: string, pattern: RegExp): Promise<string> {
  const [name] = (await readdir(directory)).filter(each => pattern.test(each));
  return join(directory, name!);
}

test("a healthy folder has no issues and stays as it is", async () => {
  const { issues, summary } = await verify(healthy);
  expect(issues).toEqual([]);
  expect(summary).toMatchObject({ documents: 2, commits: 800, snapshots: 4, feedEntries: 80 });
});

test("a bit flipped anywhere in the log or a table is reported, with its file", async () => {
  const random = createRandom(SEED);
  const directory = await copyOf(healthy);
  for (const pattern of [/\.log$/, /\.ldb$/]) {
    const file = await fileOf(directory, pattern);
    const bytes = await readFile(file);
    for (let run = 0; run < 8; run++) {
      const bit = random.int(bytes.length * 8);
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(file, flipped);
      const { issues } = await verify(directory);
      expect(issues[0], `seed ${SEED}, bit ${bit}`).toMatchObject({
        code: "corrupted-entry",
        severity: "critical",
        file: file.slice(directory.length + 1),
      });
    }
    await writeFile(file, bytes);
  }
  expect((await verify(directory)).issues).toEqual([]);
});

test("what the damage hides shows as commits that are missing", async () => {
  const directory = await copyOf(healthy);
  const file = await fileOf(directory, /\.log$/);
  const bytes = await readFile(file);
  bytes[20_000]! ^= 1;
  await writeFile(file, bytes);
  const { issues } = await verify(directory);
  expect(issues).toContainEqual(expect.objectContaining({ code: "missing-reference", severity: "critical" }));
});

test("a torn tail is reported as harmless, and the chain holds without it", async () => {
  const directory = await copyOf(healthy);
  const file = await fileOf(directory, /\.log$/);
  await truncate(file, (await readFile(file)).length - 10);
  const { issues, summary } = await verify(directory);
  expect(issues[0]).toMatchObject({ code: "corrupted-entry", severity: "low" });
  // The batch that was torn made a snapshot out of its pieces.
  expect(issues.slice(1)).toMatchObject([{ code: "orphaned-data", severity: "low", document: "b" }]);
  expect(summary.commits).toBe(800);
});

test("a folder without CURRENT or with half a manifest is read all the same", async () => {
  for (const spoil of [
    async (directory: string) => rm(join(directory, "CURRENT")),
    async (directory: string) => truncate(await fileOf(directory, /^MANIFEST/), 30),
  ]) {
    const directory = await copyOf(healthy);
    await spoil(directory);
    const { issues, summary } = await verify(directory);
    expect(issues[0]).toMatchObject({ code: "corrupted-entry", severity: "critical" });
    expect(issues.every(({ document }) => document === undefined)).toBe(true);
    expect(summary.commits).toBe(800);
  }
});

test("a folder in which nothing is readable is reported and not thrown", async () => {
  const directory = await copyOf(healthy);
  for (const name of await readdir(directory)) await writeFile(join(directory, name), Buffer.alloc(100, 1));
  expect((await verify(directory)).issues[0]).toMatchObject({
    code: "corrupted-entry",
    severity: "critical",
  });
});

test("a folder without a store is not found, one that cannot be copied says so", async () => {
  await expect(verifyFolder(newFolder())).rejects.toMatchObject({ code: "not-found" });
  const empty = newFolder();
  await mkdir(empty);
  await expect(verifyFolder(empty)).rejects.toMatchObject({ code: "not-found" });
  const elsewhere = join(newFolder(), "missing");
  await expect(verifyFolder(healthy, { scratch: elsewhere })).rejects.toMatchObject({ file: elsewhere });
});
