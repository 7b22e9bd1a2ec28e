import { documentList, rejectionPage } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Access, anonymous, type ConfigInput } from "./index.js";
import { arrival, createRelayHarness, problemOf, type RelayHarness } from "./relay-harness.js";

let relay: RelayHarness;
beforeEach(() => {
  relay = createRelayHarness();
});
afterEach(() => relay.dispose());

/** A relay at which everybody has a name and nobody is asked to prove it. */
const start = (access: Access, more: ConfigInput = {}) =>
  relay.start({ auth: anonymous({ allowName: true }), access, ...more });
const named = (name: string) => ({ params: { name } });

describe("one who may only read", () => {
  const onlyAnnWrites: Access = (actor, _documentId, action) => action === "read" || actor.user === "Ann";

  it("gets the document and every change, and stays connected", async () => {
    await start(onlyAnnWrites);
    const ann = await relay.open("notes", named("Ann"));
    ann.doc.getText("t").insert(0, "before");
    const bob = await relay.open("notes", named("Bob"));
    await arrival(bob.doc, () => bob.doc.getText("t").toString() === "before");
    const socket = bob.provider.ws;
    ann.doc.getText("t").insert(6, " and after");
    await arrival(bob.doc, () => bob.doc.getText("t").toString() === "before and after");
    ann.doc.getText("t").delete(0, 7);
    await arrival(bob.doc, () => bob.doc.getText("t").toString() === "and after");
    expect(bob.provider.ws).toBe(socket);
  });

  it("is seen by the others", async () => {
    await start(onlyAnnWrites);
    const ann = await relay.open("notes", named("Ann"));
    const bob = relay.visit("notes", named("Bob"));
    bob.provider.awareness.setLocalState({ name: "Bob" });
    await new Promise<void>(resolve =>
      ann.provider.awareness.on("change", () => {
        const states = [...ann.provider.awareness.getStates().values()];
        if (states.some(state => state.name === "Bob")) resolve();
      }),
    );
  });

  it("is taken back when he writes, and nobody sees what", async () => {
    await start(onlyAnnWrites);
    const ann = await relay.open("notes", named("Ann"));
    ann.doc.getText("t").insert(0, "ours");
    const eve = await relay.open("notes", named("Eve"));
    await arrival(eve.doc, () => eve.doc.getText("t").toString() === "ours");
    const seen: string[] = [];
    ann.doc.on("update", () => seen.push(ann.doc.getText("t").toString()));
    eve.doc.getText("t").insert(0, "mine, not ");
    await arrival(eve.doc, () => eve.doc.getText("t").toString() === "ours");
    const response = await relay.get("/api/documents/notes/rejections?name=Ann");
    expect(rejectionPage.parse(await response.json()).rejections).toMatchObject([
      { verdict: "refused", user_id: "Eve", issues: [{ code: "permission-denied" }] },
    ]);
    expect(seen.every(text => text === "ours")).toBe(true);
  });

  it("may not come with edits to a document that nobody has begun", async () => {
    await start(onlyAnnWrites);
    const eve = relay.visit("notes", named("Eve"));
    const end = new Promise(resolve => eve.provider.once("closed", resolve));
    eve.doc.getText("t").insert(0, "mine");
    expect(await end).toEqual({ code: 4403, reason: "read-only: you may not begin this document" });
  });
});

describe("one who may write and not create", () => {
  const access: Access = (actor, _documentId, action) => action !== "create" || actor.user === "Ann";

  it("writes to documents that exist, and only reads those that do not", async () => {
    await start(access);
    const ann = await relay.open("notes", named("Ann"));
    ann.doc.getText("t").insert(0, "a");
    const witness = await relay.open("notes", named("Bob"));
    await arrival(witness.doc, () => witness.doc.getText("t").length === 1);
    const bob = await relay.open("notes", named("Bob"));
    bob.doc.getText("t").insert(1, "b");
    await arrival(ann.doc, () => ann.doc.getText("t").toString() === "ab");

    const fresh = await relay.open("fresh", named("Bob"));
    const end = new Promise(resolve => fresh.provider.once("closed", resolve));
    fresh.doc.getText("t").insert(0, "x");
    expect(await end).toMatchObject({ code: 4403 });
    expect((await relay.get("/api/documents/fresh")).status).toBe(404);
  });
});

describe("one who may not read", () => {
  it("does not get in, neither by WebSocket nor by HTTP, and does not find it in the list", async () => {
    await start((actor, documentId) => actor.user === "Ann" || documentId !== "secret");
    for (const id of ["open", "secret", "zoo"]) {
      const { doc } = await relay.open(id, named("Ann"));
      doc.getText("t").insert(0, "x");
      while ((await relay.get(`/api/documents/${id}?name=Ann`)).status !== 200);
    }
    const { closed } = relay.connect("/yjs/secret?name=Bob");
    expect(await closed).toMatchObject({ code: 4403, reason: expect.stringContaining("forbidden: ") });
    for (const path of ["/api/documents/secret", "/api/documents/secret/changes"]) {
      expect((await relay.get(`${path}?name=Ann`)).status).toBe(200);
      expect(await problemOf(await relay.get(`${path}?name=Bob`))).toEqual({
        status: 403,
        code: "forbidden",
      });
    }
    expect((await relay.get("/api/documents/open?name=Bob")).status).toBe(200);

    const listed: string[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const after = next === "" ? "" : `&after=${next}`;
      const page = documentList.parse(
        await (await relay.get(`/api/documents?name=Bob&limit=1${after}`)).json(),
      );
      listed.push(...page.documents.map(({ id }) => id));
      next = page.next;
    }
    expect(listed).toEqual(["open", "zoo"]);
  });
});

describe("the answer of the configuration", () => {
  it("may take its time", async () => {
    const asked: string[] = [];
    await start(async (actor, documentId, action) => {
      await new Promise(resolve => setImmediate(resolve));
      asked.push(`${actor.user} ${action} ${documentId}`);
      return action !== "create";
    });
    await relay.open("notes", named("Ann"));
    expect(asked).toEqual(["Ann read notes", "Ann write notes", "Ann create notes"]);
  });

  it.each<[string, Access]>([
    ["is no yes", () => "yes" as never],
    ["is nothing", () => undefined as never],
    ["is a no", () => false],
  ])("that %s is a no", async (_, access) => {
    await start(access);
    const { closed } = relay.connect("/yjs/notes");
    expect(await closed).toMatchObject({ code: 4403 });
    expect(await problemOf(await relay.get("/api/documents/notes"))).toMatchObject({ code: "forbidden" });
  });

  it("that fails or does not come is our failure", async () => {
    await start(() => {
      throw new Error("no database");
    });
    expect(await relay.connect("/yjs/notes").closed).toMatchObject({ code: 4500 });
    expect(await problemOf(await relay.get("/api/documents/notes"))).toEqual({
      status: 500,
      code: "internal",
    });
    await start(() => new Promise(() => {}), { authDeadline: 100 });
    expect(await relay.connect("/yjs/notes").closed).toMatchObject({ code: 4503 });
    expect(await problemOf(await relay.get("/api/documents/notes"))).toEqual({
      status: 503,
      code: "unavailable",
    });
  });
});

describe("a page of a listed origin", () => {
  it("may send a token, and no other page", async () => {
    await relay.start({ auth: "tokens", origins: ["https://app.example"] });
    const ask = (origin: string) =>
      fetch(`${relay.url}/api/documents`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "GET" },
      });
    const response = await ask("https://app.example");
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("access-control-allow-headers")).toContain("Authorization");
    expect((await ask("https://evil.example")).status).toBe(403);
  });
});
