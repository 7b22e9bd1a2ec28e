/** `npm run bench`: installs and builds what is missing, then measures; `npm run bench -- --help` lists the options. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { findChromium } from "./chromium.mjs";
import { fail, root } from "./run.mjs";

const args = process.argv.slice(2);
await ensureBuilt().catch(error => fail(error.message));
const measures = !args.some(arg => arg === "--help" || arg === "--from");
const browser = measures ? { CHROMIUM: await findChromium() } : {};

const bench = spawn(process.execPath, [join(root, "apps", "bench", "dist", "main.js"), ...args], {
  cwd: root,
  env: { ...process.env, ...browser },
  stdio: "inherit",
});
// A terminal sends Ctrl-C to both; the benchmark ends its servers, and this process waits for it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => bench.kill(signal));
bench.on("close", (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
