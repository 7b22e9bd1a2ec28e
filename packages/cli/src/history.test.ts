/** The commands of history: the same stories on a folder and at a relay, which say the same. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
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
async function write(url: string, user: User, change: { doc: Y.Doc; make: (doc: Y.Doc) => void }) {
  const headers = { authorization: `Bearer ${tokens[user]}` };
  const sequence = async () => {
    const answer = await fetch(`${url}/api/documents/note%2F1`, { headers });
    return answer.ok ? documentContent.parse(await answer.json()).sequence : 0;
  };
  const before = await sequence();
  const updates: Uint8Array[] = [];
  change.doc.on("update", (update: Uint8Array) => updates.push(update));
  change.doc.transact(() => change.make(change.doc));
  const socket = new WebSocket(`${url.replace("http", "ws")}/yjs/note/1`, { headers });
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

const edits = new Set(["undo", "redo", "revert", "undo-to", "restore"]);
const inFolder = (verb: string) => [
  "--data",
  join(folder, "data"),
  ...(verb === "erase" ? [] : ["--config", join(folder, "verso.config.mjs")]),
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
    expect(await ann("diff", "3")).toMatchObject({ code: 0, out: "" });
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
    expect((await ann("restore", "9")).code).toBe(3);
  });

  it("tell who has put what where", async () => {
    const rows = lines(await ann("blame", "/text")).map(line =>
      line.split(/ {2,}/).filter((_, i) => i !== 2),
    );
    expect(rows).toEqual([
      ["1", "ann", "1", "e"],
      ["2", "bob", "2", "big "],
      ["1", "ann", "two"],
    ]);
    const members = lines(await ann("blame", "/map", "--at", "tag:as sent"));
    expect(members).toEqual([expect.stringMatching(/^2 {2}bob {2}\S+ {2}\/map\/a\\u001b\[31m {2}1$/)]);
    const { out } = await ann("blame", "/text", "--json");
    expect(blame.parse(JSON.parse(out))).toMatchObject({ sequence: 3, parts: [{ by: 1, from: 0 }, {}, {}] });
    expect((await ann("blame", "/none")).code).toBe(3);
    expect((await ann("blame", "none")).code).toBe(2);
  });

  it("tell who has worked on it and when", async () => {
    const listed = lines(await ann("activity"));
    expect(listed.map(line => line.split("  ").filter((_, i) => i !== 1 && i !== 2))).toEqual([
      ["1-3", "ann", "2 update", "+7 -2", expect.stringContaining("/text /map/a")],
      ["2", "bob", "1 update", "+4 -0", expect.stringContaining("/text /map/a")],
    ]);
    // What is longer than a line is cut.
    expect(listed[0]).toMatch(/^.{99}…$/);
    const json = lines(await ann("activity", "--user", "bob", "--json"));
    expect(json.map(line => workSession.parse(JSON.parse(line)).last_sequence)).toEqual([2]);
    expect((await ann("activity", "--from", "2999-01-01")).out).toBe("");
    expect((await ann("activity", "--to", "soon")).code).toBe(2);
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

  it("colour what comes and goes, where colours are wanted", async () => {
    const args = ["diff", "note/1", "1", "2"];
    const colored = await launch(args, { FORCE_COLOR: "1" });
    expect(colored.out).toContain("\u001b[32m+ big \u001b[39m");
    expect((await launch(args, { FORCE_COLOR: undefined, NO_COLOR: "1" })).out).not.toContain("\u001b");
  });
});
