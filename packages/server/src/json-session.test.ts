/** The JSON dialect over WebSocket, message by message: what is right, what is wrong, and what is hostile. */
import {
  decodeAwareness,
  decodeYMessage,
  encodeAwareness,
  encodeAwarenessMessage,
  forkDocumentId,
} from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { customAuth, identified, refused } from "./auth.js";
import { createJsonWorld, type JsonWorld, type JsonWorldOptions, type Program } from "./json-harness.js";
import type { SimulatedClient } from "./testing.js";

let json: JsonWorld;
let ann: Program;

async function start(options: JsonWorldOptions = {}): Promise<void> {
  await json?.close();
  json = await createJsonWorld(options);
  if (options.auth === undefined) ann = await json.enter("ann");
}
beforeEach(() => start());
afterEach(() => json.close());

const create = (id: string, content: object, { title = "A plan", by = ann } = {}) =>
  by.ask({ type: "create_document", document: { id, title, content } }, "document_created");
const patch = (id: string, operations: readonly object[], { by = ann, ...more }: PatchOptions = {}) =>
  by.ask(
    { type: "update_document", patch: { document_id: id, patch: operations, ...more } },
    "document_updated",
  );
const get = (id: string, by = ann) => by.ask({ type: "get_document", document_id: id }, "document");
const subscribe = (id: string, { by = ann, since }: { by?: Program; since?: number } = {}) =>
  by.ask({ type: "subscribe", document_id: id, ...(since === undefined ? {} : { since }) }, "subscribed");
const set = (path: string, value: unknown) => ({ op: "replace", path, value });
const add = (path: string, value: unknown) => ({ op: "add", path, value });

interface PatchOptions {
  by?: Program;
  [member: string]: unknown;
}

/** A stock client's document, when it is synced. */
async function join(id: string, clientId: number): Promise<SimulatedClient> {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const client = json.world.connect(id, doc);
  await json.world.exchange([client]);
  return client;
}

describe("who it is", () => {
  it("is said first: any token and any name where nobody asks for one, and the name stands in the commits", async () => {
    const program = json.connect();
    program.send({ type: "authenticate", user_id: "3f0c6f0e", auth_token: "whatever" });
    program.send({ type: "ping", id: 1 });
    await program.flush();
    expect(program.read).toMatchObject([
      { type: "auth_success", session_id: expect.any(String) },
      { type: "pong", id: 1 },
    ]);
    await create("plan", {}, { by: program });
    const { changes } = await ann.ask(
      { type: "changes_since", document_id: "plan", sequence: 0 },
      "changes_since",
    );
    expect(changes[0]?.user_id).toBe("3f0c6f0e");
  });

  it.each([
    ["something else", { type: "ping" }, 4401, "token-missing"],
    ["no message", "what?", 4400, "bad-request"],
    [
      "a name that is none",
      { type: "authenticate", user_id: "a\u0000", auth_token: "" },
      4400,
      "bad-request",
    ],
  ])("is not said by %s", async (_what, message, code, reason) => {
    const program = json.connect();
    program.send(message);
    await program.flush();
    expect(program.read).toMatchObject([{ type: "auth_error", code: reason }]);
    expect(program.closed).toMatchObject({ code, reason: expect.stringContaining(reason) });
  });

  it("must be said soon", async () => {
    const program = json.connect();
    await json.world.pass(4990);
    expect(program.closed).toBeNull();
    await json.world.pass(20);
    expect(program.closed).toMatchObject({ code: 4503 });
    expect(json.heard).toMatchObject([{ event: "denied" }]);
  });

  it("is what a token vouches for, and its token is told to nobody", async () => {
    await start({
      auth: customAuth(async ({ token, name }) =>
        token === `sesame-${name}` ? { user: name === "eve" ? "bob" : (name ?? "") } : null,
      ),
    });
    await json.enter("ann", "sesame-ann");
    const wrong = [
      [{ user_id: "ann", auth_token: "sesame-bob" }, 4401, "token-invalid"],
      [{ user_id: "ann", auth_token: "" }, 4401, "token-missing"],
      [{ user_id: "eve", auth_token: "sesame-eve" }, 4403, "forbidden"],
    ] as const;
    for (const [shown, code, reason] of wrong) {
      const program = json.connect();
      program.send({ type: "authenticate", ...shown, id: "a" });
      await program.flush();
      expect(program.read).toMatchObject([{ type: "auth_error", id: "a", code: reason }]);
      expect(program.closed?.code).toBe(code);
      expect(program.trusted).toBe(false);
    }
    expect(JSON.stringify(json.heard)).not.toContain("sesame");
  });

  it("may end while the connection lasts", async () => {
    let revoke = () => {};
    const onRevoked = (listener: () => void) => {
      revoke = listener;
      return () => {};
    };
    const authenticate = async ({ token }: { token: string | null }) =>
      token === null ? refused("token-missing") : identified({ user: "ann" }, { expires: null, onRevoked });
    await start({ auth: { name: "one", anonymous: null, open: async () => ({ authenticate }) } });
    const program = await json.enter("ann", "t");
    revoke();
    program.send({ type: "ping" });
    await program.flush();
    expect(program.news()).toMatchObject([{ type: "auth_error", code: "token-revoked" }]);
    expect(program.closed?.code).toBe(4401);
  });

  it("is said once", async () => {
    const error = await ann.ask({ type: "authenticate", user_id: "bob", auth_token: "" }, "error");
    expect(error).toMatchObject({ code: "bad-request", pointer: "/type" });
    expect(ann.closed).toBeNull();
  });
});

