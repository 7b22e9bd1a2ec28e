/** A program that has changed its import, beside one that has not, at one relay and with the same arguments. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VersoProvider } from "@verso/client/provider";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { type RelayProcess, startRelay } from "./relay-process.js";

let data: string;
let relay: RelayProcess;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "verso-provider-"));
  relay = await startRelay(data);
});
afterEach(async () => {
  await relay.kill();
  rmSync(data, { recursive: true, force: true });
});

it("sees the other's edits and presence, and is seen, until it leaves", async () => {
  const { webSocketUrl } = relay;
  const before = new WebsocketProvider(webSocketUrl, "note", new Y.Doc(), {
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
  });
  const after = new VersoProvider(webSocketUrl, "note", new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  const text = (provider: { readonly doc: Y.Doc }) => provider.doc.getText("text");
  const seen = (one: typeof before | typeof after, other: typeof before | typeof after) =>
    one.awareness.getStates().get(other.doc.clientID)?.name;

  text(after).insert(0, "changed ");
  await until(before.doc, () => text(before).toString() === "changed ");
  text(before).insert(8, "import");
  await until(after.doc, () => text(after).toString() === "changed import");
  await after.whenSynced;

  before.awareness.setLocalState({ name: "before" });
  after.awareness.setLocalState({ name: "after" });
  await until(after.awareness, () => seen(after, before) === "before");
  await until(before.awareness, () => seen(before, after) === "after");
  await after.destroy();
  await until(before.awareness, () => seen(before, after) === undefined);
  expect([after.wsconnected, before.wsconnected]).toEqual([false, true]);
  before.destroy();
});

interface Observable {
  on(name: "update", listener: () => void): unknown;
  off(name: "update", listener: () => void): unknown;
}

function until(observed: Observable, holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (!holds()) return;
      observed.off("update", look);
      resolve();
    };
    observed.on("update", look);
    look();
  });
}
