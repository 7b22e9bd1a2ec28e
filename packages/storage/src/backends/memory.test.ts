import { describe, test } from "vitest";
import { storageSuite } from "../storage-suite.js";
import { createMemoryStore } from "./memory.js";

storageSuite({
  name: "memory",
  supports: { persistence: false, snapshotRange: true, exclusive: true },
  runner: { describe, test },
  async open() {
    const store = createMemoryStore();
    return { backend: await store.open(), open: () => store.open(), dispose: async () => undefined };
  },
});