describe("a document", () => {
  it("is created, read, patched and listed", async () => {
    expect(await create("plan", { text: "hello" })).toMatchObject({ document_id: "plan", sequence: 1 });
    const updated = await patch("plan", [set("/text", "hello you")]);
    expect(updated).toMatchObject({ document_id: "plan", sequence: 2, user_id: "ann", kind: "update" });
    expect(updated.revision_id).toMatch(/^2-[0-9a-f]{12}$/);
    expect(updated).not.toHaveProperty("target");
    const got = await get("plan");
    expect(got).toMatchObject({
      sequence: 2,
      revision_id: updated.revision_id,
      vector_clock: updated.vector_clock,
      document: { id: "plan", title: "A plan", content: { text: "hello you" } },
    });
    const { documents, next } = await ann.ask({ type: "list_documents" }, "documents");
    expect(documents).toMatchObject([{ id: "plan", sequence: 2 }]);
    expect(next).toBeNull();
  });

  it("has a title, which is changed from the whole document", async () => {
    await create("plan", { n: 1 });
    const updated = await patch("plan", [set("/title", "Another"), set("/content/n", 2)], {
      target: "document",
    });
    expect(updated).toMatchObject({ target: "document", patch: expect.any(Array) });
    expect((await get("plan")).document).toEqual({ id: "plan", title: "Another", content: { n: 2 } });
  });

  it("that is as the patch would have it is answered with an empty one", async () => {
    const { revision_id } = await create("plan", { n: 1 });
    expect(await patch("plan", [set("/n", 1)])).toMatchObject({ sequence: 1, revision_id, patch: [] });
  });

  it("is edited once, however often the same edit is sent", async () => {
    await create("list", { items: [] });
    const edit = {
      type: "update_document",
      edit_id: "e1",
      patch: { document_id: "list", patch: [add("/items/-", "x")] },
    };
    const first = await ann.ask(edit, "document_updated");
    await patch("list", [add("/items/-", "y")]);
    const { id: _, ...again } = await ann.ask(edit, "document_updated");
    expect(first).toMatchObject(again);
    expect((await get("list")).document.content).toEqual({ items: ["x", "y"] });
    // Of another user it is another edit.
    await (await json.enter("bob")).ask(edit, "document_updated");
    expect((await get("list")).document.content).toEqual({ items: ["x", "y", "x"] });
  });

  it("is deleted, keeps its history, and comes back", async () => {
    await create("plan", { n: 1 });
    expect(await ann.ask({ type: "delete_document", document_id: "plan" }, "document_deleted")).toMatchObject(
      {
        sequence: 2,
        user_id: "ann",
      },
    );
    for (const request of [
      { type: "get_document", document_id: "plan" },
      { type: "subscribe", document_id: "plan" },
      { type: "delete_document", document_id: "plan" },
      { type: "create_document", document: { id: "plan", content: {} } },
      { type: "update_document", patch: { document_id: "plan", patch: [] } },
    ]) {
      expect(await ann.ask(request, "error"), request.type).toMatchObject({ code: "deleted" });
    }
    expect((await ann.ask({ type: "list_documents" }, "documents")).documents).toEqual([]);
    const { changes } = await ann.ask(
      { type: "changes_since", document_id: "plan", sequence: 0 },
      "changes_since",
    );
    expect(changes.map(({ event_type }) => event_type)).toEqual(["create", "delete"]);
    expect(changes[1]?.reverse_patch).toEqual({ id: "plan", title: "A plan", content: { n: 1 } });
    const restored = await ann.ask(
      { type: "restore", document_id: "plan", target_sequence: 1 },
      "document_updated",
    );
    expect(restored).toMatchObject({ sequence: 3, kind: "restore" });
    expect((await get("plan")).document.content).toEqual({ n: 1 });
  });

  it("that is not there, or erased, is said so by name", async () => {
    for (const request of [
      { type: "get_document", document_id: "none" },
      { type: "subscribe", document_id: "none" },
      { type: "undo", document_id: "none" },
      { type: "update_document", patch: { document_id: "none", patch: [] } },
    ]) {
      expect(await ann.ask(request, "error"), request.type).toMatchObject({ code: "not-found" });
    }
    expect(json.world.rooms.size).toBe(0);
    await create("plan", {});
    expect(await ann.ask(createRequest("plan"), "error")).toMatchObject({ code: "document-exists" });
    await json.world.rooms.erase("plan", { actor: { user: "root" } });
    expect(await ann.ask(createRequest("plan"), "error")).toMatchObject({ code: "deleted" });
    expect(await ann.ask({ type: "get_document", document_id: "plan" }, "error")).toMatchObject({
      code: "deleted",
    });
  });

  it("of a fork, of no kind, or with no name is refused", async () => {
    await start({ documents: { "note/:id": { roots: {} } } });
    const fork = forkDocumentId(`000000001-${"0".repeat(24)}`);
    for (const [id, code] of [
      [fork, "forbidden-document"],
      ["plan", "forbidden-document"],
      ["note/../1", "bad-document-id"],
      ["", "bad-document-id"],
    ] as const) {
      for (const request of [
        { type: "get_document", document_id: id },
        { type: "subscribe", document_id: id },
        { type: "restore", document_id: id, target_sequence: 1 },
        { type: "changes_since", document_id: id, sequence: 0 },
        { type: "update_document", patch: { document_id: id, patch: [] } },
        createRequest(id),
      ]) {
        expect(await ann.ask(request, "error"), `${id} ${request.type}`).toMatchObject({ code });
      }
    }
  });

  it("is for those who may", async () => {
    const asked: string[] = [];
    await start({
      access(actor, id, action) {
        asked.push(action);
        return actor.user === "ann" || (action === "read" && id !== "secret");
      },
    });
    await create("plan", { n: 1 });
    await create("secret", {});
    const bob = await json.enter("bob");
    asked.length = 0;
    const denied = [
      createRequest("another"),
      { type: "update_document", patch: { document_id: "plan", patch: [set("/n", 2)] } },
      { type: "delete_document", document_id: "plan" },
      { type: "undo", document_id: "plan" },
      { type: "redo", document_id: "plan" },
      { type: "undo_to_sequence", document_id: "plan", target_sequence: 1 },
      { type: "restore", document_id: "plan", target_sequence: 1 },
      { type: "resolve_conflict", document_id: "plan", conflict_id: "c", take: "yours" },
      { type: "get_document", document_id: "secret" },
      { type: "subscribe", document_id: "secret" },
      { type: "changes_since", document_id: "secret", sequence: 0 },
    ];
    for (const request of denied)
      expect(await bob.ask(request, "error"), request.type).toMatchObject({ code: "forbidden" });
    expect(asked).toEqual(["create", "write", "delete", ...Array(5).fill("write"), ...Array(3).fill("read")]);
    expect((await bob.ask({ type: "list_documents" }, "documents")).documents.map(({ id }) => id)).toEqual([
      "plan",
    ]);
    const feed = await bob.ask({ type: "changes_since", sequence: 0 }, "changes_since");
    expect(feed.changes.map(({ document_id }) => document_id)).toEqual(["plan"]);
    expect((await get("plan", bob)).sequence).toBe(1);
  });

  it("that its kind does not allow is rejected, with pointers as its author writes them", async () => {
    const schema = z.object({
      document: z.looseObject({ title: z.string().max(10), content: z.object({ n: z.number().max(9) }) }),
    });
    await start({ documents: { "*": { roots: { document: "map" }, schema } } });
    const refusal = await ann.ask(
      { type: "create_document", document: { id: "plan", content: { n: 10 } } },
      "rejected",
    );
    expect(refusal).toMatchObject({ document_id: "plan", sequence: 0, issues: [{ pointer: "/n" }] });
    await create("plan", { n: 1 });
    const rejected = await ann.ask(
      { type: "update_document", patch: { document_id: "plan", patch: [set("/n", 10)] } },
      "rejected",
    );
    expect(rejected).toMatchObject({ sequence: 2, issues: [{ pointer: "/n" }] });
    const title = { document_id: "plan", target: "document", patch: [set("/title", "far too long a title")] };
    expect(await ann.ask({ type: "update_document", patch: title }, "rejected")).toMatchObject({
      sequence: 3,
      target: "document",
      issues: [{ pointer: "/title" }],
    });
    expect((await get("plan")).document).toMatchObject({ title: "A plan", content: { n: 1 } });
    const heard = json.heard.filter(({ event }) => event === "rejected").map(({ told }) => told);
    expect(heard).toHaveLength(3);
    expect(JSON.stringify(heard)).not.toContain("far too long");
  });
});

