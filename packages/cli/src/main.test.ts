import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { encodeChange } from "@verso/bridge";
import { openLedger, openLevelBackend } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function verso(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [launcher, ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

/** A relay that listens; it is killed when the test is over. */
async function serve(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [launcher, "serve", ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  const exited = new Promise<number | null>(resolve => child.on("exit", resolve));
  const lines = createInterface(child.stdout);
  const url = await new Promise<string>((resolve, reject) => {
    lines.on("line", line => {
      const found = /"url":"([^"]+)"/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on("exit", code => reject(new Error(`ended with ${code}`)));
  });
  return { url, child, exited };
}

/** A store as a relay would have written it: two commits that type "hello" and " world". */
async function makeStore(): Promise<string> {
  const store = join(folder, "data");
  await using ledger = await openLedger({
    open: () => openLevelBackend(store),
    now: () => 1_700_000_000_000,
  });
  const { log } = await ledger.open("notes/one");
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  doc.getText("t").insert(0, "hello");
  doc.getText("t").insert(5, " world");
  const changes = [
    encodeChange([{ type: "set", path: [], key: "t", before: undefined, after: "hello", kind: "text" }]),
    encodeChange([{ type: "textInsert", path: ["t"], index: 5, text: " world" }]),
  ];
  const roots = new Map([["t", "text"]]);
  for (const [i, change] of changes.entries()) {
    await log.append([{ actor: { user: "ann" }, kind: "update", update: updates[i]!, change }], { roots });
  }
  return store;
}

describe("verso serve", () => {
  it("listens, answers, and ends with 0 when it is told to", async () => {
    const { url, child, exited } = await serve(["store", "--port", "0"]);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(readdirSync(join(folder, "store"))).toContain("CURRENT");
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });

  it("is set up by the environment and by a file, in which flags overrule", async () => {
    writeFileSync(join(folder, "verso.config.mjs"), `export default { documents: { "note/:id": {} } };`);
    const { url, child, exited } = await serve([], {
      PORT: "0",
      VERSO_DATA: "elsewhere",
      VERSO_LOG_LEVEL: "info",
    });
    expect((await fetch(`${url}/api/documents/other`)).status).toBe(403);
    expect((await fetch(`${url}/api/documents/note%2F1`)).status).toBe(404);
    expect(readdirSync(folder)).toContain("elsewhere");
    child.kill("SIGINT");
    expect(await exited).toBe(0);
  });

  it("ends with 69 when the port or the folder is in use, and says which", async () => {
    const { url, child, exited } = await serve(["--port", "0", "--data", "store"]);
    const inUse = await verso("serve", "--port", new URL(url).port, "--data", "other");
    expect(inUse).toMatchObject({ code: 69, err: expect.stringContaining("port-in-use") });
    const locked = await verso("serve", "--port", "0", "--data", "store");
    expect(locked).toMatchObject({ code: 69, err: expect.stringContaining("in-use") });
    child.kill("SIGTERM");
    await exited;
  });

  it.each([
    [["serve", "--bogus"], "unknown option"],
    [["serve", "--port", "many"], "port"],
    [["serve", "--config", "none.ts"], "config-unreadable"],
    [["bogus"], "unknown command"],
    [["verify"], "missing required argument"],
  ])("ends with 2 for a wrong command line: %j", async (args, message) => {
    expect(await verso(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });

  it("helps", async () => {
    const { code, out } = await verso("serve", "--help");
    expect(code).toBe(0);
    expect(out).toContain("VERSO_PORT");
    expect(out).toContain("8080");
  });
});

it("verso --version says which it is", async () => {
  expect(await verso("--version")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

describe("verso log", () => {
  it("lists the commits with their patches in both directions", async () => {
    const store = await makeStore();
    const { code, out } = await verso("log", store, "notes/one");
    expect(code).toBe(0);
    expect(out).toContain("update  by ann");
    expect(out).toContain('> {"op":"str_ins","path":"/t","pos":5,"str":" world"}');
    const json = await verso("log", store, "notes/one", "--json");
    expect(json.out).toBe((await verso("history", "notes/one", "--json")).out);
    expect(await verso("log", store, "nothing")).toMatchObject({ code: 3 });
    expect((await verso("log", join(folder, "nowhere"), "x")).code).toBe(3);
  });
});

describe("verso history", () => {
  it("lists the commits for people and for programs", async () => {
    await makeStore();
    const { code, out } = await verso("history", "notes/one");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      '1  2023-11-14T22:13:20.000Z  ann  update  /t + "hello"',
      "2  2023-11-14T22:13:20.000Z  ann  update  /t:5 +  world",
      "",
    ]);
    const json = await verso("history", "notes/one", "--json");
    const lines = json.out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
    expect(lines).toMatchObject([
      { sequence: 1, user_id: "ann" },
      { sequence: 2, document_id: "notes/one" },
    ]);
  });

  it("ends quietly when its reader has left", async () => {
    await makeStore();
    const child = spawn(process.execPath, [launcher, "history", "notes/one"], { cwd: folder, stdio: "pipe" });
    child.stdout.destroy();
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", text => {
      complaints += text;
    });
    const code = await new Promise(resolve => child.on("close", resolve));
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
  });

  it("ends with 3 for what is not there", async () => {
    await makeStore();
    expect(await verso("history", "nothing")).toMatchObject({
      code: 3,
      err: expect.stringContaining("not-found"),
    });
    expect((await verso("history", "x", "--data", "nowhere")).code).toBe(3);
    expect(readdirSync(folder)).not.toContain("nowhere");
  });
});

describe("verso verify", () => {
  it("finds nothing wrong where nothing is", async () => {
    const store = await makeStore();
    const { code, out } = await verso("verify", store);
    expect({ code, out }).toEqual({ code: 0, out: "1 documents, 2 commits, 0 snapshots: no issues\n" });
    const json = await verso("verify", store, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ documents: 1, commits: 2, issues: 0 });
  });

  it("ends with 5 and reports a flipped bit, and a patch that does not lead to the document", async () => {
    const store = await makeStore();
    const log = readdirSync(store).find(name => name.endsWith(".log"))!;
    const bytes = readFileSync(join(store, log));
    bytes[Math.floor(bytes.length / 2)]! ^= 4;
    writeFileSync(join(store, log), bytes);
    const { code, out } = await verso("verify", store);
    expect(code).toBe(5);
    expect(out).toContain("corrupted-entry");
    expect(await verso("serve", "--port", "0", "--data", store)).toMatchObject({
      code: 5,
      err: expect.stringContaining("corrupted"),
    });
  });

  it("notices a commit that does not say what it did", async () => {
    const store = await makeStore();
    await using ledger = await openLedger({ open: () => openLevelBackend(store) });
    const { log } = await ledger.open("notes/one");
    const change = encodeChange([{ type: "textInsert", path: ["t"], index: 0, text: "never typed" }]);
    await log.append([{ actor: { user: "eve" }, kind: "update", change }]);
    await ledger.close();
    const { code, out } = await verso("verify", store);
    expect(code).toBe(5);
    expect(out).toContain("the forward patches do not lead to the document");
  });
});
