/** A relay as a program runs it. Long, because every story needs the same port, store and sockets. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changePage, documentContent, documentList, encodeUpdate, problem } from "@verso/protocol";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { type ConfigInput, checkConfig, level, listen, type Relay } from "./index.js";

const silent = { logger: pino({ level: "silent" }) };

let folder: string;
let relay: Relay;
const providers: WebsocketProvider[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "verso-listen-"));
  relay = await start();
});
afterEach(async () => {
  for (const provider of providers.splice(0)) provider.destroy();
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(config: ConfigInput = {}, pages: Record<string, string> = {}): Promise<Relay> {
  const checked = checkConfig({ storage: level(join(folder, "data")), port: 0, ...config });
  return listen(checked, { ...silent, pages });
}

async function restart(config: ConfigInput = {}, pages?: Record<string, string>): Promise<void> {
  await relay.close();
  relay = await start(config, pages);
}

/** A document behind a stock provider, when it is synced. */
async function open(documentId: string): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const url = `${relay.url.replace("http", "ws")}/yjs`;
  const provider = new WebsocketProvider(url, documentId, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  providers.push(provider);
  if (!provider.synced) await new Promise(resolve => provider.once("sync", resolve));
  return doc;
}

function arrival(doc: Y.Doc, holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (holds()) resolve();
    };
    doc.on("update", look);
    look();
  });
}

const get = (path: string, headers: Record<string, string> = {}) => fetch(relay.url + path, { headers });

/** A request exactly as given: `fetch` resolves dots and sets headers of its own. */
function raw(path: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(relay.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, headers }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject).end();
  });
}

/** How an upgrade ends: with a WebSocket, or with a status. */
function upgrade(path: string, headers: Record<string, string> = {}): Promise<number | WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(relay.url.replace("http", "ws") + path, { headers });
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("error", reject);
  });
}

