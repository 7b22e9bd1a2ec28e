import { decodeAwareness, defaultFrameLimits, encodeAwareness } from "@verso/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { createPresence, type Presence } from "./presence.js";

describe("presence", () => {
  let clock: ManualClock;
  let presence: Presence<string>;
  beforeEach(() => {
    clock = createManualClock({ now: 1_000_000 });
    presence = createPresence({
      clock,
      limits: defaultFrameLimits,
      mayAnnounce: (owner, clientId) => clientId !== 99 || owner === "ann",
    });
  });

  const say = (owner: string, clientId: number, state: unknown, theirClock = 1) =>
    presence.receive(owner, encodeAwareness([{ clientId, clock: theirClock, state: JSON.stringify(state) }]));
  const entries = (payload: Uint8Array | null | undefined) => {
    if (payload === null || payload === undefined) return [];
    const decoded = decodeAwareness(payload);
    if (decoded.type !== "entries") throw new Error(decoded.detail);
    return decoded.entries;
  };
  const states = (payload: Uint8Array | null | undefined) =>
    entries(payload).map(({ clientId, state }) => [clientId, state]);

  it("lets nobody announce a client who may not", () => {
    say("bob", 99, "B");
    expect(presence.holderOf(99)).toBe(undefined);
    expect(presence.flush()).toBe(null);
    say("ann", 99, "A");
    say("bob", 99, "B");
    expect(presence.holderOf(99)).toBe("ann");
    expect(presence.idOf("ann")).toBe(99);
    expect(presence.idOf("bob")).toBe(undefined);
    expect(states(presence.everyone())).toEqual([[99, '"A"']]);
  });

  it("tells everybody but the speaker", () => {
    say("ann", 1, "A");
    say("bob", 2, "B");
    const flushed = presence.flush();
    expect(states(flushed?.for("ann"))).toEqual([[2, '"B"']]);
    expect(states(flushed?.for("cy"))).toEqual([
      [1, '"A"'],
      [2, '"B"'],
    ]);
    expect(presence.flush()).toBe(null);
  });

  it("lets a session speak for its own client only", () => {
    say("ann", 1, "A");
    presence.flush();
    clock.advance(1000);
    say("ann", 2, "not Ann's");
    say("eve", 3, "E");
    say("eve", 1, "spoofed", 99);
    expect(states(presence.flush()?.for("cy"))).toEqual([[3, '"E"']]);
    expect(states(presence.everyone())).toEqual([
      [1, '"A"'],
      [3, '"E"'],
    ]);
  });

  it("does not take an echo of several others for an announcement", () => {
    const echo = encodeAwareness([
      { clientId: 7, clock: 1, state: "{}" },
      { clientId: 8, clock: 1, state: "{}" },
    ]);
    expect(presence.receive("ann", echo)).toEqual({ type: "taken" });
    expect(presence.everyone()).toBe(null);
  });

  it("gives a client to the session that announced it last, for its old socket may be dead", () => {
    say("old", 1, "before");
    say("new", 1, "after");
    presence.leave("old");
    expect(states(presence.everyone())).toEqual([[1, '"after"']]);
  });

  it("clears the state of one who leaves, with a clock that everybody accepts", () => {
    say("ann", 1, "A", 5);
    const before = entries(presence.flush()?.for("bob"));
    clock.advance(1000);
    presence.leave("ann");
    const after = entries(presence.flush()?.for("bob"));
    expect(after).toEqual([{ clientId: 1, clock: (before[0]?.clock ?? 0) + 1, state: null }]);
    expect(presence.everyone()).toBe(null);
  });

  it("is heard again after a reconnect, although the client's own clock stood still", () => {
    say("ann", 1, "A", 5);
    const first = entries(presence.flush()?.for("bob"))[0];
    clock.advance(1000);
    presence.leave("ann");
    presence.flush();
    clock.advance(1000);
    say("ann again", 1, "A", 5);
    const again = entries(presence.flush()?.for("bob"))[0];
    expect(again?.clock).toBeGreaterThan((first?.clock ?? 0) + 1);
    // Also for one whose connection was lost and who kept the clocks that he had seen.
    expect(entries(presence.everyone())[0]?.clock).toBeGreaterThan(again?.clock ?? 0);
  });

  it("does not let a huge clock freeze a client", () => {
    say("ann", 1, "A", Number.MAX_SAFE_INTEGER - 1);
    const frozen = entries(presence.flush()?.for("bob"))[0];
    clock.advance(1000);
    say("ann", 1, "B", 3);
    const next = entries(presence.flush()?.for("bob"))[0];
    expect(next).toEqual({ clientId: 1, clock: (frozen?.clock ?? 0) + 1, state: '"B"' });
  });

  it("relays a client 20 times a second at most, and always its newest state", () => {
    say("ann", 1, 0);
    expect(presence.dueIn).toBe(0);
    expect(states(presence.flush()?.for("bob"))).toEqual([[1, "0"]]);
    say("ann", 1, 1);
    say("ann", 1, 2);
    expect(presence.dueIn).toBe(50);
    expect(presence.flush()).toBe(null);
    clock.advance(50);
    expect(presence.dueIn).toBe(0);
    expect(states(presence.flush()?.for("bob"))).toEqual([[1, "2"]]);
    expect(presence.dueIn).toBe(null);
  });

  it("refuses what is malformed or too large and keeps what was there", () => {
    say("ann", 1, "A");
    expect(presence.receive("ann", Uint8Array.of(9))).toMatchObject({ type: "malformed" });
    expect(say("ann", 1, "x".repeat(5000))).toMatchObject({ type: "too-large" });
    expect(states(presence.everyone())).toEqual([[1, '"A"']]);
  });
});
