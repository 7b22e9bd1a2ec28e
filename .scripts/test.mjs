/** `npm test`: installs and builds what is missing, then runs every check; the first that fails ends it. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { findChromium } from "./chromium.mjs";
import { checkDocs } from "./docs.mjs";
import { checkLayers } from "./layers.mjs";
import { fail, root, run } from "./run.mjs";
import { checkSizes } from "./size.mjs";

const steps = [
  // The build is the type check too: every package compiles its tests with its sources.
  ["build and types", ensureBuilt],
  ["format, lint, import cycles", () => run("biome", ["ci", "--error-on-warnings", "."])],
  ["package boundaries", () => run("turbo", ["boundaries"])],
  ["package layers", checkLayers],
  ["unused files, exports and dependencies", () => run("knip", ["--no-progress"])],
  ["exports", checkExports],
  ["sizes", checkSizes],
  ["unit, property and integration tests", () => run("vitest", ["run"])],
  ["browser tests", browserTests],
  ["code in READMEs and docs", checkDocs],
];

const begun = performance.now();
for (const [name, step] of steps) {
  console.log(`\n── ${name}`);
  const stepBegun = performance.now();
  try {
    await step();
  } catch (error) {
    fail(`\n✗ ${name}: ${error.message}`);
  }
  console.log(`✓ ${name} (${seconds(stepBegun)} s)`);
}
console.log(`\nEverything holds (${seconds(begun)} s).`);

async function checkExports() {
  for (const name of readdirSync(join(root, "packages"))) {
    const folder = join("packages", name);
    await run("publint", ["run", "--strict", folder]);
    // The command has no exports: nobody imports it.
    if (name !== "cli") await run("attw", ["--pack", folder, "--profile", "esm-only", "--quiet"]);
  }
}

async function browserTests() {
  const chromium = await findChromium();
  console.log(`Browser: ${chromium}`);
  await run("vitest", ["run", "--config", "vitest.e2e.config.ts"], { env: { CHROMIUM: chromium } });
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(1);
}
