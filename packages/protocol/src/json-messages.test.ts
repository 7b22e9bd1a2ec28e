import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type JsonClientMessage,
  type JsonServerMessage,
  jsonClientMessage,
  jsonServerMessage,
  parseJsonMessage,
} from "./index.js";

const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
const send = (message: unknown) => parseJsonMessage(JSON.stringify(message));

/** One of each, in the shapes that clients of the dialect send. */
const requests: Record<JsonClientMessage["type"], object> = {
  authenticate: { user_id: uuid, auth_token: "any" },
  create_document: { document: { id: uuid, title: "Notes", content: { text: "", tags: [1, null] } } },
  update_document: {
    patch: {
      document_id: uuid,
      revision_id: "7-0123456789ab",
      vector_clock: { "2": 14 },
      patch: [{ op: "str_ins", path: "/text", pos: 0, str: "a" }],
      target: "document",
      strategy: "server-wins",
    },
    edit_id: "edit-1",
  },
  delete_document: { document_id: uuid },
  get_document: { document_id: "invoice/42" },
  list_documents: { after: "a", limit: 10 },
  subscribe: { document_id: uuid, since: 3 },
  unsubscribe: { document_id: uuid },
  presence: { document_id: uuid, state: { cursor: 4 } },
  ping: {},
  changes_since: { sequence: 0, document_id: uuid, limit: 1000 },
  undo: {},
  redo: { document_id: uuid },
  undo_to_sequence: { target_sequence: 4 },
  restore: { tag: "sent", document_id: uuid },
  resolve_conflict: { document_id: uuid, conflict_id: "c1", take: "yours" },
};

describe("a request of the JSON dialect", () => {
  it.each(Object.entries(requests))("%s is read as it was sent, with its id", (type, members) => {
    for (const id of ["a", 7]) {
      const message = { type, id, ...members };
      expect(send(message)).toEqual({ ok: true, message });
    }
    expect(send({ type, ...members })).toMatchObject({ ok: true });
  });

  it("may have members that nobody asks for, which are ignored", () => {
    expect(send({ type: "ping", timestamp: 1 })).toEqual({ ok: true, message: { type: "ping" } });
  });

  it.each([
    ["no JSON", "{", undefined],
    ["nothing", "", undefined],
    ["a list", "[]", undefined],
    ["null", "null", undefined],
    ["no type", "{}", "/type"],
    ["an unknown type", '{"type":"drop_database"}', "/type"],
    ["a type that every object has", '{"type":"constructor"}', "/type"],
    ["a missing member", '{"type":"get_document"}', "/document_id"],
    ["an id that is none", '{"type":"ping","id":{}}', "/id"],
    ["an id whose length is no number", '{"type":"ping","id":{"length":{"toString":1}}}', ""],
    ["a text whose length is no number", '{"type":"restore","tag":{"length":{"toString":1}}}', ""],
    [
      "a patch that is no list",
      '{"type":"update_document","patch":{"document_id":"a","patch":{}}}',
      "/patch/patch",
    ],
    [
      "an operation without a path",
      '{"type":"update_document","patch":{"document_id":"a","patch":[{"op":"add"}]}}',
      "/patch/patch/0/path",
    ],
    [
      "a clock of names",
      '{"type":"update_document","patch":{"document_id":"a","patch":[],"vector_clock":{"a/b":1}}}',
      "/patch/vector_clock/a~1b",
    ],
    [
      "content that is text",
      '{"type":"create_document","document":{"id":"a","content":""}}',
      "/document/content",
    ],
    ["a sequence below nothing", '{"type":"changes_since","sequence":-1}', "/sequence"],
    ["a page of a million", '{"type":"list_documents","limit":1000000}', "/limit"],
    ["both a sequence and a tag", '{"type":"restore","target_sequence":1,"tag":"a"}', ""],
    ["a resolution without one", '{"type":"resolve_conflict","document_id":"a","conflict_id":"c"}', ""],
    [
      "a prototype, deep inside",
      '{"type":"create_document","document":{"id":"a","content":{"x":[{"__proto__":{"y":1}}]}}}',
      "/document/content/x/0/__proto__",
    ],
    ["a number beyond all", '{"type":"presence","document_id":"a","state":{"x":1e999}}', "/state/x"],
  ])("is refused as %s, with the place", (_, text, pointer) => {
    const parsed = parseJsonMessage(text);
    expect(parsed).toMatchObject({ ok: false, code: "bad-request" });
    expect(parsed).toHaveProperty("detail", expect.stringMatching(/^[A-Z].*/));
    if (!parsed.ok) expect(parsed.pointer).toBe(pointer);
  });

  it("is refused under the id it came with, so that its sender knows which it was", () => {
    expect(send({ type: "get_document", id: 9, document_id: "../etc" })).toEqual({
      ok: false,
      id: 9,
      code: "bad-document-id",
      detail: 'The document id has a segment "..".',
      pointer: "/document_id",
    });
    expect(send({ type: "subscribe", id: "s", document_id: "" })).toMatchObject({ id: "s" });
    expect(send({ type: "nothing", id: "s" })).toMatchObject({ id: "s" });
    expect(send({ type: "ping", id: [] })).not.toHaveProperty("id");
  });

  it("of a fork names the document of the fork", () => {
    const document_id = "~fork/0mf2k3j1a-0123456789abcdef01234567";
    expect(send({ type: "subscribe", document_id })).toMatchObject({ ok: true });
  });

  it("costs no more than it may be long, however deep or wide it is", () => {
    const content = (value: string) =>
      `{"type":"create_document","document":{"id":"a","content":{"x":${value}}}}`;
    const tooLarge = { ok: false, code: "too-large" };
    for (const deep of [1_000_000, 70]) {
      expect(parseJsonMessage(content("[".repeat(deep) + "]".repeat(deep)))).toMatchObject(tooLarge);
      expect(parseJsonMessage(content(`${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`))).toMatchObject(
        tooLarge,
      );
    }
    expect(parseJsonMessage(content(`[${"0,".repeat(300_000)}0]`))).toMatchObject(tooLarge);
    expect(parseJsonMessage(content(`"${"x".repeat(11_000_000)}"`))).toMatchObject(tooLarge);
    expect(parseJsonMessage(content(`[${"0,".repeat(100_000)}0]`))).toMatchObject({ ok: true });
    expect(parseJsonMessage(content("[".repeat(50) + "]".repeat(50)))).toMatchObject({ ok: true });
  });

  it("never throws, whatever was sent", () => {
    const types = Object.keys(requests);
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.string(), value), value, (type, other, odd) => {
        // Each member of a right request in turn holds something else.
        const right: object = requests[type as JsonClientMessage["type"]];
        const wrong = Object.keys(right).map(name => ({ type, ...right, [name]: odd }));
        for (const message of [{ type, ...other }, { ...other, ...right, type }, ...wrong]) {
          const parsed = send(message);
          if (parsed.ok) expect(jsonClientMessage.parse(parsed.message)).toEqual(parsed.message);
          else expect(["bad-request", "bad-document-id"]).toContain(parsed.code);
        }
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), text => {
        expect(typeof parseJsonMessage(text).ok).toBe("boolean");
      }),
    );
  });
});

