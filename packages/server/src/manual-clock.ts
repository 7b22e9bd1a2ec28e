/** A clock that stands still until it is told to go on: for tests of what happens in time. */
import type { Clock } from "./clock.js";

export interface ManualClock extends Clock {
  /** Lets time pass, and runs on the way what is due, in order. */
  advance(milliseconds: number): void;
  /** Runs what was planned for as soon as possible. */
  settle(): void;
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function createManualClock({ now = 0 }: { now?: number } = {}): ManualClock {
  let elapsed = 0;
  let order = 0;
  const planned = new Set<Planned>();

  const plan = (milliseconds: number, run: () => void) => {
    const entry = { at: elapsed + milliseconds, order: order++, run };
    planned.add(entry);
    return () => void planned.delete(entry);
  };

  return {
    now: () => now + elapsed,
    monotonic: () => elapsed,
    after: plan,
    soon: run => plan(0, run),
    advance(milliseconds) {
      const end = elapsed + milliseconds;
      for (let next = firstUntil(end); next !== null; next = firstUntil(end)) {
        planned.delete(next);
        elapsed = Math.max(elapsed, next.at);
        next.run();
      }
      elapsed = end;
    },
    settle() {
      this.advance(0);
    },
  };

  function firstUntil(end: number): Planned | null {
    let first: Planned | null = null;
    for (const entry of planned) {
      if (entry.at > end) continue;
      if (first === null || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}
