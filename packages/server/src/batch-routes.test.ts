/** Many edits in one request, on a relay with sockets and a disk. */
import { batchAnswer, documentContent, problem } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";

const note = {
  roots: { document: "map" },
  schema: z.object({
    document: z.looseObject({ content: z.looseObject({ total: z.number().min(0).optional() }) }),
  }),
} as const;

let relay: RelayHarness;
let tokens: Record<"ann" | "editor", string>;

beforeEach(async () => {
  relay = createRelayHarness();
  tokens = {
    ann: await relay.createToken({ user: "ann", roles: ["read", "write", "create", "delete"] }),
    editor: await relay.createToken({ user: "editor", roles: ["read", "write"] }),
  };
  await relay.start({
    auth: "tokens",
    access: ({ roles }, documentId, action) => roles.includes(action) && documentId !== "secret",
    documents: { "note/:id": note, "*": {} },
  });
});
afterEach(() => relay.dispose());

const send = (edits: unknown, token = tokens.ann) =>
  relay.send("POST", "/api/batch", { token, body: { edits } });

/** The answers, and for short their statuses with the code of a problem or the sequence of a commit. */
async function answered(edits: readonly object[], token?: string) {
  const response = await send(edits, token);
  expect(response.status).toBe(200);
  const { answers } = batchAnswer.parse(await response.json());
  const short = answers.map(({ status, body }) => `${status} ${"code" in body ? body.code : body.sequence}`);
  return { answers, short };
}

async function content(id: string) {
  const response = await relay.get(`/api/documents/${encodeURIComponent(id)}`, tokens.ann);
  return documentContent.parse(await response.json()).content;
}

const create = (id: string, document_id: string, given: object = {}) => ({
  id,
  document_id,
  op: "create",
  content: given,
});
const set = (id: string, document_id: string, path: string, value: unknown, more: object = {}) => ({
  id,
  document_id,
  op: "patch",
  patch: [{ op: "add", path, value }],
  ...more,
});

