/**
 * Runs the turns of a room: at once when it was idle, else one in `pace` milliseconds, and never two at a time.
 *
 * A turn that waits for the disk holds back the next, so that turns grow when the machine is busy instead of piling
 * up. That is what carries a room through twice the load that it can carry edit by edit.
 */
import type { Cancel, Clock } from "./clock.js";

export interface Pacer {
  /** Something has come that may want a turn; cheap, and fine to call for every edit. */
  wake(): void;
  /** The turn that is running, or `null`. */
  readonly running: Promise<void> | null;
  /** No further turn begins. */
  stop(): void;
}

export interface PacerOptions {
  readonly clock: Clock;
  /** Milliseconds between the beginnings of two turns. */
  readonly pace: number;
  /** Milliseconds until a turn is wanted: 0 for now, `null` for not at all. */
  readonly wanted: () => number | null;
  /** Does the work; must not reject. */
  readonly turn: () => Promise<void>;
  /** A turn has ended. */
  readonly ended?: () => void;
}

export function createPacer({ clock, pace, wanted, turn, ended }: PacerOptions): Pacer {
  let running: Promise<void> | null = null;
  let planned: { readonly at: number; readonly cancel: Cancel } | null = null;
  let lastBegun = Number.NEGATIVE_INFINITY;
  let stopped = false;

  return {
    wake,
    get running() {
      return running;
    },
    stop() {
      stopped = true;
      planned?.cancel();
      planned = null;
    },
  };

  function wake(): void {
    if (stopped || running !== null) return;
    const wait = wanted();
    if (wait === null) return;
    const now = clock.monotonic();
    const at = Math.max(now + wait, lastBegun + pace);
    if (planned !== null) {
      if (planned.at <= at) return;
      planned.cancel();
    }
    // Even a turn that is wanted now waits for what else the sockets have brought: it rides along.
    planned = { at, cancel: at > now ? clock.after(at - now, begin) : clock.soon(begin) };
  }

  function begin(): void {
    planned = null;
    if (stopped || running !== null) return;
    lastBegun = clock.monotonic();
    running = turn().finally(() => {
      running = null;
      wake();
      ended?.();
    });
  }
}
