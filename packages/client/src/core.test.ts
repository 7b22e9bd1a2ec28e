import { encodeVersoServerMessage, type VersoServerMessage } from "@verso/protocol";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { type CoreInput, createCore } from "./core.js";
import type { ReplicaInput } from "./replica.js";

const empty = Y.encodeStateAsUpdate(new Y.Doc());

/** A core with documents on a socket, and which of them an input makes say something of their status. */
function connected(...documentIds: string[]) {
  const core = createCore({ random: () => 0.5 });
  const told = (input: CoreInput) =>
    core
      .handle(input)
      .flatMap(output =>
        output.type === "document" && output.output.type === "event" && output.output.event.type === "status"
          ? output.documentId
          : [],
      );
  const frame = (message: VersoServerMessage) =>
    told({ type: "frame", frame: encodeVersoServerMessage(message) });
  for (const documentId of documentIds) {
    const state = {
      stateVector: () => Y.encodeStateVector(new Y.Doc()),
      diff: () => empty,
    };
    core.handle({ type: "open", documentId, state, base: null, openedAt: 0, isAlone: true });
    const inputs: ReplicaInput[] = [
      { type: "loaded", stored: { updates: [], outbox: [], meta: null } },
      { type: "leads" },
      { type: "outbox-read", records: [] },
    ];
    for (const input of inputs) core.handle({ type: "document", documentId, input });
  }
  core.handle({ type: "connect" });
  core.handle({ type: "token", token: null });
  core.handle({ type: "socket-opened" });
  const limits = { updateBytes: 1e6, frameBytes: 1e6, openDocuments: 10 };
  frame({ type: "welcome", session: "s", user: "u", heartbeat: 20_000, limits });
  return { core, told, frame };
}

function opened(channel: number): VersoServerMessage {
  const stateVector = Y.encodeStateVector(new Y.Doc());
  return { type: "opened", channel, epoch: 1, sequence: 3, writable: true, stateVector, updates: [] };
}

test("a message about one document says nothing of the others", () => {
  const { core, frame } = connected("a", "b");
  expect(frame(opened(1))).toEqual(["b"]);
  expect(frame(opened(0))).toEqual(["a"]);
  expect(frame({ type: "update", channel: 1, sequence: 4, update: empty })).toEqual(["b"]);
  expect(core.document("a")?.status.sequence).toBe(3);
  expect(core.document("b")?.status.sequence).toBe(4);
});

test("a connection that is lost is lost to all", () => {
  const { core, told, frame } = connected("a", "b");
  frame(opened(0));
  frame(opened(1));
  expect(told({ type: "socket-closed", code: 1006, reason: "" })).toEqual(["a", "b"]);
  expect(core.document("b")?.status.connection).toBe("connecting");
});
