/** Writing documents over HTTP, on a relay with sockets and a disk. */
import type { Patch } from "@verso/bridge";
import { documentContent, documentEdit, documentList, problem } from "@verso/protocol";
import { text } from "@verso/validation";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { arrival, createRelayHarness, type RelayHarness } from "./relay-harness.js";

const note = {
  roots: { document: "map" },
  schema: z.object({
    document: z.looseObject({
      title: z.string().max(20).optional(),
      content: z.looseObject({ text: text({ maxLength: 10 }).optional() }).optional(),
    }),
  }),
} as const;

let relay: RelayHarness;
let tokens: Record<"ann" | "bob" | "reader" | "editor", string>;

beforeEach(async () => {
  relay = createRelayHarness();
  tokens = {
    ann: await relay.createToken({ user: "ann", roles: ["read", "write", "create", "delete"] }),
    bob: await relay.createToken({ user: "bob", roles: ["read", "write", "create", "delete"] }),
    reader: await relay.createToken({ user: "reader", roles: ["read"] }),
    editor: await relay.createToken({ user: "editor", roles: ["read", "write"] }),
  };
  await relay.start({
    auth: "tokens",
    access: ({ roles }, _documentId, action) => roles.includes(action),
    documents: { "note/:id": note, "*": {} },
  });
});
afterEach(() => relay.dispose());

type Sending = NonNullable<Parameters<RelayHarness["send"]>[2]> & { as?: keyof typeof tokens };

const patchType = { "content-type": "application/json-patch+json" };
const mergeType = { "content-type": "application/merge-patch+json" };

async function ask(method: string, path: string, { as = "ann", ...options }: Sending = {}) {
  const response = await relay.send(method, `/api${path}`, { token: tokens[as], ...options });
  const text = await response.text();
  return { response, status: response.status, json: JSON.parse(text) };
}

/** An edit that is made, with its revision as `ETag`. */
async function made(...asked: Parameters<typeof ask>) {
  const { response, status, json } = await ask(...asked);
  const edit = documentEdit.parse(json);
  expect(response.headers.get("etag")).toBe(`"${edit.revision_id}"`);
  return { status, headers: response.headers, ...edit };
}

/** What is refused, with its code. */
async function refused(...asked: Parameters<typeof ask>) {
  const { status, json } = await ask(...asked);
  const found = problem.parse(json);
  expect(found.status).toBe(status);
  return found;
}

const create = (id: string, content: object = {}, title = "A title") =>
  made("POST", "/documents", { body: { id, title, content } });
const patch = (id: string, body: Patch, query = "", options: Sending = {}) =>
  [
    "PATCH",
    `/documents/${encodeURIComponent(id)}${query}`,
    { body, headers: patchType, ...options },
  ] as const;
const set = (path: string, value: unknown) => [{ op: "add", path, value }] as unknown as Patch;

async function read(id: string) {
  const { json } = await ask("GET", `/documents/${encodeURIComponent(id)}`);
  const { title, content, sequence, revision_id } = documentContent.parse(json);
  return { title, content, sequence, revision_id };
}

describe("making a document", () => {
  it("answers where it is, and it is there for everybody", async () => {
    const body = { id: "a/b", title: "Plan", content: { list: [1, { x: null }] } };
    const { status, headers, ...edit } = await made("POST", "/documents", { body });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe("/api/documents/a%2Fb");
    expect(edit).toMatchObject({ document_id: "a/b", sequence: 1, kind: "create", patch: null });
    expect(await read("a/b")).toMatchObject({ title: "Plan", content: body.content });
    const { doc } = await relay.open("a/b", { token: tokens.ann });
    expect(doc.getMap("document").toJSON()).toEqual({ ...body });
  });

  it("makes a UUID where no id is named, and the same one for the same key", async () => {
    const post = (headers = {}) => made("POST", "/documents", { body: { content: {} }, headers });
    const [one, other] = [await post(), await post()];
    expect(z.uuid().parse(one.document_id)).not.toBe(other.document_id);
    const key = { "idempotency-key": "my first" };
    const [first, again] = [await post(key), await post(key)];
    expect(z.uuid().parse(first.document_id)).toBe(again.document_id);
    expect(again).toMatchObject({ status: 201, sequence: 1, revision_id: first.revision_id });
  });

  it("makes none twice, none without the right, and none of a kind that there is not or does not allow it", async () => {
    await create("note/1");
    const post = (body: unknown, options: Sending = {}) =>
      refused("POST", "/documents", { body, ...options });
    expect((await post({ id: "note/1", content: {} })).code).toBe("document-exists");
    expect((await post({ id: "note/2", content: {} }, { as: "editor" })).code).toBe("forbidden");
    expect((await post({ id: "~fork/x", content: {} })).code).toBe("bad-document-id");
    expect(await post({ id: "note/2", content: { text: "much too long" } })).toMatchObject({
      code: "edit-refused",
      issues: [{ pointer: "/text" }],
    });
    expect(await post({ id: "note/2", title: "x".repeat(30), content: {} })).toMatchObject({
      code: "edit-refused",
      target: "document",
      issues: [{ pointer: "/title" }],
    });
    expect((await ask("GET", "/documents/note%2F2")).status).toBe(404);
  });
});

