import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createJsonClient,
  type EditOutcome,
  type EditStorage,
  type JsonClient,
  type JsonClientOptions,
  type JsonObject,
  memoryStorage,
  type Patch,
} from "./index.js";
import { createFakeRelay, type FakeRelay } from "./testing.js";

let relay: FakeRelay;
beforeEach(() => {
  relay = createFakeRelay();
});

function connect(options: Partial<JsonClientOptions> = {}): Promise<JsonClient> {
  const { webSocket, clock } = relay;
  return createJsonClient({
    ...{ url: "ws://relay/ws", userId: "ada", token: "t", webSocket, clock, random: () => 0.5 },
    ...options,
  });
}

const add = (path: string, value: string | number): Patch => [{ op: "add", path, value }];
const type = (pos: number, str: string): Patch => [{ op: "str_ins", path: "/text", pos, str }];

/** Requests of a kind, as they were sent. */
function sent(kind: string) {
  return relay.requests.filter(request => request.type === kind);
}

function contentAt(id = "note"): JsonObject {
  return relay.documents.get(id)!.json.content;
}

/** The next edits are refused, so many. */
function refuse(count: number): void {
  let left = count;
  relay.intercept = request => {
    if (request.type !== "update_document" || left-- <= 0) return null;
    return { type: "error", code: "forbidden", message: "No." };
  };
}

/** A client that follows the document `note`. */
async function follow(options: Partial<JsonClientOptions> = {}) {
  const client = await connect(options);
  const note = client.open("note");
  await relay.flush();
  return { client, note };
}