describe("a batch", () => {
  it("makes each edit by itself, and answers each as on its own, in order", async () => {
    const { answers, short } = await answered([
      create("1", "note/1", { total: 1, list: [] }),
      set("2", "note/1", "/total", -1),
      set("3", "note/1", "/list/-", "a"),
      set("4", "note/2", "/list/-", "a"),
      set("5", "note/1", "/nothing/at/all", 1),
      { id: "6", document_id: "note/1", op: "merge", merge_patch: { total: 2 } },
      { id: "7", document_id: "note/1", op: "merge", merge_patch: { title: "T" }, target: "document" },
      { id: "8", document_id: "note/3", op: "replace", content: { total: 3 } },
      { id: "9", document_id: "note/3", op: "replace", title: "Three", content: { total: 4 } },
      { id: "10", document_id: "note/3", op: "replace", title: "Three", content: { total: 4 } },
      { id: "11", document_id: "note/1", op: "delete" },
      set("12", "note/1", "/total", 1),
      create("13", "note/1"),
      create("14", "secret"),
      create("15", "a//b"),
      create("16", "\ud800"),
    ]);
    expect(answers.map(({ id }) => id)).toEqual(answers.map((_, i) => String(i + 1)));
    expect(short).toEqual([
      "201 1",
      "422 edit-refused",
      "200 3",
      "404 not-found",
      "422 patch-invalid",
      "200 4",
      "200 5",
      "201 1",
      "200 2",
      "200 2",
      "200 6",
      "410 deleted",
      "410 deleted",
      "403 forbidden",
      "400 bad-document-id",
      "400 bad-document-id",
    ]);
    expect(answers[1]!.body).toMatchObject({ sequence: 2, issues: [{ pointer: "/total" }] });
    expect(answers[4]!.body).toMatchObject({ pointer: "/nothing/at/all" });
    expect(answers[6]!.body).toMatchObject({ target: "document" });
    expect(await content("note/3")).toEqual({ total: 4 });
    expect(relay.log).not.toContain('"level":50');
  });

  it("asks of each edit the right that it takes", async () => {
    await answered([create("1", "plan")]);
    const { short } = await answered(
      [
        set("1", "plan", "/a", 1),
        create("2", "other"),
        { id: "3", document_id: "plan", op: "delete" },
        { id: "4", document_id: "new", op: "replace", content: {} },
      ],
      tokens.editor,
    );
    expect(short).toEqual(["200 2", "403 forbidden", "403 forbidden", "403 forbidden"]);
  });

  it("keeps the order of the edits of a document, by few appends", async () => {
    await answered([create("0", "plan", { list: [] })]);
    const edits = Array.from({ length: 300 }, (_, i) => set(`${i + 1}`, "plan", "/list/-", i));
    const { short } = await answered(edits);
    expect(short).toEqual(edits.map((_, i) => `200 ${i + 2}`));
    expect(await content("plan")).toEqual({ list: edits.map((_, i) => i) });
  });

  it("is sent again, all of it or a part, and nothing is made twice", async () => {
    const edits = [
      create("first", "note/1", { list: [] }),
      ...Array.from({ length: 40 }, (_, i) => set(`add ${i}`, `note/${1 + (i % 2)}`, "/list/-", i)),
      set("bad", "note/1", "/total", -1),
    ];
    edits.splice(1, 0, create("second", "note/2", { list: [] }));
    const half = await answered(edits.slice(0, 20));
    const whole = await answered(edits);
    expect(whole.answers.slice(0, 20)).toEqual(half.answers);
    await relay.stop();
    await relay.start({ auth: "tokens", documents: { "note/:id": note } });
    expect(await answered(edits)).toEqual(whole);
    expect((await answered([edits[7]!])).answers).toEqual([whole.answers[7]]);
    const { list } = (await content("note/1")) as { list: number[] };
    expect(list).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
  });

  it("has edits on older versions, by their strategies", async () => {
    const { answers } = await answered([create("1", "plan", { status: "open" })]);
    const { body } = answers[0]!;
    const base = "revision_id" in body ? body.revision_id : "";
    const { short } = await answered([
      set("2", "plan", "/status", "paid"),
      set("3", "plan", "/status", "void", { base, strategy: "reject" }),
      set("4", "plan", "/status", "void", { base, exact: true }),
      set("5", "plan", "/status", "void", { base: "9-000000000000" }),
      set("6", "plan", "/status", "late", { base, strategy: "latest-wins" }),
      set("7", "plan", "/after", 1),
      { id: "8", document_id: "plan", op: "delete", base, exact: true },
    ]);
    expect(short).toEqual([
      "200 2",
      "409 conflict",
      "412 revision-mismatch",
      "404 base-unknown",
      "200 3",
      "200 4",
      "412 revision-mismatch",
    ]);
    expect(await content("plan")).toEqual({ status: "late", after: 1 });
  });

  it("that is none is refused as a whole, and nothing of it is made", async () => {
    const right = create("1", "plan");
    const outcome = async (edits: unknown) => {
      const { code, pointer } = problem.parse(await (await send(edits)).json());
      return [code, pointer];
    };
    expect(await outcome("all")).toEqual(["bad-request", "/edits"]);
    expect(await outcome([right, { ...right, op: "drop" }])).toEqual(["bad-request", "/edits/1/op"]);
    expect(await outcome([right, { ...right, id: "" }])).toEqual(["bad-request", "/edits/1/id"]);
    expect(await outcome([right, set("2", "plan", "/a", 1, { strategy: "mine" })])).toEqual([
      "bad-request",
      "/edits/1/strategy",
    ]);
    expect(await outcome([right, { id: "2", document_id: "plan", op: "merge" }])).toEqual([
      "bad-request",
      "/edits/1/merge_patch",
    ]);
    expect(await outcome(Array(1001).fill(right))).toEqual(["too-large", "/edits"]);
    expect((await relay.get("/api/documents/plan", tokens.ann)).status).toBe(404);
    expect((await answered([])).answers).toEqual([]);
  });
});