const createRequest = (id: string) => ({ type: "create_document", document: { id, content: {} } });

describe("a patch on an older version", () => {
  beforeEach(() => create("plan", { n: 1, text: "ab" }));

  it("is carried over what has happened elsewhere", async () => {
    const { revision_id } = await get("plan");
    await patch("plan", [add("/m", 2)]);
    await patch("plan", [set("/n", 3)], { revision_id });
    expect((await get("plan")).document.content).toEqual({ n: 3, m: 2, text: "ab" });
  });

  it("is told what it is in conflict with, by revision or by vector clock", async () => {
    const { revision_id, vector_clock } = await get("plan");
    const bob = await json.enter("bob");
    await patch("plan", [set("/n", 2)], { by: bob });
    for (const base of [{ revision_id }, { vector_clock }]) {
      const request = { document_id: "plan", patch: [set("/n", 3)], ...base, strategy: "reject" };
      const conflict = await ann.ask({ type: "update_document", patch: request }, "conflict");
      expect(conflict).toMatchObject({
        document_id: "plan",
        conflict_id: null,
        strategy: "reject",
        pointers: ["/n"],
        yours: [set("/n", 3)],
        theirs: [set("/n", 2)],
        commits: [{ sequence: 2, user_id: "bob" }],
        document: { sequence: 2, content: { n: 2, text: "ab" } },
      });
      expect(conflict.vector_clocks.yours).toEqual(vector_clock);
    }
  });

  it("is kept until somebody resolves it, when that is asked for", async () => {
    const { revision_id } = await get("plan");
    await patch("plan", [set("/n", 2)]);
    const update = { document_id: "plan", patch: [set("/n", 3)], revision_id, strategy: "manual" };
    const { conflict_id } = await ann.ask({ type: "update_document", patch: update }, "conflict");
    const resolve = { type: "resolve_conflict", document_id: "plan", conflict_id };
    const resolved = await ann.ask({ ...resolve, take: "yours" }, "document_updated");
    expect(resolved).toMatchObject({ sequence: 3, patch: [set("/n", 3)] });
    expect(await ann.ask({ ...resolve, take: "theirs" }, "error")).toMatchObject({
      code: "conflict-unknown",
    });
  });

  it("that never was, or is none, is said so", async () => {
    const wrong = [
      [{ revision_id: "1-000000000000" }, "base-unknown"],
      [{ revision_id: "x" }, "base-unknown"],
      [{ vector_clock: { "4": 9999 } }, "base-unknown"],
      [{ patch: [{ op: "fly", path: "/n" }] }, "patch-invalid"],
      [{ patch: [set("/none/of/these", 1)] }, "patch-invalid"],
      [{ patch: [{ op: "test", path: "/n", value: 2 }] }, "test-failed"],
      [{ patch: [{ op: "move", path: "/n", from: 7 }] }, "patch-invalid"],
      [{ patch: [add("/n/constructor/prototype", 1)] }, "patch-invalid"],
    ] as const;
    for (const [members, code] of wrong) {
      const update = { document_id: "plan", patch: [set("/n", 5)], ...members };
      const error = await ann.ask({ type: "update_document", patch: update }, "error");
      expect(error, JSON.stringify(members)).toMatchObject({ code });
    }
    expect((await get("plan")).sequence).toBe(1);
    expect(json.heard.filter(({ event }) => event !== "answered")).toEqual([]);
  });
});