describe("a document that is followed", () => {
  beforeEach(() => relay.create("note", { text: "hello" }, "Note"));

  it("is as the relay has it, and changes as others change it", async () => {
    const { note } = await follow();
    expect(note.getSnapshot()).toEqual({ title: "Note", content: { text: "hello" }, pending: 0 });
    relay.edit("note", type(5, " world"));
    await relay.flush();
    expect(note.getSnapshot()?.content).toEqual({ text: "hello world" });
    expect(note).toMatchObject({ status: "ready", sequence: 2 });
  });

  it("shows an edit at once, and keeps it when the relay has answered", async () => {
    const { note } = await follow();
    const outcome = note.patch(type(5, "!"));
    expect(note.getSnapshot()).toEqual({ title: "Note", content: { text: "hello!" }, pending: 1 });
    await relay.flush();
    expect(await outcome).toEqual({ type: "done", sequence: 2, revision: "2-r" });
    expect(note.getSnapshot()).toEqual({ title: "Note", content: { text: "hello!" }, pending: 0 });
    expect(contentAt()).toEqual({ text: "hello!" });
  });

  it("knows the commit of an edit that has changed nothing, where others had written meanwhile", async () => {
    const { note } = await follow();
    const { commits } = relay.documents.get("note")!;
    relay.intercept = ({ type }) => {
      if (type !== "update_document") return null;
      const sequence = commits.push({ patch: [], user: "ada" });
      const at = { document_id: "note", revision_id: `${sequence}-r`, sequence, vector_clock: {} };
      return { type: "document_updated", ...at, user_id: "ada", patch: [] };
    };
    const outcome = note.patch(type(5, "!"));
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "unchanged", sequence: 2 });
    relay.edit("note", type(0, ">"));
    await relay.flush();
    expect(note).toMatchObject({ sequence: 3 });
    expect(note.getSnapshot()?.content).toEqual({ text: ">hello" });
    expect(sent("get_document")).toEqual([]);
  });

  it("misses nothing when it is told that an edit changes nothing before the commit that did the same", async () => {
    relay.create("note", { list: [1, 2, 3] });
    const { note } = await follow();
    const updates: number[] = [];
    note.on("update", ({ sequence }) => updates.push(sequence));
    const removal: Patch = [{ op: "remove", path: "/list/0" }];
    relay.cut();
    relay.edit("note", removal);
    const outcome = note.patch(removal);
    relay.clock.advance(30_000);
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "unchanged", sequence: 2 });
    expect(note.getSnapshot()).toEqual({ title: null, content: { list: [2, 3] }, pending: 0 });
    expect(updates).toEqual([2]);
  });

  it("is the same snapshot as long as nothing has changed, and shares what has not", async () => {
    relay.create("note", { list: [1], text: "a" });
    const { note } = await follow();
    const before = note.getSnapshot();
    expect(note.getSnapshot()).toBe(before);
    relay.edit("note", type(0, "b"));
    await relay.flush();
    expect(note.getSnapshot()?.content.list).toBe(before?.content.list);
  });

  it("has a title, which a patch of the whole document changes", async () => {
    const { note } = await follow();
    const patch: Patch = [{ op: "replace", path: "/title", value: "Letter" }];
    const outcome = note.patch(patch, { target: "document" });
    expect(note.getSnapshot()?.title).toBe("Letter");
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "done" });
    expect(relay.documents.get("note")?.json.title).toBe("Letter");
  });

  it("takes no patch that cannot be right, and queues nothing of it", async () => {
    const { client, note } = await follow();
    await expect(note.patch([...type(5, "!"), ...add("/a/b", 1)])).rejects.toMatchObject({
      code: "patch-invalid",
      pointer: "/a/b",
    });
    expect(client.queue).toEqual([]);
    expect(note.getSnapshot()?.content).toEqual({ text: "hello" });
  });

  it("is fetched again when a commit is missing, and loses nothing that comes meanwhile", async () => {
    const { note } = await follow();
    // Somebody whose commit nobody tells of.
    relay.documents.get("note")!.commits.push({ patch: [], user: "ghost" });
    relay.edit("note", type(5, "!"));
    relay.edit("note", type(6, "?"));
    await relay.flush();
    expect(note.getSnapshot()?.content).toEqual({ text: "hello!?" });
    expect(sent("get_document")).toHaveLength(1);
  });

  it("is fetched again when formatted text has changed", async () => {
    const { note } = await follow();
    relay.intercept = () => null;
    const { commits, json } = relay.documents.get("note")!;
    const update = { op: "delta", path: "/content/text", delta: [{ insert: "b" }] } as const;
    relay.edit("note", []);
    commits.splice(1, 1, { patch: [update], user: "bob" });
    // The fake sends what is in its log, which a client that comes back reads.
    relay.documents.get("note")!.json = { ...json, content: { text: "bhello" } };
    relay.cut();
    relay.clock.advance(30_000);
    await relay.flush();
    expect(note.getSnapshot()?.content).toEqual({ text: "bhello" });
    expect(sent("get_document")).toHaveLength(1);
  });

  it("says who is here, and tells again after a lost connection", async () => {
    const { note } = await follow();
    note.announce({ cursor: 3 });
    await relay.flush();
    expect(sent("presence")).toHaveLength(1);
    relay.cut();
    relay.clock.advance(30_000);
    await relay.flush();
    expect(sent("presence")).toHaveLength(2);
    note.announce(null);
    await relay.flush();
    expect(sent("presence").at(-1)).toMatchObject({ state: null });
  });

  it("is gone when it is deleted, and what is asked for is told", async () => {
    const { client, note } = await follow();
    const outcome = client.delete("note");
    expect(note.getSnapshot()).toBe(null);
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "done" });
    expect(note.status).toBe("deleted");
    await expect(note.patch(type(0, "a"))).rejects.toMatchObject({ code: "not-loaded" });
    const missing = client.open("nothing");
    await relay.flush();
    expect(missing.status).toBe("missing");
    await expect(missing.whenLoaded()).rejects.toMatchObject({ relayCode: "document-unknown" });
  });

  it("is not followed any more once it is closed", async () => {
    const { client, note } = await follow();
    note.close();
    await relay.flush();
    expect(sent("unsubscribe")).toHaveLength(1);
    expect(client.open("note")).not.toBe(note);
  });
});

