/**
 * Finds a Chromium for the browser tests: on the PATH, else from Debian's packages when we are root, else from an
 * npm package that ships one.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run } from "./run.mjs";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const shipped = { name: "@sparticuz/chromium", version: "147.0.0" };

/** The path of an executable Chromium. Installs one if there is none. */
export async function findChromium() {
  return onPath() ?? (await fromDebian()) ?? (await fromNpm());
}

function onPath() {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (existsSync(path)) return path;
    }
  }
  return null;
}

async function fromDebian() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return null;
  console.log("Installing Chromium from Debian's packages …");
  const wait = ["-q", "-o", "DPkg::Lock::Timeout=300"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", [...wait, "update"], { capture: true, env });
    await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", "chromium"], {
      capture: true,
      env,
    });
  } catch (error) {
    console.error(`Debian's packages cannot be had: ${error.message}`);
    return null;
  }
  return onPath();
}

async function fromNpm() {
  const folder = join(root, "node_modules", ".cache", "chromium");
  const entry = join(folder, "node_modules", shipped.name, "build", "esm", "index.js");
  if (!existsSync(entry)) {
    console.log(`Installing Chromium from npm (${shipped.name}) …`);
    await run("npm", [
      ...["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--loglevel=error"],
      `${shipped.name}@${shipped.version}`,
    ]);
  }
  const { default: chromium } = await import(pathToFileURL(entry).href);
  return chromium.executablePath();
}
