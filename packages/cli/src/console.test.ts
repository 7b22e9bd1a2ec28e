import { createJsonClient, type JsonClient } from "@verso/client/json";
import { createFakeRelay, type FakeRelay } from "@verso/client/json/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Console, createConsole } from "./console.js";
import { toJsonLine, toLines } from "./console-report.js";

let relay: FakeRelay;
let client: JsonClient;
let console: Console;
let out: string[];

beforeEach(async () => {
  relay = createFakeRelay();
  relay.create("note", { text: "hello", list: [1] }, "Note");
  const { webSocket, clock } = relay;
  const person = { userId: "ada", token: "t", random: () => 0.5 };
  client = await createJsonClient({ url: "ws://relay/ws", ...person, webSocket, clock });
  out = [];
  console = createConsole({
    client,
    say: report => {
      // Whatever is told can be told to a program, too.
      expect(JSON.parse(toJsonLine(report))).toMatchObject({ type: report.type });
      out.push(...toLines(report));
    },
  });
  await relay.flush();
});
afterEach(() => client.close());

/** Carries out lines, and gives what was said since the last time, and what became of the last line. */
async function type(...lines: string[]): Promise<{ became: string; said: string[] }> {
  let became = "";
  for (const line of lines) {
    const run = console.run(line);
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    run.then(over, over);
    while (!isOver) await relay.flush();
    became = await run;
  }
  return { became, said: out.splice(0) };
}

const shown = ["note at 1: Note", "{", '  "text": "hello",', '  "list": [', "    1", "  ]", "}"];

