import { changePage, forkDescription, forkList, forkReview, problem } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Access, anonymous, type ConfigInput } from "./index.js";
import {
  arrival,
  createRelayHarness,
  problemOf,
  type RelayHarness,
  type VisitOptions,
} from "./relay-harness.js";

const documents: ConfigInput["documents"] = {
  "order/:id": {
    roots: { order: "map", notes: "text" },
    schema: z.object({ order: z.looseObject({ total: z.number().min(0).optional() }), notes: z.string() }),
  },
  ":open": {},
};
/** Ben proposes; Ann decides; Mallory is let in to read other documents only. */
const access: Access = (actor, documentId, action) => {
  if (action === "admin") return false;
  if (actor.user === "Mallory") return documentId === "elsewhere";
  return actor.user === "Ann" || action === "read";
};
const named = (name: string): VisitOptions => ({ params: { name } });
const forks = "/api/documents/order%2F1/forks";

let relay: RelayHarness;
beforeEach(async () => {
  relay = createRelayHarness();
  await start();
});
afterEach(() => relay.dispose());

function start(): Promise<void> {
  return relay.start({ auth: anonymous({ allowName: true }), access, documents });
}

/** A request in somebody's name. */
const as = (name: string, method: string, path: string, body?: unknown) =>
  relay.send(
    method,
    `${path}${path.includes("?") ? "&" : "?"}name=${name}`,
    body === undefined ? {} : { body },
  );

async function begun() {
  const ann = await relay.open("order/1", named("Ann"));
  ann.doc.getMap("order").set("total", 7);
  const bob = await relay.open("order/1", named("Bob"));
  await arrival(bob.doc, () => bob.doc.getMap("order").get("total") === 7);
  return ann;
}

async function forked() {
  const created = await as("Ben", "POST", forks, { title: "cheaper", comment: "it is too much" });
  expect(created.status).toBe(201);
  return forkDescription.parse(await created.json());
}

async function edited(write: (order: import("yjs").Map<unknown>) => void) {
  const fork = await forked();
  const ben = await relay.open(fork.fork_document_id, named("Ben"));
  write(ben.doc.getMap("order"));
  const after = JSON.stringify(ben.doc.getMap("order"));
  const witness = await relay.open(fork.fork_document_id, named("Ann"));
  await arrival(witness.doc, () => JSON.stringify(witness.doc.getMap("order")) === after);
  return { fork, ben };
}

const review = async (id: string, name = "Ann") =>
  forkReview.parse(await (await as(name, "GET", `${forks}/${id}`)).json());

describe("a proposal by one who may only read", () => {
  it("is made, shown, merged by one who may write, and stands in the history as his", async () => {
    const ann = await begun();
    const { fork, ben } = await edited(order => order.set("total", 5));
    expect(fork).toMatchObject({
      document_id: "order/1",
      user_id: "Ben",
      title: "cheaper",
      comment: "it is too much",
      state: "open",
      closed: null,
      merged: null,
      base: { sequence: 1 },
    });
    const ended = new Promise(resolve => ben.provider.once("closed", resolve));

    const shown = await review(fork.id);
    expect(shown.review).toMatchObject({
      verdict: "accepted",
      issues: [],
      forward_patch: [{ op: "replace", path: "/order/total", value: 5 }],
      reverse_patch: [{ op: "replace", path: "/order/total", value: 7 }],
    });
    expect(await problemOf(await as("Ben", "POST", `${forks}/${fork.id}/merge`))).toEqual({
      status: 403,
      code: "forbidden",
    });
    const merge = { revision_id: shown.review?.revision_id };
    const merged = await as("Ann", "POST", `${forks}/${fork.id}/merge`, merge);
    expect(forkDescription.parse(await merged.json())).toMatchObject({
      state: "merged",
      closed: { user_id: "Ann" },
      merged: { sequence: 2 },
    });
    await arrival(ann.doc, () => ann.doc.getMap("order").get("total") === 5);
    expect(await ended).toEqual({ code: 4404, reason: "fork-not-open: the fork was merged" });

    const { changes } = changePage.parse(
      await (await as("Ann", "GET", "/api/documents/order%2F1/changes")).json(),
    );
    expect(changes.at(-1)).toMatchObject({
      user_id: "Ben",
      event_type: "update",
      merged: { fork: fork.id, user_id: "Ann" },
      forward_patch: [{ op: "replace", path: "/order/total", value: 5 }],
    });
    // For the record; nothing is left to be done with it.
    expect(await review(fork.id)).toMatchObject({ state: "merged", review: null });
    const again = [
      as("Ann", "POST", `${forks}/${fork.id}/merge`),
      as("Ann", "DELETE", `${forks}/${fork.id}`),
    ];
    for (const response of again) {
      expect(await problemOf(await response)).toEqual({ status: 409, code: "fork-not-open" });
    }
    const late = relay.visit(fork.fork_document_id, named("Ben"));
    expect(await new Promise(resolve => late.provider.once("closed", resolve))).toEqual({
      code: 4404,
      reason: "fork-not-open: the fork was merged",
    });
  });

  it("that does not satisfy the schema is refused with the issues, and can be mended and merged", async () => {
    const ann = await begun();
    const { fork, ben } = await edited(order => order.set("total", -1));
    expect((await review(fork.id, "Ben")).review).toMatchObject({
      verdict: "refused",
      issues: [{ pointer: "/order/total", code: "schema.too_small" }],
      forward_patch: [{ op: "replace", path: "/order/total", value: -1 }],
    });
    const response = await as("Ann", "POST", `${forks}/${fork.id}/merge`);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(problem.parse(await response.json())).toMatchObject({
      status: 422,
      title: "Unprocessable Content",
      code: "merge-refused",
      issues: [{ pointer: "/order/total", code: "schema.too_small", severity: "error" }],
    });
    expect(ann.doc.getMap("order").get("total")).toBe(7);

    const before = (await review(fork.id)).review?.revision_id;
    ben.doc.getMap("order").set("total", 1);
    const witness = await relay.open(fork.fork_document_id, named("Ann"));
    await arrival(witness.doc, () => witness.doc.getMap("order").get("total") === 1);
    const stale = await as("Ann", "POST", `${forks}/${fork.id}/merge`, { revision_id: before });
    expect(await problemOf(stale)).toEqual({ status: 409, code: "fork-changed" });
    expect((await as("Ann", "POST", `${forks}/${fork.id}/merge`)).status).toBe(200);
    await arrival(ann.doc, () => ann.doc.getMap("order").get("total") === 1);
  });

  it("is dropped by himself or by one who may write, and by nobody else", async () => {
    await begun();
    const mine = await forked();
    const theirs = await forked();
    expect(await problemOf(await as("Cleo", "DELETE", `${forks}/${mine.id}`))).toEqual({
      status: 403,
      code: "forbidden",
    });
    for (const [name, { id }] of [["Ben", mine] as const, ["Ann", theirs] as const]) {
      const dropped = await as(name, "DELETE", `${forks}/${id}`);
      expect(forkDescription.parse(await dropped.json())).toMatchObject({
        state: "dropped",
        closed: { user_id: name },
        merged: null,
      });
    }
  });

  it("is read, and not written, by others who may read the document", async () => {
    await begun();
    const { fork } = await edited(order => order.set("total", 5));
    const cleo = await relay.open(fork.fork_document_id, named("Cleo"));
    await arrival(cleo.doc, () => cleo.doc.getMap("order").get("total") === 5);
    const end = new Promise(resolve => cleo.provider.once("closed", resolve));
    cleo.doc.getMap("order").set("total", 6);
    expect(await end).toEqual({ code: 4403, reason: "read-only: this fork is somebody else's" });

    const mallory = relay.visit(fork.fork_document_id, named("Mallory"));
    expect(await new Promise(resolve => mallory.provider.once("closed", resolve))).toMatchObject({
      code: 4403,
    });
    for (const [method, path] of [
      ["POST", forks],
      ["GET", forks],
      ["GET", `${forks}/${fork.id}`],
      ["POST", `${forks}/${fork.id}/merge`],
      ["DELETE", `${forks}/${fork.id}`],
    ] as const) {
      expect((await as("Mallory", method, path)).status, `${method} ${path}`).toBe(403);
    }
  });
});