describe("a patch", () => {
  it("is made at once for everybody, and says what it has changed", async () => {
    await create("plan", { text: "one", list: ["a"] });
    const { doc } = await relay.open("plan", { token: tokens.bob });
    const edit = await made(
      ...patch("plan", [
        { op: "add", path: "/list/-", value: "b" },
        { op: "replace", path: "/text", value: "two" },
        { op: "add", path: "/text", value: "two" },
      ]),
    );
    expect(edit).toMatchObject({ sequence: 2, kind: "update" });
    expect(edit.patch).toEqual([
      { op: "replace", path: "/text", value: "two" },
      { op: "add", path: "/list/1", value: "b" },
    ]);
    const content = () => (doc.getMap("document").toJSON() as { content: unknown }).content;
    await arrival(doc, () => JSON.stringify(content()).includes("two"));
    expect(content()).toEqual({ text: "two", list: ["a", "b"] });
    const unchanged = await made(...patch("plan", set("/text", "two")));
    expect(unchanged).toMatchObject({ sequence: 2, revision_id: edit.revision_id, kind: null, patch: [] });
  });

  it("may be merged, and be of the whole document", async () => {
    await create("plan", { a: 1, b: { c: 2 } });
    const merged = await made("PATCH", "/documents/plan", {
      body: { a: null, b: { d: 3 } },
      headers: mergeType,
    });
    expect(merged.patch).toHaveLength(2);
    expect(await read("plan")).toMatchObject({ title: "A title", content: { b: { c: 2, d: 3 } } });
    const whole = { body: { title: "Other", content: { b: { c: null } } }, headers: mergeType };
    expect(await made("PATCH", "/documents/plan?target=document", whole)).toMatchObject({
      target: "document",
    });
    expect(await made(...patch("plan", set("/content/e", 4), "?target=document"))).toMatchObject({
      target: "document",
      patch: [{ path: "/content/e" }],
    });
    expect(await read("plan")).toMatchObject({ title: "Other", content: { b: { d: 3 }, e: 4 } });
    for (const [body, query, code, pointer] of [
      [null, "", "content-invalid"],
      ["text", "", "content-invalid"],
      [{ content: [] }, "?target=document", "content-invalid"],
      [{ other: 1 }, "?target=document", "patch-invalid", "/other"],
    ] as const) {
      const problem = await refused("PATCH", `/documents/plan${query}`, { body, headers: mergeType });
      expect([problem.code, problem.pointer], JSON.stringify(body)).toEqual([code, pointer]);
    }
    expect(await read("plan")).toMatchObject({ title: "Other", content: { b: { d: 3 }, e: 4 } });
  });

  it("is of one of two media types", async () => {
    await create("plan");
    for (const type of ["application/json", "text/plain", "application/json-patch"]) {
      const headers = { "content-type": type };
      const { response, status, json } = await ask("PATCH", "/documents/plan", { body: [], headers });
      expect([status, json.code], type).toEqual([415, "unsupported-media-type"]);
      expect(response.headers.get("accept-patch")).toBe(
        "application/json-patch+json, application/merge-patch+json",
      );
    }
    const charset = { "content-type": "application/json-patch+json; charset=utf-8" };
    expect((await made(...patch("plan", set("/a", 1), "", { headers: charset }))).sequence).toBe(2);
  });

  it("says what of it does not fit, where its author put it, and changes nothing", async () => {
    await create("note/1", { text: "short", list: [1] });
    const before = await read("note/1");
    const cases: [Patch, string, string][] = [
      [[{ op: "remove", path: "/nothing" }], "patch-invalid", "/nothing"],
      [[...set("/a", 1), { op: "replace", path: "/list/9", value: 1 }], "patch-invalid", "/list/9"],
      [[...set("/a", 1), { op: "test", path: "/list/0", value: 2 }], "test-failed", "/list/0"],
      [set("no pointer", 1), "patch-invalid", "no pointer"],
      [set("/constructor/prototype", 1), "patch-invalid", "/constructor/prototype"],
      [[{ op: "fly", path: "/list" } as never], "patch-invalid", "/list"],
      [set("/half", "\ud800"), "content-invalid", "/half"],
    ];
    for (const [body, code, pointer] of cases) {
      expect(await refused(...patch("note/1", body)), JSON.stringify(body)).toMatchObject({ code, pointer });
    }
    expect(await read("note/1")).toEqual(before);
    const { issues, sequence, code } = await refused(...patch("note/1", set("/text", "much too long")));
    expect({ issues, sequence, code }).toMatchObject({
      code: "edit-refused",
      sequence: 2,
      issues: [{ pointer: "/text" }],
    });
    expect(await read("note/1")).toMatchObject({ sequence: 2, content: before.content });
  });

  it("takes the right to write, and a document that is there", async () => {
    await create("plan");
    expect((await refused(...patch("plan", [], "", { as: "reader" }))).code).toBe("forbidden");
    expect((await refused(...patch("nothing", []))).code).toBe("not-found");
    const { documents } = documentList.parse((await ask("GET", "/documents")).json);
    expect(documents.map(({ id }) => id)).toEqual(["plan"]);
  });

  it("is made once, however often it is sent", async () => {
    await create("plan", { n: [] });
    const add = (as: keyof typeof tokens = "ann") =>
      made(...patch("plan", set("/n/-", 1), "", { as, headers: { ...patchType, "idempotency-key": "e1" } }));
    const [first, twin] = await Promise.all([add(), add()]);
    expect(twin).toMatchObject({ revision_id: first.revision_id, patch: first.patch });
    await made(...patch("plan", set("/other", 1)));
    const { headers: _, ...again } = await add();
    expect(first).toMatchObject(again);
    expect((await add("bob")).sequence).toBe(4);
    expect((await read("plan")).content).toEqual({ n: [1, 1], other: 1 });
    await made("DELETE", "/documents/plan");
    expect((await add()).revision_id).toBe(first.revision_id);
    const key = { "idempotency-key": "e1" };
    for (const [method, path, options] of [
      ["DELETE", "/documents/plan", { headers: key }],
      ["POST", "/documents", { headers: key, body: { id: "plan", content: {} } }],
    ] as const) {
      expect((await refused(method, path, options)).code, `${method} with the key of a patch`).toBe(
        "bad-request",
      );
    }
  });
});

