/**
 * What a page loads of the client, entry by entry, under the limits of `packages/client/.size-limit.json`: bundled and
 * minified by Vite, compressed, and without what every page that uses Yjs has anyway.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";

const client = join(root, "packages", "client");
const outDir = join(root, "node_modules", ".cache", "size");
const entries = { index: "index.js", browser: "browser.js", provider: "provider.js", json: "json/index.js" };

export async function checkSizes() {
  // Not at the top: `npm start` installs what this needs.
  const { build } = await import("vite");
  rmSync(outDir, { recursive: true, force: true });
  for (const [name, file] of Object.entries(entries)) {
    await build({
      configFile: false,
      logLevel: "error",
      build: {
        outDir,
        emptyOutDir: false,
        minify: true,
        rolldownOptions: {
          input: { [name]: join(client, "dist", file) },
          external: /^(yjs|lib0|y-protocols|y-indexeddb|zod)(\/|$)/,
          preserveEntrySignatures: "strict",
          output: { format: "es", entryFileNames: "[name].js", codeSplitting: false },
        },
      },
    });
  }
  await run("size-limit", [], { cwd: client });
}