describe("forks", () => {
  it("are listed page by page, survive a restart, and are no documents among the others", async () => {
    await begun();
    const { fork } = await edited(order => order.set("total", 5));
    const second = await forked();
    await start();
    const first = forkList.parse(await (await as("Ben", "GET", `${forks}?limit=1`)).json());
    expect(first).toMatchObject({ forks: [{ id: fork.id }], next: fork.id });
    const rest = forkList.parse(await (await as("Ben", "GET", `${forks}?after=${first.next}`)).json());
    expect(rest).toMatchObject({ forks: [{ id: second.id }], next: null });
    expect(await (await as("Ann", "GET", "/api/documents")).json()).toMatchObject({
      documents: [{ id: "order/1" }],
    });
    expect((await review(fork.id)).review).toMatchObject({ verdict: "accepted" });
    const ben = await relay.open(fork.fork_document_id, named("Ben"));
    expect(ben.doc.getMap("order").get("total")).toBe(5);
  });

  it("of what is not there there are none, and ids of theirs are nobody else's", async () => {
    await begun();
    const fork = await forked();
    const elsewhere = await relay.open("elsewhere", named("Ann"));
    elsewhere.doc.getText("t").insert(0, "x");
    const witness = await relay.open("elsewhere", named("Ann"));
    await arrival(witness.doc, () => witness.doc.getText("t").length === 1);
    for (const [name, method, path, status, code] of [
      ["Ann", "POST", "/api/documents/order%2F2/forks", 404, "not-found"],
      ["Ann", "GET", `${forks}/none`, 404, "not-found"],
      ["Ann", "GET", `${forks}/${"a".repeat(2000)}`, 404, "not-found"],
      ["Ann", "POST", `${forks}/000000000-${"0".repeat(24)}/merge`, 404, "not-found"],
      ["Ann", "GET", `/api/documents/elsewhere/forks/${fork.id}`, 404, "not-found"],
      ["Ann", "GET", `/api/documents/${encodeURIComponent(fork.fork_document_id)}`, 400, "bad-document-id"],
      [
        "Ann",
        "POST",
        `/api/documents/${encodeURIComponent(fork.fork_document_id)}/forks`,
        400,
        "bad-document-id",
      ],
      ["Ann", "GET", `${forks}?after=${"a".repeat(2000)}`, 400, "bad-request"],
      ["Ann", "PUT", `${forks}/${fork.id}`, 405, "method-not-allowed"],
      ["Ann", "POST", `${forks}/${fork.id}/merge`, 409, "fork-unchanged"],
    ] as const) {
      expect(await problemOf(await as(name, method, path)), `${method} ${path}`).toEqual({ status, code });
    }
    for (const body of [{ title: 7 }, { other: "x" }, { title: "x".repeat(201) }]) {
      expect(await problemOf(await as("Ben", "POST", forks, body))).toEqual({
        status: 400,
        code: "bad-request",
      });
    }
    expect((await as("Ben", "POST", forks)).status).toBe(201);
    for (const path of ["~fork/x", `~fork/000000000-${"0".repeat(24)}`]) {
      const guest = relay.connect(`/yjs/${path}?name=Ann`);
      expect([4400, 4404]).toContain((await guest.closed).code);
    }
  });
});
