import "fake-indexeddb/auto";
import { IDBDatabase, IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { clearDocument, IndexeddbPersistence, storeState } from "y-indexeddb";
import * as Y from "yjs";
import { browserPersistence } from "./browser-persistence.js";
import { persistenceSuite } from "./persistence-suite.js";

persistenceSuite({
  name: "in a browser",
  breaks: true,
  runner: { describe, test },
  cases: Number(process.env.VERSO_CASES ?? 1000),
  seed: Number(process.env.VERSO_SEED ?? 1),
  async open() {
    const indexedDB = new IDBFactory();
    return {
      persistence: browserPersistence({ indexedDB }),
      async restart() {
        vi.restoreAllMocks();
        return browserPersistence({ indexedDB });
      },
      breakUpdates() {
        const { add } = IDBObjectStore.prototype;
        vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (
          this: IDBObjectStore,
          ...given
        ) {
          if (this.name === "updates") throw new DOMException("The disk is gone.", "UnknownError");
          return add.apply(this, given);
        });
      },
      dispose: async () => undefined,
    };
  },
});

let indexedDB = new IDBFactory();
beforeEach(() => {
  indexedDB = new IDBFactory();
  // Where y-indexeddb looks for it.
  vi.stubGlobal("indexedDB", indexedDB);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("beside plain y-indexeddb", () => {
  test("it reads what was written here", async () => {
    const store = browserPersistence().open("note");
    await store.add({ madeAt: 1, update: updateOf("hello ") });
    await store.addRemote([updateOf("world ")]);
    await store.close();

    const doc = new Y.Doc();
    const plain = new IndexeddbPersistence("note", doc);
    await plain.whenSynced;
    expect(wordsOf([Y.encodeStateAsUpdate(doc)])).toEqual(["hello", "world"]);
    await plain.destroy();
  });

  test("what it has written is read here, and is in no record", async () => {
    const doc = new Y.Doc();
    const plain = new IndexeddbPersistence("note", doc);
    await plain.whenSynced;
    doc.getText("text").insert(0, "hello");
    await plain.destroy();

    const { updates, outbox, meta } = await browserPersistence().open("note").load();
    expect(textOf(updates)).toBe("hello");
    expect(outbox).toEqual([]);
    expect(meta).toBeNull();
  });

  test("both may have it open and write and compact", async () => {
    const doc = new Y.Doc();
    const plain = new IndexeddbPersistence("note", doc);
    await plain.whenSynced;
    const store = browserPersistence().open("note");
    await store.load();
    const ours = updateOf("ours ");
    await store.addRemote([ours]);
    doc.getText("text").insert(0, "plain ");
    await store.compact(ours);
    await storeState(plain);
    await store.addRemote([updateOf("afterwards ")]);
    await plain.destroy();
    const { updates } = await browserPersistence().open("note").load();
    expect(wordsOf(updates)).toEqual(["afterwards", "ours", "plain"]);
  });
});

describe("the databases", () => {
  test("looking at a document creates none, and begins nothing that may write", async () => {
    const store = browserPersistence().open("note");
    await store.load();
    await store.outboxSince(0);
    await store.clear();
    await store.close();
    expect(await names()).toEqual([]);

    await browserPersistence()
      .open("note")
      .add({ madeAt: 1, update: updateOf("a") });
    const begun = vi.spyOn(IDBDatabase.prototype, "transaction");
    const again = browserPersistence().open("note");
    expect((await again.load()).outbox).toHaveLength(1);
    await again.outboxSince(0);
    const modes = begun.mock.results.map(({ value }) => value.mode);
    expect(new Set(modes)).toEqual(new Set(["readonly"]));
  });

  test("are named after the document, with a prefix and with its epoch where there are", async () => {
    const persistence = browserPersistence({ prefix: "ada:" });
    await persistence.open("note").add({ madeAt: 1, update: updateOf("a") });
    expect(await names()).toEqual(["ada:note", "ada:note:outbox"]);
    await persistence.open("note", 3).addRemote([updateOf("b")]);
    await persistence.open("note").add({ madeAt: 1, update: updateOf("c") });
    expect(await names()).toEqual(["ada:note", "ada:note:outbox", "ada:note@3", "ada:note@3:outbox"]);
  });

  test("hold the bytes of an update, and not the buffer that they lie in", async () => {
    const update = updateOf("a");
    const frame = new Uint8Array(10_000);
    frame.set(update, 5);
    const store = browserPersistence().open("note");
    await store.add({ madeAt: 1, update: frame.subarray(5, 5 + update.length) });
    const { updates } = await store.load();
    expect(updates.map(({ buffer }) => buffer.byteLength)).toEqual([update.length, update.length]);
  });

  test("are written once for all that was added meanwhile, and records so that a power cut spares them", async () => {
    const store = browserPersistence().open("note");
    await store.add({ madeAt: 0, update: updateOf("a") });
    const begun = vi.spyOn(IDBDatabase.prototype, "transaction");
    const updates = Array.from({ length: 1000 }, () => updateOf("x"));
    await Promise.all(updates.map((update, madeAt) => store.add({ madeAt, update })));
    expect(begun.mock.calls.map(([stores, mode, options]) => [stores, mode, options?.durability])).toEqual([
      ["records", "readwrite", "strict"],
      ["updates", "readwrite", undefined],
    ]);
  });
});

describe("what goes wrong", () => {
  test("a full disk is told as `storage-full`, keeps nothing of the call, and later calls may succeed", async () => {
    const store = browserPersistence().open("note");
    const { add } = IDBObjectStore.prototype;
    const full = vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (
      this: IDBObjectStore,
      ...given
    ) {
      const request = add.apply(this, given);
      // As late as browsers notice: when the transaction is committed.
      request.addEventListener("success", () =>
        Reflect.get(this.transaction, "_abort").call(this.transaction, "QuotaExceededError"),
      );
      return request;
    });
    await expect(store.add({ madeAt: 1, update: updateOf("a") })).rejects.toMatchObject({
      name: "ClientError",
      code: "storage-full",
    });
    await expect(store.addRemote([updateOf("b")])).rejects.toMatchObject({ code: "storage-full" });
    full.mockRestore();
    expect(await store.load()).toEqual({ updates: [], outbox: [], meta: null });
    await store.add({ madeAt: 2, update: updateOf("c") });
    expect(textOf((await store.load()).updates)).toBe("c");
  });

  test("a browser without IndexedDB", async () => {
    vi.stubGlobal("indexedDB", undefined);
    const store = browserPersistence().open("note");
    const error = { code: "storage-failed", message: "There is no IndexedDB here." };
    await expect(store.load()).rejects.toMatchObject(error);
    await expect(store.add({ madeAt: 1, update: updateOf("a") })).rejects.toMatchObject(error);
    await store.close();
  });

  test("a browser that refuses to keep anything", async () => {
    vi.spyOn(IDBFactory.prototype, "open").mockImplementation(() => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    });
    const store = browserPersistence().open("note");
    await expect(store.load()).rejects.toMatchObject({
      code: "storage-failed",
      message: "The browser's database failed: The operation is insecure.",
      cause: { name: "SecurityError" },
    });
  });

  test("another page deletes the database: it may, and the store that had it open rejects", async () => {
    const store = browserPersistence().open("note");
    await store.addRemote([updateOf("a")]);
    await clearDocument("note");
    await expect(store.addRemote([updateOf("b")])).rejects.toMatchObject({ code: "storage-failed" });
    await expect(store.load()).rejects.toMatchObject({ code: "storage-failed" });
    await store.close();
    const again = browserPersistence().open("note");
    await again.addRemote([updateOf("c")]);
    expect(textOf((await again.load()).updates)).toBe("c");
  });

  test("a page that holds a database which is to be deleted: `storage-locked`, until it lets go", async () => {
    await browserPersistence()
      .open("note")
      .addRemote([updateOf("a")]);
    const holder = await opened(indexedDB.open("note"));
    indexedDB.deleteDatabase("note");

    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const store = browserPersistence().open("note");
    const loading = store.load();
    const rejected = expect(loading).rejects.toMatchObject({ code: "storage-locked" });
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(10_000);
    await rejected;
    holder.close();
    expect((await store.load()).updates).toEqual([]);
    await store.close();
  });
});

async function names(): Promise<(string | undefined)[]> {
  return (await indexedDB.databases()).map(({ name }) => name).sort();
}

function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise(resolve => {
    request.onsuccess = () => resolve(request.result);
  });
}

function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function wordsOf(updates: readonly Uint8Array[]): string[] {
  return textOf(updates).trim().split(" ").sort();
}

function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText("text").toString();
}
