/** Starts the programs that the other scripts are made of. */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a program to its end, from the root of the repository unless `cwd` says otherwise; tools of `node_modules` are
 * found by name. Rejects when it does not exit with 0. With `capture` its output is returned instead of shown.
 */
export function run(command, args = [], { capture = false, cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: {
        ...process.env,
        PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`,
        TURBO_TELEMETRY_DISABLED: "1",
        TURBO_NO_UPDATE_NOTIFIER: "1",
        ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }),
        ...env,
      },
      stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", chunk => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output.trim());
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `exit code ${code}`}.`));
    });
  });
}

/** Says what is wrong and ends. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
