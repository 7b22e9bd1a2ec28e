/** A document is erased: its clients are sent away, and nobody brings it back. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { documentContent, erasure, forkDescription } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createRelayHarness, problemOf, type RelayHarness } from "./relay-harness.js";

let relay: RelayHarness;
beforeEach(() => {
  relay = createRelayHarness();
});
afterEach(() => relay.dispose());

const path = "/api/documents/plan%2F1";

/** Somebody who has the document open and has written to it. */
async function writer() {
  const { doc, provider } = await relay.open("plan/1");
  doc.getMap("plan").set("secret", "value");
  await expect.poll(async () => (await relay.get(path)).status).toBe(200);
  return { doc, provider };
}

const erase = () => relay.send("DELETE", `${path}?erase=true`);

describe("a document that is erased", () => {
  it("is gone, its clients are closed with 4404, and who comes later is too", async () => {
    await relay.start();
    const { provider } = await writer();
    const closed = new Promise<number | undefined>(resolve =>
      provider.on("connection-close", event => resolve(event?.code)),
    );
    const answer = await erase();
    expect(answer.status).toBe(200);
    expect(erasure.parse(await answer.json())).toMatchObject({ document_id: "plan/1", sequence: 1 });
    expect(await closed).toBe(4404);
    for (const asked of [relay.get(path), relay.get(`${path}/changes`), relay.get(`${path}/tags`), erase()]) {
      expect(await problemOf(await asked)).toEqual({ status: 410, code: "deleted" });
    }
    expect(await relay.connect("/yjs/plan/1").closed).toMatchObject({
      code: 4404,
      reason: "deleted: the document was erased",
    });
    const list = await (await relay.get("/api/documents")).json();
    expect(list).toEqual({ documents: [], next: null });
  });

  it("does not come back after a restart, whatever a client still holds", async () => {
    await relay.start();
    const { doc } = await writer();
    await erase();
    await relay.stop();
    await relay.start();
    const guest = relay.connect("/yjs/plan/1");
    guest.socket.once("open", () => guest.socket.send(Y.encodeStateAsUpdate(doc)));
    expect(await guest.closed).toMatchObject({ code: 4404 });
    expect(await problemOf(await relay.get(path))).toEqual({ status: 410, code: "deleted" });
  });

  it("takes its names and its proofs along, and leaves others as they are", async () => {
    await relay.start();
    await writer();
    const other = await relay.open("plan/2");
    other.doc.getMap("plan").set("a", 1);
    await expect.poll(async () => (await relay.get("/api/documents/plan%2F2")).status).toBe(200);
    await relay.send("POST", `${path}/tags`, { body: { name: "v1" } });
    await erase();
    expect((await relay.send("POST", `${path}/tags`, { body: { name: "v2" } })).status).toBe(410);
    expect((await relay.get(`${path}/proof?sequence=1`)).status).toBe(410);
    expect((await relay.get("/api/documents/plan%2F2/proof?sequence=1")).status).toBe(200);
    other.doc.getMap("plan").set("a", 2);
    await expect
      .poll(async () => {
        const answer = await relay.get("/api/documents/plan%2F2");
        return documentContent.parse(await answer.json()).content;
      })
      .toEqual({ plan: { a: 2 } });
  });

  it("takes its forks along, with what was said of them", async () => {
    await relay.start();
    await writer();
    const fork = forkDescription.parse(
      await (await relay.send("POST", `${path}/forks`, { body: { title: "My plan" } })).json(),
    );
    const { doc, provider } = await relay.open(fork.fork_document_id);
    const closed = new Promise<number | undefined>(resolve =>
      provider.on("connection-close", event => resolve(event?.code)),
    );
    doc.getMap("plan").set("proposed", true);
    await expect.poll(async () => (await relay.get(`${path}/forks/${fork.id}`)).text()).toContain("proposed");
    expect((await erase()).status).toBe(200);
    expect(await closed).toBe(4404);
    expect(await problemOf(await relay.get(`${path}/forks`))).toEqual({ status: 410, code: "deleted" });
    await relay.stop();
    const stored = await Promise.all(
      (await readdir(relay.folder)).map(name => readFile(join(relay.folder, name), "latin1")),
    );
    for (const gone of ["My plan", "proposed", "secret"]) expect(stored.join("")).not.toContain(gone);
    await relay.start();
    expect((await relay.connect(`/yjs/${fork.fork_document_id}`).closed).code).toBe(4404);
  });

  it("is erased only by who may delete, and who says so", async () => {
    await relay.start({ access: (_actor, _document, action) => action !== "delete" });
    await writer();
    expect(await problemOf(await erase())).toEqual({ status: 403, code: "forbidden" });
    await relay.stop();
    await relay.start();
    for (const query of ["?erase", "?erase=", "?erase=perhaps", "?erase=true&erase=true"]) {
      const refused = await relay.send("DELETE", path + query);
      expect(await problemOf(refused), query).toEqual({ status: 400, code: "bad-request" });
    }
    expect((await relay.get(path)).status).toBe(200);
    expect((await relay.send("DELETE", `${path}?erase=false`)).status).toBe(200);
    expect((await relay.get(`${path}?at=1`)).status).toBe(200);
    expect((await relay.send("DELETE", "/api/documents/none?erase=true")).status).toBe(404);
  });

  it("is none of those who write to it at the same time", async () => {
    await relay.start();
    const { doc, provider } = await writer();
    const closed = new Promise<number | undefined>(resolve =>
      provider.on("connection-close", event => resolve(event?.code)),
    );
    const erasing = erase();
    for (let written = 0; written < 50; written++) doc.getMap("plan").set(`k${written}`, written);
    expect((await erasing).status).toBe(200);
    expect(await closed).toBe(4404);
    expect(await problemOf(await relay.get(path))).toEqual({ status: 410, code: "deleted" });
  });
});
