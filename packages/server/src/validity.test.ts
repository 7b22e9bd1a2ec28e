/** Documents that are older than what their kind asks by now. */
import { createMemoryStore, type VerifyIssue, verifyLedger } from "@verso/storage";
import { html, rule } from "@verso/validation";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { createKinds } from "./kinds.js";
import type { RoomEvents } from "./room-events.js";
import { createWorld, type SimulatedClient, type World, type WorldOptions } from "./testing.js";
import { type Validity, validateLedger } from "./validity.js";
import { createReplay } from "./verify.js";

const roots = { order: "map" } as const;
const strict = {
  "order/:id": {
    roots,
    schema: z.object({ order: z.looseObject({ total: z.number().nonnegative().optional() }) }),
    rules: [
      rule({
        name: "round",
        reads: ["/order/total"],
        severity: "warning",
        check: ([total]) => total === undefined || Number.isInteger(total) || "is not round",
      }),
    ],
    sanitize: { "/order/html": html() },
  },
  "note/:id": { roots: {} },
} as const;

let store: ReturnType<typeof createMemoryStore>;
let world: World;
let found: Parameters<RoomEvents["invalid"]>[0][];
let clients: SimulatedClient[];
/** Whether all had their answers when the relay told of a document. */
let wasSynced: boolean;

beforeEach(async () => {
  store = createMemoryStore();
  found = [];
  await start({});
  await write("order/bad", { total: -1.5, note: "left alone" });
  await write("order/good", { total: 1.5 });
  await write("order/unclean", { html: "<script>x</script>" });
  await write("order/large", { total: -1, note: "x".repeat(100_000) });
  await write("note/any", { total: -1 });
  await write("other", {});
});
afterEach(() => world.close());

/** A relay on the store, by default one of which all kinds allow everything. */
async function start({ documents = { "order/:id": { roots }, "*": { roots: {} } } }: Partial<WorldOptions>) {
  clients = [];
  world = await createWorld({
    open: store.open,
    documents,
    events: {
      invalid(event) {
        wasSynced = clients.every(({ synced }) => synced);
        found.push(event);
      },
    },
  });
}

async function join(documentId: string) {
  const client = world.connect(documentId, new Y.Doc());
  clients.push(client);
  await flush();
  return client;
}

function flush(milliseconds = 50) {
  return world.exchange(clients, milliseconds / 5);
}

async function write(documentId: string, values: Record<string, unknown>) {
  const { doc } = await join(documentId);
  doc.getMap("order").set("id", documentId);
  for (const [key, value] of Object.entries(values)) doc.getMap("order").set(key, value);
  await flush();
}

describe("a document that does not satisfy its kind", () => {
  beforeEach(async () => {
    await world.close();
    await start({ documents: strict });
  });

  it("is told of once when it is opened, after the first who joins has got it", async () => {
    const { doc } = await join("order/bad");
    expect(doc.getMap("order").get("total")).toBe(-1.5);
    await flush(200);
    expect(wasSynced).toBe(true);
    expect(found).toMatchObject([
      {
        documentId: "order/bad",
        issues: [{ pointer: "/order/total", code: "schema.too_small", severity: "error" }],
      },
    ]);
    doc.getMap("order").set("note", "an edit that makes it no worse");
    await join("order/bad");
    await flush(200);
    expect(doc.getMap("order").get("note")).toBe("an edit that makes it no worse");
    expect(found).toHaveLength(1);
  });

  it.each(["order/good", "order/large", "order/unclean", "order/new", "note/any"])(
    "is not %s, or not looked at when it is opened",
    async documentId => {
      await join(documentId);
      await flush(200);
      expect(found).toEqual([]);
    },
  );
});

it("every document of a ledger is held against its kind, one after the other", async () => {
  const all: Validity[] = [];
  for await (const each of validateLedger(world.ledger, createKinds(strict))) all.push(each);
  const codes = all.map(each => [
    each.documentId,
    ...(each.type === "invalid"
      ? each.issues.map(({ pointer, code }) => `${code} at ${pointer}`)
      : [each.type]),
  ]);
  expect(codes).toEqual([
    ["note/any", "valid"],
    ["order/bad", "schema.too_small at /order/total"],
    ["order/good", "valid"],
    ["order/large", "schema.too_small at /order/total"],
    ["order/unclean", "not-sanitized at /order/html"],
    ["other", "unknown-kind"],
  ]);
});

it("verifying says so too, where it is given the kinds, and calls it nothing that is lost", async () => {
  const kinds = createKinds(strict);
  const issues: VerifyIssue[] = [];
  const onIssue = (issue: VerifyIssue) => void issues.push(issue);
  await world.close();
  const backend = await store.open();
  await verifyLedger(backend, { onIssue, replay: () => createReplay() });
  expect(issues).toEqual([]);
  await verifyLedger(backend, { onIssue, replay: document => createReplay({ kind: kinds.of(document) }) });
  expect(issues.map(({ document, severity, code, detail }) => [document, severity, code, detail])).toEqual([
    [
      "order/bad",
      "low",
      "invalid-document",
      "it does not satisfy its kind: schema.too_small at /order/total",
    ],
    [
      "order/large",
      "low",
      "invalid-document",
      "it does not satisfy its kind: schema.too_small at /order/total",
    ],
    [
      "order/unclean",
      "low",
      "invalid-document",
      "it does not satisfy its kind: not-sanitized at /order/html",
    ],
    ["other", "low", "invalid-document", "its id matches none of the configured kinds"],
  ]);
  await backend.close();
});
