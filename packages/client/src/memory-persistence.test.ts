import { describe, test } from "vitest";
import { memoryPersistence } from "./memory-persistence.js";
import { persistenceSuite } from "./persistence-suite.js";

persistenceSuite({
  name: "in memory",
  breaks: false,
  runner: { describe, test },
  cases: Number(process.env.VERSO_CASES ?? 1000),
  seed: Number(process.env.VERSO_SEED ?? 1),
  async open() {
    const persistence = memoryPersistence();
    return {
      persistence,
      restart: async () => persistence,
      dispose: async () => undefined,
    };
  },
});
