import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BatchOperation } from "../backend.js";
import { storageSuite } from "../storage-suite.js";
import { openLevelBackend } from "./level.js";

const root = await mkdtemp(join(tmpdir(), "verso-level-"));
let folders = 0;
const newFolder = () => join(root, String(++folders));

afterAll(() => rm(root, { recursive: true, force: true }));

storageSuite({
  name: "LevelDB",
  supports: { persistence: true, snapshotRange: true, exclusive: true },
  runner: { describe, test },
  async open() {
    const directory = newFolder();
    return {
      backend: await openLevelBackend(directory),
      open: () => openLevelBackend(directory),
      dispose: () => rm(directory, { recursive: true }),
    };
  },
});

describe("opening a folder", () => {
  test("makes it, and those above it", async () => {
    const directory = join(newFolder(), "a", "b");
    await using backend = await openLevelBackend(directory);
    await backend.batch([put("a", 10)]);
    expect(backend.notices).toEqual([]);
    expect(backend.directory).toBe(directory);
  });

  test("that must exist and does not is not found, and is not made", async () => {
    const directory = newFolder();
    await expect(openLevelBackend(directory, { createIfMissing: false })).rejects.toMatchObject({
      code: "not-found",
    });
    expect(await readdir(root)).not.toContain(String(folders));
  });

  test("that is a file, or lies in one, is unavailable for good", async () => {
    const file = newFolder();
    await writeFile(file, "not a folder");
    for (const path of [file, join(file, "below")]) {
      await expect(openLevelBackend(path)).rejects.toMatchObject({
        code: "unavailable",
        transient: false,
        file: path,
      });
    }
    expect(await readFile(file, "utf8")).toBe("not a folder");
  });

  test.skipIf(process.getuid?.() === 0)(
    "that may not be read is denied (skipped as root, who may)",
    async () => {
      const directory = newFolder();
      await mkdir(directory);
      await chmod(directory, 0o000);
      await expect(openLevelBackend(directory)).rejects.toMatchObject({
        code: "access-denied",
        transient: false,
      });
      await chmod(directory, 0o700);
    },
  );

  test("without a path is a mistake of the program", async () => {
    await expect(openLevelBackend("")).rejects.toBeInstanceOf(TypeError);
  });

  test("leaves other files in it alone", async () => {
    const directory = newFolder();
    await mkdir(directory);
    await writeFile(join(directory, "readme.txt"), "mine");
    await using backend = await openLevelBackend(directory);
    await backend.batch([put("a", 10)]);
    await backend.close();
    await (await openLevelBackend(directory)).close();
    expect(await readFile(join(directory, "readme.txt"), "utf8")).toBe("mine");
  });

  test("that another process has open is refused as in use, whatever its files look like meanwhile", async () => {
    const directory = newFolder();
    await using first = await openLevelBackend(directory);
    let writing = true;
    const writes = (async () => {
      for (let round = 0; writing; round++) {
        await first.batch(
          Array.from({ length: 100 }, (_, index) => put(`${round} ${index}`, 500)),
          { durable: false },
        );
      }
    })();
    for (let attempt = 0; attempt < 30; attempt++) {
      await expect(openLevelBackend(directory)).rejects.toMatchObject({ code: "in-use", transient: true });
      await expect(openLevelBackend(directory, { salvage: true })).rejects.toMatchObject({ code: "in-use" });
    }
    writing = false;
    await writes;
  });
});

test("after an error of the disk it accepts no batch until it is opened again", async () => {
  const directory = newFolder();
  const backend = await openLevelBackend(directory);
  await backend.batch([put("a", 10)]);
  // Folders in the way of the next logs: LevelDB cannot begin one when this one is full.
  const latest = Math.max(...(await readdir(directory)).map(name => Number(/\d+/.exec(name)?.[0] ?? 0)));
  const inTheWay = [1, 2, 3, 4].map(next => join(directory, `${String(latest + next).padStart(6, "0")}.log`));
  for (const folder of inTheWay) await mkdir(folder);
  const fill = async () => {
    for (let round = 0; round < 20; round++)
      await backend.batch([put(`fill ${round}`, 500_000)], { durable: false });
  };
  await expect(fill()).rejects.toMatchObject({ code: "write-failed", transient: true });
  // LevelDB alone would go on from here.
  for (const folder of inTheWay) await rmdir(folder);
  await expect(backend.batch([put("b", 10)])).rejects.toMatchObject({ code: "write-failed" });
  expect((await backend.get(Buffer.from("a")))?.length).toBe(10);
  await backend.close();

  await using again = await openLevelBackend(directory);
  expect((await again.get(Buffer.from("a")))?.length).toBe(10);
  expect(await again.has(Buffer.from("b"))).toBe(false);
  await again.batch([put("b", 10)]);
});

function put(name: string, length: number): BatchOperation {
  return { type: "put", key: Buffer.from(name), value: Buffer.alloc(length, name) };
}