describe("the version that an edit is made on", () => {
  it("must be the present, where If-Match names it and nothing says what then", async () => {
    const { revision_id: base } = await create("plan", { a: 1 });
    const on = (tags: string, query = "") =>
      patch("plan", set("/a", 2), query, { headers: { ...patchType, "if-match": tags } });
    expect(await made(...on(`"0-x", "${base}"`))).toMatchObject({ sequence: 2 });
    for (const tags of [`"${base}"`, `W/"${base}"`, '"2-000000000000"', '"any"', '""']) {
      const { revision_id } = await read("plan");
      expect(await refused(...on(tags)), tags).toMatchObject({ code: "revision-mismatch", revision_id });
    }
    for (const tags of [base, '"a" "b"', '"'])
      expect((await refused(...on(tags))).code, tags).toBe("bad-request");
    expect((await made(...on("*"))).kind).toBeNull();
    expect((await refused(...on(`"${base}"`, "?base=2-x"))).code).toBe("bad-request");
  });

  it("is its base, where a strategy or `base` says so", async () => {
    const { revision_id: base } = await create("plan", { list: ["a", "b"], status: "open" });
    await made(...patch("plan", [{ op: "add", path: "/list/0", value: "new" }, ...set("/status", "paid")]));
    const headers = { ...patchType, "if-match": `"${base}"` };
    const rename: Patch = [{ op: "replace", path: "/list/1", value: "B" }];
    expect(await made(...patch("plan", rename, `?base=${base}`))).toMatchObject({
      patch: [
        { op: "remove", path: "/list/2" },
        { op: "add", path: "/list/2", value: "B" },
      ],
    });
    const close = set("/status", "closed");
    const conflict = await refused(...patch("plan", close, "?strategy=reject", { headers }));
    expect(conflict).toMatchObject({
      code: "conflict",
      conflict: { document_id: "plan", strategy: "reject", conflict_id: null, pointers: ["/status"] },
    });
    expect(conflict.conflict?.document.content).toMatchObject({ status: "paid" });
    await made(...patch("plan", close, "?strategy=latest-wins", { headers }));
    expect((await read("plan")).content).toEqual({ list: ["new", "a", "B"], status: "closed" });
    expect((await refused(...patch("plan", close, "?base=1-000000000000"))).code).toBe("base-unknown");
    expect((await refused(...patch("plan", close, "?strategy=none"))).code).toBe("bad-request");
  });

  it("waits with its conflict until somebody resolves it", async () => {
    const { revision_id: base } = await create("plan", { status: "open" });
    await made(...patch("plan", set("/status", "paid")));
    const query = `?base=${base}&strategy=manual`;
    const names: string[] = [];
    for (const value of ["one", "two", "three"]) {
      const { conflict } = await refused(...patch("plan", set("/status", value), query));
      names.push(conflict!.conflict_id!);
    }
    const listed = await ask("GET", "/documents/plan/conflicts", { as: "reader" });
    expect(listed.json.conflicts.map((each: { conflict_id: string }) => each.conflict_id)).toEqual(names);
    const place = (name: string) => `/documents/plan/conflicts/${name}`;
    const resolve = (name: string, body: unknown, as: keyof typeof tokens = "ann") =>
      ask("POST", place(name), { body, as });
    expect((await resolve(names[0]!, { take: "yours" }, "reader")).json.code).toBe("forbidden");
    expect((await resolve(names[0]!, { take: "mine" })).json.code).toBe("bad-request");
    expect((await resolve("%00", { take: "yours" })).json.code).toBe("conflict-unknown");
    expect((await resolve(names[0]!, { take: "yours" })).json.patch).toEqual([
      { op: "replace", path: "/status", value: "one" },
    ]);
    expect((await resolve(names[1]!, { take: "theirs" })).json.kind).toBeNull();
    const both = { patch: set("/status", "both") };
    expect((await resolve(names[2]!, both)).json.patch).toHaveLength(1);
    expect((await resolve(names[2]!, both)).json.code).toBe("conflict-unknown");
    expect((await ask("GET", "/documents/plan/conflicts")).json).toEqual({ conflicts: [] });
    expect((await read("plan")).content).toEqual({ status: "both" });
  });
});