describe("the console", () => {
  it("opens a document and shows it, whole or a part", async () => {
    expect(await type("open note")).toEqual({ became: "done", said: shown });
    expect(await type("show /list/0")).toEqual({ became: "done", said: ["1"] });
    expect(await type("show /nothing")).toEqual({
      became: "failed",
      said: ["There is nothing there. (not-found at /nothing)"],
    });
    expect(console.document?.id).toBe("note");
  });

  it("edits, and says which commit it has become", async () => {
    const { said } = await type(
      "open note",
      "set /total 7",
      "edit /text hello, Ada",
      "rm /list/0",
      "title Letter",
      'patch [{"op":"add","path":"/list/-","value":2}]',
    );
    expect(said.slice(shown.length)).toEqual(["2  2-r", "3  3-r", "4  4-r", "5  5-r", "6  6-r"]);
    expect(relay.documents.get("note")?.json).toEqual({
      title: "Letter",
      content: { text: "hello, Ada", list: [2], total: 7 },
    });
    expect(relay.documents.get("note")?.commits[2]?.patch).toEqual([
      { op: "str_ins", path: "/content/text", pos: 5, str: ", Ada" },
    ]);
  });

  it("says what is wrong with a line, and has done nothing of it", async () => {
    expect((await type("show")).said).toEqual(["No document is open. (not-loaded)"]);
    expect((await type("dance")).became).toBe("failed");
    expect((await type("open note", "rm /nothing")).became).toBe("failed");
    expect(await type("open elsewhere")).toEqual({
      became: "failed",
      said: ["It cannot be done: document-unknown. (document-unknown)"],
    });
    expect(relay.documents.get("note")?.commits).toHaveLength(1);
  });

  it("tells of others' changes as they happen, when asked to", async () => {
    await type("open note");
    relay.edit("note", [{ op: "str_ins", path: "/text", pos: 0, str: ">" }]);
    await relay.flush();
    expect(out).toEqual([]);
    await type("watch");
    relay.edit("note", [{ op: "add", path: "/list/0", value: { a: 1 } }]);
    await relay.flush();
    expect(out.splice(0)).toEqual(['3  note  somebody  update  /content/list/0 + {"a":1}']);
    await type("watch off");
    relay.edit("note", [{ op: "remove", path: "/list" }]);
    await relay.flush();
    expect(out).toEqual([]);
  });

  it("goes on offline, shows what waits, and sends it when it is online again", async () => {
    await type("open note", "offline");
    expect(await type("set /total 7", "set /total 8")).toEqual({
      became: "done",
      said: ["waits for a connection", "waits for a connection"],
    });
    expect((await type("queue")).said).toEqual(["note  /total + 7", "note  /total becomes + 8"]);
    expect((await type("show")).said[0]).toBe("note at 1, 2 not sent or not answered: Note");
    expect((await type("undo")).said).toEqual(["This needs a connection to the relay. (offline)"]);
    expect((await type("online")).said).toEqual(["2  2-r", "3  3-r"]);
    expect((await type("queue")).said).toEqual(["nothing waits"]);
  });

  it("remembers that an edit was refused which nobody waited for", async () => {
    await type("open note", "offline", "set /total -1");
    relay.intercept = ({ type }) =>
      type === "update_document" ? { type: "error", code: "forbidden", message: "No." } : null;
    expect(console.hasFailed).toBe(false);
    expect((await type("online")).said).toEqual(["No. (forbidden)"]);
    expect(console.hasFailed).toBe(true);
  });

  it("does not wait for an answer that will not come", async () => {
    await type("open note");
    const run = console.run("set /total 7");
    await relay.flushRequests();
    relay.cut();
    expect(await run).toBe("done");
    expect(out.at(-1)).toBe("waits for a connection");
    relay.clock.advance(30_000);
    await relay.flush();
    expect(out.at(-1)).toBe("2  2-r");
  });

  it("shows rejections and conflicts with what they are about", async () => {
    await type("open note");
    const issues = [{ pointer: "/total", code: "too_small", message: "It is negative.", severity: "error" }];
    relay.intercept = ({ type }) =>
      type === "update_document" ? { type: "rejected", document_id: "note", sequence: 1, issues } : null;
    expect(await type("set /total -1")).toEqual({
      became: "failed",
      said: ["rejected", "  /total  too_small  It is negative."],
    });
    const operation = { op: "replace", path: "/text", value: "theirs" };
    relay.intercept = ({ type }) => {
      if (type !== "update_document") return null;
      return {
        type: "conflict",
        ...{ document_id: "note", conflict_id: "c1", strategy: "manual", pointers: ["/text"] },
        ...{ theirs: [operation], yours: [{ ...operation, value: "mine" }], commits: [] },
        vector_clocks: { yours: {}, theirs: {} },
        document: { revision_id: "1-r", sequence: 1, title: null, content: {} },
      };
    };
    expect(await type("set /text mine")).toEqual({
      became: "failed",
      said: [
        "conflict (manual) at /text; resolve c1 yours, theirs or merge",
        '  theirs  /text becomes + "theirs"',
        '  yours   /text becomes + "mine"',
      ],
    });
    relay.intercept = ({ type }) =>
      type === "resolve_conflict" ? { type: "error", code: "conflict-unknown", message: "No." } : null;
    expect((await type("resolve c1 yours")).said).toEqual(["No. (conflict-unknown)"]);
    expect(relay.requests.at(-1)).toMatchObject({ conflict_id: "c1", take: "yours", document_id: "note" });
  });

  it("takes back, and lists what was done", async () => {
    await type("open note", "set /total 7");
    expect((await type("undo")).said).toEqual(["3  3-r"]);
    const { said } = await type("history 1");
    expect(said.map(line => line.replace(/\S+Z/, "TIME"))).toEqual([
      "2  TIME  ada  update  /content/total + 7",
      "3  TIME  ada  update  /content/undone + true",
    ]);
  });

  it("makes a document and deletes it", async () => {
    expect(await type('create letter {"text":""}', "set /text a", "delete")).toMatchObject({
      became: "done",
    });
    expect((await type("show")).said).toEqual(["letter was deleted. (deleted)"]);
    expect((await type("open note", "create note")).said.at(-1)).toContain("document-exists");
  });

  it("lists all its words, and leaves", async () => {
    const { said } = await type("help");
    expect(said[0]).toMatch(/^open DOCUMENT +follow a document$/);
    expect((await type("quit")).became).toBe("quit");
    expect((await type("# nothing", "")).said).toEqual([]);
  });

  it("never sends to the terminal what a document says for a terminal", async () => {
    relay.edit("note", [{ op: "replace", path: "/text", value: "\u001b[2J\u202e" }]);
    const { said } = await type("open note", "show /text");
    for (const character of ["\u001b", "\u202e"]) expect(said.join("")).not.toContain(character);
  });
});
