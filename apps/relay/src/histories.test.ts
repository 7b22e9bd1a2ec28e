/** Real histories through a running relay: nothing is lost, whatever happens to it, and ties end as they ended then. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyPatchToJson, type JsonObject, type Patch } from "@verso/bridge";
import { changePage, documentContent } from "@verso/protocol";
import { createReplay } from "@verso/server";
import { type VerifyIssue, verifyFolder } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { findHistory, type History, readHistory } from "./history.js";
import { type RelayProcess, startRelay } from "./relay-process.js";
import { connectStockClient, type StockClient } from "./stock-client.js";

const paper = findHistory("automerge-paper");
const friends = findHistory("friendsforever-concurrent");
if (paper === null || friends === null) {
  console.warn(
    "The histories automerge-paper and friendsforever-concurrent are not at hand; their tests are skipped.",
  );
}

let data: string;
let relay: RelayProcess;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "verso-history-"));
  relay = await startRelay(data);
});
afterEach(async () => {
  await relay.kill();
  rmSync(data, { recursive: true, force: true });
});

describe.skipIf(paper === null)("259,778 edits by one author", () => {
  it("arrive whole at a second client and, over a kill at a random moment, at a third", {
    timeout: 300_000,
  }, async () => {
    const history = readHistory(paper ?? "");
    const killAt = Math.floor((0.2 + 0.6 * Math.random()) * history.txns.length);
    const told = `killed after ${killAt} edits`;
    const port = new URL(relay.url).port;

    let author = connectStockClient(relay.webSocketUrl, "paper");
    let reader = connectStockClient(relay.webSocketUrl, "paper");
    await Promise.all([author.synced(), reader.synced()]);
    await type(author, history, 0, killAt);
    await relay.kill();
    const relayed = Y.encodeStateAsUpdate(reader.doc);
    const written = Y.encodeStateAsUpdate(author.doc);
    author.provider.destroy();
    reader.provider.destroy();
    expect(reader.doc.getText("t").length, told).toBeGreaterThan(0);

    relay = await startRelay(data, { PORT: port });
    using stranger = connectStockClient(relay.webSocketUrl, "paper");
    await stranger.synced();
    expect(Y.snapshotContainsUpdate(Y.snapshot(stranger.doc), relayed), told).toBe(true);

    author = connectStockClient(relay.webSocketUrl, "paper", { state: written });
    reader = connectStockClient(relay.webSocketUrl, "paper", { state: relayed });
    await type(author, history, killAt, history.txns.length);
    for (const client of [reader, stranger]) {
      await client.until(doc => doc.getText("t").length === history.endContent.length);
      expect(client.doc.getText("t").toString() === history.endContent, told).toBe(true);
    }
    author.provider.destroy();
    reader.provider.destroy();
    expect(await relay.stop()).toBe(0);
    expect(await issuesOf(data), told).toEqual([]);
  });
});

describe.skipIf(friends === null)("26,078 edits by two authors at once", () => {
  it("end in the recorded text on both sides, in the relay, and in the replay of its ledger", {
    timeout: 300_000,
  }, async () => {
    const history = readHistory(friends ?? "");
    const [first, second] = await replayConcurrently(relay.webSocketUrl, history);
    expect(first.doc.getText("t").toString() === history.endContent).toBe(true);
    expect(second.doc.getText("t").toString() === history.endContent).toBe(true);

    const { content, sequence } = documentContent.parse(
      await (await fetch(`${relay.url}/api/documents/friends`)).json(),
    );
    expect(content.t === history.endContent).toBe(true);
    let json: JsonObject = {};
    for (let since = 0; since < sequence; ) {
      const response = await fetch(`${relay.url}/api/documents/friends/changes?since=${since}&limit=1000`);
      const { changes, next } = changePage.parse(await response.json());
      for (const { forward_patch } of changes)
        json = applyPatchToJson(json, (forward_patch ?? []) as Patch) as JsonObject;
      since = next;
    }
    expect(json.t === history.endContent).toBe(true);
    for (const client of [first, second]) client.provider.destroy();
    await relay.stop();
    expect(await issuesOf(data)).toEqual([]);
  });
});

/** Types a part of a history, one transaction each, at the speed at which the socket takes it. */
async function type(
  { doc, provider }: StockClient,
  { txns }: History,
  from: number,
  to: number,
): Promise<void> {
  const text = doc.getText("t");
  for (let i = from; i < to; i++) {
    for (const [position, deleted, inserted] of txns[i]?.patches ?? []) {
      doc.transact(() => {
        text.delete(position, deleted);
        text.insert(position, inserted);
      });
    }
    if (i % 200 !== 0) continue;
    do await new Promise(resolve => setImmediate(resolve));
    while ((provider.ws?.bufferedAmount ?? 0) > 65_536);
  }
}