describe("putting a document", () => {
  it("makes it, and then changes the least", async () => {
    const put = (body: unknown, options: Sending = {}) =>
      made("PUT", "/documents/note%2F1", { body, ...options });
    const first = await put({ title: "One", content: { list: [1, 2, 3] } });
    expect(first).toMatchObject({ status: 201, kind: "create" });
    expect(first.headers.get("location")).toBe("/api/documents/note%2F1");
    const second = await put({ content: { list: [1, 3] } }, { as: "editor" });
    expect(second).toMatchObject({ status: 200, patch: [{ op: "remove", path: "/list/1" }] });
    const headers = { "if-match": `"${second.revision_id}"` };
    expect(await put({ content: { list: [1, 3] } }, { headers })).toMatchObject({ kind: null });
    expect(await read("note/1")).toMatchObject({ sequence: 2, title: "One" });
  });

  it("does only what its headers allow", async () => {
    const body = { content: { a: 1 } };
    const put = (headers: Record<string, string>, options: Sending = {}) =>
      ask("PUT", "/documents/plan", { body, headers, ...options });
    expect((await put({ "if-match": "*" })).json.code).toBe("revision-mismatch");
    expect((await put({}, { as: "editor" })).json.code).toBe("forbidden");
    const key = { "if-none-match": "*", "idempotency-key": "k" };
    expect((await put(key)).status).toBe(201);
    expect((await put(key)).status).toBe(201);
    expect((await put({ "if-none-match": "*" })).json.code).toBe("revision-mismatch");
    expect((await put({ "if-none-match": '"1-x"' })).json.code).toBe("bad-request");
    expect((await put({ "if-match": '"1-x"' })).json.code).toBe("revision-mismatch");
    expect((await put({}, { body: { content: [] } })).json).toMatchObject({
      code: "bad-request",
      pointer: "/content",
    });
    expect((await put({}, { body: { content: {}, more: 1 } })).json.code).toBe("bad-request");
    expect((await put({ "content-type": "text/plain" })).json.code).toBe("unsupported-media-type");
    expect((await read("plan")).sequence).toBe(1);
  });
});

