import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Level } from "level";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import { folderPersistence } from "./folder-persistence.js";
import type { Line } from "./folder-persistence.test.writer.js";
import { persistenceSuite } from "./persistence-suite.js";

persistenceSuite({
  name: "in a folder",
  breaks: true,
  runner: { describe, test },
  cases: Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 5),
  seed: Number(process.env.VERSO_SEED ?? 1),
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "verso-folder-"));
    return {
      persistence: folderPersistence(folder),
      async restart(open) {
        await Promise.all(open.map(store => store.close()));
        vi.restoreAllMocks();
        return folderPersistence(folder);
      },
      breakUpdates() {
        const { batch } = Level.prototype;
        vi.spyOn(Level.prototype, "batch").mockImplementation(function (this: Level, ...given: unknown[]) {
          const [writes] = given as [{ readonly key: string }[]];
          if (writes.some(({ key }) => key.includes("/updates/"))) throw new Error("Input/output error");
          return Reflect.apply(batch, this, given);
        });
      },
      dispose: () => rm(folder, { recursive: true }),
    };
  },
});

const root = await mkdtemp(join(tmpdir(), "verso-folders-"));
let folders = 0;
const newFolder = () => join(root, String(++folders));
afterAll(() => rm(root, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

describe("a folder", () => {
  test("is for one process at a time: everything else is rejected with `storage-locked`, until it is closed", async () => {
    const folder = newFolder();
    const first = folderPersistence(folder).open("a");
    await first.load();
    const second = folderPersistence(folder).open("a");
    await expect(second.load()).rejects.toMatchObject({ name: "ClientError", code: "storage-locked" });
    await expect(second.addRemote([Uint8Array.of(0, 0)])).rejects.toMatchObject({ code: "storage-locked" });
    await first.close();
    await second.addRemote([Uint8Array.of(0, 0)]);
    await second.close();
  });

  test("is open for as long as one of its stores is", async () => {
    const folder = newFolder();
    const persistence = folderPersistence(folder);
    const [first, second] = [persistence.open("a"), persistence.open("b")];
    await Promise.all([first.load(), second.load()]);
    await first.close();
    await expect(folderPersistence(folder).open("a").load()).rejects.toMatchObject({
      code: "storage-locked",
    });
    await second.addRemote([Uint8Array.of(0, 0)]);
    await second.close();
    const [again, other] = [persistence.open("b"), folderPersistence(folder).open("b")];
    expect((await again.load()).updates).toHaveLength(1);
    await again.close();
    expect((await other.load()).updates).toHaveLength(1);
    await other.close();
  });

  test("that cannot be made", async () => {
    const file = newFolder();
    await writeFile(file, "");
    const store = folderPersistence(join(file, "below")).open("a");
    await expect(store.load()).rejects.toMatchObject({ code: "storage-failed" });
    await store.close();
  });

  test("is written to no more once a write has failed, until everything was closed", async () => {
    const persistence = folderPersistence(newFolder());
    const stores = [persistence.open("a"), persistence.open("b")];
    const add = (at: number) => stores[at]!.add({ madeAt: 1, update: Uint8Array.of(0, 0) });
    await Promise.all([add(0), add(1)]);
    vi.spyOn(Level.prototype, "batch").mockRejectedValueOnce(new Error("IO error: No space left on device"));
    await expect(add(0)).rejects.toMatchObject({ code: "storage-full" });
    await expect(add(1)).rejects.toMatchObject({ code: "storage-failed", cause: { code: "storage-full" } });
    expect((await stores[1]!.load()).outbox).toHaveLength(1);
    await Promise.all(stores.map(store => store.close()));
    stores[0] = persistence.open("a");
    expect(await add(0)).toBe(2);
    await stores[0].close();
  });

  test("is synced to the disk for records alone, once for all that were added meanwhile", async () => {
    const store = folderPersistence(newFolder()).open("a");
    await store.load();
    const written = vi.spyOn(Level.prototype, "batch");
    const update = Uint8Array.of(0, 0);
    await Promise.all(Array.from({ length: 100 }, () => store.add({ madeAt: 1, update })));
    await store.addRemote([update], { sequence: 1 });
    const [first, second, ...others] = written.mock.calls.map(call => call[1 as number]);
    expect([first, second]).toEqual([{ sync: true }, { sync: false }]);
    for (const options of others) expect(options).toEqual({ sync: false });
    await store.close();
  });

  test("is a path", () => {
    expect(() => folderPersistence("")).toThrow(TypeError);
  });
});

describe("a process that is killed", () => {
  const writer = fileURLToPath(new URL("../dist/folder-persistence.test.writer.js", import.meta.url));
  const kills = Math.max(4, Math.floor(Number(process.env.VERSO_CASES ?? 1000) / 200));

  test("has lost nothing that it was told is kept, and gives no number twice", async () => {
    if (!existsSync(writer)) throw new Error("the package is not built: run `npm run build` first");
    const folder = newFolder();
    const said: Line[] = [];
    for (let run = 0; run < kills; run++) {
      said.push(...(await killedAfter(20 + 37 * run, folder)));
      const store = folderPersistence(folder).open("document");
      const { updates, outbox } = await store.load();
      await store.close();

      const doc = new Y.Doc();
      for (const update of updates) Y.applyUpdate(doc, update);
      const words = doc.getArray<string>("words").toArray();
      expect(new Set(words).size).toBe(words.length);
      const waiting = new Set(outbox.map(({ clientSequence }) => clientSequence));
      const settled = new Set(said.flatMap(line => (line.type === "settles" ? line.clientSequence : [])));
      const given = new Set<number>();
      for (const line of said) {
        if (line.type !== "added") continue;
        expect(given.has(line.clientSequence)).toBe(false);
        given.add(line.clientSequence);
        expect(words).toContain(line.word);
        if (!settled.has(line.clientSequence)) expect(waiting).toContain(line.clientSequence);
      }
    }
  });

  /** What the writer said by the time it was gone: killed once it had said so many lines. */
  async function killedAfter(enough: number, folder: string): Promise<Line[]> {
    const child = spawn(process.execPath, [writer, folder], { stdio: ["ignore", "pipe", "inherit"] });
    const gone = once(child, "close");
    const lines: Line[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(JSON.parse(line));
      if (lines.length === enough) child.kill("SIGKILL");
    }
    expect(await gone).toEqual([null, "SIGKILL"]);
    return lines;
  }
});
