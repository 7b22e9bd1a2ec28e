/** The commands of history: the same stories on a folder and at a relay, which say the same. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  blame,
  changeEvent,
  difference,
  documentContent,
  encodeUpdate,
  historyEdit,
  workSession,
} from "@verso/protocol";
import { listen, type Relay, readConfig } from "@verso/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { exitCodeOf } from "./exit-code.js";
import { createProgram } from "./program.js";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));
/** Below the repository, so that the configuration finds zod. */
const below = fileURLToPath(new URL("../../../node_modules", import.meta.url));

const config = `
  import { z } from "zod";
  export default {
    auth: "tokens",
    documents: {
      "note/:id": {
        roots: { text: "text", map: "map" },
        schema: z.object({ text: z.string(), map: z.record(z.string(), z.number()) }),
        permissions: { "/map/*": { update: ["editor"], delete: ["editor"] } },
      },
    },
  };
`;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process. */
async function verso(...args: string[]): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const spies = [
    vi.spyOn(console, "log").mockImplementation(line => void out.push(`${line}\n`)),
    vi.spyOn(console, "error").mockImplementation(line => void err.push(`${line}\n`)),
    vi.spyOn(process.stderr, "write").mockImplementation(text => err.push(String(text)) > 0),
  ];
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return { code: 0, out: out.join(""), err: err.join("") };
  } catch (error) {
    return { code: exitCodeOf(error), out: out.join(""), err: err.join("") + String(error) };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs it as everybody does. */
function launch(args: readonly string[], environment: object = {}): Promise<Outcome> {
  const env = { ...process.env, ...environment };
  return new Promise(resolve => {
    execFile(process.execPath, [launcher, ...args], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

const roles = { ann: "editor,admin", bob: "writer" } as const;
type User = keyof typeof roles;
let tokens: Record<User, string>;

async function serve(folder: string): Promise<Relay> {
  const file = join(folder, "verso.config.mjs");
  return listen(
    await readConfig({ file, flags: { data: join(folder, "data"), port: 0, logLevel: "silent" } }),
  );
}

/** Has a user write to a document, as a client does, until it is on the disk. */
async function write(
  url: string,
  user: User,
  change: { id?: string; doc: Y.Doc; make: (doc: Y.Doc) => void },
) {
  const { id = "note/1" } = change;
  const headers = { authorization: `Bearer ${tokens[user]}` };
  const sequence = async () => {
    const answer = await fetch(`${url}/api/documents/${encodeURIComponent(id)}`, { headers });
    return answer.ok ? documentContent.parse(await answer.json()).sequence : 0;
  };
  const before = await sequence();
  const updates: Uint8Array[] = [];
  change.doc.on("update", (update: Uint8Array) => updates.push(update));
  change.doc.transact(() => change.make(change.doc));
  const socket = new WebSocket(`${url.replace("http", "ws")}/yjs/${id}`, { headers });
  await new Promise(resolve => socket.once("open", resolve));
  for (const update of updates) socket.send(encodeUpdate(update));
  while ((await sequence()) === before);
  socket.terminate();
}

/** A store in which Ann has written, then Bob, then Ann. */
let template: string;
beforeAll(async () => {
  template = mkdtempSync(join(below, ".history-"));
  writeFileSync(join(template, "verso.config.mjs"), config);
  const data = ["--data", join(template, "data")];
  const token = async (user: User) =>
    (await verso("token", "create", "--user", user, "--roles", roles[user], ...data)).out.trim();
  tokens = { ann: await token("ann"), bob: await token("bob") };
  const { url, close } = await serve(template);
  const [ann, bob] = [new Y.Doc(), new Y.Doc()];
  await write(url, "ann", { doc: ann, make: doc => doc.getText("text").insert(0, "one\ntwo") });
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  await write(url, "bob", {
    doc: bob,
    make(doc) {
      doc.getText("text").insert(4, "big ");
      doc.getMap("map").set("a\u001b[31m", 1);
    },
  });
  Y.applyUpdate(ann, Y.encodeStateAsUpdate(bob));
  await write(url, "ann", {
    doc: ann,
    make(doc) {
      doc.getText("text").delete(0, 2);
      doc.getMap("map").set("a\u001b[31m", 7);
    },
  });
  await close();
  await verso("tag", "note/1", "as sent", "2", ...data);
}, 60_000);
afterAll(() => rmSync(template, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(below, ".history-"));
  cpSync(template, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Sequences and users are the same each time; when a commit is made, and so its hash, is not. */
function withoutChance({ out, ...outcome }: Outcome): Outcome {
  const told = out.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").replace(/(\d-)[0-9a-f]{12}/g, "$1HASH");
  return { ...outcome, out: told };
}

const edits = new Set(["undo", "redo", "revert", "undo-to", "restore"]);
const inFolder = (verb: string) => [
  "--data",
  join(folder, "data"),
  ...(["erase", "tag"].includes(verb) ? [] : ["--config", join(folder, "verso.config.mjs")]),
];

describe.each(["on a folder", "at a relay"])("the commands of history %s", place => {
  let relay: Relay | null = null;
  beforeEach(async () => {
    relay = place === "on a folder" ? null : await serve(folder);
  });
  afterEach(() => relay?.close());

  /** Runs a command as a user. */
  function run(user: User, verb: string, ...args: string[]): Promise<Outcome> {
    const actor = edits.has(verb) ? ["--user", user, "--roles", roles[user]] : [];
    const where =
      relay === null ? [...inFolder(verb), ...actor] : ["--url", relay.url, "--token", tokens[user]];
    return verso(verb, ...args, ...where);
  }
  const ann = (verb: string, ...args: string[]) => run("ann", verb, "note/1", ...args);
  const content = async (...point: string[]) => JSON.parse((await ann("at", ...point)).out) as unknown;
  const lines = ({ out }: Outcome) => out.replace(/\n$/, "").split("\n");
  const cells = (outcome: Outcome, { without }: { without: number[] }) =>
    lines(outcome).map(line =>
      line
        .trimStart()
        .split(/ {2,}/)
        .filter((_, index) => !without.includes(index)),
    );

  it("list the commits in words", async () => {
    const listed = lines(await ann("history")).map(line => line.split("  ").filter((_, i) => i !== 1));
    expect(listed).toEqual([
      ["1", "ann", "update", String.raw`/text:0 + one\ntwo`],
      ["2", "bob", "update", String.raw`/text:4 + big ; /map/a\u001b[31m + 1`],
      ["3", "ann", "update", String.raw`/map/a\u001b[31m becomes + 7; /text:0 - on`],
    ]);
    const [first, ...rest] = lines(await ann("history", "--from", "2", "--limit", "1"));
    expect([first, rest]).toEqual([expect.stringMatching(/^2 /), []]);
    const json = lines(await ann("history", "--user", "ann", "--json"));
    const events = json.map(line => changeEvent.parse(JSON.parse(line)));
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect(events[1]?.reverse_patch).toHaveLength(2);
  });

  it("show the document at a sequence, a time and a name, and as it is", async () => {
    const sent = { text: "one\nbig two", map: { "a\u001b[31m": 1 } };
    expect(await content("2")).toEqual(sent);
    expect(await content("tag:as sent")).toEqual(sent);
    expect(await content()).toEqual({ text: "e\nbig two", map: { "a\u001b[31m": 7 } });
    const { out } = await ann("at", "2", "--json");
    const version = documentContent.parse(JSON.parse(out));
    expect(version).toMatchObject({ id: "note/1", sequence: 2, content: sent });
    expect(await content(version.updated_at)).toEqual(sent);
    for (const point of ["9", "tag:none", "2001-01-01T00:00:00Z"]) {
      expect((await ann("at", point)).code, point).toBe(3);
    }
    for (const point of ["0", "yesterday", "-1"]) expect((await ann("at", point)).code, point).toBe(2);
  });

  it("show what has changed, forward and back", async () => {
    expect(lines(await ann("diff", "1", "tag:as sent"))).toEqual([
      "/text:4 + big ",
      String.raw`/map/a\u001b[31m + 1`,
    ]);
    expect(lines(await ann("diff", "2", "1"))).toEqual([
      String.raw`/map/a\u001b[31m removed`,
      "/text:4 - big ",
    ]);
    const json = difference.parse(JSON.parse((await ann("diff", "0", "--json")).out));
    expect(json).toMatchObject({ document_id: "note/1", from: 0, to: 3 });
    expect(JSON.parse((await ann("diff", "0", "--patch")).out)).toEqual(json.rfc6902_patch);
    expect(await ann("diff", "3")).toEqual({ code: 0, out: "", err: "nothing has changed\n" });
  });

  it("take back what whoever acts did, and nobody else, and give it back", async () => {
    expect((await ann("undo")).out).toMatch(/^4-[0-9a-f]{12} {2}undo of 3\n$/);
    const { out } = await ann("undo", "--json");
    expect(historyEdit.parse(JSON.parse(out))).toMatchObject({ sequence: 5, undoes: [1], unrestored: [] });
    expect(await content()).toEqual({ text: "big ", map: { "a\u001b[31m": 1 } });
    expect(await ann("undo")).toMatchObject({ code: 0, out: "nothing has changed\n" });
    expect((await ann("redo")).out).toContain("redo of 5");
    expect((await ann("redo")).out).toContain("redo of 4");
    expect(await content()).toEqual(await content("3"));
    expect(lines(await ann("history", "--from", "5"))[0]).toContain(
      String.raw`ann  undo of 1  /text:0 - one\n`,
    );
  });

  it("revert a commit of anybody, and say what does not come back", async () => {
    await ann("revert", "2");
    expect(await content()).toMatchObject({ text: "e\ntwo" });
    const reverted = await ann("revert", "3");
    expect(reverted.out).toMatch(/^5-\w+ {2}revert of 3\n/);
    expect(await content()).toMatchObject({ text: "one\ntwo" });
  });

  it("go back to a version, as an undo or as an edit", async () => {
    expect((await ann("undo-to", "1")).out).toMatch(/^4-\w+ {2}undo-to of 2-3\n$/);
    expect(await content()).toEqual({ text: "one\ntwo", map: {} });
    expect((await ann("restore", "tag:as sent")).out).toMatch(/^5-\w+ {2}restore of 3-4\n$/);
    expect(await content()).toEqual(await content("2"));
    expect((await ann("undo-to", "--tag", "as sent")).out).toMatch(/^6-\w+ {2}undo-to of /);
    expect(await content()).toEqual(await content("2"));
    for (const unknown of [["9"], ["--tag", "none"]]) expect((await ann("restore", ...unknown)).code).toBe(3);
    for (const wrong of [[], ["1", "--tag", "as sent"]])
      expect((await ann("restore", ...wrong)).code).toBe(2);
  });

  it("tell who has put what where", async () => {
    const text = [
      ["1", "ann", "1", "e"],
      ["2", "bob", "2", "big "],
      ["1", "ann", "two"],
    ];
    expect(cells(await ann("blame", "/text"), { without: [2] })).toEqual(text);
    expect(cells(await ann("blame"), { without: [2] })).toEqual([
      ["/text"],
      ...text,
      ["/map"],
      ["3", "ann", String.raw`/map/a\u001b[31m`, "7"],
    ]);
    const members = lines(await ann("blame", "/map", "--at", "tag:as sent"));
    expect(members).toEqual([expect.stringMatching(/^2 {2}bob {2}\S+ {2}\/map\/a\\u001b\[31m {2}1$/)]);
    const { out } = await ann("blame", "/text", "--json");
    expect(blame.parse(JSON.parse(out))).toMatchObject({ sequence: 3, parts: [{ by: 1, from: 0 }, {}, {}] });
    expect((await ann("blame", "/none")).code).toBe(3);
    expect((await ann("blame", "--at", "9")).code).toBe(3);
    for (const wrong of [["none"], ["/~2"], ["--at", "0"]])
      expect((await ann("blame", ...wrong)).code).toBe(2);
  });

  it("tell who has worked on it and when", async () => {
    expect(cells(await ann("activity"), { without: [1, 2] })).toEqual([
      ["1-3", "ann", "2 update", "+7", "-2", String.raw`/text /map/a\u001b[31m`],
      ["2", "bob", "1 update", "+4", "-0", String.raw`/text /map/a\u001b[31m`],
    ]);
    const json = lines(await ann("activity", "--user", "bob", "--json"));
    expect(json.map(line => workSession.parse(JSON.parse(line)).last_sequence)).toEqual([2]);
    const none = { code: 0, out: "", err: "no activity\n" };
    expect(await ann("activity", "--from", "2999-01-01")).toEqual(none);
    for (const wrong of [
      ["--to", "soon"],
      ["--idle", "0"],
      ["--idle", "100001"],
    ])
      expect((await ann("activity", ...wrong)).code, wrong.join(" ")).toBe(2);
  });

  it("are refused what the kind does not allow whoever acts, which stands on record", async () => {
    const refused = await run("bob", "revert", "note/1", "3");
    expect(refused).toMatchObject({ code: 6, out: "" });
    expect(refused.err).toContain("edit-refused");
    expect(refused.err).toContain(String.raw`/map/a\u001b[31m  permission-denied`);
    expect(await content()).toEqual(await content("3"));
    expect(lines(await ann("history")).at(-1)).toMatch(/^4 .* {2}bob {2}refused {2}! \/map\/a/);
  });

  it("end with what is wrong", async () => {
    expect((await run("ann", "history", "note/2")).code).toBe(3);
    expect((await run("ann", "undo", "note/2")).code).toBe(3);
    expect((await run("ann", "at", "letter/1")).code).toBe(4);
    for (const id of ["", "a//b", "../a", "~fork/x"]) expect((await run("ann", "undo", id)).code, id).toBe(2);
    expect((await ann("revert", "0")).code).toBe(2);
    expect((await ann("diff")).code).toBe(2);
    expect((await ann("diff", "1", "--patch", "--json")).code).toBe(2);
    expect((await run("ann", "erase", "note/1")).code).toBe(0);
    expect((await ann("history")).code).toBe(3);
    expect((await ann("restore", "1")).code).toBe(3);
  });
});

describe("the commands of history", () => {
  it("find the configuration as the relay does, and leave the folder as it would", async () => {
    const refused = await launch(["revert", "note/1", "3", "--user", "bob"]);
    expect(refused).toMatchObject({ code: 6, err: expect.stringContaining("edit-refused") });
    const undone = await launch(["undo", "note/1", "--user", "bob", "--roles", "editor"]);
    expect(undone).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^5-\w+ {2}undo of 2\n$/) });
    const config = join(folder, "verso.config.mjs");
    expect((await launch(["verify", "data", "--config", config])).out).toContain("no issues");
    const relay = await serve(folder);
    const redone = await verso("redo", "note/1", "--url", relay.url, "--token", tokens.bob);
    expect(redone.out).toContain("redo of 5");
    const locked = await verso("undo", "note/1", ...inFolder("undo"));
    expect(locked).toMatchObject({ code: 69, err: expect.stringContaining("--url") });
    await relay.close();
  });

  it("say the same in a folder and at its relay", async () => {
    const asked = [
      ["history"],
      ["history", "--json"],
      ["history", "--from", "9"],
      ["at"],
      ["at", "2", "--json"],
      ["diff", "3", "tag:as sent"],
      ["diff", "0", "--json"],
      ["blame"],
      ["blame", "/map"],
      ["blame", "/text", "--at", "2", "--json"],
      ["activity"],
      ["activity", "--json"],
      ["tag", "--list"],
      ["tag", "--list", "--json"],
      ["undo"],
      ["undo", "--json"],
      ["redo"],
      ["revert", "2"],
      ["undo-to", "1"],
      ["restore", "--tag", "as sent"],
      ["restore", "--tag", "as sent"],
    ] as const;
    const outcomes = async (where: (verb: string) => readonly string[]) => {
      const told: Outcome[] = [];
      for (const [verb, ...args] of asked) {
        told.push(await verso(verb, "note/1", ...args, ...where(verb)));
      }
      return told.map(withoutChance);
    };
    const relay = await serve(folder);
    const atRelay = await outcomes(() => ["--url", relay.url, "--token", tokens.ann]);
    await relay.close();
    rmSync(folder, { recursive: true });
    cpSync(template, folder, { recursive: true });
    const inFolderOf = (verb: string) => [
      ...inFolder(verb),
      ...(edits.has(verb) ? ["--user", "ann", "--roles", roles.ann] : []),
    ];
    expect(await outcomes(inFolderOf)).toEqual(atRelay);
    expect(atRelay.map(({ code }) => code)).toEqual(asked.map(() => 0));
  });

  it("wait for all that they ask of a folder", async () => {
    // Many reads of one document: between two of them only a timer is left to wait for.
    const { code, out } = await launch(["blame", "note/1"]);
    expect([code, out.split("\n").filter(line => line.startsWith("/"))]).toEqual([0, ["/text", "/map"]]);
  });

  it("tell what somebody has typed into a line as one, and cut it to the terminal", async () => {
    const relay = await serve(folder);
    const docs = { ann: new Y.Doc(), bob: new Y.Doc() };
    for (const [user, text] of [
      ["ann", "H"],
      ["ann", "i"],
      ["bob", ", you"],
      ["ann", " there\r\nBye "],
      ["ann", "now"],
    ] as const) {
      const doc = docs[user];
      const typed = doc.getText("text");
      await write(relay.url, user, { id: "note/2", doc, make: () => typed.insert(typed.length, text) });
      for (const other of Object.values(docs)) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    }
    await relay.close();
    const blame = ["blame", "note/2", "/text", ...inFolder("blame")];
    const { out } = await verso(...blame);
    expect(out.replace(/\S+Z/g, "TIME").split("\n")).toEqual([
      "1-2  ann  TIME  1  Hi",
      "  3  bob  TIME     , you",
      "  4  ann  TIME      there",
      "4-5  ann  TIME  2  Bye now",
      "",
    ]);
    process.stdout.columns = 20;
    onTestFinished(() => {
      Reflect.deleteProperty(process.stdout, "columns");
    });
    expect((await verso(...blame)).out.split("\n")[0]).toMatch(/^1-2 {2}ann {2}.{9}…$/);
  });

  it("know what is no relay", async () => {
    const server = createServer((_, answer) => answer.end("{}")).listen(0);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    expect(await verso("history", "note/1", "--url", url)).toMatchObject({
      code: 69,
      err: expect.stringContaining("is no relay"),
    });
  });

  it("let nobody act as another at a relay", async () => {
    for (const flag of [
      ["--user", "bob"],
      ["--roles", "editor"],
      ["--tenant", "t"],
      ["--config", "x"],
    ]) {
      const ended = await verso("undo", "note/1", ...flag, "--url", "http://127.0.0.1:1");
      expect(ended, flag[0]).toMatchObject({ code: 2, err: expect.stringContaining(flag[0]!) });
    }
  });

  it("take the token from the environment or a flag, and never print it", async () => {
    const relay = await serve(folder);
    const asked = (token: string) =>
      launch(["undo", "note/1", "--json"], { VERSO_URL: relay.url, VERSO_TOKEN: token });
    expect((await asked(tokens.ann)).code).toBe(0);
    const wrong = `${tokens.ann.slice(0, -4)}AAAA`;
    const flag = await verso("undo", "note/1", "--url", relay.url, "--token", wrong);
    for (const refused of [await asked(wrong), flag]) {
      expect(refused).toMatchObject({ code: 4, out: "", err: expect.stringContaining("token-invalid") });
      expect(refused.err).not.toContain(wrong.split(".")[1]);
    }
    await relay.close();
  });

  it("colour what comes and goes, where colours are wanted", async () => {
    const args = ["diff", "note/1", "1", "2"];
    const colored = await launch(args, { FORCE_COLOR: "1" });
    expect(colored.out).toContain("\u001b[32m+ big \u001b[39m");
    expect((await launch(args, { FORCE_COLOR: undefined, NO_COLOR: "1" })).out).not.toContain("\u001b");
  });
});
