import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BatchOperation } from "../backend.js";
import { createRandom } from "../random.js";
import { openLevelBackend } from "./level.js";
import { inspectFolder } from "./level-files.js";
import { readLog } from "./level-log.js";
import { writeLog } from "./level-log.test.writer.js";

const SEED = Number(process.env.VERSO_SEED ?? 7);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

const root = await mkdtemp(join(tmpdir(), "verso-files-"));
let folders = 0;
const newFolder = () => join(root, String(++folders));
afterAll(() => rm(root, { recursive: true, force: true }));

describe("a store", () => {
  let healthy: string;
  /** Has one small table and a short log. */
  let small: string;
  let files: string[];
  let log: string;
  let table: string;
  let manifest: string;

  beforeAll(async () => {
    healthy = newFolder();
    await fill(healthy, 24_000);
    small = newFolder();
    await fill(small, 120);
    await fill(small, 60);
    files = (await inspectFolder(healthy)).files.slice();
    log = files.find(name => name.endsWith(".log"))!;
    table = files.find(name => name.endsWith(".ldb"))!;
    manifest = files.find(name => name.startsWith("MANIFEST"))!;
  });

  test("that is healthy has nothing wrong with it, nor has an empty folder or none", async () => {
    expect(await inspectFolder(healthy, { tables: true })).toMatchObject({ damage: [], tornTails: [] });
    expect(files).toEqual(expect.arrayContaining(["CURRENT", manifest, log, table]));
    expect(await inspectFolder(newFolder())).toEqual({ damage: [], tornTails: [], files: [] });
  });

  test("refuses to open with one bit of its log flipped, says where, and leaves everything as it was", async () => {
    const random = createRandom(SEED);
    const bytes = await readFile(join(healthy, log));
    const directory = await copyOf(healthy);
    for (let run = 0; run < 60; run++) {
      const bit = random.int(bytes.length * 8);
      await writeFile(join(directory, log), flip(bytes, bit));
      const before = await contentOf(directory);
      const refusal = await openLevelBackend(directory).catch(error => error);
      expect(refusal, `seed ${SEED}, bit ${bit}`).toMatchObject({
        code: "corrupted",
        file: join(directory, log),
      });
      expect(refusal.offset).toBeLessThanOrEqual(bit / 8);
      expect(refusal.offset).toBeGreaterThanOrEqual(bit / 8 - 40_000);
      expect(await contentOf(directory)).toBe(before);
    }
  });

  test("refuses to open with a damaged, cut or missing file of any kind", async () => {
    const cases: Record<string, (directory: string) => Promise<void>> = {
      "no CURRENT": directory => rm(join(directory, "CURRENT")),
      "empty CURRENT": directory => truncate(join(directory, "CURRENT"), 0),
      "CURRENT without its end": directory => truncate(join(directory, "CURRENT"), 10),
      "CURRENT that names another manifest": directory =>
        writeFile(join(directory, "CURRENT"), "MANIFEST-000999\n"),
      "no manifest": directory => rm(join(directory, manifest)),
      "empty manifest": directory => truncate(join(directory, manifest), 0),
      "no log": directory => rm(join(directory, log)),
      "a log cut to nothing": directory => rename(join(directory, log), join(directory, "999999.log")),
      "no table": directory => rm(join(directory, table)),
      "a cut table": async directory => {
        const { size } = await stat(join(directory, table));
        await truncate(join(directory, table), size - 1);
      },
    };
    for (const [what, spoil] of Object.entries(cases)) {
      const directory = await copyOf(healthy);
      await spoil(directory);
      const before = await contentOf(directory);
      await expect(openLevelBackend(directory), what).rejects.toMatchObject({ code: "corrupted" });
      expect(await contentOf(directory), what).toBe(before);
    }
  });

  test("refuses to open with any one bit of its manifest flipped", async () => {
    const directory = await copyOf(small);
    const { files } = await inspectFolder(directory);
    const manifest = join(directory, files.find(name => name.startsWith("MANIFEST"))!);
    const bytes = await readFile(manifest);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      await writeFile(manifest, flip(bytes, bit));
      expect((await inspectFolder(directory)).damage.length, `bit ${bit}`).toBeGreaterThan(0);
    }
  });

  test("shows any one bit flipped in a table when its tables are read", async () => {
    const random = createRandom(SEED);
    const directory = await copyOf(small);
    const { files } = await inspectFolder(directory);
    const table = files.find(name => name.endsWith(".ldb"))!;
    const bytes = await readFile(join(directory, table));
    const footer = bytes.length - 48;
    for (let run = 0; run < CASES / 4; run++) {
      const bit = run % 2 === 0 ? random.int(footer * 8) : (footer + random.int(48)) * 8 + random.int(8);
      await writeFile(join(directory, table), flip(bytes, bit));
      const { damage } = await inspectFolder(directory, { tables: true });
      expect(damage, `seed ${SEED}, bit ${bit}`).toMatchObject([{ file: table }]);
      expect(damage[0]!.offset).toBeLessThanOrEqual(bit / 8);
    }
  });

  test("with a gap between two logs is damaged: one of them is not whole or missing", async () => {
    const directory = await copyOf(healthy);
    const batches = [...readLog(await readFile(join(directory, log)))];
    const next = batches.reduce((_, item) => (item.type === "record" ? nextSequence(item.payload) : 0), 0);
    const later = join(directory, "900000.log");
    await writeFile(later, writeLog([batchAt(next), batchAt(next + 1)]));
    expect((await inspectFolder(directory)).damage).toEqual([]);
    await writeFile(later, writeLog([batchAt(next + 1)]));
    expect((await inspectFolder(directory)).damage).toMatchObject([{ file: "900000.log" }]);
    await writeFile(later, writeLog([batchAt(next)]));
    const { size } = await stat(join(directory, log));
    await truncate(join(directory, log), size - 1);
    expect((await inspectFolder(directory)).damage.map(({ file }) => file)).toContain(log);
  });

  test("with a torn tail opens without it and says so, once", async () => {
    const bytes = await readFile(join(healthy, log));
    for (const cut of [1, 100, 5_000]) {
      const directory = await copyOf(healthy);
      await truncate(join(directory, log), bytes.length - cut);
      await using backend = await openLevelBackend(directory);
      expect(backend.notices).toMatchObject([{ code: "torn-tail", file: log }]);
      await backend.batch([put(0)]);
      await backend.close();
      await using again = await openLevelBackend(directory);
      expect(again.notices).toEqual([]);
    }
  });

  test("opens with what is left when it is to be salvaged, and keeps the damaged files", async () => {
    const random = createRandom(SEED);
    const cases: Record<string, { files: string[]; spoil: (directory: string) => Promise<void> }> = {
      log: {
        files: [log],
        async spoil(directory) {
          const bytes = await readFile(join(directory, log));
          await writeFile(join(directory, log), flip(bytes, random.int((bytes.length / 2) * 8)));
        },
      },
      manifest: { files: [manifest], spoil: directory => truncate(join(directory, manifest), 20) },
      CURRENT: { files: [], spoil: directory => rm(join(directory, "CURRENT")) },
      table: { files: [], spoil: directory => rm(join(directory, table)) },
    };
    for (const [what, { files: damaged, spoil }] of Object.entries(cases)) {
      const directory = await copyOf(healthy);
      await spoil(directory);
      const before = new Map<string, Buffer>();
      for (const name of damaged) before.set(name, await readFile(join(directory, name)));
      await using backend = await openLevelBackend(directory, { salvage: true });
      expect(backend.notices.filter(({ code }) => code === "salvaged").length, what).toBeGreaterThan(0);
      let left = 0;
      for await (const _ of backend.keys()) left += 1;
      expect(left, what).toBeGreaterThan(1_000);
      await backend.batch([put(0)]);
      await backend.close();
      for (const [name, bytes] of before) {
        expect(bytes.equals(await readFile(join(directory, "damaged", "1", name)))).toBe(true);
      }
      await using again = await openLevelBackend(directory);
      expect(again.notices, what).toEqual([]);
      let stillThere = 0;
      for await (const _ of again.keys()) stillThere += 1;
      expect(stillThere, what).toBeGreaterThanOrEqual(left);
    }
  });
});

/** Enough that some of it is in a table and some in the log, over several blocks. */
async function fill(directory: string, entries: number): Promise<void> {
  await using backend = await openLevelBackend(directory);
  for (let start = 0; start < entries; start += 60) {
    await backend.batch(
      Array.from({ length: 60 }, (_, index) => put(start + index)),
      { durable: false },
    );
  }
}

function put(number: number): BatchOperation {
  const random = createRandom(number);
  return { type: "put", key: Buffer.from(`key ${number}`), value: random.bytes(180) };
}

async function copyOf(directory: string): Promise<string> {
  const copy = newFolder();
  await cp(directory, copy, { recursive: true });
  return copy;
}

/** Changes with any name, size or byte in the folder. */
async function contentOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(directory)).sort()) {
    const bytes = await readFile(join(directory, name));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

/** A batch of one deletion. */
function batchAt(sequence: number): Buffer {
  const batch = Buffer.alloc(15);
  batch.writeBigUInt64LE(BigInt(sequence), 0);
  batch.writeUInt32LE(1, 8);
  batch.set([0, 1, 0x61], 12);
  return batch;
}

function nextSequence(batch: Buffer): number {
  return Number(batch.readBigUInt64LE(0)) + batch.readUInt32LE(8);
}