/**
 * Replays a history of two agents as it happened: each types on exactly what he had then. What one sends is held back
 * until the other, in the recording, had it; between them is nothing but two stock providers and the relay.
 */
async function replayConcurrently(url: string, { txns }: History): Promise<[StockClient, StockClient]> {
  // The lower client id decides ties, as the recording did; those up to 15 are the relay's own.
  const agents = await Promise.all([100, 200].map(clientId => connectAgent(url, clientId)));
  const versions: [number, number][] = [];
  for (const [index, { agent = 0, parents = [], patches }] of txns.entries()) {
    const seen: [number, number] = [0, 0];
    for (const parent of parents)
      for (const who of [0, 1] as const) seen[who] = Math.max(seen[who], versions[parent]?.[who] ?? 0);
    const me = agents[agent];
    const other = agents[1 - agent];
    if (me === undefined || other === undefined) throw new Error("There are two agents.");
    await me.hear(other, seen[1 - agent] ?? 0);
    me.type(patches);
    seen[agent === 0 ? 0 : 1]++;
    versions[index] = seen;
  }
  const [first, second] = agents;
  if (first === undefined || second === undefined) throw new Error("There are two agents.");
  await first.hear(second, second.typed);
  await second.hear(first, first.typed);
  return [first.client, second.client];
}

async function connectAgent(url: string, clientId: number) {
  /** What was typed and is still held back; of each transaction the update, which is `null` where nothing changed. */
  const updates: (Uint8Array | null)[] = [];
  const held: (() => void)[] = [];
  let released = 0;
  class HoldingWebSocket extends WebSocket {
    override send(data: Uint8Array): void {
      const isUpdate = data[0] === 0 && data[1] === 2;
      if (isUpdate) held.push(() => super.send(data));
      else super.send(data);
    }
  }
  const client = connectStockClient(url, "friends", { clientId, WebSocketPolyfill: HoldingWebSocket });
  await client.synced();
  const text = client.doc.getText("t");
  /** What this agent should have: his own edits, and the other's as far as he has heard of them. */
  const expected = new Y.Doc();
  let heard = 0;
  let update: Uint8Array | null = null;
  client.doc.on("update", (bytes: Uint8Array, origin: unknown) => {
    if (origin !== client.provider) update = bytes;
  });

  return {
    client,
    get typed() {
      return updates.length;
    },
    /** What he sends up to this transaction may go. */
    release(count: number): readonly (Uint8Array | null)[] {
      const before = released;
      for (; released < count; released++) if (updates[released] !== null) held.shift()?.();
      return updates.slice(before, count);
    },
    type(patches: History["txns"][number]["patches"]) {
      update = null;
      client.doc.transact(() => {
        for (const [position, deleted, inserted] of patches) {
          text.delete(position, deleted);
          text.insert(position, inserted);
        }
      });
      updates.push(update);
      if (update !== null) Y.applyUpdate(expected, update);
    },
    async hear(
      other: { release(count: number): readonly (Uint8Array | null)[] },
      count: number,
    ): Promise<void> {
      if (count <= heard) return;
      heard = count;
      for (const bytes of other.release(count)) if (bytes !== null) Y.applyUpdate(expected, bytes);
      const length = expected.getText("t").length;
      const clock = (doc: Y.Doc) => Math.max(...Y.decodeStateVector(Y.encodeStateVector(doc)).values());
      const total = clock(expected);
      await client.until(doc => doc.getText("t").length === length && clock(doc) === total);
    },
  };
}

async function issuesOf(folder: string): Promise<VerifyIssue[]> {
  const issues: VerifyIssue[] = [];
  await verifyFolder(folder, { replay: () => createReplay(), onIssue: issue => void issues.push(issue) });
  return issues;
}