describe("the queue", () => {
  beforeEach(() => relay.create("note", { text: "hello", list: [] }));

  it("keeps edits while offline, and sends them in their order, one by one, on what the one before has become", async () => {
    const { client, note } = await follow();
    client.disconnect();
    const outcomes = [note.patch(type(5, "a")), note.patch(type(6, "b")), note.patch(type(7, "c"))];
    await relay.flush();
    expect(note.getSnapshot()).toMatchObject({ content: { text: "helloabc" }, pending: 3 });
    expect(sent("update_document")).toEqual([]);
    client.connect();
    await relay.flush();
    expect((await Promise.all(outcomes)).map(outcome => "sequence" in outcome && outcome.sequence)).toEqual([
      2, 3, 4,
    ]);
    expect(sent("update_document").map(request => "patch" in request && request.patch)).toMatchObject([
      { revision_id: "1-r" },
      { revision_id: "2-r" },
      { revision_id: "3-r" },
    ]);
    expect(contentAt().text).toBe("helloabc");
    expect(note.getSnapshot()).toMatchObject({ content: { text: "helloabc" }, pending: 0 });
  });

  it("survives a restart", async () => {
    const storage = memoryStorage();
    const first = await follow({ storage });
    first.client.disconnect();
    void first.note.patch(type(5, "a"));
    void first.note.patch(add("/list/0", 1));
    const letter = first.client.create({ id: "letter", title: "Letter", content: { text: "" } });
    await first.client.close();
    expect(await letter).toEqual({ type: "kept" });

    const answered: EditOutcome[] = [];
    const second = await connect({ storage, connect: false });
    second.on("answered", (_, outcome) => answered.push(outcome));
    expect(second.queue.map(({ message }) => message.type)).toEqual([
      "update_document",
      "update_document",
      "create_document",
    ]);
    second.connect();
    await relay.flush();
    expect(contentAt()).toEqual({ text: "helloa", list: [1] });
    expect(contentAt("letter")).toEqual({ text: "" });
    expect(answered.map(outcome => outcome.type)).toEqual(["done", "done", "done"]);
    expect(await storage.load()).toEqual([]);
  });

  it("makes an edit once whose answer was lost, and never shows it twice", async () => {
    const { client, note } = await follow();
    const shown: unknown[] = [];
    note.subscribe(() => shown.push(note.getSnapshot()?.content.text));
    const outcome = note.patch(type(5, "!"));
    await relay.flushRequests();
    relay.cut();
    expect(contentAt().text).toBe("hello!");
    relay.edit("note", type(0, ">"));
    relay.clock.advance(30_000);
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "done", sequence: 2 });
    expect(sent("update_document")).toHaveLength(2);
    expect(contentAt().text).toBe(">hello!");
    expect(note.getSnapshot()?.content.text).toBe(">hello!");
    expect(new Set(shown)).toEqual(new Set(["hello!", ">hello!"]));
    expect(client.queue).toEqual([]);
  });

  it("never lets an edit vanish between its answer and its commit", async () => {
    const { client, note } = await follow();
    client.disconnect();
    relay.edit("note", type(0, ">"));
    void note.patch(type(5, "!"));
    const shown: unknown[] = [];
    note.subscribe(() => shown.push(note.getSnapshot()?.content.text));
    client.connect();
    await relay.flush();
    expect(new Set(shown)).toEqual(new Set(["hello!", ">hello!"]));
  });

  it("sends nothing on an old version while it keeps on which new one it was made", async () => {
    const kept = memoryStorage();
    let goOn = () => {};
    const slowly = new Promise<void>(resolve => {
      goOn = resolve;
    });
    const storage: EditStorage = {
      ...kept,
      put: async edit => {
        await kept.put(edit);
        if (edit.standing.base?.sequence === 2) await slowly;
      },
    };
    const { note } = await follow({ storage });
    const outcomes = [note.patch(type(5, "a")), note.patch(type(6, "b"))];
    await relay.flush();
    relay.cut();
    relay.clock.advance(30_000);
    await relay.flush();
    expect(sent("update_document")).toHaveLength(1);
    goOn();
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([{ type: "done" }, { type: "done" }]);
    expect(sent("update_document")[1]).toMatchObject({ patch: { revision_id: "2-r" } });
  });

  it("takes back what is rejected, and keeps what was made after it", async () => {
    const { note } = await follow();
    relay.intercept = request => {
      if (request.type !== "update_document" || request.patch.patch[0]?.path !== "/total") return null;
      // What was taken back leaves a commit that has changed nothing.
      relay.documents.get("note")!.commits.push({ patch: [], user: "ada" });
      const issues = [{ pointer: "/total", code: "too_small", message: "No.", severity: "error" }];
      return { type: "rejected", document_id: "note", sequence: 2, issues };
    };
    const outcomes = [note.patch(add("/total", -1)), note.patch(type(5, "!"))];
    expect(note.getSnapshot()?.content).toEqual({ text: "hello!", list: [], total: -1 });
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([
      { type: "rejected", issues: [{ code: "too_small" }] },
      { type: "done" },
    ]);
    expect(note.getSnapshot()).toEqual({ title: null, content: { text: "hello!", list: [] }, pending: 0 });
  });

  it("shows what is in force when an edit is in conflict, and tells with what", async () => {
    const { client, note } = await follow();
    client.disconnect();
    const lost = note.patch([{ op: "replace", path: "/text", value: "mine" }], { strategy: "reject" });
    const kept = note.patch(add("/list/0", 1), { strategy: "reject" });
    const last = note.patch([{ op: "replace", path: "/text", value: "mine!" }], { strategy: "reject" });
    relay.edit("note", [{ op: "replace", path: "/text", value: "theirs" }]);
    client.connect();
    await relay.flush();
    expect(await lost).toMatchObject({ type: "conflict", conflict: { pointers: ["/content/text"] } });
    expect(await kept).toMatchObject({ type: "done" });
    expect(await last).toMatchObject({ type: "conflict" });
    expect(note.getSnapshot()?.content).toEqual({ text: "theirs", list: [1] });
  });

  it("does not hide a conflict behind an edit before it that was in none", async () => {
    const { client, note } = await follow();
    client.disconnect();
    const kept = note.patch(add("/list/0", 1), { strategy: "reject" });
    const lost = note.patch([{ op: "replace", path: "/text", value: "mine" }], { strategy: "reject" });
    relay.edit("note", [{ op: "replace", path: "/text", value: "theirs" }]);
    client.connect();
    await relay.flush();
    expect(await kept).toMatchObject({ type: "done" });
    expect(await lost).toMatchObject({ type: "conflict" });
  });

  it("moves what was made on top of an edit past what others did meanwhile", async () => {
    relay.create("note", { text: "hello", list: [{ n: 0 }] });
    const { client, note } = await follow();
    client.disconnect();
    const edits: Patch[] = [
      type(5, " a"),
      type(7, "b"),
      [{ op: "add", path: "/list/1", value: { n: 1 } }],
      [{ op: "replace", path: "/list/1/n", value: 10 }],
    ];
    const outcomes = edits.map(patch => note.patch(patch));
    for (const patch of [type(0, "well, "), [{ op: "add", path: "/list/0", value: { n: -1 } }] as Patch]) {
      relay.edit("note", patch);
    }
    client.connect();
    await relay.flush();
    expect((await Promise.all(outcomes)).map(outcome => outcome.type)).toEqual(Array(4).fill("done"));
    expect(contentAt()).toEqual({ text: "well, hello ab", list: [{ n: -1 }, { n: 0 }, { n: 10 }] });
    expect(note.getSnapshot()?.content).toEqual(contentAt());
  });

  it("moves what was made on top of an edit that is refused past its undoing", async () => {
    relay.create("note", { text: "hello", list: ["a", "b"] });
    const storage = memoryStorage();
    const { client, note } = await follow({ storage });
    client.disconnect();
    refuse(1);
    const edits: Patch[] = [
      [
        { op: "add", path: "/list/-", value: { n: 0 } },
        { op: "str_ins", path: "/text", pos: 0, str: "well, " },
        { op: "remove", path: "/list/0" },
      ],
      add("/list/2", "c"),
      type(11, "!"),
      [{ op: "replace", path: "/list/1/n", value: 1 }],
      [{ op: "remove", path: "/list/0" }],
    ];
    const answered: string[] = [];
    for (const patch of edits) void note.patch(patch);
    expect(note.getSnapshot()?.content).toEqual({ text: "well, hello!", list: [{ n: 1 }, "c"] });
    await client.close();
    const second = await connect({ storage });
    second.on("answered", (_, outcome) =>
      answered.push(outcome.type === "failed" ? outcome.error.code : outcome.type),
    );
    await relay.flush();
    expect(answered).toEqual(["refused", "done", "done", "place-lost", "done"]);
    expect(contentAt()).toEqual({ text: "hello!", list: ["a", "c"] });
  });

  it("gives back what was made in a document that was not created", async () => {
    const client = await connect({ connect: false });
    const note = client.open("note");
    const outcomes = [client.create({ id: "note", content: { list: [1] } }), note.patch(add("/list/-", 2))];
    client.connect();
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([
      { type: "failed", error: { relayCode: "document-exists" } },
      { type: "failed", error: { code: "place-lost" } },
    ]);
    expect(contentAt()).toEqual({ text: "hello", list: [] });
  });

  it("shows what waits where it belongs while others edit, and so does not mislead who goes on", async () => {
    const { note } = await follow();
    relay.intercept = ({ type }) =>
      type === "update_document" ? { type: "error", code: "unavailable", message: "Not now." } : null;
    void note.patch(type(5, " a"));
    relay.edit("note", type(0, "well, "));
    await relay.flush();
    expect(note.getSnapshot()).toMatchObject({ content: { text: "well, hello a" }, pending: 1 });
    void note.patch(type(13, "b"));
    relay.intercept = null;
    relay.clock.advance(5000);
    await relay.flush();
    expect(contentAt().text).toBe("well, hello ab");
  });

  it("keeps away from what another has put in place of an edit that came out otherwise", async () => {
    relay.create("note", { text: "hello", list: [], keys: {} });
    relay.stands = () => false;
    const { client, note } = await follow();
    client.disconnect();
    const outcomes = [
      note.patch([...add("/list/0", 1), { op: "add", path: "/keys/a", value: { mine: true } }]),
      note.patch([{ op: "replace", path: "/keys/a/mine", value: false }]),
      note.patch(add("/list/1", 2)),
    ];
    relay.edit("note", [{ op: "add", path: "/keys/a", value: { mine: "theirs" } }]);
    client.connect();
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([
      { type: "done" },
      { type: "failed", error: { code: "place-lost" } },
      { type: "done" },
    ]);
    expect(contentAt()).toEqual({ text: "hello", list: [1, 2], keys: { a: { mine: "theirs" } } });
  });

  it("leaves what was made on top of an edit that changes nothing where it is", async () => {
    relay.create("note", { text: "hello", list: ["a", "b", "c"] });
    const { client, note } = await follow();
    client.disconnect();
    const outcomes = [
      note.patch([{ op: "remove", path: "/list/0" }]),
      note.patch([{ op: "replace", path: "/list/0", value: "B" }]),
    ];
    relay.edit("note", [{ op: "remove", path: "/list/0" }]);
    client.connect();
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([{ type: "unchanged" }, { type: "done" }]);
    expect(contentAt().list).toEqual(["B", "c"]);
  });

  it("asks again what others did, when the connection was lost over that", async () => {
    const storage = memoryStorage();
    const first = await follow({ storage });
    first.client.disconnect();
    void first.note.patch(type(5, " a"));
    void first.note.patch(type(7, "b"));
    await first.client.close();
    relay.edit("note", type(0, "well, "));
    // It does not follow the document, so nobody tells it.
    const client = await connect({ storage, connect: false });
    const outcomes: string[] = [];
    client.on("answered", (_, { type }) => outcomes.push(type));
    let asked = 0;
    relay.intercept = request => {
      if (request.type === "changes_since" && ++asked === 1) relay.cut();
      return null;
    };
    client.connect();
    await relay.flush();
    expect(await storage.load()).toHaveLength(2);
    relay.clock.advance(30_000);
    await relay.flush();
    expect(outcomes).toEqual(["done", "done"]);
    expect(asked).toBe(2);
    expect(sent("update_document").at(-1)).toMatchObject({ patch: { revision_id: "3-r" } });
    expect(contentAt().text).toBe("well, hello ab");
  });

  it("has lost nothing when it is closed over that", async () => {
    const storage = memoryStorage();
    const { client, note } = await follow({ storage });
    client.disconnect();
    void note.patch(type(5, " a"));
    void note.patch(type(7, "b"));
    relay.edit("note", type(0, "well, "));
    relay.intercept = ({ type }) => {
      if (type === "changes_since") relay.cut();
      return null;
    };
    client.connect();
    await relay.flush();
    await client.close();
    relay.intercept = null;
    const second = await connect({ storage });
    await relay.flush();
    expect(second.queue).toEqual([]);
    expect(contentAt().text).toBe("well, hello ab");
  });

  it("lets a document be created and edited before anybody knows of it", async () => {
    relay.isUp = false;
    const client = await connect();
    const letter = client.open("letter");
    const outcomes = [client.create({ id: "letter", content: { text: "a" } }), letter.patch(type(1, "b"))];
    expect(letter.getSnapshot()).toEqual({ title: null, content: { text: "ab" }, pending: 2 });
    await relay.flush();
    relay.isUp = true;
    relay.clock.advance(30_000);
    await relay.flush();
    expect(await Promise.all(outcomes)).toMatchObject([{ type: "done" }, { type: "done" }]);
    expect(letter.getSnapshot()).toEqual({ title: null, content: { text: "ab" }, pending: 0 });
  });

  it("tries again what the relay cannot do now, and gives back what it never will", async () => {
    const { client, note } = await follow();
    const codes = ["unavailable", "unavailable", "forbidden"];
    relay.intercept = request => {
      const code = request.type === "update_document" ? codes.shift() : undefined;
      return code === undefined ? null : { type: "error", code, message: "No." };
    };
    const outcome = note.patch(type(0, "a"));
    await relay.flush();
    expect(client.queue).toHaveLength(1);
    for (let tries = 0; tries < 2; tries++) {
      relay.clock.advance(5000);
      await relay.flush();
    }
    expect(await outcome).toMatchObject({ type: "failed", error: { relayCode: "forbidden" } });
    expect(note.getSnapshot()).toEqual({ title: null, content: { text: "hello", list: [] }, pending: 0 });
  });

  it("refuses an edit that it cannot keep, and sends those that it can", async () => {
    const kept = memoryStorage();
    let isFull = true;
    const storage: EditStorage = {
      ...kept,
      put: edit => (isFull ? Promise.reject(new Error("full")) : kept.put(edit)),
    };
    const { note } = await follow({ storage });
    await expect(note.patch(type(0, "a"))).rejects.toMatchObject({ code: "storage-failed" });
    expect(note.getSnapshot()?.content.text).toBe("hello");
    isFull = false;
    const outcome = note.patch(type(0, "b"));
    await relay.flush();
    expect(await outcome).toMatchObject({ type: "done" });
    expect(contentAt().text).toBe("bhello");
  });

  it("is empty before anything is taken back", async () => {
    const { note } = await follow();
    expect(await Promise.all([note.undo(), relay.flush()])).toMatchObject([{ type: "unchanged" }, undefined]);
    void note.patch(type(0, "a"));
    const undone = note.undo();
    await relay.flush();
    expect(await undone).toMatchObject({ type: "done", sequence: 3 });
    expect(note.getSnapshot()?.content).toEqual({ text: "ahello", list: [], undone: true });
  });
});

