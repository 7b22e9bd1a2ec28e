import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeSyncStep2, encodeUpdate, importedDocument } from "@verso/protocol";
import { anonymous, type ConfigInput, checkConfig, level, listen, readConfig } from "@verso/server";
import { openLedger, openLevelBackend } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import * as Y from "yjs";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  // Below the repository, so that the configuration finds zod.
  folder = mkdtempSync(join(fileURLToPath(new URL("../../../node_modules", import.meta.url)), ".import-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

function verso(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [launcher, ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

/** A relay in this process; everybody may administer it, unless it says otherwise. */
async function serve(data: string, config: ConfigInput = {}): Promise<string> {
  const auth = anonymous({ roles: ["admin"] });
  const storage = level(join(folder, data));
  const relay = await listen(checkConfig({ auth, storage, port: 0, logLevel: "silent", ...config }));
  ends.push(() => relay.close());
  return relay.url;
}

/** A server of y-websocket that says what it is told to; gives the URL of a room. */
async function room(connected: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", connected);
  await new Promise(resolve => server.on("listening", resolve));
  ends.push(
    () =>
      new Promise(resolve => {
        for (const client of server.clients) client.terminate();
        server.close(resolve);
      }),
  );
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/room?token=secret`;
}

function state(write: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.transact(() => write(doc));
  return Y.encodeStateAsUpdate(doc);
}

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(folder, name), bytes);
  return name;
}

const good = state(doc => doc.getMap("order").set("total", 7));
const bad = state(doc => doc.getMap("order").set("total", -7));
const config = `
  import { z } from "zod";
  export default {
    documents: {
      "order/:id": {
        roots: { order: "map" },
        schema: z.object({ order: z.object({ total: z.number().nonnegative() }) }),
      },
    },
  };
`;

async function content(url: string, documentId: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/documents/${encodeURIComponent(documentId)}`);
  const body: unknown = await answer.json();
  return typeof body === "object" && body !== null && "content" in body ? body.content : body;
}

describe("verso import into a folder", () => {
  beforeEach(() => void file("verso.config.mjs", config));

  it("makes a file a document, in the name of whoever is said to import", async () => {
    const imported = await verso("import", file("good", good), "order/1", "--user", "ann");
    expect(imported).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^order\/1 {2}1-[0-9a-f]{12}\n$/),
    });
    const { out } = await verso("history", "order/1");
    expect(out).toMatch(/^1 {2}\S+ {2}ann {2}create {2}.*\/order \+ \{"total":7\}\n$/);
    expect((await verso("log", "data", "order/1")).out).toContain(
      '  > {"op":"add","path":"/order","value":{"total":7}}',
    );
    expect(await verso("import", "good", "order/1")).toMatchObject({
      code: 1,
      err: expect.stringContaining("document-exists"),
    });
    const url = await serve("data");
    expect(await content(url, "order/1")).toEqual({ order: { total: 7 } });
    expect(await verso("import", "good", "order/2")).toMatchObject({
      code: 69,
      err: expect.stringContaining("--url"),
    });
  });

  it("lists why a document does not satisfy its kind, and takes it where that is allowed", async () => {
    const refused = await verso("import", file("bad", bad), "order/1");
    expect(refused).toMatchObject({ code: 6, out: "" });
    expect(refused.err).toContain("invalid-document");
    expect(refused.err).toContain("/order/total  schema.too_small  Too small");
    const { out } = await verso("import", "bad", "order/1", "--allow-invalid", "--json");
    expect(importedDocument.parse(JSON.parse(out))).toMatchObject({
      ...{ id: "order/1", sequence: 1, issues: [{ pointer: "/order/total", code: "schema.too_small" }] },
    });
    expect((await verso("history", "order/1")).out).toContain("! /order/total  schema.too_small");
  });

  it.each([
    [["bad", "other"], 4, "unknown-kind"],
    [["bad", "a//b"], 2, "has an empty segment"],
    [["none", "order/1"], 3, "no file none"],
    [["half", "order/1"], 6, "truncated"],
    [[".", "order/1"], 1, "cannot be read"],
    [["bad"], 2, "missing required argument"],
    [["bad", "order/1", "--url", "http://localhost", "--config", "x"], 2, "cannot be used with"],
    [["http://", "order/1"], 2, "no URL"],
    [["http://127.0.0.1:1/?token=secret", "order/1"], 69, "http://127.0.0.1:1/ cannot be read"],
    [["ws://127.0.0.1:1/?token=secret", "order/1"], 69, "ws://127.0.0.1:1/ cannot be opened"],
  ])("says what is wrong with %j", async (args, code, message) => {
    file("bad", bad);
    file("half", good.slice(0, -3));
    const ended = await verso("import", ...args);
    expect(ended).toMatchObject({ code, err: expect.stringContaining(message) });
    expect(ended.err).not.toContain("secret");
  });
});