describe("a deleted document", () => {
  const plan = "/documents/plan";

  it("is gone for who reads or edits it, and its history is not", async () => {
    await create("plan", { a: 1 });
    await made(...patch("plan", set("/b", 2), "", { as: "bob" }));
    await ask("POST", `${plan}/tags`, { body: { name: "draft" } });
    const fork = (await ask("POST", `${plan}/forks`, { body: {} })).json;
    const { doc, provider } = await relay.open("plan", { token: tokens.ann });
    const closed = new Promise<number>(resolve =>
      provider.once("connection-close", (event: { code: number } | null) => resolve(event?.code ?? 0)),
    );
    const deleted = await made("DELETE", plan, { as: "bob" });
    expect(deleted).toMatchObject({ sequence: 3, kind: "delete", patch: null });
    expect(await closed).toBe(4404);
    doc.getMap("document").set("title", "from beyond");

    const body = { content: {} };
    for (const [method, path, options] of [
      ["GET", plan],
      ["PUT", plan, { body }],
      patch("plan", set("/c", 3)),
      ["PATCH", plan, { body: {}, headers: mergeType }],
      ["DELETE", plan],
      ["POST", "/documents", { body: { id: "plan", content: {} } }],
      ["GET", `${plan}/blame?pointer=/a`],
      ["GET", `${plan}/conflicts`],
      ["POST", `${plan}/undo`],
      ["POST", `${plan}/redo`],
      ["POST", `${plan}/revert`, { body: { sequence: 1 } }],
      ["POST", `${plan}/forks`, { body: {} }],
      ["GET", `${plan}/forks/${fork.id}`],
      ["POST", `${plan}/forks/${fork.id}/merge`, { body: {} }],
    ] as const) {
      expect((await refused(method, path, options)).code, `${method} ${path}`).toBe("deleted");
    }
    for (const [method, path, options] of [
      ["GET", `${plan}?at=2`],
      ["GET", `${plan}/changes`],
      ["GET", `${plan}/rejections`],
      ["GET", `${plan}/diff?from=1&to=3`],
      ["GET", `${plan}/activity`],
      ["GET", `${plan}/blame?pointer=/document&at=2`],
      ["GET", `${plan}/proof?sequence=3`],
      ["GET", `${plan}/tags`],
      ["POST", `${plan}/tags`, { body: { name: "final", sequence: 2 } }],
      ["DELETE", `${plan}/tags/draft`],
      ["GET", `${plan}/forks`],
      ["DELETE", `${plan}/forks/${fork.id}`],
    ] as const) {
      expect((await ask(method, path, options)).response.ok, `${method} ${path}`).toBe(true);
    }
    const list = async (query = "") =>
      documentList.parse((await ask("GET", `/documents${query}`)).json).documents.map(({ id }) => id);
    expect([await list(), await list("?deleted=true")]).toEqual([[], ["plan"]]);
  });

  it("comes back restored, or undone by who has deleted it", async () => {
    await create("plan", { a: 1 });
    await made("DELETE", plan, { as: "bob" });
    expect((await ask("POST", `${plan}/undo`, { as: "bob" })).json.sequence).toBe(3);
    expect(await read("plan")).toMatchObject({ title: "A title", content: { a: 1 } });
    await made("DELETE", plan);
    expect((await ask("POST", `${plan}/restore`, { body: { sequence: 3 }, as: "bob" })).status).toBe(200);
    expect(await read("plan")).toMatchObject({ sequence: 5, content: { a: 1 } });
  });

  it("is deleted as it was asked for, and once", async () => {
    const { revision_id: base } = await create("plan");
    const { revision_id } = await made(...patch("plan", set("/a", 1)));
    const match = (revision: string) => ({ "if-match": `"${revision}"` });
    const code = async (...asked: Parameters<typeof ask>) => (await refused(...asked)).code;
    expect(await code("DELETE", plan, { as: "editor" })).toBe("forbidden");
    expect(await code("DELETE", plan, { headers: match(base) })).toBe("revision-mismatch");
    expect(await code("DELETE", `${plan}?erase=true`, { headers: match(base) })).toBe("revision-mismatch");
    expect(await code("DELETE", `${plan}?erase=soon`)).toBe("bad-request");
    expect(await code("DELETE", "/documents/nothing")).toBe("not-found");
    const headers = { ...match(revision_id), "idempotency-key": "gone" };
    const [first, again] = [await made("DELETE", plan, { headers }), await made("DELETE", plan, { headers })];
    expect(again.revision_id).toBe(first.revision_id);
    const erased = await ask("DELETE", `${plan}?erase=true`);
    expect(erased.json).toMatchObject({ document_id: "plan", sequence: 3, user_id: "ann" });
    expect(await code("POST", `${plan}/restore`, { body: { sequence: 2 } })).toBe("deleted");
    expect(await code("PUT", plan, { body: { content: {} } })).toBe("deleted");
  });
});

