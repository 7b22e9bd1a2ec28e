/** Runs a program that stands in the documentation: what it says matters only when it fails. */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "./run.mjs";

const timeout = 60_000;

/** Runs to the end; what it started in the background is ended with it. What went wrong, or `null`. */
export function finish(command, args, cwd) {
  return new Promise(resolve => {
    const bin = join(root, "node_modules", ".bin");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", text => (output += text));
    const timer = setTimeout(() => {
      output += `\n(did not end within ${timeout / 1000} seconds)`;
      process.kill(-child.pid, "SIGKILL");
    }, timeout);
    child.on("exit", code => {
      clearTimeout(timer);
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
      resolve(code === 0 ? null : `ended with ${code}:\n${output.trim()}`);
    });
  });
}
