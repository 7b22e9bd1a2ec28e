import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { describe, expect, it } from "vitest";

/** What a page loads that uses the client, minified. */
async function bundle(): Promise<{ code: string; modules: string[] }> {
  const entry = fileURLToPath(new URL("./index.ts", import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: "error",
    // As a page's own entry: what vite builds as a library keeps its white space.
    build: {
      write: false,
      minify: true,
      rolldownOptions: { input: entry, preserveEntrySignatures: "strict", output: { format: "es" } },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter(part => part.type === "chunk");
  return {
    code: chunks.map(({ code }) => code).join(""),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  };
}

describe("what a browser loads", () => {
  it("has less than 10 kB, compressed, and neither Yjs nor zod nor anything of Node.js in it", async () => {
    const { code, modules } = await bundle();
    const packages = modules.flatMap(id => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? []);
    expect([...new Set(packages)]).toEqual(["lib0"]);
    expect(modules.filter(id => /packages\/(?!client)/.test(id))).toEqual([]);
    expect(code).not.toMatch(/from\s*"(node:|yjs|zod)/);
    expect(gzipSync(code).length).toBeLessThan(10_000);
  });
});
