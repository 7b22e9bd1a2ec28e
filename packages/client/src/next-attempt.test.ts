import { expect, it, vi } from "vitest";
import { type Clock, createClient, type WebSocketLike } from "./client.js";

it("says when the relay is tried again, as long as that waits for its time", async () => {
  let sockets = 0;
  class ClosedSocket implements WebSocketLike {
    binaryType = "";
    protocol = "";
    onopen = null;
    onmessage = null;
    onerror = null;
    onclose: ((event: { code: number; reason: string }) => void) | null = null;
    constructor() {
      sockets++;
      queueMicrotask(() => this.onclose?.({ code: 1006, reason: "" }));
    }
    send() {}
    close() {}
  }
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 1_000,
    after(milliseconds, run) {
      timers.set(run, milliseconds);
      return () => timers.delete(run);
    },
  };
  await using client = createClient({
    ...{ url: "ws://relay", WebSocket: ClosedSocket, clock, random: () => 0.5 },
  });
  expect(client.nextAttempt).toBeNull();
  client.open("note");
  await vi.waitFor(() => expect(client.nextAttempt).toBe(1_125));

  for (const [run, delay] of timers) if (delay === 125) run();
  expect(client.nextAttempt).toBeNull();
  await vi.waitFor(() => expect(client.nextAttempt).toBe(1_250));
  expect(sockets).toBe(2);
  client.disconnect();
  expect(client.nextAttempt).toBeNull();
});
