/** The commands of the JSON dialect on a relay of their own, which is stopped and started like they are. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));
const configuration = `export default { documents: {
  "note/:id": { roots: { document: "map" }, texts: ["/document/content/text"], permissions: { "/document/content/paid": [] } },
  "case/:id": { jsonConflicts: "manual" },
} };`;

let folder: string;
let url: string;
let relay: ChildProcessWithoutNullStreams;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "verso-json-"));
  writeFileSync(join(folder, "verso.config.mjs"), configuration);
  url = `http://127.0.0.1:${await freePort()}`;
  await serve();
});
afterAll(async () => {
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("a script on standard input", () => {
  it("creates, edits, takes back, and shows, for people and for programs", async () => {
    const lines = [
      'create note/script {"text":"hello","list":[1]}',
      "edit /text hello, world",
      "set /list/1 2",
      "set /name Ada",
      "undo",
      "show",
    ];
    const people = await connect([], ...lines);
    expect(people.code).toBe(0);
    expect(people.out.slice(0, 5)).toEqual(
      [1, 2, 3, 4, 5].map(it => expect.stringMatching(`^${it}  ${it}-[0-9a-f]{12}$`)),
    );
    expect(JSON.parse(people.out.slice(6).join(""))).toEqual({ text: "hello, world", list: [1, 2] });

    const programs = await connect(
      ["note/script", "--json"],
      "show /text",
      "redo",
      "history 4",
      "users",
      "list",
    );
    expect(programs.code).toBe(0);
    expect(programs.out.map(line => JSON.parse(line))).toMatchObject([
      { type: "document", document_id: "note/script", sequence: 5 },
      { type: "value", pointer: "/text", value: "hello, world" },
      { type: "outcome", outcome: { type: "done", sequence: 6 } },
      {
        type: "history",
        changes: [
          { sequence: 5, kind: "undo" },
          { sequence: 6, kind: "redo" },
        ],
      },
      { type: "users", users: [] },
      { type: "documents", documents: [{ id: "note/script", sequence: 6 }] },
    ]);
  });

  it("stops at an edit that the relay refuses, which is in nothing that anybody sees", async () => {
    const { code, out, err } = await connect([], "create note/refused", "set /paid true", "set /late 1");
    expect(code).toBe(6);
    expect(out).toEqual([expect.stringMatching(/^1 /), "rejected", expect.stringContaining("/paid")]);
    expect(err).toContain("Line 2 was not done: set /paid true");
    expect(await verso("get", "note/refused", "--url", url)).toMatchObject({ code: 0, out: ["{}"] });
  });

  it("keeps what it could not send, and sends each edit once after both have started anew", async () => {
    const queue = ["--queue", "edits"];
    await connect([], 'create note/kept {"text":"hello","list":["a","b"]}');
    const before = await connect(
      ["note/kept", ...queue],
      "offline",
      "edit /text hello!",
      'patch [{"op":"add","path":"/list/-","value":{"n":0}}]',
      "set /list/2/n 1",
      "set /paid true",
      "rm /list/0",
    );
    expect(before).toMatchObject({ code: 0, err: "5 edits were not sent, and kept in edits.\n" });
    await verso("patch", "note/kept", '[{"op":"add","path":"/list/0","value":"z"}]', "--url", url);
    await kill();
    const alone = await connect(["--offline", ...queue], "queue");
    expect(alone.out).toHaveLength(5);
    await serve();
    const after = await connect(["note/kept", ...queue, "--json"], "show");
    // One of them is refused, so the whole has not gone well.
    expect(after).toMatchObject({ code: 6, err: expect.stringContaining("An edit was not done.") });
    expect(
      after.out
        .map(line => JSON.parse(line))
        .filter(({ type }) => type === "outcome")
        .map(({ outcome }) => outcome.type),
    ).toEqual(["done", "done", "done", "rejected", "done"]);
    const shown = await connect(["note/kept", ...queue, "--json"], "queue", "history 2");
    expect(shown.out.map(line => JSON.parse(line))).toMatchObject([
      { content: { text: "hello!", list: ["z", "b", { n: 1 }] }, pending: 0 },
      { type: "queue", edits: [] },
      {
        changes: [
          { kind: "update" },
          { kind: "update" },
          { kind: "update" },
          { kind: "refused" },
          { kind: "update" },
        ],
      },
    ]);
  });

  it("is told of a conflict that somebody has to resolve, and resolves it", async () => {
    await connect([], 'create case/1 {"total":0}');
    await connect(["case/1", "--queue", "case"], "offline", "set /total 1");
    await verso("set", "case/1", "/total", "2", "--url", url, "--user", "ben");
    const told = await connect(["--queue", "case"], "open case/1");
    expect(told.code).toBe(6);
    const conflict = told.out.find(line => line.startsWith("conflict (manual) at /total"));
    const id = /resolve (\S+) yours/.exec(conflict ?? "")?.[1];
    expect(told.out).toEqual(
      expect.arrayContaining(["  theirs  /total becomes + 2", "  yours   /total becomes + 1"]),
    );
    expect(
      await connect(["case/1"], `resolve ${id} yours`, "show /total", `resolve ${id} theirs`),
    ).toMatchObject({
      code: 6,
      out: expect.arrayContaining(["1", expect.stringContaining("(conflict-unknown)")]),
      err: expect.stringContaining("Line 3 was not done"),
    });
  });
});

describe("a command for one document of a relay", () => {
  beforeAll(async () => {
    await connect([], 'create note/exits {"text":"hello"}');
  });

  it("gets, sets, patches", async () => {
    const flags = ["--url", url, "--user", "ada"];
    await connect([], 'create note/one {"text":"hello","a/b":[1,{"c":null}]}');
    expect(await verso("get", "note/one", "/a~1b/1", ...flags)).toEqual({
      code: 0,
      out: ["{", '  "c": null', "}"],
      err: "",
    });
    expect(await verso("set", "note/one", "/total", "-5", ...flags)).toMatchObject({
      code: 0,
      out: [expect.stringMatching(/^2 /)],
    });
    expect(await verso("set", "note/one", "/total", "-5", ...flags)).toMatchObject({
      code: 0,
      out: ["nothing has changed"],
    });
    expect(
      await verso(
        "patch",
        "note/one",
        '[{"op":"add","path":"/title","value":"T"}]',
        "--target",
        "document",
        ...flags,
      ),
    ).toMatchObject({ code: 0 });
    const json = await verso("get", "note/one", "--json", ...flags);
    expect(JSON.parse(json.out[0]!)).toEqual({
      type: "value",
      pointer: "",
      value: { text: "hello", "a/b": [1, { c: null }], total: -5 },
    });
    expect(await (await fetch(`${url}/api/documents/note%2Fone`)).json()).toMatchObject({
      title: "T",
      sequence: 3,
    });
  });

  it.each([
    [["get", "note/nowhere"], 3, "(not-found)"],
    [["get", "note/exits", "/nothing"], 3, "nothing at /nothing"],
    [["get", "other"], 4, "(forbidden-document)"],
    [["set", "note/exits", "/a/b", "1"], 6, "(patch-invalid)"],
    [["set", "note/exits", "/paid", "true"], 6, "Nothing of it is in note/exits"],
    [["patch", "note/exits", '[{"op":"test","path":"/text","value":"?"}]'], 6, "another value"],
  ])("%j ends with %i", async (args, code, message) => {
    const ended = await verso(...args, "--url", url);
    expect(ended).toMatchObject({ code, err: expect.stringContaining(message) });
  });

  it("watches, a line for each change, into a pipe", async () => {
    await connect([], 'create note/watched {"n":0}');
    const watching = start("watch", "note/watched", "--limit", "3", "--url", url);
    const watchingJson = start("watch", "note/watched", "--limit", "3", "--url", url, "--json");
    const ended = Promise.all([watching.ended, watchingJson.ended]);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    // They say nothing before something happens.
    for (let n = 1; !isOver; n++)
      await verso("set", "note/watched", "/n", String(n), "--url", url, "--user", "ben");
    const [people, programs] = await ended;
    expect(people).toMatchObject({ code: 0, err: "" });
    const sequences = people.out.map(line =>
      Number(/^(\d+) {2}note\/watched {2}ben {2}update {2}\/n \+ \d+$/.exec(line)?.[1]),
    );
    expect(sequences).toEqual([0, 1, 2].map(it => sequences[0]! + it));
    expect(programs.out.map(line => JSON.parse(line))).toMatchObject(
      Array.from({ length: 3 }, () => ({
        type: "change",
        change: { user_id: "ben", patch: [{ path: "/n" }] },
      })),
    );
  });
});

async function serve(): Promise<void> {
  const { port } = new URL(url);
  relay = spawn(process.execPath, [launcher, "serve", "--port", port, "--data", "data"], { cwd: folder });
  const lines = createInterface(relay.stdout);
  for await (const line of lines) if (line.includes('"url"')) break;
  relay.stdout.resume();
}

async function kill(): Promise<void> {
  relay.kill("SIGKILL");
  await once(relay, "exit");
}

interface Ended {
  readonly code: number | null;
  readonly out: string[];
  readonly err: string;
}

function start(...args: string[]): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", chunk => {
    out += chunk;
  });
  child.stderr.on("data", chunk => {
    err += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code, out: out.split("\n").filter(Boolean), err }));
  return { child, ended };
}

function verso(...args: string[]): Promise<Ended> {
  const { child, ended } = start(...args);
  child.stdin.end();
  return ended;
}

/** Runs a script in a console at the relay. */
function connect(args: readonly string[], ...script: string[]): Promise<Ended> {
  const { child, ended } = start("connect", url, ...args);
  child.stdin.end(script.map(line => `${line}\n`).join(""));
  return ended;
}

/** The relay is started again where it was. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
