import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStorage } from "./file-storage.js";
import {
  browserStorage,
  type EditStorage,
  memoryStorage,
  type StoredEdit,
  type WebStorage,
} from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-client-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function edit(id: string, order: number): StoredEdit {
  const message = { type: "delete_document", document_id: "note", edit_id: id } as const;
  const standing = { base: { revision: "1-r", sequence: 1 }, patch: [], isContested: false };
  return { message, order, on: [], asItStands: false, standing, lists: ["/content/list"] };
}

function createArea(): WebStorage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: index => [...items.keys()][index] ?? null,
    getItem: key => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: key => void items.delete(key),
  };
}

const storages: Record<string, () => () => EditStorage> = {
  "in memory": () => {
    const storage = memoryStorage();
    return () => storage;
  },
  "in a browser": () => {
    const area = createArea();
    area.setItem("of somebody else", "?");
    return () => browserStorage({ name: "ada", area });
  },
  "in a file": () => () => fileStorage(join(folder, "edits")),
};

describe.each(Object.entries(storages))("a storage %s", (_, create) => {
  it("keeps edits, in their latest form, until they are removed, over restarts", async () => {
    const open = create();
    const storage = open();
    expect(await storage.load()).toEqual([]);
    await Promise.all([storage.put(edit("a", 1)), storage.put(edit("b", 2)), storage.put(edit("c", 3))]);
    await storage.put({ ...edit("b", 2), on: ["a"] });
    await storage.remove("a");
    await storage.remove("nothing");
    for (let restart = 0; restart < 2; restart++) {
      const kept = [...(await open().load())].sort((one, other) => one.order - other.order);
      expect(kept).toEqual([{ ...edit("b", 2), on: ["a"] }, edit("c", 3)]);
    }
  });
});

describe("a file of edits", () => {
  it("passes over a line that a crash has cut off, and goes on behind what was whole", async () => {
    const path = join(folder, "edits");
    const storage = fileStorage(path);
    await storage.load();
    await storage.put(edit("a", 1));
    appendFileSync(path, JSON.stringify({ put: edit("b", 2) }).slice(0, -5));
    const next = fileStorage(path);
    expect(await next.load()).toEqual([edit("a", 1)]);
    await next.put(edit("c", 3));
    expect(await fileStorage(path).load()).toEqual([edit("a", 1), edit("c", 3)]);
  });

  it("does not grow with what was let go", async () => {
    const path = join(folder, "edits");
    const storage = fileStorage(path);
    for (let order = 0; order < 20; order++) {
      await storage.put(edit("a", order));
      await storage.remove("a");
    }
    await fileStorage(path).load();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("says when its folder is not there", async () => {
    const storage = fileStorage(join(folder, "nowhere", "edits"));
    await expect(storage.load()).rejects.toMatchObject({ code: "ENOENT" });
    await expect(storage.put(edit("a", 1))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

it("two queues of one browser do not see each other", async () => {
  const area = createArea();
  await browserStorage({ name: "ada", area }).put(edit("a", 1));
  expect(await browserStorage({ name: "bob", area }).load()).toEqual([]);
  expect(() => browserStorage({ name: "ada" })).toThrow("localStorage");
});
