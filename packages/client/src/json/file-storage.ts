/**
 * Edits kept in a file, for Node.js: a log of JSON lines, each forced to the disk before it counts.
 *
 * `{"put": edit}` keeps, `{"remove": id}` lets go. A last line that was cut off by a crash was never acknowledged, and is
 * passed over. Opening writes the file anew with what is left, beside the old one, and then takes its place.
 */
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { StoredEdit } from "./edit.js";
import type { EditStorage } from "./edit-storage.js";

type Line = { readonly put: StoredEdit } | { readonly remove: string };

/** Survives a restart and a power cut. The file is for one client at a time; its folder must be there. */
export function fileStorage(path: string): EditStorage {
  let turn: Promise<unknown> = Promise.resolve();

  return {
    load: () => next(load),
    put: edit => next(() => write({ put: edit })),
    remove: editId => next(() => write({ remove: editId })),
  };

  /** One after the other, whether or not the one before succeeded. */
  function next<T>(task: () => Promise<T>): Promise<T> {
    const result = turn.then(task, task);
    turn = result;
    return result;
  }

  async function load(): Promise<readonly StoredEdit[]> {
    const kept = await read(path);
    await withFile(`${path}.new`, "w", async file => {
      await file.writeFile(kept.map(edit => toLine({ put: edit })).join(""));
      await file.sync();
    });
    await rename(`${path}.new`, path);
    // Else a power cut could bring back the old file, and what is put into the new one would be gone.
    await withFile(dirname(path), "r", folder => folder.sync());
    return kept;
  }

  function write(line: Line): Promise<void> {
    return withFile(path, "a", async file => {
      const { size } = await file.stat();
      try {
        await file.writeFile(toLine(line));
        await file.datasync();
      } catch (error) {
        // The next line must not be joined to half of this one.
        await file.truncate(size);
        throw error;
      }
    });
  }
}

async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function read(path: string): Promise<StoredEdit[]> {
  const kept = new Map<string, StoredEdit>();
  for (const line of (await textOf(path)).split("\n").slice(0, -1)) {
    const entry = JSON.parse(line) as Line;
    if ("put" in entry) kept.set(entry.put.message.edit_id, entry.put);
    else kept.delete(entry.remove);
  }
  return [...kept.values()];
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function toLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}