describe("a body", () => {
  const send = (text: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${relay.url}/api/documents/plan`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${tokens.ann}`, ...patchType, ...headers },
      body: typeof text === "string" ? text : Buffer.from(text),
    });
  const outcome = async (response: Response) => {
    const { code, pointer } = problem.parse(await response.json());
    return [response.status, code, pointer];
  };

  it("is JSON in UTF-8, as deep and as large as a relay takes it", async () => {
    await create("plan", { a: 1 });
    const value = (json: string) => `[{"op":"add","path":"/x","value":${json}}]`;
    for (const [text, status, code, pointer] of [
      ["", 400, "bad-request"],
      ["{", 400, "bad-request"],
      ["{}", 400, "bad-request", ""],
      ["null", 400, "bad-request", ""],
      ["[1]", 400, "bad-request", "/0"],
      ['[{"op":"add"}]', 400, "bad-request", "/0/path"],
      [Uint8Array.of(0x5b, 0xff, 0x5d), 400, "bad-request"],
      [value("1e999"), 400, "bad-request", "/0/value"],
      [value('{"__proto__":1}'), 400, "bad-request", "/0/value/__proto__"],
      [value("[".repeat(100_000) + "]".repeat(100_000)), 413, "too-large"],
      [value(`[${"0,".repeat(300_000)}0]`), 413, "too-large"],
      [JSON.stringify(Array(10_001).fill({ op: "test", path: "/a", value: 1 })), 413, "too-large", ""],
      [value(`"${"x".repeat(11_000_000)}"`), 413, "too-large"],
    ] as const) {
      expect(await outcome(await send(text)), String(text).slice(0, 50)).toEqual([status, code, pointer]);
    }
    const odd = { name: { length: { toString: 1 } } };
    for (const [path, body] of [
      ["/documents/plan/tags", odd],
      ["/batch", { edits: [{ id: odd.name }] }],
    ] as const) {
      expect((await refused("POST", path, { body })).code, path).toBe("bad-request");
    }
    expect((await send("[]", { "content-encoding": "br, x" })).status).toBe(400);
    expect((await send("[]")).status).toBe(200);
    expect(await read("plan")).toMatchObject({ sequence: 1, content: { a: 1 } });
    expect(relay.log).not.toContain('"level":50');
  });
});

describe("a page of another origin", () => {
  it("is told what it may send, and may read where a document is", async () => {
    await relay.start({ auth: "public", origins: ["https://app.example"] });
    const origin = "https://app.example";
    const preflight = await fetch(`${relay.url}/api/documents/plan`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "PATCH" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET, HEAD, POST, PATCH, PUT, DELETE");
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/If-Match.*Idempotency-Key/);
    const created = await relay.send("PUT", "/api/documents/plan", {
      body: { content: {} },
      headers: { origin },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get("access-control-expose-headers")).toBe("ETag, Location, Accept-Patch");
    const foreign = await relay.send("PUT", "/api/documents/plan", {
      body: { content: {} },
      headers: { origin: "https://evil.example" },
    });
    expect(foreign.status).toBe(403);
  });
});
