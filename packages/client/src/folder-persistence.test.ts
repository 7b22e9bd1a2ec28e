import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { describe, test, vi } from "vitest";
import { folderPersistence } from "./folder-persistence.js";
import type { Persistence, ReplicaStore } from "./persistence.js";
import { persistenceSuite } from "./persistence-suite.js";

/** LevelDB lets go of a folder only when it is closed: a restart closes what is open. */
function tracked(folder: string): { persistence: Persistence; closeAll(): Promise<void> } {
  const stores: ReplicaStore[] = [];
  const persistence = folderPersistence(folder);
  return {
    persistence: {
      open(documentId, epoch) {
        const store = persistence.open(documentId, epoch);
        stores.push(store);
        return store;
      },
    },
    closeAll: async () => void (await Promise.all(stores.map(store => store.close()))),
  };
}

persistenceSuite({
  name: "in a folder",
  breaks: true,
  runner: { describe, test },
  cases: Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 5),
  seed: Number(process.env.VERSO_SEED ?? 1),
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "verso-folder-"));
    let run = tracked(folder);
    return {
      persistence: run.persistence,
      async restart() {
        await run.closeAll();
        vi.restoreAllMocks();
        run = tracked(folder);
        return run.persistence;
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
