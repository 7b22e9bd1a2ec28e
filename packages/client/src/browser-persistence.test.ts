import "fake-indexeddb/auto";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { describe, test, vi } from "vitest";
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
