import { defineConfig } from "vitest/config";

/** Real sockets and clocks, limits of time, and benchmarks: they would disturb each other. */
const timed = [
  "packages/server/src/**/*.test.ts",
  "packages/validation/src/{bombs,fuzz,honest}.test.ts",
  "apps/!(e2e)/src/**/*.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "side by side",
          include: ["packages/*/src/**/*.test.ts"],
          exclude: [...timed, "packages/svelte/**"],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      "packages/svelte/vitest.config.ts",
      {
        extends: true,
        test: {
          name: "one by one",
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
