/** The history of a document over HTTP, on a relay with sockets and a disk. */
import { applyPatchToJson, type JsonObject, type Patch } from "@verso/bridge";
import {
  activityPage,
  blame,
  changePage,
  difference,
  documentContent,
  historyEdit,
  problem,
} from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { arrival, createRelayHarness, problemOf, type RelayHarness, type Visitor } from "./relay-harness.js";

const note = {
  roots: { text: "text", map: "map" },
  schema: z.object({ text: z.string(), map: z.record(z.string(), z.number()) }),
  permissions: { "/map/*": { update: ["editor"], delete: ["editor"] } },
} as const;

let relay: RelayHarness;
let tokens: { ann: string; bob: string; guest: string; root: string };

beforeEach(async () => {
  relay = createRelayHarness();
  tokens = {
    ann: await relay.createToken({ user: "ann", roles: ["editor"] }),
    bob: await relay.createToken({ user: "bob", roles: ["writer"] }),
    guest: await relay.createToken({ user: "guest" }),
    root: await relay.createToken({ user: "root", roles: ["admin"] }),
  };
  await start();
});
afterEach(() => relay.dispose());

const start = () =>
  relay.start({
    auth: "tokens",
    access: (actor, _documentId, action) => action === "read" || actor.roles.length > 0,
    documents: { "note/:id": note, "plan/:id": {} },
  });
const at = (path: string) => `/api/documents/note%2F1${path}`;
const text = ({ doc }: Visitor) => doc.getText("text");

async function post(path: string, token: string, body?: unknown) {
  const response = await relay.send("POST", at(path), body === undefined ? { token } : { token, body });
  return response.ok ? historyEdit.parse(await response.json()) : await problemOf(response);
}

/** Resolves when the ledger has so many commits. */
async function committed(sequence: number): Promise<void> {
  for (;;) {
    const response = await relay.get(at(""), tokens.ann);
    if (response.ok && documentContent.parse(await response.json()).sequence >= sequence) return;
  }
}

/** Ann writes, then Bob. */
async function begin() {
  const [ann, bob] = [
    await relay.open("note/1", { token: tokens.ann }),
    await relay.open("note/1", { token: tokens.bob }),
  ];
  text(ann).insert(0, "one ");
  await arrival(bob.doc, () => text(bob).length > 0);
  text(bob).insert(4, "two ");
  await arrival(ann.doc, () => text(ann).length > 4);
  return { ann, bob };
}