describe("requests", () => {
  it("are answered in order, each by its id, and patches that wait for nothing share their turns", async () => {
    await create("list", { items: [] });
    let appends = 0;
    const { ledger } = json.world;
    const before = (await ledger.head("list"))!.sequence;
    const ids = Array.from({ length: 300 }, (_, i) => i);
    const room = json.world.rooms.get("list");
    for (const i of ids) {
      const update = { document_id: "list", patch: [add("/items/-", i)] };
      ann.send({ type: "update_document", patch: update, id: i });
    }
    ann.send({ type: "get_document", document_id: "list", id: "end" });
    while (ann.read.at(-1)?.id !== "end") {
      await ann.flush();
      appends++;
    }
    expect(ann.news().map(({ id }) => id)).toEqual(["ask 2", ...ids, "end"]);
    expect(ann.read.at(-1)).toMatchObject({
      sequence: before + ids.length,
      document: { content: { items: ids } },
    });
    expect(appends).toBeLessThan(ids.length / 4);
    expect(room.idle).toBe(true);
  });

  it("that are none are answered, and harm nobody", async () => {
    const hostile: [unknown, string][] = [
      [new Uint8Array(0), "bad-request"],
      ["{", "bad-request"],
      ["[]", "bad-request"],
      ["null", "bad-request"],
      [{ type: "fly" }, "bad-request"],
      [{ type: "get_document" }, "bad-request"],
      [{ type: "get_document", document_id: 7 }, "bad-request"],
      ['{"type":"ping","__proto__":{"x":1}}', "bad-request"],
      [`{"type":"ping","x":${"[".repeat(100)}${"]".repeat(100)}}`, "too-large"],
      [`{"type":"ping","x":"${"x".repeat(100_000)}"}`, "too-large"],
      [`{"type":"ping","x":"${"x".repeat(400_000)}"}`, "too-large"],
      [{ type: "subscribe", document_id: "x", since: -1 }, "bad-request"],
      [{ type: "changes_since", sequence: 0, limit: 100_000 }, "bad-request"],
    ];
    for (const [message] of hostile) ann.send(message);
    await ann.flush();
    const codes = ann.news().map(message => (message.type === "error" ? message.code : message.type));
    expect(codes).toEqual(hostile.map(([, code]) => code));
    expect(await ann.ask({ type: "ping" }, "pong")).toBeDefined();
    expect(json.heard.filter(({ event }) => event === "failed")).toEqual([]);
  });

  it("are not read from a socket on which enough of them wait", async () => {
    await create("plan", { n: 0 });
    ann.news();
    let most = 0;
    for (let i = 0; i < 300; i++) ann.send({ type: "get_document", document_id: "plan", id: i });
    await ann.flush();
    expect(ann.paused).toBe(true);
    for (; ann.read.at(-1)?.id !== 299; most = Math.max(most, ann.news().length)) await ann.flush();
    await ann.flush();
    expect(ann.paused).toBe(false);
    // The rest was not taken in at once.
    expect(most).toBeLessThan(70);
  });

  it("wait for who does not read, and one who never reads is closed", async () => {
    await create("plan", { text: "x".repeat(90_000) });
    ann.reading = false;
    for (let i = 0; i < 60; i++) ann.send({ type: "get_document", document_id: "plan" });
    for (let i = 0; i < 20; i++) await ann.flush();
    const bytes = ann.fromRelay.reduce((sum, frame) => sum + frame.length, 0);
    expect(bytes).toBeLessThan(1_300_000);
    expect(bytes).toBeGreaterThan(1_000_000);
    await json.world.pass(36_000);
    expect(ann.closed?.code).toBe(4508);
  });

  it("need not come: the relay says that it is there", async () => {
    await json.world.pass(20_000);
    await ann.flush();
    expect(ann.news()).toMatchObject([{ type: "pong" }]);
  });
});

