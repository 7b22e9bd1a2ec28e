/**
 * Asks a session for everything that it holds, when it has pushed something that builds on what is not here.
 *
 * Honest clients do so: a tab hears from another tab before the relay does. One question heals it. A client that
 * goes on all the same is asked again after a delay that doubles, so never at the speed of its socket.
 */
import type { Cancel, Clock } from "./clock.js";

export interface Asking<Peer> {
  /** Calls `ask` now, or when the delay since the last time is over; once, however often this is called. */
  ask(peer: Peer, ask: () => void): void;
  forget(peer: Peer): void;
}

const firstDelay = 100;
const longestDelay = 30_000;

export function createAsking<Peer>(clock: Clock): Asking<Peer> {
  const asked = new Map<Peer, { at: number; delay: number; planned: Cancel | null }>();

  return {
    ask(peer, ask) {
      const now = clock.monotonic();
      const last = asked.get(peer);
      if (last === undefined || now - last.at >= 2 * longestDelay) {
        asked.set(peer, { at: now, delay: firstDelay, planned: null });
        ask();
        return;
      }
      if (last.planned !== null) return;
      const repeat = () => {
        last.planned = null;
        last.at = clock.monotonic();
        last.delay = Math.min(2 * last.delay, longestDelay);
        ask();
      };
      const wait = last.at + last.delay - now;
      if (wait > 0) last.planned = clock.after(wait, repeat);
      else repeat();
    },
    forget(peer) {
      asked.get(peer)?.planned?.();
      asked.delete(peer);
    },
  };
}
