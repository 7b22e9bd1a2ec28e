/** Builds the code that the start page offers to copy, each piece as the entry of an application of its own. */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

/** What is served, by its path: `/snippets/text.js` runs `text.ts`. */
export type Snippets = ReadonlyMap<string, { readonly contentType: string; readonly body: string | Buffer }>;

const contentTypes: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };

export async function buildSnippets(folder: string): Promise<Snippets> {
  const files = readdirSync(folder).filter(name => /\.(ts|tsx|svelte)$/.test(name));
  const input = Object.fromEntries(
    files.map(file => [basename(file, extname(file)), join(folder, file.replace(/\.svelte$/, mounting))]),
  );
  const built = await build({
    configFile: false,
    root: folder,
    base: "/snippets/",
    logLevel: "error",
    plugins: [mountComponents, await sveltePlugin()],
    resolve: {
      dedupe: ["yjs", "lib0", "y-protocols"],
      // As its code says.
      alias: { "monaco-editor/esm/vs": "monaco-editor" },
    },
    build: {
      write: false,
      assetsInlineLimit: 0,
      cssCodeSplit: false,
      modulePreload: false,
      rolldownOptions: { input, output: { entryFileNames: "[name].js" } },
    },
  });
  const { output } = Array.isArray(built) ? built[0]! : (built as Extract<typeof built, { output: unknown }>);
  return new Map(
    output.map(file => [
      `/snippets/${file.fileName}`,
      {
        contentType: contentTypes[extname(file.fileName)] ?? "application/octet-stream",
        body: file.type === "chunk" ? file.code : Buffer.from(file.source),
      },
    ]),
  );
}

const mounting = ".svelte.mount.js";

/** A component is no program: an application mounts it. */
const mountComponents: Plugin = {
  name: "mount-components",
  resolveId: id => (id.endsWith(mounting) ? id : null),
  load(id) {
    if (!id.endsWith(mounting)) return null;
    const component = JSON.stringify(id.replace(mounting, ".svelte"));
    return `
      import { mount } from "svelte";
      import Component from ${component};
      mount(Component, { target: document.body });`;
  },
};

/** That with which our package for Svelte is tested. */
async function sveltePlugin(): Promise<Plugin[]> {
  const { resolve } = createRequire(new URL("../../../packages/svelte/package.json", import.meta.url));
  const { href } = pathToFileURL(resolve("@sveltejs/vite-plugin-svelte"));
  const { svelte } = (await import(href)) as { svelte(options: { configFile: false }): Plugin[] };
  return svelte({ configFile: false });
}