describe("the history of a document", () => {
  beforeEach(async () => {
    await create("plan", { n: 1 });
    await patch("plan", [set("/n", 2)]);
    await patch("plan", [add("/m", 1)]);
  });

  it("is read by sequence, in pages, of one document or of all", async () => {
    await create("other", {});
    const page = await ann.ask(
      { type: "changes_since", document_id: "plan", sequence: 1, limit: 1 },
      "changes_since",
    );
    expect(page).toMatchObject({
      document_id: "plan",
      next: 2,
      changes: [
        { sequence: 2, event_type: "update", forward_patch: [set("/n", 2)], reverse_patch: [set("/n", 1)] },
      ],
    });
    const all = await ann.ask({ type: "changes_since", sequence: 0 }, "changes_since");
    expect(all.changes.map(({ document_id, sequence }) => `${document_id} ${sequence}`)).toEqual([
      "plan 1",
      "plan 2",
      "plan 3",
      "other 1",
    ]);
    const feed = all.changes.map(({ feed_sequence }) => feed_sequence!);
    expect(feed).toEqual([...feed].sort((a, b) => a - b));
    expect(all.next).toBe(feed.at(-1));
    const rest = await ann.ask({ type: "changes_since", sequence: all.next }, "changes_since");
    expect(rest).toMatchObject({ changes: [], next: all.next });
    await json.world.rooms.erase("other", { actor: { user: "root" } });
    const erased = await ann.ask({ type: "changes_since", sequence: all.next }, "changes_since");
    expect(erased.changes).toMatchObject([{ document_id: "other", kind: "erase", revision_id: null }]);
  });

  it("is undone, redone and restored, each answered as an update", async () => {
    const undone = await ann.ask({ type: "undo", document_id: "plan" }, "document_updated");
    expect(undone).toMatchObject({ sequence: 4, kind: "undo", user_id: "ann" });
    expect(undone.patch).toEqual([{ op: "remove", path: "/m" }]);
    expect(undone.vector_clock).toEqual((await get("plan")).vector_clock);
    expect(await ann.ask({ type: "redo", document_id: "plan" }, "document_updated")).toMatchObject({
      sequence: 5,
      kind: "redo",
    });
    const back = { type: "undo_to_sequence", document_id: "plan", target_sequence: 1 };
    expect(await ann.ask(back, "document_updated")).toMatchObject({ sequence: 6 });
    expect((await get("plan")).document.content).toEqual({ n: 1 });
    const restore = { type: "restore", document_id: "plan", target_sequence: 3 };
    expect(await ann.ask(restore, "document_updated")).toMatchObject({ sequence: 7, kind: "restore" });
    expect((await get("plan")).document.content).toEqual({ n: 2, m: 1 });
  });

  it("need not be named where one document is subscribed to", async () => {
    expect(await ann.ask({ type: "undo" }, "error")).toMatchObject({
      code: "bad-request",
      pointer: "/document_id",
    });
    await subscribe("plan");
    expect(await ann.ask({ type: "undo" }, "document_updated")).toMatchObject({ document_id: "plan" });
    await create("other", {});
    await subscribe("other");
    expect(await ann.ask({ type: "redo" }, "error")).toMatchObject({ code: "bad-request" });
  });

  it("has nothing to take back for who has done nothing, and no versions that never were", async () => {
    const bob = await json.enter("bob");
    for (const type of ["undo", "redo"]) {
      const nothing = await bob.ask({ type, document_id: "plan" }, "document_updated");
      expect(nothing).toMatchObject({ sequence: 3, patch: [] });
    }
    const wrong = [
      [{ type: "undo_to_sequence", target_sequence: 99 }, "version-unknown"],
      [{ type: "restore", target_sequence: 99 }, "version-unknown"],
      [{ type: "restore", tag: "none" }, "not-found"],
      [{ type: "restore" }, "bad-request"],
    ] as const;
    for (const [request, code] of wrong)
      expect(await ann.ask({ ...request, document_id: "plan" }, "error")).toMatchObject({ code });
    expect((await get("plan")).sequence).toBe(3);
  });
});

