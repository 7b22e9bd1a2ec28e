import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anonymous, checkConfig, readConfig, tokens } from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe("the configuration", () => {
  it("has a default for everything, and lets nobody else in", () => {
    expect(checkConfig({})).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      origins: [],
      documents: { "*": { roots: {} } },
      deflate: false,
      pacing: { pace: 5 },
    });
  });

  it("takes flags over the environment over the file over the defaults", async () => {
    const file = write(
      "verso.config.ts",
      `export default { port: 1, host: "file", auth: "public", logLevel: "warn" as const };`,
    );
    const environment = { VERSO_PORT: "2", VERSO_HOST: "environment" };
    expect(await readConfig({ file })).toMatchObject({ port: 1, host: "file", logLevel: "warn" });
    expect(await readConfig({ file, environment })).toMatchObject({
      port: 2,
      host: "environment",
      logLevel: "warn",
    });
    expect(await readConfig({ file, environment, flags: { port: "3" } })).toMatchObject({
      port: 3,
      host: "environment",
    });
  });

  it("lets in whoever comes from this machine, and from others only when it says so", () => {
    for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
      expect(checkConfig({ host })).toMatchObject({ host, auth: "anonymous" });
    }
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "board.example", "localhost.example"]) {
      for (const auth of ["anonymous", anonymous()] as const) {
        expect(() => checkConfig({ host, auth })).toThrow(
          expect.objectContaining({ code: "config-invalid", path: "auth" }),
        );
      }
      const said = ["public", "tokens", anonymous({ anywhere: true }), tokens(), () => null] as const;
      for (const auth of said) expect(checkConfig({ host, auth })).toMatchObject({ host });
    }
  });

  it("takes authentication by name from flags and the environment", async () => {
    expect(await readConfig({ environment: { VERSO_AUTH: "tokens" } })).toMatchObject({ auth: "tokens" });
    expect(await readConfig({ flags: { auth: "public", host: "0.0.0.0" } })).toMatchObject({
      auth: "public",
    });
  });

  it("says what is wrong with an authentication that a file makes", async () => {
    const library = JSON.stringify(new URL("./index.js", import.meta.url).href);
    const file = write(
      "verso.config.mjs",
      `import { jwt } from ${library}; export default { auth: jwt({ secret: "short" }) };`,
    );
    await expect(readConfig({ file })).rejects.toMatchObject({ code: "config-invalid", path: "auth" });
  });

  it("listens to a bare PORT, as platforms set it", async () => {
    expect(await readConfig({ environment: { PORT: "9000" } })).toMatchObject({ port: 9000 });
    expect(await readConfig({ environment: { PORT: "9000", VERSO_PORT: "9001" } })).toMatchObject({
      port: 9001,
    });
  });

  it("reads lists with commas, and folders", async () => {
    const environment = { VERSO_ORIGINS: "https://a.example, https://b.example", VERSO_DATA: "/somewhere" };
    const config = await readConfig({ environment });
    expect(config.origins).toEqual(["https://a.example", "https://b.example"]);
    expect(config.storage.name).toBe("LevelDB in /somewhere");
  });

  it.each([
    [{ port: 70_000 }, "port"],
    [{ logLevel: "loud" }, "logLevel"],
    [{ auth: "nobody" }, "auth"],
    [{ auth: { roles: [] } }, "auth"],
    [{ access: "all" }, "access"],
    [{ documents: { "note/:id": { roots: { body: "string" } } } }, "documents.note/:id.roots.body"],
    [{ documents: { "note/:id": { schemas: {} } } }, "documents.note/:id"],
    [{ documents: { "note/:id": { roots: { constructor: "map" } as object } } }, "documents.note/:id.roots"],
    [{ limits: { updateBytes: "many" } }, "limits.updateBytes"],
    [{ limits: { nonsense: 1 } }, "limits"],
    [{ delivery: { resyncAt: 1000 } }, "delivery.resyncAt"],
    [{ storage: "./data" }, "storage"],
    [{ stroage: 1 }, ""],
  ])("refuses %j and names the place", (input, path) => {
    expect(() => checkConfig(input)).toThrow(expect.objectContaining({ code: "config-invalid", path }));
  });

  it("says so when the file is not there, or is no configuration", async () => {
    await expect(readConfig({ file: join(folder, "none.ts") })).rejects.toMatchObject({
      code: "config-unreadable",
    });
    const file = write("verso.config.ts", "export default {{{");
    await expect(readConfig({ file })).rejects.toMatchObject({ code: "config-unreadable" });
  });
});
