/** The tests in a browser, whose path `npm test` puts into the environment variable CHROMIUM. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["apps/e2e/src/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
