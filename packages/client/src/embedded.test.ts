import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

/** One script, minified, of what stands in a file and all that it imports. */
async function bundle(file: string, { external = [] as (string | RegExp)[] } = {}) {
  const input = fileURLToPath(new URL(file, import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      rolldownOptions: {
        input,
        external,
        preserveEntrySignatures: "strict",
        output: { format: external.length > 0 ? "es" : "iife", name: "verso" },
      },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter(part => part.type === "chunk");
  return {
    code: chunks.map(({ code }) => code).join(""),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  };
}

describe("the core in an engine that has nothing but the language", () => {
  let code: string;
  beforeAll(async () => {
    code = (await bundle("./embedded-scenario.ts")).code;
  }, 60_000);

  it("syncs two cores through bytes", () => {
    const context = embeddedEngine();
    const globals = runInContext("Object.getOwnPropertyNames(globalThis)", context) as string[];
    for (const name of [
      "setTimeout",
      "WebSocket",
      "fetch",
      "console",
      "process",
      "TextEncoder",
      "performance",
    ]) {
      expect(globals).not.toContain(name);
    }
    runInContext(code, context);
    expect(JSON.parse(runInContext("JSON.stringify(verso.run())", context))).toEqual({
      one: ["from one", "from two"],
      other: ["from one", "from two"],
      unsynced: [0, 0],
      pushes: 2,
    });
  });

  it("asks for neither the time nor chance", () => {
    const context = embeddedEngine();
    runInContext(code, context);
    runInContext("Math.random = Date.now = () => { throw new Error('not given'); }", context);
    expect(() => runInContext("verso.run()", context)).not.toThrow();
  });
});

describe("what a browser loads", () => {
  it("has less than 12.5 kB, compressed, the wire's part included, beside Yjs, lib0 and y-protocols", async () => {
    const external = [/^(yjs|lib0|y-protocols)(\/|$)/];
    const { code, modules } = await bundle("./client.ts", { external });
    expect(modules.filter(id => /node_modules/.test(id))).toEqual([]);
    expect(gzipSync(code).length).toBeLessThan(12_500);
  }, 60_000);
});

/** What ECMAScript names, and one thing more that is given. */
function embeddedEngine() {
  const context = createContext({ crypto: { getRandomValues: countingValues() } });
  // V8 brings these along in every context.
  runInContext("delete globalThis.console; delete globalThis.WebAssembly;", context);
  return context;
}

/** As good as random, and the same each time. */
function countingValues(): <T extends Uint32Array | Uint8Array>(values: T) => T {
  let next = 0x9e3779b9;
  return values => {
    for (let i = 0; i < values.length; i++) {
      next = Math.imul(next ^ (next >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
      values[i] = next >>> 0;
    }
    return values;
  };
}