describe("the connection", () => {
  it("comes back by itself, later each time, and says how it stands", async () => {
    const seen: string[] = [];
    relay.isUp = false;
    const client = await connect();
    client.on("status", status => seen.push(status));
    const delays: number[] = [];
    client.on("retry", delay => delays.push(delay));
    for (const wait of [500, 1000, 2000, 4000]) {
      await relay.flush();
      const before = relay.requests.length;
      relay.clock.advance(wait - 1);
      await relay.flush();
      expect(relay.requests).toHaveLength(before);
      relay.isUp = wait === 4000;
      relay.clock.advance(1);
    }
    await relay.flush();
    expect(client.status).toBe("online");
    expect(delays).toEqual([500, 1000, 2000, 4000]);
    relay.cut();
    expect(client.status).toBe("connecting");
    client.disconnect();
    relay.clock.advance(100_000);
    await relay.flush();
    expect(seen).toEqual(["online", "connecting", "offline"]);
    await client.close();
    expect(client.status).toBe("closed");
    expect(() => client.connect()).toThrow("closed");
  });

  it("stays away where the relay does not want it", async () => {
    relay.intercept = () => ({ type: "auth_error", code: "token-expired", message: "It has expired." });
    const client = await connect();
    const errors: unknown[] = [];
    client.on("error", error => errors.push(error));
    await relay.flush();
    relay.clock.advance(100_000);
    await relay.flush();
    expect(client.status).toBe("offline");
    expect(errors).toMatchObject([{ code: "denied", relayCode: "token-expired" }]);
    expect(sent("authenticate")).toHaveLength(1);
    relay.intercept = null;
    client.connect();
    await relay.flush();
    expect(client.status).toBe("online");
    relay.cut(4401);
    expect(client.status).toBe("offline");
  });

  it("asks for the token anew each time", async () => {
    let asked = 0;
    await connect({ token: async () => `token ${++asked}` });
    await relay.flush();
    relay.cut();
    relay.clock.advance(30_000);
    await relay.flush();
    expect(sent("authenticate")).toMatchObject([{ auth_token: "token 1" }, { auth_token: "token 2" }]);
  });

  it("is given up when it has been silent, and does not answer", async () => {
    const client = await connect();
    await relay.flush();
    relay.clock.advance(20_000);
    await relay.flush();
    expect(sent("ping")).toHaveLength(1);
    relay.clock.advance(29_999);
    expect(client.status).toBe("online");
    relay.clock.advance(1);
    expect(client.status).toBe("connecting");
  });

  it("tells those who wait when it is lost", async () => {
    const client = await connect();
    await relay.flush();
    const asked = client.list();
    relay.cut();
    await expect(asked).rejects.toMatchObject({ code: "connection-lost", transient: true });
    await expect(client.list()).rejects.toMatchObject({ code: "offline", transient: true });
  });
});

