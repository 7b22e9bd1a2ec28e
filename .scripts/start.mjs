/** `npm start`: installs and builds what is missing, then runs the relay with its page. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { fail, root } from "./run.mjs";

await ensureBuilt().catch(error => fail(error.message));

const relay = spawn(
  process.execPath,
  [join(root, "apps", "relay", "dist", "main.js"), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: "inherit",
  },
);
// A terminal sends Ctrl-C to both; the relay finishes its work, and this process waits for it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => relay.kill(signal));
relay.on("close", (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