function closing(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise(resolve =>
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
}

describe("two stock clients", () => {
  it("share a document, its name as they write it", async () => {
    const [ann, bob] = [await open("notes/one"), await open("notes%2Fone")];
    ann.getText("t").insert(0, "hello");
    await arrival(bob, () => bob.getText("t").toString() === "hello");
  });

  it("see each other, and see each other leave", async () => {
    await Promise.all([open("notes"), open("notes")]);
    const [ann, bob] = providers;
    ann?.awareness.setLocalState({ name: "Ann" });
    const states = () => [...(bob?.awareness.getStates().values() ?? [])];
    await new Promise<void>(resolve =>
      bob?.awareness.on("change", () => {
        if (states().some(state => state.name === "Ann")) resolve();
      }),
    );
    ann?.destroy();
    await new Promise<void>(resolve =>
      bob?.awareness.on("change", () => {
        if (!states().some(state => state.name === "Ann")) resolve();
      }),
    );
  });

  it("find everything after a restart", async () => {
    const ann = await open("notes");
    ann.getText("t").insert(0, "kept");
    const bob = await open("notes");
    await arrival(bob, () => bob.getText("t").toString() === "kept");
    await restart();
    expect((await open("notes")).getText("t").toString()).toBe("kept");
  });

  it.each([
    ["plain", false],
    ["compressed", true],
  ])("need not read as fast as others write, %s", async (_name, deflate) => {
    await restart({ deflate });
    const author = await open("busy");
    const reader = await open("busy");
    const witness = await open("busy");
    const socket = providers[1]!.ws as unknown as WebSocket;
    socket.pause();
    let received = 0;
    socket.on("message", (bytes: ArrayBuffer) => {
      received += bytes.byteLength;
    });
    const value = (i: number) => randomBytes(200_000).toString("hex") + i;
    const last = value(40);
    for (let i = 0; i < 40; i++) author.getMap("m").set("large", value(i));
    author.getMap("m").set("large", last);
    await arrival(witness, () => witness.getMap("m").get("large") === last);
    socket.resume();
    await arrival(reader, () => reader.getMap("m").get("large") === last);
    // It got the difference instead of most of the 16 MB.
    expect(received).toBeLessThan(12_000_000);
    expect(socket).toBe(providers[1]!.ws);
  });

  it("are told to come back when the relay shuts down", async () => {
    const socket = await upgrade("/yjs/notes");
    if (typeof socket === "number") throw new Error(`status ${socket}`);
    const closed = closing(socket);
    await relay.close();
    expect(await closed).toMatchObject({ code: 1012 });
    relay = await start();
  });
});

describe("HTTP", () => {
  it("lists documents, page by page", async () => {
    for (const id of ["a", "b", "c"]) (await open(id)).getMap("m").set("k", id);
    const all = async () => documentList.parse(await (await get("/api/documents")).json()).documents;
    while ((await all()).length < 3);
    const first = documentList.parse(await (await get("/api/documents?limit=2")).json());
    expect(first.documents.map(({ id }) => id)).toEqual(["a", "b"]);
    const second = documentList.parse(await (await get(`/api/documents?limit=2&after=${first.next}`)).json());
    expect(second).toMatchObject({ documents: [{ id: "c", sequence: 1 }], next: null });
  });

  it("gives a document with its revision as ETag, and nothing when it has not changed", async () => {
    const ann = await open("notes/one");
    ann.getMap("m").set("k", { deep: [1, null, "x"] });
    const bob = await open("notes/one");
    await arrival(bob, () => bob.getMap("m").has("k"));
    const response = await get("/api/documents/notes%2Fone");
    const document = documentContent.parse(await response.json());
    expect(document).toMatchObject({
      id: "notes/one",
      sequence: 1,
      content: { m: { k: { deep: [1, null, "x"] } } },
    });
    expect(document.revision_id).toMatch(/^1-[0-9a-f]{12}$/);
    const etag = response.headers.get("etag");
    expect(etag).toBe(`"${document.revision_id}"`);
    const again = await get("/api/documents/notes%2Fone", { "if-none-match": `W/"old", ${etag}` });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
  });

  it("gives the changes since a sequence, with patches both ways", async () => {
    const ann = await open("notes");
    const bob = await open("notes");
    for (const [i, word] of ["one ", "two ", "three"].entries()) {
      ann.getText("t").insert(ann.getText("t").length, word);
      await arrival(bob, () => bob.getText("t").toString().includes(word));
      expect((await get("/api/documents/notes/changes")).status, String(i)).toBe(200);
    }
    const { changes, next } = changePage.parse(
      await (await get("/api/documents/notes/changes?since=1")).json(),
    );
    expect(next).toBe(3);
    expect(changes).toMatchObject([
      {
        sequence: 2,
        document_id: "notes",
        event_type: "update",
        kind: "update",
        user_id: "anonymous",
        forward_patch: [{ op: "str_ins", path: "/t", pos: 4, str: "two " }],
        reverse_patch: [{ op: "str_del", path: "/t", pos: 4, str: "two " }],
      },
      { sequence: 3 },
    ]);
    expect(await (await get("/api/documents/notes/changes?since=3")).json()).toEqual({
      changes: [],
      next: 3,
    });
    const limited = changePage.parse(await (await get("/api/documents/notes/changes?limit=2")).json());
    expect([limited.changes.length, limited.next]).toEqual([2, 2]);
  });

  it("says that it lives and is ready, and when it is not any more", async () => {
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
  });

  it.each([
    ["/api/documents/none", 404, "not-found"],
    ["/api/documents/none/changes", 404, "not-found"],
    ["/api/nothing", 404, "not-found"],
    ["/nothing", 404, "not-found"],
    ["/api/documents/..%2Fsecrets", 400, "bad-document-id"],
    [`/api/documents/${"x".repeat(600)}`, 400, "bad-document-id"],
    ["/api/documents/%zz", 400, "bad-request"],
    ["/api/documents?limit=0", 400, "bad-request"],
    ["/api/documents?limit=many", 400, "bad-request"],
    ["/api/documents/x/changes?since=-1", 400, "bad-request"],
  ])("answers %s with a problem: %i %s", async (path, status, code) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(problem.parse(await response.json())).toMatchObject({ status, code });
  });

  it("allows no other method", async () => {
    const response = await fetch(`${relay.url}/api/documents`, { method: "PUT", body: "{}" });
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ code: "method-not-allowed" });
  });

  it("does not open a document that is only asked for", async () => {
    await get("/api/documents/none");
    expect(await (await get("/api/documents")).json()).toEqual({ documents: [], next: null });
  });

  it("serves pages at their paths, and nothing outside of their folders", async () => {
    const page = mkdtempSync(join(folder, "page-"));
    const other = mkdtempSync(join(folder, "page-"));
    writeFileSync(join(page, "index.html"), "<!doctype html><title>page</title>");
    writeFileSync(join(other, "index.html"), "<!doctype html><title>other</title>");
    writeFileSync(join(folder, "secret.txt"), "secret");
    await restart({}, { "/": page, "/other/": other });
    expect(await (await get("/")).text()).toContain("<title>page</title>");
    expect(await (await get("/other/")).text()).toContain("<title>other</title>");
    for (const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/other/..%2f/secret.txt",
    ]) {
      expect(await raw(path, { host: new URL(relay.url).host })).toBeGreaterThanOrEqual(400);
    }
  });
});

describe("a page elsewhere", () => {
  it("reaches neither HTTP nor a WebSocket, unless its origin is listed", async () => {
    const origin = "https://evil.example";
    expect((await get("/api/documents", { origin })).status).toBe(403);
    expect(await (await get("/api/documents", { origin })).json()).toMatchObject({
      code: "forbidden-origin",
    });
    expect(await upgrade("/yjs/notes", { origin })).toBe(403);
    await restart({ origins: [origin] });
    const response = await get("/api/documents", { origin });
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(await upgrade("/yjs/notes", { origin })).toBeInstanceOf(WebSocket);
  });

  it("is not let in under a name that it has made to point here", async () => {
    expect(await raw("/api/documents", { host: "evil.example" })).toBe(403);
    expect(await upgrade("/yjs/notes", { host: "evil.example", origin: "http://evil.example" })).toBe(403);
    await restart({ hosts: ["board.example"] });
    expect(await raw("/api/documents", { host: "board.example" })).toBe(200);
  });
});

