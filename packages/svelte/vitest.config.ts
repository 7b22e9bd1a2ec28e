/** Its tests render, which needs the compiler, and a page in which Svelte is not that of servers. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ["browser"] },
  test: {
    name: "svelte",
    include: ["src/**/*.test.ts"],
    environment: "jsdom",
    globalSetup: ["../../apps/relay/src/binding-relay.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    sequence: { groupOrder: 1 },
  },
});
