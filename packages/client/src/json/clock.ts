/** Time, given from outside so that tests need not wait; and how long to wait before trying again. */

/** Stops what was planned; calling it twice, or after the fact, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Runs once, after at least this many milliseconds. */
  after(milliseconds: number, run: () => void): Cancel;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/**
 * Milliseconds before the attempt of this number, from 0: up to a bound that doubles from one second to thirty.
 *
 * Anything up to the bound is as likely, so that clients that were cut off together do not come back together.
 * Source: Brooker, Exponential Backoff And Jitter (full jitter), 2015.
 */
export function retryDelay(attempt: number, random: () => number): number {
  return random() * Math.min(30_000, 1000 * 2 ** attempt);
}
