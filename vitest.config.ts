import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

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
      react("18"),
      react("19"),
    ],
  },
});

/** The binding of React, with one of the versions that it works with. */
function react(version: "18" | "19"): TestProjectInlineConfiguration {
  const is18 = version === "18";
  return {
    extends: true,
    resolve: { alias: is18 ? { react: "react-18", "react-dom": "react-dom-18" } : {} },
    test: {
      name: `react ${version}`,
      include: ["packages/react/src/**/*.test.tsx"],
      environment: "jsdom",
      setupFiles: is18 ? [".scripts/react-18.mjs"] : [],
      globalSetup: ["apps/relay/src/binding-relay.ts"],
      maxWorkers: 1,
      sequence: { groupOrder: 1 },
    },
  };
}
