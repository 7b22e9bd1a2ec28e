/** What a relay shows to whoever watches it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));

const indent = " ".repeat(15);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-serve-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  { by: "a flag", args: ["--monitor"], environment: {} },
  { by: "the environment", args: [], environment: { MONITORING: "true" } },
])(
  "is shown by $by on standard output, and the log goes to standard error",
  async ({ args, environment }) => {
    const child = spawn(
      process.execPath,
      [launcher, "serve", "--port", "0", "--data", join(folder, "d"), ...args],
      {
        cwd: folder,
        env: { ...process.env, ...environment },
      },
    );
    try {
      const exited = new Promise(resolve => child.once("exit", resolve));
      const shown = createInterface(child.stdout)[Symbol.asyncIterator]();
      const url = await new Promise<string>(resolve => {
        createInterface(child.stderr).on("line", line => {
          const found = /"url":"([^"]+)"/.exec(line)?.[1];
          if (found !== undefined) resolve(found);
        });
      });
      const ask = (method: string, path: string, type: string, body: unknown) =>
        fetch(`${url}/api/documents${path}`, {
          method,
          headers: { "content-type": type },
          body: JSON.stringify(body),
        });
      const time = String.raw`\d\d:\d\d:\d\d\.\d\d\d`;
      await ask("POST", "", "application/json", { id: "plan", title: "A", content: { status: "open" } });
      expect((await shown.next()).value).toMatch(new RegExp(`^${time} → anonymous +plan  create 1$`));
      expect((await shown.next()).value).toBe(
        `${indent}{"id":"plan","title":"A","content":{"status":"open"}}`,
      );
      await ask("PATCH", "/other", "application/json-patch+json", []);
      const problem = `^${time} ← anonymous +PATCH /api/documents/other  not-found: `;
      expect((await shown.next()).value).toMatch(new RegExp(problem));
      const paid = [{ op: "replace", path: "/status", value: "paid" }];
      await ask("PATCH", "/plan", "application/json-patch+json", paid);
      expect((await shown.next()).value).toMatch(new RegExp(`^${time} → anonymous +plan  update 2$`));
      expect((await shown.next()).value).toBe(`${indent}replace /status "paid"`);
      child.kill("SIGTERM");
      await exited;
    } finally {
      child.kill("SIGKILL");
    }
  },
);
