import fc from "fast-check";
import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import * as awarenessProtocol from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import {
  decodeYMessage,
  encodeAwarenessMessage,
  encodePermissionDenied,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
} from "./index.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What y-protocols writes after the channel number that the provider writes. */
function written(channel: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, channel);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

describe("the y-websocket dialect", () => {
  const doc = new Y.Doc();
  doc.clientID = 42;
  doc.getText("t").insert(0, "hello");

  it("writes byte for byte what y-protocols writes", () => {
    expect(encodeSyncStep1(Y.encodeStateVector(doc))).toEqual(
      written(0, encoder => sync.writeSyncStep1(encoder, doc)),
    );
    expect(encodeSyncStep2(Y.encodeStateAsUpdate(doc))).toEqual(
      written(0, encoder => sync.writeSyncStep2(encoder, doc)),
    );
    expect(encodeUpdate(Y.encodeStateAsUpdate(doc))).toEqual(
      written(0, encoder => sync.writeUpdate(encoder, Y.encodeStateAsUpdate(doc))),
    );
  });

  it("keeps its golden bytes", () => {
    expect(hex(encodeSyncStep1(Uint8Array.of(0)))).toBe("00000100");
    expect(hex(encodeSyncStep2(Uint8Array.of(0, 0)))).toBe("0001020000");
    expect(hex(encodeUpdate(Uint8Array.of(0, 0)))).toBe("0002020000");
    expect(hex(encodeAwarenessMessage(Uint8Array.of(0)))).toBe("010100");
    expect(hex(encodePermissionDenied("no"))).toBe("0200026e6f");
  });

  it("reads what a stock client sends", () => {
    const update = Y.encodeStateAsUpdate(doc);
    expect(decodeYMessage(encodeSyncStep1(Uint8Array.of(0)))).toEqual({
      type: "sync-step-1",
      stateVector: Uint8Array.of(0),
    });
    expect(decodeYMessage(encodeSyncStep2(update))).toEqual({ type: "sync-step-2", update });
    expect(decodeYMessage(encodeUpdate(update))).toEqual({ type: "update", update });
    expect(decodeYMessage(written(3, () => {}))).toEqual({ type: "query-awareness" });
    const awareness = new awarenessProtocol.Awareness(doc);
    const payload = awarenessProtocol.encodeAwarenessUpdate(awareness, [doc.clientID]);
    awareness.destroy();
    expect(decodeYMessage(encodeAwarenessMessage(payload))).toEqual({ type: "awareness", payload });
  });

  it.each([
    ["nothing at all", ""],
    ["an unknown channel", "05"],
    ["an auth message, which only servers send", "0200026e6f"],
    ["an unknown sync message", "0003"],
    ["an update shorter than announced", "0002050000"],
    ["an update of an impossible length", "0002ffffffffffffffffff01"],
    ["bytes after the update", "000202000000"],
  ])("calls %s malformed", (_, bytes) => {
    expect(decodeYMessage(Buffer.from(bytes, "hex"))).toMatchObject({ type: "malformed" });
  });

  it("never throws, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        decodeYMessage(bytes);
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
  });
});