describe("verso import at a running relay", () => {
  it("imports by whoever the token is of, and says what the relay says", async () => {
    writeFileSync(join(folder, "relay.config.mjs"), config);
    const { documents } = await readConfig({ file: join(folder, "relay.config.mjs") });
    const url = await serve("data", { documents });
    const place = ["--url", url];
    expect(await verso("import", file("good", good), "order/1", ...place)).toMatchObject({ code: 0 });
    expect(await content(url, "order/1")).toEqual({ order: { total: 7 } });
    expect(await verso("import", "good", "order/1", ...place)).toMatchObject({
      code: 1,
      err: expect.stringContaining("document-exists"),
    });
    const refused = await verso("import", file("bad", bad), "order/2", ...place);
    expect(refused.code).toBe(6);
    expect(refused.err).toContain("/order/total  schema.too_small  Too small");
    expect(await verso("import", "bad", "order/2", "--allow-invalid", ...place)).toMatchObject({
      code: 0,
      err: expect.stringContaining("schema.too_small"),
    });
    expect((await verso("import", "good", "other", ...place)).code).toBe(4);
    const closed = await serve("elsewhere", { auth: "anonymous" });
    expect((await verso("import", "good", "order/1", "--url", closed)).code).toBe(4);
  });

  it("takes the room of another relay, which answers in parts as long as it has not built the document", async () => {
    await using ledger = await openLedger({ open: () => openLevelBackend(join(folder, "source")) });
    const { log } = await ledger.open("note");
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    doc.getText("t").insert(0, "hello");
    doc.getText("t").insert(5, " world");
    for (const update of updates) await log.append([{ actor: { user: "ann" }, kind: "update", update }]);
    await ledger.close();
    const source = `${(await serve("source")).replace("http", "ws")}/yjs/note`;
    const url = await serve("data");
    expect(await verso("import", source, "copy", "--url", url)).toMatchObject({ code: 0, err: "" });
    expect(await content(url, "copy")).toEqual({ t: "hello world" });
  });

  it("takes what a web server gives, and says when it gives none", async () => {
    const web = createServer((request, response) => {
      response.statusCode = request.url === "/good" ? 200 : 404;
      response.end(good);
    });
    await new Promise<void>(resolve => web.listen(0, "127.0.0.1", resolve));
    ends.push(() => new Promise(resolve => web.close(resolve)));
    const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const url = await serve("data");
    expect((await verso("import", `${address}/good`, "one", "--url", url)).code).toBe(0);
    expect(await content(url, "one")).toEqual({ order: { total: 7 } });
    expect(await verso("import", `${address}/none`, "two", "--url", url)).toMatchObject({
      code: 1,
      err: expect.stringContaining("status 404"),
    });
  });

  it("waits for a room that is still loading", async () => {
    const source = await room(socket => {
      let loaded = false;
      socket.on("message", () => {
        socket.send(encodeSyncStep2(loaded ? good : Uint8Array.of(0, 0)));
        if (!loaded) socket.send(encodeUpdate(good));
        loaded = true;
      });
    });
    const url = await serve("data");
    expect(await verso("import", source, "one", "--url", url)).toMatchObject({ code: 0, err: "" });
    expect(await content(url, "one")).toEqual({ order: { total: 7 } });
  });

  it.each<[string, (socket: WebSocket) => void, number, string]>([
    ["holds nothing", socket => socket.send(encodeSyncStep2(Uint8Array.of(0, 0))), 1, "source-empty"],
    [
      "is closed to us",
      socket => socket.close(4403, "forbidden"),
      1,
      "closed before it answered: forbidden (4403)",
    ],
    ["is no room", socket => socket.send("hello"), 1, "no y-websocket server"],
    [
      "answers nonsense",
      socket => socket.send(encodeSyncStep2(Uint8Array.of(1, 2, 3, 4))),
      6,
      "update-refused",
    ],
  ])("says so when a room %s", async (_what, answer, code, message) => {
    const source = await room(socket => socket.on("message", () => answer(socket)));
    const ended = await verso("import", source, "one");
    expect(ended).toMatchObject({ code, err: expect.stringContaining(message) });
    expect(ended.err).not.toContain("secret");
  });
});

describe("verso validate", () => {
  it("lists what does not satisfy its kind, and what is of none, and ends with 1", async () => {
    const imported = [
      await verso("import", file("good", good), "order/good"),
      await verso("import", file("bad", bad), "order/bad"),
      await verso("import", "good", "other"),
    ];
    expect(imported.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await verso("validate", "data")).toMatchObject({
      code: 0,
      out: "3 documents: none that do not satisfy their kinds, none of no kind, no issues\n",
    });
    file("rules.mjs", config);
    const { code, out } = await verso("validate", "data", "--config", "rules.mjs");
    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      expect.stringContaining("order/bad  /order/total  schema.too_small  Too small"),
      "other  /  unknown-kind  No kind of document is configured for this id.",
      "3 documents: 1 that do not satisfy their kinds, 1 of no kind, 2 issues",
      "",
    ]);
    const json = await verso("validate", "data", "--config", "rules.mjs", "--json");
    const lines = json.out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      { document: "order/bad", pointer: "/order/total", code: "schema.too_small", severity: "error" },
      { document: "other", code: "unknown-kind" },
      { documents: 3, invalid: 1, unknown: 1, issues: 2 },
    ]);

    expect((await verso("verify", "data")).code).toBe(0);
    const verified = await verso("verify", "data", "--config", "rules.mjs");
    expect(verified.code).toBe(5);
    expect(verified.out).toContain("low       invalid-document   order/bad 1: it does not satisfy its kind");
  });

  it("ends with 3 where there is no store, 2 for a configuration that does not hold, 69 while a relay runs", async () => {
    expect((await verso("validate", "nowhere")).code).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
    expect((await verso("validate", "nowhere", "--config", "none.mjs")).code).toBe(2);
    await serve("data");
    expect((await verso("validate", "data")).code).toBe(69);
  });
});
