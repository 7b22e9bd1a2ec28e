/**
 * Installs what the lock file says, once: a second call finds the mark that the first one left.
 *
 * Install scripts are not run: every native package we use ships its binaries. The lock file is written by npm 11,
 * which is fetched for the occasion where the machine has an older one.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, run } from "./run.mjs";

const mark = join(root, "node_modules", ".verso-installed");

export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Verso needs Node.js 20.19 or newer; this is ${process.version}.`);
  }
  const wanted = fingerprint();
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  console.log("Installing packages …");
  const install = ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"];
  if ((await npmMajor()) >= 11) await run("npm", install);
  else await run("npx", ["--yes", "npm@11.19.1", ...install]);
  writeFileSync(mark, wanted);
}

/** Changes with the lock file, with the platform, and with nothing else. */
function fingerprint() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const platform = `${process.platform}-${process.arch}-${process.versions.modules}`;
  return createHash("sha256").update(lock).update(platform).digest("hex");
}

async function npmMajor() {
  return Number.parseInt(await run("npm", ["--version"], { capture: true }), 10);
}
