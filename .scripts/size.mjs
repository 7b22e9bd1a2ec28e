/**
 * What a page loads of a package, entry by entry, under the limits of its `.size-limit.json`: bundled and minified by Vite,
 * compressed, and without what every page that uses Yjs or the framework has anyway.
 *
 * A package that stands on the client is bundled in one build with the client's main entry, which is the page's as well and
 * has a limit of its own: what both need becomes a file that is not counted, and what is counted is the rest. It holds all
 * that the page loads for the sake of that package, of `@verso/client/binding` too.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { root, run } from "./run.mjs";

const packages = join(root, "packages");
const client = join(packages, "client");
const outDir = join(root, "node_modules", ".cache", "size");
const isOfThePage = /^(yjs|lib0|y-protocols|y-indexeddb|zod|react|react-dom|svelte)(\/|$)/;

export async function checkSizes() {
  rmSync(outDir, { recursive: true, force: true });
  for (const name of readdirSync(packages)) {
    const folder = join(packages, name);
    const config = join(folder, ".size-limit.json");
    if (!existsSync(config)) continue;
    for (const check of readJson(config)) await bundle(folder, check);
    // The tool looks for its plugins in the package that it is called from.
    await run("size-limit", ["--config", config], { cwd: client });
  }
}

/** Bundles the entry that the check is named after into the file that it looks at. */
async function bundle(folder, { name, path }) {
  // Not at the top: `npm start` installs what this needs.
  const { build } = await import("vite");
  const output = resolve(folder, path);
  const input = { [basename(output, ".js")]: entryOf(folder, name) };
  const { NODE_ENV } = process.env;
  const { peerDependencies = {} } = readJson(join(folder, "package.json"));
  if ("@verso/client" in peerDependencies) input.client = entryOf(client, "@verso/client");
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: dirname(output),
      emptyOutDir: false,
      minify: true,
      rolldownOptions: {
        input,
        external: isOfThePage,
        preserveEntrySignatures: "strict",
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "both.js" },
      },
    },
  });
  // A build makes it "production", and what is run after this would take it for that.
  if (NODE_ENV === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = NODE_ENV;
}

/** What is imported as `name`, which is the package's name and perhaps the path of an entry. */
function entryOf(folder, name) {
  const { name: own, exports } = readJson(join(folder, "package.json"));
  return join(folder, exports[`.${name.slice(own.length)}`].default);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

if (import.meta.filename === process.argv[1]) await checkSizes();