describe("the history of a document", () => {
  it("is read at a sequence or a time, and as the difference of two", async () => {
    const before = new Date(Date.now() - 60_000).toISOString();
    await begin();
    const old = documentContent.parse(await (await relay.get(at("?at=1"), tokens.guest)).json());
    expect(old).toMatchObject({ id: "note/1", sequence: 1, content: { text: "one ", map: {} } });
    const response = await relay.get(at(`?at=${new Date().toISOString()}`), tokens.guest);
    const now = documentContent.parse(await response.json());
    expect(now).toMatchObject({ sequence: 2, content: { text: "one two " } });
    expect(response.headers.get("etag")).toBe(`"${now.revision_id}"`);

    const found = difference.parse(await (await relay.get(at("/diff?from=1&to=2"), tokens.guest)).json());
    expect(found.patch).toEqual([{ op: "str_ins", path: "/text", pos: 4, str: "two " }]);
    expect(found.list).toEqual([{ place: "/text:4", parts: [{ kind: "inserted", text: "two " }] }]);
    const back = difference.parse(await (await relay.get(at("/diff?from=2&to=0"), tokens.guest)).json());
    expect(applyPatchToJson(now.content as JsonObject, back.rfc6902_patch as Patch)).toEqual({
      text: "",
      map: {},
    });

    const problems = [
      `?at=3`,
      `?at=${before}`,
      "/diff?from=1&to=9",
      "?at=yesterday",
      "?at=0",
      "/diff?from=1",
    ];
    const codes = await Promise.all(
      problems.map(async path => problemOf(await relay.get(at(path), tokens.guest))),
    );
    expect(codes.map(({ code }) => code)).toEqual([
      "version-unknown",
      "version-unknown",
      "version-unknown",
      "bad-request",
      "bad-request",
      "bad-request",
    ]);
  });

  it("says who wrote what, now and then", async () => {
    const { ann } = await begin();
    text(ann).delete(0, 2);
    await committed(3);
    const ask = async (query: string, token = tokens.guest) => relay.get(at(`/blame${query}`), token);
    const now = blame.parse(await (await ask("?pointer=/text")).json());
    expect(now).toMatchObject({
      document_id: "note/1",
      sequence: 3,
      pointer: "/text",
      by: null,
      parts: [
        { type: "range", pointer: "/text", from: 0, to: 2, by: 1 },
        { type: "range", pointer: "/text", from: 2, to: 6, by: 2 },
      ],
      commits: [
        { sequence: 1, user_id: "ann", kind: "update" },
        { sequence: 2, user_id: "bob" },
      ],
    });
    const then = blame.parse(await (await ask("?pointer=%2Ftext&at=1")).json());
    expect(then).toMatchObject({ sequence: 1, parts: [{ from: 0, to: 4, by: 1 }] });
    expect(blame.parse(await (await ask("")).json()).parts).toMatchObject([
      { pointer: "/text", by: null },
      { pointer: "/map", by: null },
    ]);
    const problems = ["?pointer=/map/none", "?at=9", "?pointer=text", "?pointer=/a~2", "?at=0"];
    const found = await Promise.all(problems.map(async query => problemOf(await ask(query))));
    expect(found).toEqual([
      { status: 404, code: "pointer-unknown" },
      { status: 404, code: "version-unknown" },
      { status: 400, code: "bad-request" },
      { status: 400, code: "bad-request" },
      { status: 400, code: "bad-request" },
    ]);
    expect(await problemOf(await relay.get("/api/documents/note%2F2/blame", tokens.guest))).toEqual({
      status: 404,
      code: "not-found",
    });
    expect((await ask("", "verso_none.none")).status).toBe(401);
  });

  it("is by whoever imported it", async () => {
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "from elsewhere");
    const response = await fetch(`${relay.url}/api/admin/documents/note%2F1/import`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens.root}`, "content-type": "application/octet-stream" },
      body: Buffer.from(Y.encodeStateAsUpdate(doc)),
    });
    expect(response.status).toBe(201);
    const ann = await relay.open("note/1", { token: tokens.ann });
    text(ann).insert(4, " far");
    await committed(2);
    const found = blame.parse(await (await relay.get(at("/blame?pointer=/text"), tokens.guest)).json());
    expect(found.parts).toMatchObject([
      { from: 0, to: 4, by: 1 },
      { from: 4, to: 8, by: 2 },
      { from: 8, to: 18, by: 1 },
    ]);
    expect(found.commits).toMatchObject([{ user_id: "root", kind: "create" }, { user_id: "ann" }]);
  });

  it("says who has worked on it", async () => {
    const since = new Date(Date.now() - 60_000).toISOString();
    await begin();
    const ask = (query: string, token = tokens.guest) => relay.get(at(`/activity${query}`), token);
    const page = activityPage.parse(await (await ask("")).json());
    expect(page).toMatchObject({
      sessions: [
        { user_id: "ann", commits: { update: 1 }, inserted: 4, deleted: 0, pointers: ["/text"] },
        { user_id: "bob", first_sequence: 2, last_sequence: 2 },
      ],
      next: null,
    });
    const bobs = activityPage.parse(await (await ask(`?user=bob&from=${since}&idle=1`)).json());
    expect(bobs.sessions).toHaveLength(1);
    expect(activityPage.parse(await (await ask(`?to=${since}`)).json()).sessions).toEqual([]);
    expect(activityPage.parse(await (await ask("?limit=1")).json()).next).toBe(1);
    for (const query of ["?idle=0", "?from=yesterday", "?limit=1001", "?since=-1"]) {
      expect(await problemOf(await ask(query))).toEqual({ status: 400, code: "bad-request" });
    }
    expect((await ask("", "verso_none.none")).status).toBe(401);
  });

  it("is restored by the name of a version", async () => {
    const { ann } = await begin();
    const named = await relay.send("POST", at("/tags"), {
      token: tokens.ann,
      body: { name: "draft", sequence: 1 },
    });
    expect(named.status).toBe(201);
    expect(await post("/restore", tokens.bob, { tag: "draft" })).toMatchObject({ sequence: 3, undoes: [2] });
    await arrival(ann.doc, () => text(ann).toString() === "one ");
    expect(await post("/undo-to", tokens.bob, { tag: "final" })).toMatchObject({ code: "not-found" });
    expect(await post("/restore", tokens.bob, { tag: "draft", sequence: 2 })).toMatchObject({
      code: "bad-request",
    });
  });

  it("is undone and redone, each user his own edits, also after a restart", async () => {
    const { ann, bob } = await begin();
    expect(await post("/undo", tokens.ann)).toMatchObject({ sequence: 3, undoes: [1], unrestored: [] });
    await arrival(bob.doc, () => text(bob).toString() === "two ");
    expect(await post("/undo", tokens.ann, {})).toMatchObject({ sequence: null, revision_id: null });
    for (const { provider } of [ann, bob]) provider.destroy();
    await start();
    expect(await post("/redo", tokens.ann)).toMatchObject({ sequence: 4, undoes: [3] });
    const again = await relay.open("note/1", { token: tokens.bob });
    expect(text(again).toString()).toBe("one two ");
  });

  it("is reverted, gone back in and restored by whoever may write", async () => {
    const { ann } = await begin();
    expect(await post("/revert", tokens.bob, { sequence: 1 })).toMatchObject({ sequence: 3, undoes: [1] });
    await arrival(ann.doc, () => text(ann).toString() === "two ");
    expect(await post("/undo-to", tokens.bob, { sequence: 1 })).toMatchObject({ undoes: [2, 3] });
    await arrival(ann.doc, () => text(ann).toString() === "one ");
    expect(await post("/restore", tokens.bob, { sequence: 2 })).toMatchObject({ sequence: 5 });
    await arrival(ann.doc, () => text(ann).toString() === "one two ");

    expect(await post("/undo", tokens.guest)).toEqual({ status: 403, code: "forbidden" });
    expect(await post("/revert", tokens.ann, { sequence: 99 })).toEqual({
      status: 404,
      code: "version-unknown",
    });
    expect(await post("/revert", tokens.ann, {})).toEqual({ status: 400, code: "bad-request" });
    expect(await post("/undo", tokens.ann, { user: "bob" })).toEqual({ status: 400, code: "bad-request" });
    expect(await post("/undo", tokens.ann, { within: -1 })).toEqual({ status: 400, code: "bad-request" });
    expect(await post("/redo", tokens.ann, { within: 500 })).toEqual({ status: 400, code: "bad-request" });
    expect(await post("/undo", tokens.bob, { within: 60_000 })).toMatchObject({ undoes: [5] });
  });

  it("is left as it is where the kind does not allow it, and the answer says why", async () => {
    const { ann } = await begin();
    ann.doc.getMap("map").set("total", 1);
    await committed(3);
    ann.doc.getMap("map").set("total", 2);
    await committed(4);
    const response = await relay.send("POST", at("/revert"), { token: tokens.bob, body: { sequence: 4 } });
    expect(response.status).toBe(422);
    expect(problem.parse(await response.json())).toMatchObject({
      code: "edit-refused",
      issues: [{ pointer: "/map/total", code: "permission-denied" }],
    });
    expect(ann.doc.getMap("map").get("total")).toBe(2);
    expect(await post("/revert", tokens.ann, { sequence: 4 })).toMatchObject({ undoes: [4] });
    await arrival(ann.doc, () => ann.doc.getMap("map").get("total") === 1);
  });
});

describe("a document with a root `document`", () => {
  const plan = (path: string) => `/api/documents/plan%2F1${path}`;

  it("is shown by it, now and then, with its changes; or by all roots, where that is asked for", async () => {
    const [ann, bob] = [
      await relay.open("plan/1", { token: tokens.ann }),
      await relay.open("plan/1", { token: tokens.bob }),
    ];
    const edit = async (
      change: (document: Y.Map<unknown>) => void,
      holds: (document: Y.Map<unknown>) => boolean,
    ) => {
      change(ann.doc.getMap("document"));
      await arrival(bob.doc, () => holds(bob.doc.getMap("document")));
    };
    await edit(
      document =>
        ann.doc.transact(() => {
          document.set("id", "plan/1");
          document.set("title", "Plan");
          document.set("content", new Y.Map<unknown>([["text", new Y.Text("one")]]));
          ann.doc.getArray("others").insert(0, [1]);
        }),
      document => document.has("content"),
    );
    const content = (of: Y.Map<unknown>) => of.get("content") as Y.Map<unknown>;
    await edit(
      document => (content(document).get("text") as Y.Text).insert(3, " two"),
      document => String(content(document).get("text")).length > 3,
    );
    await edit(
      document => document.set("title", "A plan"),
      document => document.get("title") === "A plan",
    );

    const read = async (query: string) =>
      documentContent.parse(await (await relay.get(plan(query), tokens.guest)).json());
    expect(await read("")).toMatchObject({
      id: "plan/1",
      sequence: 3,
      title: "A plan",
      content: { text: "one two" },
    });
    expect(await read("?at=1")).toMatchObject({ sequence: 1, title: "Plan", content: { text: "one" } });
    const document = { id: "plan/1", title: "A plan", content: { text: "one two" } };
    expect(await read("?roots=true")).toMatchObject({ title: null, content: { document, others: [1] } });
    expect((await read("?roots=true&at=2")).content).toMatchObject({ document: { title: "Plan" } });
    expect(await problemOf(await relay.get(plan("?roots=maybe"), tokens.guest))).toMatchObject({
      status: 400,
    });

    const changes = async (query: string) =>
      changePage.parse(await (await relay.get(plan(`/changes${query}`), tokens.guest)).json()).changes;
    const [begun, typed, renamed] = await changes("");
    expect(begun).toMatchObject({
      target: "document",
      forward_patch: [
        { op: "replace", path: "/title", value: "Plan" },
        { op: "replace", path: "/content", value: { text: "one" } },
      ],
    });
    expect(typed).toMatchObject({ forward_patch: [{ op: "str_ins", path: "/text", pos: 3, str: " two" }] });
    expect(typed).not.toHaveProperty("target");
    expect(renamed).toMatchObject({ target: "document", reverse_patch: [{ path: "/title", value: "Plan" }] });
    expect((await changes("?since=2&roots=true"))[0]?.forward_patch).toEqual([
      { op: "replace", path: "/document/title", value: "A plan" },
    ]);
  });
});
