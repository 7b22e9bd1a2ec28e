/** `npm run bench`: installs and builds what is missing, then measures; `npm run bench -- --help` lists the options. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { fail, root } from "./run.mjs";

await ensureBuilt().catch(error => fail(error.message));

const bench = spawn(
  process.execPath,
  [join(root, "apps", "bench", "dist", "main.js"), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: "inherit",
  },
);
// A terminal sends Ctrl-C to both; the benchmark ends its servers, and this process waits for it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => bench.kill(signal));
bench.on("close", (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
