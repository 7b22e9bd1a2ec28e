import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as awarenessProtocol from "y-protocols/awareness";
import * as Y from "yjs";
import { decodeAwareness, defaultFrameLimits, encodeAwareness } from "./index.js";

describe("an awareness update", () => {
  it("reads what a stock client writes, and a stock client reads it again", () => {
    const sender = new awarenessProtocol.Awareness(new Y.Doc());
    sender.setLocalState({ user: { name: "Ann", color: "#30bced" } });
    const bytes = awarenessProtocol.encodeAwarenessUpdate(sender, [sender.clientID]);
    const decoded = decodeAwareness(bytes);
    expect(decoded).toEqual({
      type: "entries",
      entries: [{ clientId: sender.clientID, clock: 1, state: '{"user":{"name":"Ann","color":"#30bced"}}' }],
    });
    const receiver = new awarenessProtocol.Awareness(new Y.Doc());
    if (decoded.type !== "entries") throw new Error(decoded.detail);
    awarenessProtocol.applyAwarenessUpdate(receiver, encodeAwareness(decoded.entries), "relay");
    expect(receiver.getStates().get(sender.clientID)).toEqual({ user: { name: "Ann", color: "#30bced" } });
    awarenessProtocol.applyAwarenessUpdate(
      receiver,
      encodeAwareness([{ clientId: sender.clientID, clock: 2, state: null }]),
      "relay",
    );
    expect(receiver.getStates().has(sender.clientID)).toBe(false);
    sender.destroy();
    receiver.destroy();
  });

  it("skips the clients that nobody asked for, even where their state is no JSON", () => {
    const bytes = encodeAwareness([
      { clientId: 1, clock: 5, state: "not json" },
      { clientId: 2, clock: 7, state: "{}" },
    ]);
    expect(decodeAwareness(bytes, { only: id => id === 2 })).toEqual({
      type: "entries",
      entries: [{ clientId: 2, clock: 7, state: "{}" }],
    });
    expect(decodeAwareness(bytes)).toMatchObject({ type: "malformed" });
  });

  it("refuses a state over the limit, too many clients, and a count that cannot be true", () => {
    const large = JSON.stringify("x".repeat(defaultFrameLimits.awarenessStateBytes));
    expect(decodeAwareness(encodeAwareness([{ clientId: 1, clock: 1, state: large }]))).toMatchObject({
      type: "too-large",
    });
    const crowd = Array.from({ length: 10_001 }, (_, clientId) => ({ clientId, clock: 1, state: "1" }));
    expect(decodeAwareness(encodeAwareness(crowd))).toMatchObject({ type: "too-large" });
    expect(decodeAwareness(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0))).toMatchObject({ type: "malformed" });
  });

  it("never throws, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        decodeAwareness(bytes);
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
  });
});
