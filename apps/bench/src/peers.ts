/**
 * The other servers and the Node.js that runs everybody, installed from their lock files when they are first needed.
 *
 * They are no workspaces: each has its own `node_modules`, so that nobody runs on another's versions.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Peer = "hocuspocus" | "y-websocket-server";

const folderOf = (peer: Peer | "node") => fileURLToPath(new URL(`../peers/${peer}`, import.meta.url));

/** Installs what is not there as the lock file has it. Install scripts are not run. */
export async function ensurePeer(peer: Peer | "node"): Promise<void> {
  const folder = folderOf(peer);
  const mark = join(folder, "node_modules", ".installed");
  const lock = readFileSync(join(folder, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).update(`${platform()}-${arch()}`).digest("hex");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  console.error(`Installing ${peer} …`);
  const npm = spawn("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(npm, "close");
  if (code !== 0) throw new Error(`npm could not install ${peer} (exit code ${code}).`);
  writeFileSync(mark, wanted);
}

/** The executable of the Node.js that servers and load run on: BENCH_NODE, or the one from npm. */
export async function ensureNode(): Promise<string> {
  if (process.env.BENCH_NODE !== undefined) return process.env.BENCH_NODE;
  await ensurePeer("node");
  return join(folderOf("node"), "node_modules", `node-linux-${arch()}`, "bin", "node");
}

/** What a peer is made of, as its package.json pins it: `name version`. */
export function versionsOf(peer: Peer): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(folderOf(peer), "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
}
