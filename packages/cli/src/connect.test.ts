import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toSocketUrl } from "./json-relay.js";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));
/** Nothing answers there. */
const nowhere = "http://127.0.0.1:1";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-connect-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `verso` with a script on its standard input. */
function verso(args: readonly string[], ...script: string[]) {
  return new Promise<{ code: number | null; out: string[]; err: string }>(resolve => {
    const child = spawn(process.execPath, [launcher, ...args], { cwd: folder });
    let out = "";
    let err = "";
    child.stdout.on("data", chunk => {
      out += chunk;
    });
    child.stderr.on("data", chunk => {
      err += chunk;
    });
    child.on("close", code => resolve({ code, out: out.split("\n").filter(Boolean), err }));
    child.stdin.end(script.map(line => `${line}\n`).join(""));
  });
}

describe("verso connect, with a script and no relay", () => {
  it("keeps edits in a file, from one start to the next", async () => {
    const args = ["connect", nowhere, "--offline", "--queue", "edits"];
    const first = await verso(
      args,
      'create note {"text":"hello"}',
      "edit /text hello!",
      "show /text",
      "quit",
      "dance",
    );
    expect(first).toEqual({
      code: 0,
      out: ["waits for a connection", "waits for a connection", '"hello!"'],
      err: "2 edits were not sent, and kept in edits.\n",
    });
    const second = await verso([...args, "--json"], "open note", "queue");
    expect(second.code).toBe(0);
    expect(second.out.map(line => JSON.parse(line))).toMatchObject([
      { type: "document", document_id: "note", content: { text: "hello!" }, pending: 2 },
      {
        type: "queue",
        edits: [{ message: { type: "create_document" } }, { message: { type: "update_document" } }],
      },
    ]);
    expect(readFileSync(join(folder, "edits"), "utf8").split("\n")).toHaveLength(3);
  });

  it("does not end well when edits are kept nowhere", async () => {
    const { code, err } = await verso(["connect", nowhere, "--offline"], "create note");
    expect({ code, err }).toEqual({ code: 69, err: expect.stringContaining("1 edit was not sent") });
  });

  it("stops at the first line that fails, and says which", async () => {
    const args = ["connect", nowhere, "--offline", "--queue", "edits"];
    const { code, out, err } = await verso(args, "# a comment", "create note", "rm /text", "set /a 1");
    expect(code).toBe(6);
    expect(out).toEqual(["waits for a connection"]);
    expect(err).toContain("Line 3 was not done: rm /text");
  });
});

describe("a command for one document", () => {
  it.each([
    [["get", "note", "text"], 2, "begins with a slash"],
    [["set", "note", "/text"], 2, "missing required argument"],
    [["patch", "note", "{}"], 2, "JSON array of operations"],
    [["get", "note", "--url", "note"], 2, "no URL of a relay"],
    [["set", "note", "/total", "-5", "--strategy", "luck", "--url", nowhere], 2, "Allowed choices"],
    [["set", "note", "/total", "-5", "--url", nowhere], 69, "No relay answers"],
    [["watch", "note", "--url", nowhere], 69, "No relay answers"],
  ])("%j ends with %i", async (args, code, message) => {
    expect(await verso(args)).toEqual({ code, out: [], err: expect.stringContaining(message) });
  });
});

describe("the address of a relay", () => {
  it.each([
    ["http://localhost:8080", "ws://localhost:8080/ws"],
    ["https://example.com/", "wss://example.com/ws"],
    ["https://example.com/verso/", "wss://example.com/verso/ws"],
    ["ws://localhost:8080/ws", "ws://localhost:8080/ws"],
  ])("%s leads to %s", (text, url) => {
    expect(toSocketUrl(text)).toBe(url);
  });

  it.each(["localhost:8080", "ftp://localhost", "http://", ""])("%j is none", text => {
    expect(() => toSocketUrl(text)).toThrow("is no URL of a relay");
  });
});