describe("bad input on a WebSocket", () => {
  it.each([
    ["an empty name", "/yjs/"],
    ["a bad escape", "/yjs/a%zz"],
    ["a name that is too long", `/yjs/${"x".repeat(600)}`],
    ["a control character", "/yjs/a%00b"],
  ])("%s is closed with 4400 and a code", async (_, path) => {
    const socket = await upgrade(path);
    if (typeof socket === "number") throw new Error(`status ${socket}`);
    expect(await closing(socket)).toMatchObject({
      code: 4400,
      reason: expect.stringContaining("bad-document-id"),
    });
  });

  it("a way out of the folder is closed with 4400, where no URL parser has taken it away before", async () => {
    const { hostname, port, host } = new URL(relay.url);
    const handshake = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" };
    const headers = { host, connection: "Upgrade", upgrade: "websocket", ...handshake };
    const frames = await new Promise<Buffer>((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: "/yjs/a/%2e%2e/b", headers });
      request.on("upgrade", (_response, socket, head) => {
        const received = [head];
        socket.on("data", chunk => received.push(chunk));
        // Answer the close frame as RFC 6455 wants it: with one of our own.
        socket.on("end", () => resolve(Buffer.concat(received)));
        setImmediate(() => socket.write(Buffer.from("888000000000", "hex")));
      });
      request.on("error", reject).end();
    });
    expect(frames.toString("latin1")).toContain("bad-document-id");
    expect(frames.includes(Buffer.of(0x11, 0x30)), "the close code 4400").toBe(true);
  });

  it("another path is a 404", async () => {
    expect(await upgrade("/elsewhere")).toBe(404);
  });

  it.each([
    ["rubbish", Buffer.from("rubbish"), 4400, "malformed-message"],
    ["text", "text", 4400, "malformed-message"],
    ["half an update", Buffer.from(encodeUpdate(Uint8Array.of(1, 1))), 4400, "truncated"],
  ])("%s is closed with a code, and others go on", async (_, message, code, reason) => {
    const doc = await open("notes");
    const socket = await upgrade("/yjs/notes");
    if (typeof socket === "number") throw new Error(`status ${socket}`);
    const closed = closing(socket);
    socket.send(message);
    expect(await closed).toMatchObject({ code, reason: expect.stringContaining(reason) });
    const other = await open("notes");
    doc.getText("t").insert(0, "on");
    await arrival(other, () => other.getText("t").toString() === "on");
  });

  it("a frame over the limit, or half a handshake, disturbs nobody", async () => {
    await restart({ frameLimits: { messageBytes: 1000 } });
    const socket = await upgrade("/yjs/notes");
    if (typeof socket === "number") throw new Error(`status ${socket}`);
    const closed = closing(socket);
    socket.send(Buffer.alloc(2000));
    expect((await closed).code).toBe(1009);
    const { hostname, port } = new URL(relay.url);
    const half = connect(Number(port), hostname);
    half.write("GET /yjs/notes HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n", () => half.destroy());
    await new Promise(resolve => half.on("close", resolve));
    expect((await get("/healthz")).status).toBe(200);
  });
});

describe("a kind of document", () => {
  it("that nobody configured is refused, and those that are have their roots", async () => {
    await restart({ documents: { "invoice/:id": { roots: { lines: "array", notes: "text" } } } });
    const socket = await upgrade("/yjs/other");
    if (typeof socket === "number") throw new Error(`status ${socket}`);
    expect(await closing(socket)).toMatchObject({
      code: 4403,
      reason: expect.stringContaining("forbidden-document"),
    });
    expect((await get("/api/documents/other")).status).toBe(403);

    const invoice = await open("invoice/42");
    invoice.getArray("lines").insert(0, [{ item: "tea" }]);
    const other = await open("invoice/42");
    await arrival(other, () => other.getArray("lines").length === 1);
    expect(await (await get("/api/documents/invoice%2F42")).json()).toMatchObject({
      content: { lines: [{ item: "tea" }], notes: "" },
    });
    await restart();
    expect(await (await get("/api/documents/invoice%2F42")).json()).toMatchObject({ content: { notes: "" } });
  });
});

describe("a start that cannot succeed", () => {
  it("says that the port is in use", async () => {
    const port = Number(new URL(relay.url).port);
    const config = checkConfig({ storage: level(join(folder, "other")), port });
    await expect(listen(config, silent)).rejects.toMatchObject({ code: "port-in-use" });
  });

  it("says that the folder is in use, and leaves it alone", async () => {
    await expect(start()).rejects.toMatchObject({ code: "in-use" });
    expect((await get("/readyz")).status).toBe(200);
  });

  it("says that the folder is no folder", async () => {
    writeFileSync(join(folder, "file"), "");
    const config = checkConfig({ storage: level(join(folder, "file")), port: 0 });
    await expect(listen(config, silent)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("says that the address is not one of this machine", async () => {
    const config = checkConfig({
      storage: level(join(folder, "other")),
      port: 0,
      host: "203.0.113.1",
      auth: "tokens",
    });
    await expect(listen(config, silent)).rejects.toMatchObject({ code: "cannot-listen" });
  });
});
