/** The changes of all documents: every one that may be read, once, in one order. */
import { createRandom } from "@verso/bridge/testing";
import { feedPage, forkDocumentId } from "@verso/protocol";
import { type CommitDraft, createMemoryStore, openLedger } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFeed } from "./feed.js";
import { arrival, createRelayHarness, problemOf, type RelayHarness } from "./relay-harness.js";

describe("the feed of a ledger", () => {
  const first = Number(process.env.VERSO_SEED ?? 1);
  const stories = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 10);
  const fork = `000000001-${"0".repeat(24)}`;
  const draft: CommitDraft = { actor: { user: "ann" }, kind: "update" };

  it("is the same whatever its pages are, and without what may not be read", async () => {
    for (let seed = first; seed < first + stories; seed++) {
      const random = createRandom(seed);
      await using ledger = await openLedger({ open: createMemoryStore().open });
      const erased = new Set<string>();
      const written = new Map<string, number>();
      for (let step = 0; step < 12; step++) {
        const document = random.pick(["a", "b", "c", "secret", forkDocumentId(fork)]);
        if (erased.has(document)) continue;
        if (random.chance(0.1)) {
          await ledger.erase(document, { actor: { user: "root" } });
          erased.add(document);
        } else {
          const { log } = await ledger.open(document);
          const run = 1 + random.below(4);
          await log.append(Array.from({ length: run }, () => draft));
          written.set(document, (written.get(document) ?? 0) + run);
        }
      }
      const told: string[] = [];
      let isLast = false;
      for (let since = 0; !isLast; ) {
        const mayRead = async (id: string) => id !== "secret";
        const page = await readFeed(ledger, { since, limit: 1 + random.below(5), mayRead });
        const feed = page.changes.map(({ feed_sequence }) => feed_sequence);
        expect([since, ...feed, page.next], `seed ${seed}`).toEqual(
          [since, ...feed, page.next].sort((a, b) => a - b),
        );
        expect(new Set([since, ...feed]).size, `seed ${seed}`).toBe(feed.length + 1);
        for (const { document_id, sequence, kind } of page.changes)
          told.push(kind === "erase" ? `${document_id} erased` : `${document_id} ${sequence}`);
        isLast = page.next === since;
        since = page.next;
      }
      const expected = ["a", "b", "c"].flatMap(id => {
        if (erased.has(id)) return [`${id} erased`];
        return Array.from({ length: written.get(id) ?? 0 }, (_, i) => `${id} ${i + 1}`);
      });
      expect([...told].sort(), `seed ${seed}`).toEqual(expected.sort());
    }
  });

  it("asks once for each document of a page whether it may be read", async () => {
    await using ledger = await openLedger({ open: createMemoryStore().open });
    for (const id of ["a", "b", "a", "b"]) await (await ledger.open(id)).log.append([draft]);
    const asked: string[] = [];
    const mayRead = async (id: string) => {
      asked.push(id);
      return id === "b";
    };
    const { changes, next } = await readFeed(ledger, { since: 0, limit: 100, mayRead });
    expect(asked).toEqual(["a", "b"]);
    expect(changes.map(({ document_id, sequence }) => [document_id, sequence])).toEqual([
      ["b", 1],
      ["b", 2],
    ]);
    expect(next).toBe(changes[1]?.feed_sequence);
  });
});

describe("over HTTP", () => {
  let relay: RelayHarness;
  let tokens: { ann: string; guest: string };
  beforeEach(async () => {
    relay = createRelayHarness();
    tokens = {
      ann: await relay.createToken({ user: "ann", roles: ["writer"] }),
      guest: await relay.createToken({ user: "guest" }),
    };
    await relay.start({
      auth: "tokens",
      access: (actor, id, action) => actor.roles.includes("writer") || (action === "read" && id !== "secret"),
    });
  });
  afterEach(() => relay.dispose());

  const read = async (query: string, token = tokens.guest) =>
    feedPage.parse(await (await relay.get(`/api/changes${query}`, token)).json());

  /** Writes, and resolves when somebody else has it. */
  async function write(id: string, key: string): Promise<void> {
    const [ann, witness] = [
      await relay.open(id, { token: tokens.ann }),
      await relay.open(id, { token: tokens.ann }),
    ];
    ann.doc.getMap("document").set(key, "x");
    await arrival(witness.doc, () => witness.doc.getMap("document").has(key));
    for (const { provider } of [ann, witness]) provider.destroy();
  }

  it("tells each what he may read, by the JSON view, and what was erased", async () => {
    await write("plan", "title");
    await write("secret", "title");
    await write("list", "title");
    const all = (await read("", tokens.ann)).changes;
    expect(all.map(({ document_id, sequence }) => [document_id, sequence])).toEqual([
      ["plan", 1],
      ["secret", 1],
      ["list", 1],
    ]);
    expect(all[0]).toMatchObject({
      target: "document",
      forward_patch: [{ path: "/title" }, { path: "/content" }],
    });
    expect((await read("?roots=true")).changes[0]?.forward_patch).toMatchObject([{ path: "/document" }]);

    const page = await read("?limit=1");
    expect(page.changes.map(({ document_id }) => document_id)).toEqual(["plan"]);
    const rest = await read(`?since=${page.next}`);
    expect(rest.changes.map(({ document_id }) => document_id)).toEqual(["list"]);
    expect(await read(`?since=${rest.next}`)).toEqual({ changes: [], next: rest.next });

    await relay.send("DELETE", "/api/documents/plan?erase=true", { token: tokens.ann });
    const after = await read(`?since=${rest.next}`);
    expect(after.changes).toMatchObject([
      {
        document_id: "plan",
        event_type: "delete",
        kind: "erase",
        sequence: 1,
        revision_id: null,
        user_id: "ann",
        forward_patch: null,
        reverse_patch: null,
      },
    ]);
    expect((await read("")).changes.map(({ document_id }) => document_id)).toEqual(["list", "plan"]);
  });

  it("is refused to nobody in particular, and to who is not let in", async () => {
    expect(await read("?since=9007199254740991")).toEqual({ changes: [], next: Number.MAX_SAFE_INTEGER });
    for (const query of [
      "?since=-1",
      "?since=x",
      "?since=1e99",
      "?limit=0",
      "?limit=1001",
      "?since=1&since=2",
    ]) {
      expect(await problemOf(await relay.get(`/api/changes${query}`, tokens.guest)), query).toEqual({
        status: 400,
        code: "bad-request",
      });
    }
    expect(await problemOf(await relay.get("/api/changes"))).toEqual({ status: 401, code: "token-missing" });
  });
});
