import { createRandom } from "@verso/bridge/testing";
import { rule, text } from "@verso/validation";
import { describe, expect, expectTypeOf, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import type { Replica } from "./document.js";
import { createClient } from "./documents.js";
import { createHistory, type HistoryOptions } from "./history.js";
import { judge } from "./judge.js";

const invoice = z.object({
  invoice: z.object({
    status: z.enum(["draft", "sent"]).optional(),
    total: z.number().nonnegative().optional(),
    lines: z.array(z.object({ sum: z.number(), note: z.string().optional() })).optional(),
  }),
  notes: text(),
});
const kinds = {
  "invoice/:id": {
    roots: { invoice: "map", notes: "text" },
    schema: invoice,
    texts: ["/invoice/lines/*/note"],
    rules: [
      rule({
        name: "sent-has-lines",
        reads: ["/invoice/status", "/invoice/lines"],
        check: ([status, lines]) =>
          status !== "sent" || (Array.isArray(lines) && lines.length > 0)
            ? true
            : "An empty invoice is not sent.",
      }),
    ],
  },
} as const;

describe("a document of a client", () => {
  it("is typed by its kind, and edited as JSON", () => {
    const { open } = client();
    const document = open("invoice/42");
    expectTypeOf(document.json.invoice.status).toEqualTypeOf<"draft" | "sent" | undefined>();
    document.change(draft => {
      expectTypeOf(draft.invoice.total).toEqualTypeOf<number | undefined>();
      draft.invoice.lines = [{ sum: 1, note: "one" }];
      draft.notes = "hello";
    });
    document.patch([{ op: "str_ins", path: "/notes", pos: 5, str: "!" }]);
    expect(document.json).toEqual({ invoice: { lines: [{ sum: 1, note: "one" }] }, notes: "hello!" });
    expect(document.getSnapshot()).toBe(document.json);
    const lines = document.doc.getMap("invoice").get("lines") as Y.Array<Y.Map<unknown>>;
    expect(lines.get(0).get("note")).toBeInstanceOf(Y.Text);
  });

  it("does not compile with a field that its kind has not", () => {
    const document = client().open("invoice/42");
    type Draft = Parameters<Parameters<typeof document.change>[0]>[0];
    expectTypeOf<Draft["invoice"]>().not.toHaveProperty("totl");
    expectTypeOf<Draft["invoice"]["total"]>().not.toEqualTypeOf<string>();
    expectTypeOf<typeof document.json.invoice>().not.toBeAny();
  });

  it("is the same one while it is open, and calls for its JSON and for its status", async () => {
    const { open, close } = client();
    const document = open("invoice/42");
    expect(open("invoice/42")).toBe(document);
    let calls = 0;
    const end = document.subscribe(() => calls++);
    document.change(draft => {
      draft.invoice.total = 1;
    });
    expect(calls).toBe(2); // what it is, and how much of it is unsynced
    end();
    await close();
    expect(() => open("invoice/42")).toThrow(expect.objectContaining({ code: "closed" }));
  });

  it("lets a good proposal in, and leaves nothing of a bad one in any byte that leaves", () => {
    const document = client().open("invoice/42");
    const updates: Uint8Array[] = [];
    document.doc.on("update", update => updates.push(update));
    expect(document.propose(draft => Object.assign(draft.invoice, { total: 7 }))).toEqual({
      type: "accepted",
      issues: [],
    });
    const rejected = document.propose(draft => {
      draft.notes = "secretive";
      draft.invoice.total = -1;
    });
    expect(rejected).toEqual({
      type: "rejected",
      issues: [expect.objectContaining({ pointer: "/invoice/total", code: "schema.too_small" })],
    });
    expect(document.propose(draft => Object.assign(draft.invoice, { status: "sent" }))).toMatchObject({
      type: "rejected",
      issues: [{ rule: "sent-has-lines" }],
    });
    expect(document.json).toEqual({ invoice: { total: 7 }, notes: "" });
    expect(updates).toHaveLength(3);
    for (const update of updates) expect(Buffer.from(update).toString("latin1")).not.toContain("secretive");
    expect(document.propose(() => {})).toEqual({ type: "accepted", issues: [] });
    expect(updates).toHaveLength(3);
  });

  it("throws for a proposal where nothing judges", () => {
    const document = createClient({ url: "ws://relay", connect: false }).open("note");
    expect(() => document.propose(() => {})).toThrow(TypeError);
  });
});

describe("undo and redo", () => {
  it("take back what this session did here, without a connection, and nothing of others", async () => {
    const document = client().open("invoice/42");
    document.change(draft => {
      draft.notes = "mine";
    });
    const other = new Y.Doc();
    other.getText("notes").insert(0, "theirs ");
    Y.applyUpdate(document.doc, Y.encodeStateAsUpdate(other), "relay");
    expect(await document.undo()).toEqual({ type: "local" });
    expect(document.json.notes).toBe("theirs ");
    expect(await document.undo()).toEqual({ type: "nothing" });
    expect(await document.redo()).toEqual({ type: "local" });
    expect([...document.json.notes].sort().join("")).toBe([..."theirs mine"].sort().join(""));
  });

  it("are the relay's with a connection", async () => {
    const { requests, answers, options } = relayOverHttp();
    const waiting = ["an edit"];
    const replica = {
      documentId: "invoice/42",
      doc: new Y.Doc(),
      status: { connection: "connected" } as Replica["status"],
      get hasUnsyncedChanges() {
        return waiting.length > 0;
      },
      // The relay can only take back what it has.
      syncNow: async () => void waiting.pop(),
    };
    const document = createHistory(replica, options);
    answers.push([200, { sequence: 3, revision_id: "3", undoes: [2], unrestored: [] }]);
    expect(await document.undo()).toEqual({ type: "relay", sequence: 3, undoes: [2], unrestored: [] });
    expect(waiting).toEqual([]);
    answers.push([200, { sequence: null, revision_id: null, undoes: [], unrestored: [] }]);
    expect(await document.redo()).toEqual({ type: "nothing" });
    answers.push([422, { code: "edit-refused", detail: "no", issues: [{ pointer: "/invoice" }] }]);
    expect(await document.redo()).toEqual({ type: "refused", issues: [{ pointer: "/invoice" }] });
    answers.push([404, { code: "not-found", detail: "There is no such document." }]);
    await expect(document.undo()).rejects.toMatchObject({ code: "refused", relayCode: "not-found" });
    answers.push([502, "<html>"]);
    await expect(document.undo()).rejects.toMatchObject({ code: "protocol" });
    await expect(document.undo()).rejects.toMatchObject({ code: "offline" });
    expect(requests.slice(0, 2)).toEqual([
      ["POST", "https://relay/base/api/documents/invoice%2F42/undo", '{"within":500}', "Bearer t"],
      ["POST", "https://relay/base/api/documents/invoice%2F42/redo", "{}", "Bearer t"],
    ]);
  });

  it("have a version to come back to, by the relay alone", async () => {
    const { open, requests, answers } = client();
    const document = open("invoice/42");
    answers.push([200, { sequence: 9, revision_id: "9", undoes: [], unrestored: [] }]);
    expect(await document.restore(4)).toEqual({ type: "relay", sequence: 9, undoes: [], unrestored: [] });
    expect(requests).toEqual([
      ["POST", "https://relay/base/api/documents/invoice%2F42/restore", '{"sequence":4}', "Bearer t"],
    ]);
    await expect(document.restore(4)).rejects.toMatchObject({ code: "offline" });
  });

  it("have a history to be read", async () => {
    const { open, requests, answers } = client();
    const page = { document_id: "invoice/42", changes: [], next: null };
    answers.push([200, page]);
    expect(await open("invoice/42").history({ since: 7, limit: 10 })).toEqual(page);
    expect(requests).toEqual([
      [
        "GET",
        "https://relay/base/api/documents/invoice%2F42/changes?since=7&limit=10",
        undefined,
        "Bearer t",
      ],
    ]);
  });
});

/** A client that never connects, but over HTTP. */
function client() {
  const { requests, answers, options } = relayOverHttp();
  const random = createRandom(1);
  const documents = createClient({
    ...options,
    kinds,
    judge: judge(kinds),
    connect: false,
    random: () => random.below(1_000) / 1_000,
  });
  return { ...documents, requests, answers };
}

/** A relay's HTTP API that answers what it is told, and cannot be reached then. */
function relayOverHttp() {
  const requests: [method: string, url: string, body: unknown, authorization: string | null][] = [];
  const answers: [status: number, body: unknown][] = [];
  const options: HistoryOptions = {
    url: "wss://relay/base/sync",
    token: () => "t",
    fetch: async (url, init) => {
      const authorization = new Headers(init?.headers).get("authorization");
      requests.push([init?.method ?? "GET", String(url), init?.body, authorization]);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("fetch failed");
      const [status, body] = answer;
      return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
    },
  };
  return { requests, answers, options };
}
