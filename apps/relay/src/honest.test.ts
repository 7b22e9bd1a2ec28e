/** What honest clients send, however large or odd, is never refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUpdate } from "@verso/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { findHistory, readHistory } from "./history.js";
import { type RelayProcess, startRelay } from "./relay-process.js";
import { connectStockClient } from "./stock-client.js";

const histories = ["automerge-paper", "sveltecomponent", "friendsforever_flat"];

let data: string;
let relay: RelayProcess;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "verso-honest-"));
  relay = await startRelay(data);
});
afterAll(async () => {
  await relay.kill();
  rmSync(data, { recursive: true, force: true });
  expect(relay.log.filter(line => line.includes("refused"))).toEqual([]);
});

/** Two clients, and the second must come to have everything that the first has. */
async function arrives(
  documentId: string,
  state: Uint8Array | undefined,
  edit: (doc: Y.Doc) => void = () => {},
) {
  using author = connectStockClient(relay.webSocketUrl, documentId, state === undefined ? {} : { state });
  const closed: unknown[] = [];
  author.provider.on("connection-close", event => closed.push(event?.code));
  await author.synced();
  edit(author.doc);
  using reader = connectStockClient(relay.webSocketUrl, documentId);
  const wanted = Y.encodeStateAsUpdate(author.doc);
  await reader.until(doc => Y.snapshotContainsUpdate(Y.snapshot(doc), wanted));
  expect(Y.equalSnapshots(Y.snapshot(reader.doc), Y.snapshot(author.doc))).toBe(true);
  expect(closed).toEqual([]);
}

describe("a relay takes", () => {
  for (const name of histories) {
    const file = findHistory(name);
    if (file === null) console.warn(`The history ${name} is not at hand; its test is skipped.`);
    it.skipIf(file === null)(`the whole of ${name} at once, into an empty document`, async () => {
      const doc = new Y.Doc();
      const text = doc.getText("t");
      for (const { patches } of readHistory(file ?? "").txns) {
        doc.transact(() => {
          for (const [position, deleted, inserted] of patches) {
            text.delete(position, deleted);
            text.insert(position, inserted);
          }
        });
      }
      await arrives(name, Y.encodeStateAsUpdate(doc));
    });
  }

  it("a paste of 300 kB", () =>
    arrives("paste", undefined, doc => doc.getText("t").insert(0, "All work and no play. ".repeat(14_000))));

  it("a paste of 4 MB, in several strings", () =>
    arrives("large paste", undefined, doc => {
      for (let i = 0; i < 4; i++) doc.getText("t").insert(0, "x".repeat(1_000_000));
    }));

  it("a transaction of 4,000 maps with 5 fields each", () =>
    arrives("maps", undefined, doc => {
      const row = (i: number) =>
        new Y.Map(Object.entries({ id: i, name: `row ${i}`, done: false, at: i * 1000, tag: "x" }));
      doc.transact(() =>
        doc.getArray("rows").insert(
          0,
          Array.from({ length: 4000 }, (_, i) => row(i)),
        ),
      );
    }));

  it("edits of 10,000 clients in one document", async () => {
    const doc = new Y.Doc();
    // One transaction: Yjs looks at every client at the end of each.
    doc.transact(() => {
      for (let clientId = 1000; clientId < 11_000; clientId++) {
        doc.clientID = clientId;
        doc.getMap("m").set(`key ${clientId % 100}`, clientId);
      }
    });
    await arrives("clients", Y.encodeStateAsUpdate(doc), doc => doc.getText("t").insert(0, "one more"));
  });

  it("the emptying of a long formatted text", async () => {
    await arrives("formatted", undefined, doc => {
      const text = doc.getText("t");
      doc.transact(() => {
        for (let i = 0; i < 3000; i++)
          text.insert(text.length, "word ", i % 2 === 0 ? { bold: true } : { italic: true });
      });
      text.delete(0, text.length);
      text.insert(0, "afresh");
    });
  });

  it("what a tab deletes that another tab has not sent yet", async () => {
    using slow = connectStockClient(relay.webSocketUrl, "tabs");
    using quick = connectStockClient(relay.webSocketUrl, "tabs");
    await Promise.all([slow.synced(), quick.synced()]);
    // The tabs hear from each other by a broadcast channel; here the first one's own message is lost.
    slow.provider.disconnect();
    slow.doc.getText("t").insert(0, "one two three");
    Y.applyUpdate(quick.doc, Y.encodeStateAsUpdate(slow.doc), quick.provider);
    quick.doc.getText("t").delete(4, 4);
    using reader = connectStockClient(relay.webSocketUrl, "tabs");
    await reader.until(doc => doc.getText("t").toString() === "one three");
    expect(quick.provider.wsconnected).toBe(true);
  });

  it("an update that says nothing new", async () => {
    const socket = new WebSocket(`${relay.webSocketUrl}/nothing`);
    await new Promise(resolve => socket.once("open", resolve));
    socket.send(encodeUpdate(Uint8Array.of(0, 0)));
    using client = connectStockClient(relay.webSocketUrl, "nothing");
    await client.synced();
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
    expect((await fetch(`${relay.url}/api/documents/nothing`)).status).toBe(404);
  });
});