describe("who has subscribed", () => {
  let bob: Program;
  beforeEach(async () => {
    bob = await json.enter("bob");
    await create("plan", { n: 1 });
  });

  it("has the document, and hears of every change once, his own as the answers", async () => {
    const subscribed = await subscribe("plan");
    expect(subscribed).toMatchObject({ sequence: 1, document: { title: "A plan", content: { n: 1 } } });
    await subscribe("plan", { by: bob });
    ann.news();
    bob.news();
    const his = await patch("plan", [set("/n", 2)], { by: bob });
    const hers = await patch("plan", [set("/n", 3)]);
    await bob.flush();
    const updates = (program: Program) => program.news().filter(({ type }) => type === "document_updated");
    const { id: _1, ...hisEvent } = his;
    const { id: _2, ...herEvent } = hers;
    expect(updates(ann)).toEqual([hisEvent, hers]);
    expect(updates(bob)).toEqual([his, herEvent]);
  });

  it("hears of Yjs clients, and they of him", async () => {
    await subscribe("plan");
    const client = await join("plan", 100);
    const map = client.doc.getMap("document");
    const content = map.get("content") as Y.Map<unknown>;
    ann.news();
    content.set("n", 7);
    await json.world.exchange([client]);
    map.set("title", "Ours");
    await json.world.exchange([client]);
    await ann.flush();
    expect(ann.news()).toMatchObject([
      { type: "document_updated", sequence: 2, user_id: "anonymous", patch: [set("/n", 7)] },
      { type: "document_updated", sequence: 3, target: "document", patch: [set("/title", "Ours")] },
    ]);
    const { vector_clock } = await patch("plan", [add("/m", [1])]);
    await json.world.exchange([client]);
    expect((content.get("m") as Y.Array<number>).toJSON()).toEqual([1]);
    expect(vector_clock).toEqual(Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(client.doc))));
  });

  it("goes on behind the version that he has", async () => {
    await patch("plan", [set("/n", 2)]);
    await patch("plan", [set("/n", 3)]);
    bob.news();
    const subscribed = await subscribe("plan", { by: bob, since: 1 });
    expect(subscribed).toMatchObject({ sequence: 3 });
    expect(subscribed).not.toHaveProperty("document");
    await bob.flush();
    const [, ...missed] = bob.news();
    const { vector_clock } = await get("plan");
    expect(missed).toMatchObject([
      { sequence: 2, patch: [set("/n", 2)] },
      { sequence: 3, patch: [set("/n", 3)], vector_clock },
    ]);
    expect(await subscribe("plan", { by: bob, since: 3 })).not.toHaveProperty("document");
    for (const since of [0, 99])
      expect(await subscribe("plan", { by: bob, since })).toHaveProperty("document");
    bob.news();
    await patch("plan", [set("/n", 4)]);
    await bob.flush();
    expect(bob.news()).toMatchObject([{ sequence: 4 }]);
  });

  it("hears of what was refused as of an empty patch, and its author in place of it", async () => {
    const schema = z.object({ document: z.looseObject({ content: z.object({ n: z.number().max(9) }) }) });
    await start({ documents: { "*": { roots: { document: "map" }, schema } } });
    bob = await json.enter("bob");
    await create("plan", { n: 1 });
    for (const by of [ann, bob]) await subscribe("plan", { by });
    ann.news();
    bob.news();
    const update = { document_id: "plan", patch: [set("/n", 10)] };
    await ann.ask({ type: "update_document", patch: update }, "rejected");
    await patch("plan", [set("/n", 2)], { by: bob });
    await ann.flush();
    expect(ann.news()).toMatchObject([
      { type: "rejected", sequence: 2 },
      { type: "document_updated", sequence: 3 },
    ]);
    expect(bob.news()).toMatchObject([
      { type: "document_updated", sequence: 2, kind: "refused", patch: [] },
      { type: "document_updated", sequence: 3 },
    ]);
  });

  it("hears that it was deleted, and that it is back", async () => {
    await subscribe("plan");
    const client = await join("plan", 100);
    ann.news();
    await bob.ask({ type: "delete_document", document_id: "plan" }, "document_deleted");
    await ann.flush();
    expect(ann.news()).toMatchObject([{ type: "document_deleted", sequence: 2, user_id: "bob" }]);
    expect(client.closed).toMatchObject({ code: 4404 });
    await bob.ask({ type: "restore", document_id: "plan", target_sequence: 1 }, "document_updated");
    await ann.flush();
    expect(ann.news()).toMatchObject([{ type: "document_updated", sequence: 3, kind: "restore" }]);
    expect(await subscribe("plan")).toMatchObject({ document: { content: { n: 1 } } });
  });

  it("hears that it was erased, and nothing more", async () => {
    await subscribe("plan");
    ann.news();
    await json.world.rooms.erase("plan", { actor: { user: "root" } });
    await ann.flush();
    expect(ann.news()).toMatchObject([{ type: "document_deleted", sequence: 1, user_id: "root" }]);
    expect(ann.closed).toBeNull();
    expect(await ann.ask({ type: "undo" }, "error")).toMatchObject({ code: "bad-request" });
  });

  it("hears no more when he does not want to", async () => {
    await subscribe("plan");
    for (let times = 0; times < 2; times++)
      await ann.ask({ type: "unsubscribe", document_id: "plan" }, "unsubscribed");
    ann.news();
    await patch("plan", [set("/n", 2)], { by: bob });
    await ann.flush();
    expect(ann.news()).toEqual([]);
    expect(json.world.rooms.get("plan").idle).toBe(true);
  });

  it("hears of his own in their places, however many others write at once", async () => {
    for (const by of [ann, bob]) await subscribe("plan", { by });
    for (const by of [ann, bob]) by.news();
    for (let i = 0; i < 40; i++) {
      for (const by of [ann, bob]) {
        const more = i % 3 === 0 ? { edit_id: `e${i}` } : {};
        const update = { document_id: "plan", patch: [set("/n", `${i}`)] };
        by.send({ type: "update_document", patch: update, id: i, ...more });
      }
      if (i % 7 === 0) await ann.flush();
    }
    for (let i = 0; i < 60; i++) for (const by of [ann, bob]) await by.flush();
    for (const by of [ann, bob]) {
      const news = by.news().filter(({ type }) => type === "document_updated");
      const told = news.filter(message => "patch" in message && message.patch.length > 0);
      const sequences = told.map(message => ("sequence" in message ? message.sequence : 0));
      const head = (await get("plan")).sequence;
      expect(sequences).toEqual(Array.from({ length: head - 1 }, (_, i) => i + 2));
      expect(news.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual(
        Array.from({ length: 40 }, (_, i) => i),
      );
    }
  });

  it("costs no more memory when he does not read, and has missed nothing when he does", async () => {
    await subscribe("plan", { by: bob });
    bob.news();
    bob.reading = false;
    const text = "x".repeat(50_000);
    for (let i = 0; i < 60; i++) await patch("plan", [set("/n", text + i)]);
    await bob.flush();
    const bytes = bob.fromRelay.reduce((sum, frame) => sum + frame.length, 0);
    expect(bytes).toBeLessThan(1_200_000);
    bob.reading = true;
    for (let i = 0; i < 20; i++) await bob.flush();
    const sequences = bob.news().flatMap(message => ("sequence" in message ? [message.sequence] : []));
    expect(sequences).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
    expect(bob.closed).toBeNull();
  });
});

