/** Imports at a running relay and into a ledger that no relay has open. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changePage, documentContent, importedDocument, problem, rejectionPage } from "@verso/protocol";
import {
  createMemoryStore,
  openLedger,
  openLevelBackend,
  type VerifyIssue,
  verifyFolder,
} from "@verso/storage";
import { defaultLimits, html, rule } from "@verso/validation";
import { bombs } from "@verso/validation/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { importDocument } from "./import.js";
import { createKinds } from "./kinds.js";
import { arrival, createRelayHarness, type RelayHarness } from "./relay-harness.js";
import { createWorld } from "./testing.js";
import { createReplay } from "./verify.js";

const order = {
  roots: { order: "map", notes: "text" },
  initial: { order: { total: 0 } },
  schema: z.object({ order: z.looseObject({ total: z.number().nonnegative() }), notes: z.string().max(100) }),
  rules: [
    rule({
      name: "round",
      reads: ["/order/total"],
      severity: "warning",
      check: ([total]) => total === undefined || Number.isInteger(total) || "is not round",
    }),
  ],
  sanitize: { "/order/html": html() },
} as const;
const documents = { "order/:id": order, "note/:id": { roots: {} } };

/** The state of a document that was written elsewhere. */
function state(write: (doc: Y.Doc) => void, options: { gc?: boolean } = {}): Uint8Array {
  const doc = new Y.Doc(options);
  doc.transact(() => write(doc));
  return Y.encodeStateAsUpdate(doc);
}

const invoice = state(doc => {
  doc.getMap("order").set("total", 7);
  doc.getText("notes").insert(0, "from elsewhere");
});

/** The second of two edits without the first. */
function later(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("notes").insert(0, "one");
  const known = Y.encodeStateVector(doc);
  doc.getText("notes").insert(3, " two");
  return Y.encodeStateAsUpdate(doc, known);
}

/** The state of a document that waits for an edit. */
function waiting(): Uint8Array {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, invoice);
  Y.applyUpdate(doc, later());
  return Y.encodeStateAsUpdate(doc);
}

