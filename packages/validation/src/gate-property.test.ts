/**
 * Three stock clients write at random, a part of it what is refused; messages come late, twice and after a break of the
 * connection, merged into one. Whatever happens, nothing refused is kept or reaches anybody, and nothing valid is lost.
 */
import { applyChange, emptyDocument, observePatches, type PatchSpan, read } from "@verso/bridge";
import { expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import type { Actor } from "./actor.js";
import { createGate } from "./gate.js";
import { between, createRandom, type Random } from "./honest.js";
import { createJudge } from "./judge.js";
import { rule } from "./rules.js";
import { forEachSeed } from "./testing.js";

const roots = { m: "map", list: "array", text: "text" } as const;

/** Every value that must not get in holds this; every one that must stay is counted. */
const secret = "s3cr3t";
const clean = z.string().refine(value => !value.includes(secret));
const value: z.ZodType = z.lazy(() =>
  z.union([clean, z.number(), z.array(value), z.record(z.string(), value)]),
);
const judge = createJudge(
  {
    schema: z.object({ m: z.record(z.string(), value), list: z.array(value).max(60), text: clean }),
    permissions: { "/m/locked": ["admin"] },
    conflicts: { "/m/status": "server-wins", "/m/latest": "latest-wins" },
    rules: [
      rule({
        name: "ordered",
        reads: ["/m/from", "/m/to"],
        check: ([from, to]) => typeof from !== "number" || typeof to !== "number" || from <= to,
      }),
    ],
  },
  // How long a rule takes is the machine's doing.
  { deadline: Number.POSITIVE_INFINITY },
);

interface Client {
  readonly doc: Y.Doc;
  readonly actor: Actor;
  toRelay: Uint8Array[];
  fromRelay: Uint8Array[];
}

it("keeps the document valid, everybody equal, secrets out and honest edits in", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const relay = new Y.Doc();
    relay.clientID = 1;
    const json = emptyDocument(roots) as Parameters<typeof applyChange>[0];
    const spans: PatchSpan["change"][] = [];
    const observer = observePatches(relay, { roots }, ({ change }) => {
      applyChange(json, change, "forward");
      spans.push(change);
    });
    const gate = createGate(relay, { observer, judge });
    const clients = [0, 1, 2].map((_, i) => connect(16 + between(random, 0, 1000) * 3 + i));
    const wire: Uint8Array[] = [];
    const kept: string[] = [];
    relay.on("update", (update: Uint8Array) => {
      wire.push(update);
      for (const client of clients) client.fromRelay.push(update);
    });

    for (let step = 0; step < 40; step++) {
      const client = clients[between(random, 0, 2)]!;
      const dice = between(random, 0, 99) / 100;
      if (dice < 0.6) edit(client.doc, random, kept, step);
      else if (dice < 0.75) take(client, between(random, 1, 4));
      else if (dice < 0.9) hear(client, between(random, 1, 4));
      else if (dice < 0.95) client.toRelay.push(...client.toRelay.slice(-1));
      else reconnect(client);
    }
    for (let rounds = 0; rounds < 3; rounds++) {
      for (const client of clients) take(client, Number.POSITIVE_INFINITY);
      for (const client of clients) hear(client, Number.POSITIVE_INFINITY);
    }

    for (const { doc } of clients) {
      expect(read(doc, roots)).toEqual(read(relay, roots));
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(relay));
    }
    const text = JSON.stringify(json);
    for (const mark of kept) expect(text).toContain(mark);
    const bytes = Buffer.concat([...wire, Y.encodeStateAsUpdate(relay)]).toString("latin1");
    expect(bytes).not.toContain(secret);
    expect(relay.clientID).toBe(1);
    for (const change of spans.reverse()) applyChange(json, change, "reverse");
    expect(json).toEqual(emptyDocument(roots));

    function connect(clientID: number): Client {
      const doc = new Y.Doc();
      doc.clientID = clientID;
      const actor = { user: `user ${clientID}`, session: "", roles: [] };
      const client: Client = { doc, actor, toRelay: [], fromRelay: [] };
      doc.on("update", (update: Uint8Array, origin: unknown) => {
        if (origin !== "relay") client.toRelay.push(update);
      });
      return client;
    }

    function take(client: Client, count: number): void {
      for (const update of client.toRelay.splice(0, count)) {
        relay.transact(transaction => {
          Y.applyUpdate(relay, update);
          gate.settle(transaction, { actor: client.actor });
        });
        expect(relay.store.pendingStructs).toBe(null);
        expect(json).toEqual(read(relay, roots));
        expect(judge.judgeDocument(json, client.actor)).toEqual([]);
      }
    }

    function hear(client: Client, count: number): void {
      for (const update of client.fromRelay.splice(0, count)) Y.applyUpdate(client.doc, update, "relay");
    }

    /** What was on its way is lost; then both exchange what the other lacks, each as one update. */
    function reconnect(client: Client): void {
      client.toRelay = [Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(relay))];
      client.fromRelay = [Y.encodeStateAsUpdate(relay, Y.encodeStateVector(client.doc))];
    }
  });
});

/** One transaction of a client; what it puts where nothing takes it away again is noted. */
function edit(doc: Y.Doc, random: Random, kept: string[], step: number): void {
  const mark = `<${doc.clientID}.${step}>`;
  const map = doc.getMap("m");
  const list = doc.getArray("list");
  const text = doc.getText("text");
  const end = (length: number) => between(random, 0, length);
  const actions: (() => void)[] = [
    () => note(() => map.set(mark, mark)),
    () => text.insert(end(text.length), mark),
    () => note(() => map.set(`nested ${mark}`, new Y.Map([["inner", new Y.Text(mark)]]))),
    () => list.insert(end(list.length), [mark]),
    () => map.set("disposable", step),
    () => map.delete("disposable"),
    () => map.set("status", mark),
    () => map.set("latest", mark),
    () => map.set("from", step % 7),
    () => map.set("to", step % 5),
    () => list.length > 0 && list.delete(end(list.length - 1), 1),
    () => map.set(`bad ${step}`, secret),
    () => map.set("disposable", secret),
    () =>
      map.set(
        `bad ${step}`,
        new Y.Map<unknown>([
          ["fine", 1],
          ["deep", new Y.Array<unknown>()],
        ] as never),
      ),
    () => map.set(`bad ${step}`, new Y.Map([["deep", new Y.Text(secret)]])),
    () => list.insert(end(list.length), [1, secret, 2]),
    () => text.insert(end(text.length), secret),
    () => map.set("locked", mark),
  ];
  const count = between(random, 1, 2);
  doc.transact(() => {
    for (let i = 0; i < count; i++) actions[between(random, 0, actions.length - 1)]!();
  });

  function note(write: () => void): void {
    write();
    kept.push(mark);
  }
}