describe("who is present", () => {
  let client: SimulatedClient;
  let shown: Map<number, unknown>;
  beforeEach(async () => {
    await create("plan", {});
    client = await join("plan", 100);
    shown = new Map();
  });

  /** What the stock client has been told of others. */
  async function look(milliseconds = 5): Promise<unknown[]> {
    for (const program of [ann]) await program.flush();
    await json.world.pass(milliseconds);
    for (const frame of client.fromRelay) {
      const message = decodeYMessage(frame);
      if (message.type !== "awareness") continue;
      const decoded = decodeAwareness(message.payload);
      if (decoded.type !== "entries") throw new Error(decoded.detail);
      for (const { clientId, state } of decoded.entries) {
        if (state === null) shown.delete(clientId);
        else shown.set(clientId, JSON.parse(state));
      }
    }
    client.deliver("from relay");
    return [...shown.values()];
  }

  function show(state: object | null): void {
    const entry = { clientId: 100, clock: 1, state: state === null ? null : JSON.stringify(state) };
    client.send(encodeAwarenessMessage(encodeAwareness([entry])));
    client.deliver("to relay");
  }

  const announce = (state: object | null, by = ann) =>
    by.ask({ type: "presence", document_id: "plan", state }, "presence");

  it("is shown to Yjs clients, as long as the connection lasts and no longer", async () => {
    await subscribe("plan");
    expect(await announce({ user: { name: "Ann" } })).toMatchObject({ users: [] });
    expect(await look()).toEqual([{ user: { name: "Ann" } }]);
    const [own] = shown.keys();
    await announce({ user: { name: "Ann" }, cursor: 3 });
    expect(await look(60)).toEqual([{ user: { name: "Ann" }, cursor: 3 }]);
    expect([...shown.keys()]).toEqual([own]);
    // It is said again before a stock client forgets it.
    shown.clear();
    expect(await look(16_000)).toHaveLength(1);
    await announce(null);
    expect(await look(60)).toEqual([]);
    await announce({ back: true });
    expect(await look(60)).toEqual([{ back: true }]);
    ann.disconnect();
    expect(await look(60)).toEqual([]);
  });

  it("is heard of as JSON: who is there already, who comes, and who goes", async () => {
    show({ user: { name: "Zoe" } });
    await json.world.pass(5);
    await subscribe("plan");
    await ann.flush();
    expect(ann.news().at(-1)).toEqual({
      type: "presence",
      document_id: "plan",
      users: [{ client_id: 100, user_id: "anonymous", state: { user: { name: "Zoe" } } }],
    });
    for (let cursor = 0; cursor < 20; cursor++) {
      show({ cursor });
      await ann.flush();
    }
    await json.world.pass(100);
    await ann.flush();
    const told = ann.news();
    expect(told.length).toBeLessThan(6);
    expect(told.at(-1)).toMatchObject({ users: [{ client_id: 100, state: { cursor: 19 } }] });
    client.disconnect();
    await json.world.pass(200);
    await ann.flush();
    expect(ann.news()).toMatchObject([{ type: "presence", users: [] }]);
  });

  it("is heard of by programs too, each under a name of its own, and after a deletion again", async () => {
    const bob = await json.enter("bob");
    for (const by of [ann, bob]) await subscribe("plan", { by });
    await announce({ n: "ann" });
    await announce({ n: "bob" }, bob);
    for (const by of [ann, bob]) await by.flush();
    await json.world.pass(150);
    for (const by of [ann, bob]) await by.flush();
    expect(ann.news().at(-1)).toMatchObject({ users: [{ user_id: "bob", state: { n: "bob" } }] });
    expect(bob.news().at(-1)).toMatchObject({ users: [{ user_id: "ann", state: { n: "ann" } }] });
    await ann.ask({ type: "delete_document", document_id: "plan" }, "document_deleted");
    await ann.ask({ type: "restore", document_id: "plan", target_sequence: 1 }, "document_updated");
    await json.world.pass(300);
    for (const by of [ann, bob]) await by.flush();
    expect(bob.news().at(-1)).toMatchObject({ users: [{ user_id: "ann", state: { n: "ann" } }] });
  });

  it("is for those who have subscribed, and small", async () => {
    const request = { type: "presence", document_id: "plan", state: {} };
    expect(await ann.ask(request, "error")).toMatchObject({ code: "not-subscribed" });
    await subscribe("plan");
    const state = { text: "é".repeat(3000) };
    expect(await ann.ask({ ...request, state }, "error")).toMatchObject({
      code: "too-large",
      pointer: "/state",
    });
    expect(ann.closed).toBeNull();
    expect(await look()).toEqual([]);
  });
});