describe("clients that edit at random, lose connections and start anew", () => {
  const step = fc.record({
    who: fc.nat(2),
    what: fc.constantFrom("type", "erase", "insert", "remove", "set", "flush", "requests", "cut", "restart"),
    at: fc.nat(1000),
  });

  it("see the same in the end, and each of their edits was answered once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        relay = createFakeRelay();
        relay.create("note", { text: "", list: [] });
        const answered = new Map<string, string>();
        const storages = [memoryStorage(), memoryStorage(), memoryStorage()];
        let made = 0;
        const open = async (who: number) => {
          let id = 0;
          const uuid = () => `${who}-${made}-${id++}`;
          const client = await connect({ userId: `user ${who}`, storage: storages[who]!, uuid });
          client.on("answered", ({ message }, outcome) => {
            expect(answered.has(message.edit_id)).toBe(false);
            answered.set(message.edit_id, outcome.type);
          });
          return { client, note: client.open("note") };
        };
        const people = [await open(0), await open(1), await open(2)];
        await relay.flush();
        for (const { who, what, at } of steps) {
          const { client, note } = people[who]!;
          const content = note.getSnapshot()?.content as { text: string; list: number[] } | undefined;
          const edit = (patch: Patch) => {
            made++;
            note.patch(patch).catch(() => made--);
          };
          if (what === "flush") await relay.flush();
          else if (what === "requests") await relay.flushRequests();
          else if (what === "cut") relay.cut();
          else if (what === "restart") {
            await client.close();
            people[who] = await open(who);
          } else if (content === undefined) continue;
          else if (what === "type") edit(type(at % (content.text.length + 1), String(made % 10)));
          else if (what === "insert") edit(add(`/list/${at % (content.list.length + 1)}`, made));
          else if (what === "set") edit(add("/key", made));
          else if (what === "erase" && content.text !== "") {
            const pos = at % content.text.length;
            edit([{ op: "str_del", path: "/text", pos, str: content.text.slice(pos, pos + 2) }]);
          } else if (what === "remove" && content.list.length > 0) {
            edit([{ op: "remove", path: `/list/${at % content.list.length}` }]);
          }
        }
        for (const { client } of people) client.connect();
        for (let round = 0; round < 3; round++) {
          await relay.flush();
          relay.clock.advance(30_000);
        }
        await relay.flush();
        for (const { client, note } of people) {
          expect(client.queue).toEqual([]);
          expect(note.getSnapshot()).toEqual({ ...relay.documents.get("note")!.json, pending: 0 });
        }
        expect(answered.size).toBe(made);
        const { commits } = relay.documents.get("note")!;
        expect([...answered.values()].filter(outcome => outcome === "done").length).toBeLessThanOrEqual(
          commits.length - 1,
        );
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) / 5, seed: Number(process.env.VERSO_SEED ?? 1) },
    );
  });
});