describe("an import at a running relay", () => {
  let relay: RelayHarness;
  let root: string;
  let ann: string;
  beforeEach(async () => {
    relay = createRelayHarness();
    ann = await relay.createToken({ user: "ann" });
    root = await relay.createToken({ user: "root", roles: ["admin"] });
    await relay.start({ auth: "tokens", documents });
  });
  afterEach(() => relay.dispose());

  function post(
    id: string,
    body: Uint8Array,
    { token = root, query = "", type = "application/octet-stream" } = {},
  ) {
    return fetch(`${relay.url}/api/admin/documents/${encodeURIComponent(id)}/import${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      body: Buffer.from(body),
    });
  }

  async function refusal(response: Response) {
    const { status, code, issues = [] } = problem.parse(await response.json());
    expect(status).toBe(response.status);
    return { status, code, issues: issues.map(issue => `${issue.code} at ${issue.pointer}`) };
  }

  const json = async (path: string) => (await relay.get(`/api/documents/${path}`, root)).json();
  const content = async (path: string) => documentContent.parse(await json(path)).content;
  const changes = async (path: string) => changePage.parse(await json(`${path}/changes`)).changes;

  it("makes one commit of kind create, by whoever imports, and clients go on from there", async () => {
    const response = await post("order/1", invoice);
    expect(response.status).toBe(201);
    const imported = importedDocument.parse(await response.json());
    expect(imported).toMatchObject({ id: "order/1", sequence: 1, issues: [] });
    expect(await content("order%2F1")).toEqual({ order: { total: 7 }, notes: "from elsewhere" });
    expect(await changes("order%2F1")).toMatchObject([
      { kind: "create", user_id: "root", revision_id: imported.revision_id, reverse_patch: null },
    ]);
    const { doc } = await relay.open("order/1", { token: root });
    expect(doc.getMap("order").toJSON()).toEqual({ total: 7 });
    doc.getMap("order").set("total", -1);
    await arrival(doc, () => doc.getMap("order").get("total") === 7);
    doc.getMap("order").set("total", 8);
    const bob = await relay.open("order/1", { token: root });
    await arrival(bob.doc, () => bob.doc.getMap("order").get("total") === 8);
  });

  it("reaches those who wait in a document that nobody has begun", async () => {
    const early = await relay.open("note/1", { token: root });
    expect(
      (
        await post(
          "note/1",
          state(doc => doc.getText("t").insert(0, "old")),
        )
      ).status,
    ).toBe(201);
    await arrival(early.doc, () => early.doc.getText("t").toString() === "old");
    early.doc.getText("t").insert(3, " and new");
    const bob = await relay.open("note/1", { token: root });
    await arrival(bob.doc, () => bob.doc.getText("t").toString() === "old and new");
  });

  it("changes nothing where there is a document", async () => {
    await post("order/1", invoice);
    const other = state(doc => doc.getMap("order").set("total", 9));
    expect(await refusal(await post("order/1", other))).toEqual({
      ...{ status: 409, code: "document-exists", issues: [] },
    });
    expect((await content("order%2F1")).order).toEqual({ total: 7 });
    const [one, two] = await Promise.all([post("order/2", other), post("order/2", invoice)]);
    expect([one?.status, two?.status].sort()).toEqual([201, 409]);
  });

  it("is refused with the issues of a document that does not satisfy its kind, and done where that is allowed", async () => {
    const bad = state(doc => {
      doc.getMap("order").set("total", -0.5);
      doc.getMap("order").set("html", "<img src=x onerror=alert(1)>");
    });
    expect(await refusal(await post("order/1", bad))).toEqual({
      status: 422,
      code: "invalid-document",
      issues: ["schema.too_small at /order/total", "not-sanitized at /order/html"],
    });
    expect((await relay.get("/api/documents/order%2F1", root)).status).toBe(404);

    const response = await post("order/1", bad, { query: "?allow_invalid=true" });
    const { issues } = importedDocument.parse(await response.json());
    expect(issues.map(({ code, severity }) => [code, severity])).toEqual([
      ["schema.too_small", "error"],
      ["not-sanitized", "error"],
      ["rule.round", "warning"],
    ]);
    const [commit] = await changes("order%2F1");
    expect(commit?.issues).toEqual(issues);
    expect(rejectionPage.parse(await json("order%2F1/rejections")).rejections).toEqual([]);
    await content("order%2F1");
    expect(relay.log).toContain("does not satisfy its kind");
    expect(relay.log).toContain('{"pointer":"/order/total","code":"schema.too_small"}');
    expect(relay.log).not.toContain("Too small");
    expect(await (await relay.get("/metrics")).text()).toContain("verso_invalid_documents_total 1");
  });

  it("is refused with the firewall's code, and leaves nothing", async () => {
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ["truncated", invoice.slice(0, -4)],
      ["truncated", Uint8Array.of()],
      ["no-content", Uint8Array.of(0, 0)],
      ["gap", later()],
      ["gap", waiting()],
      ["undeclared-root", state(doc => doc.getMap("other").set("a", 1))],
      ["wrong-shape", state(doc => doc.getArray("order").push([1]))],
      ["forbidden-key", state(doc => doc.getMap("order").set("__proto__", 1))],
      ["subdocument", state(doc => doc.getMap("order").set("sub", new Y.Doc()))],
    ];
    for (const [code, update] of cases) {
      expect(await refusal(await post("order/1", update)), code).toEqual({
        ...{ status: 422, code: "update-refused", issues: [`${code} at `] },
      });
    }
    expect((await relay.get("/api/documents/order%2F1", root)).status).toBe(404);
  });

  it("is refused when it would cost every opening too much, and nobody waits for it", async () => {
    const [bomb] = bombs.find(({ name }) => name === "conflict-chain")!.payloads() as [Uint8Array];
    const importing = post("note/1", bomb).then(refusal);
    expect((await fetch(`${relay.url}/healthz`)).status).toBe(200);
    expect(await importing).toEqual({ status: 413, code: "too-large", issues: ["update-too-costly at "] });
  });

  it("asks for the right to administer before it reads a body, for a kind, and for bytes", async () => {
    expect(await refusal(await post("order/1", invoice, { token: ann }))).toMatchObject({
      code: "forbidden",
    });
    expect(await refusal(await post("order/1", invoice, { token: "x" }))).toMatchObject({ status: 401 });
    expect(await refusal(await post("other", invoice))).toMatchObject({ code: "forbidden-document" });
    expect(await refusal(await post("a//b", invoice))).toMatchObject({ code: "bad-document-id" });
    const asJson = post("order/1", Buffer.from("{}"), { type: "application/json" });
    expect(await refusal(await asJson)).toMatchObject({ code: "bad-request" });
    const query = "?allow_invalid=perhaps";
    expect(await refusal(await post("order/1", invoice, { query }))).toMatchObject({ code: "bad-request" });
  });

  it("is bounded by the limits of the configuration", async () => {
    const long = state(doc => doc.getText("t").insert(0, "x".repeat(5000)));
    await relay.start({ auth: "tokens", documents, limits: { fullStateBytes: 4000 } });
    expect(await refusal(await post("note/1", long))).toMatchObject({ status: 413, code: "too-large" });
    await relay.start({ auth: "tokens", documents, documentBytes: 4000 });
    expect(await refusal(await post("note/1", long))).toEqual({
      ...{ status: 413, code: "too-large", issues: ["document-full at "] },
    });
  });

  it("takes the state of a document that a relay has held, and the relay goes on behind its own ids", async () => {
    const { doc } = await relay.open("order/1", { token: root });
    await arrival(doc, () => doc.getMap("order").get("total") === 0);
    doc.getMap("order").set("total", -1);
    await arrival(doc, () => doc.getMap("order").get("total") === 0);
    const exported = Y.encodeStateAsUpdate(doc);
    const [compensated = 0, begun = 0] = [1, 2].map(id => Y.getState(doc.store, id));
    expect([compensated, begun].map(clock => clock > 0)).toEqual([true, true]);

    expect((await post("order/2", exported)).status).toBe(201);
    const copy = await relay.open("order/2", { token: root });
    expect(copy.doc.getMap("order").toJSON()).toEqual({ total: 0 });
    copy.doc.getMap("order").set("total", -2);
    await arrival(copy.doc, () => copy.doc.getMap("order").get("total") === 0);
    expect(Y.getState(copy.doc.store, 1)).toBeGreaterThan(compensated);
    expect(Y.getState(copy.doc.store, 2)).toBe(begun);
  });
});

describe("an import into a ledger", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "verso-import-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const actor = { user: "root", session: "", roles: [] };
  const options = { kinds: createKinds(documents), limits: defaultLimits, documentBytes: 1e6, actor };

  it("is durable, replays both ways, and keeps nothing of what was deleted", async () => {
    const secret = "deleted long ago";
    const rich = state(
      doc => {
        doc.getText("t").insert(0, secret);
        doc.getText("t").delete(0, secret.length);
        doc.getText("t").insert(0, "bold", { bold: true });
        const inner = new Y.Map<unknown>([["list", Y.Array.from([1, { a: [null] }])]]);
        doc.getMap("m").set("inner", inner);
        doc.getXmlFragment("x").push([new Y.XmlElement("p")]);
        doc.getArray("gone").push([1]);
        doc.getArray("gone").delete(0);
      },
      { gc: false },
    );
    const ledger = await openLedger({ open: () => openLevelBackend(folder) });
    expect(await importDocument("note/1", rich, { ...options, ledger })).toMatchObject({ type: "imported" });
    expect(await importDocument("note/1", rich, { ...options, ledger })).toMatchObject({
      type: "document-exists",
    });
    expect(await importDocument("other", rich, { ...options, ledger })).toMatchObject({
      type: "unknown-kind",
    });
    const commits = [];
    for await (const commit of ledger.read("note/1")) commits.push(commit);
    expect(commits).toMatchObject([{ kind: "create", actor: { user: "root" } }]);
    expect(Buffer.from(commits[0]!.update!).toString("latin1")).not.toContain(secret);
    const original = new Y.Doc();
    Y.applyUpdate(original, rich);
    const stored = new Y.Doc();
    Y.applyUpdate(stored, commits[0]!.update!);
    expect(Y.encodeStateVector(stored)).toEqual(Y.encodeStateVector(original));
    expect(stored.getText("t").toDelta()).toEqual([{ insert: "bold", attributes: { bold: true } }]);
    await ledger.close();

    const found: VerifyIssue[] = [];
    await verifyFolder(folder, { replay: () => createReplay(), onIssue: issue => void found.push(issue) });
    expect(found).toEqual([]);
  });
});

describe("a first commit that was made elsewhere", () => {
  const stored = state(doc => doc.getText("t").insert(0, "old"));
  const first = {
    draft: { actor: { user: "root" }, kind: "create", update: stored },
    roots: { t: "text" },
  } as const;

  it("goes before what is waiting, which is asked for again and lost by nobody", async () => {
    const world = await createWorld({ open: createMemoryStore().open });
    const doc = new Y.Doc();
    const client = world.connect("note/1", doc);
    const flush = () => world.exchange([client]);
    await flush();
    const begun = world.rooms.get("note/1").begin(first);
    doc.getText("t").insert(0, "new");
    client.deliver("to relay");
    await flush();
    expect(await begun).toMatchObject({ sequence: 1 });
    expect(["oldnew", "newold"]).toContain(doc.getText("t").toString());
    const view = world.rooms.get("note/1").view(({ content }) => content());
    await flush();
    expect(await view).toEqual({ t: doc.getText("t").toString() });
    const second = world.rooms.get("note/1").begin(first);
    await flush();
    expect(await second).toBe("document-exists");
    await world.close();
  });

  it("fails with the ledger, and the document is as nobody had begun it", async () => {
    let failing = true;
    const world = await createWorld({
      open: createMemoryStore().open,
      watch: ledger => ({
        ...ledger,
        get status() {
          return ledger.status;
        },
        async open(id) {
          const opened = await ledger.open(id);
          const append: typeof opened.log.append = (...args) =>
            failing ? Promise.reject(new Error("disk full")) : opened.log.append(...args);
          const { log } = opened;
          return {
            ...opened,
            log: {
              ...log,
              append,
              get head() {
                return log.head;
              },
            },
          };
        },
      }),
    });
    const room = world.rooms.get("note/1");
    const begun = expect(room.begin(first)).rejects.toThrow("disk full");
    await world.pass(50);
    await begun;
    failing = false;
    const again = room.begin(first);
    await world.pass(50);
    expect(await again).toMatchObject({ sequence: 1 });
    await world.close();
    await expect(room.begin(first)).rejects.toMatchObject({ code: "document-closed" });
  });
});
