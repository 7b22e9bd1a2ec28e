import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { describe, expect, it } from "vitest";

/** What a page loads that uses an entry, minified; its peers are what the page has anyway. */
async function bundle(entry: string): Promise<{ code: string; modules: string[] }> {
  const built = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      rolldownOptions: {
        input: fileURLToPath(new URL(entry, import.meta.url)),
        external: /^(yjs|lib0|y-protocols|y-indexeddb|zod)(\/|$)/,
        preserveEntrySignatures: "strict",
        output: { format: "es" },
      },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter(part => part.type === "chunk");
  return {
    code: chunks.map(({ code }) => code).join(""),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  };
}

describe("what a browser loads", () => {
  it("has nothing of zod, of the rules, or of Node.js", async () => {
    const { code, modules } = await bundle("./index.ts");
    const packages = modules.flatMap(id => /\/packages\/(\w+)\//.exec(id)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual(["bridge", "client", "protocol"]);
    expect(modules.filter(id => id.includes("/node_modules/"))).toEqual([]);
    expect(code).not.toMatch(/from\s*"(node:|zod)/);
  });

  it("has the rules in an entry of their own", async () => {
    const { modules } = await bundle("./judge.ts");
    expect(modules.some(id => /\/packages\/validation\//.test(id))).toBe(true);
  });
});