describe("an answer of the JSON dialect", () => {
  const at = { document_id: uuid, revision_id: "7-0123456789ab", sequence: 7 };
  const document = { id: uuid, title: "Notes", content: { text: "a" } };
  const version = { ...at, vector_clock: { "2": 14 }, document };
  const patch = [{ op: "str_ins", path: "/text", pos: 0, str: "a" }];
  const created_at = "2026-03-01T12:00:00.000Z";
  const change = {
    ...at,
    event_type: "update",
    kind: "update",
    user_id: "ada",
    forward_patch: patch,
    reverse_patch: [{ op: "str_del", path: "/text", pos: 0, str: "a" }],
    created_at,
  };

  const answers: Record<JsonServerMessage["type"], object> = {
    auth_success: { session_id: "s" },
    auth_error: { code: "token-invalid", message: "No." },
    document_created: at,
    document_updated: { ...at, vector_clock: {}, user_id: "ada", patch },
    document_deleted: { ...at, user_id: "ada" },
    document: version,
    documents: { documents: [], next: null },
    subscribed: version,
    unsubscribed: { document_id: uuid },
    presence: { document_id: uuid, users: [{ client_id: 3, user_id: "ada", state: { cursor: 1 } }] },
    pong: {},
    changes_since: {
      changes: [
        { ...change, event_type: "create", forward_patch: document, reverse_patch: null, feed_sequence: 9 },
        change,
        { ...change, target: "document" },
        { ...change, event_type: "delete", forward_patch: null, reverse_patch: document },
      ],
      next: 12,
    },
    error: { code: "deleted", message: "It is gone.", pointer: "/text", details: { operation: 0 } },
    rejected: {
      document_id: uuid,
      sequence: 8,
      issues: [{ pointer: "/total", code: "too_small", message: "No.", severity: "error" }],
    },
    conflict: {
      document_id: uuid,
      conflict_id: null,
      strategy: "reject",
      pointers: ["/text"],
      theirs: patch,
      yours: patch,
      vector_clocks: { yours: { "2": 13 }, theirs: { "2": 14 } },
      commits: [{ revision_id: "7-0123456789ab", sequence: 7, user_id: "ada", created_at, depends_on: [6] }],
      document: { revision_id: "7-0123456789ab", sequence: 7, title: null, content: {} },
    },
  };

  it.each(Object.entries(answers))("%s has the members that are promised", (type, members) => {
    const answer = { type, id: 1, ...members };
    expect(jsonServerMessage.parse(answer)).toEqual(answer);
    for (const name of Object.keys(members)) {
      const { [name as never]: _, ...without } = answer;
      const optional =
        ["pointer", "details"].includes(name) || (type === "subscribed" && name === "document");
      expect(jsonServerMessage.safeParse(without).success, name).toBe(optional);
    }
  });
});
