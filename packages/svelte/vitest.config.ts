/** Its tests render, which needs the compiler, and a page in which Svelte is not that of servers. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The compiler's plugin asks for packages to be bundled ahead, which loads Yjs twice: once as what is left out of that. */
const unbundled: Plugin = {
  name: "unbundled",
  configResolved({ environments }) {
    for (const { optimizeDeps } of Object.values(environments)) {
      Object.assign(optimizeDeps, { noDiscovery: true, include: [] });
    }
  },
};

export default defineConfig({
  plugins: [svelte({ configFile: false }), unbundled],
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
