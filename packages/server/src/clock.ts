/**
 * Time, as the relay sees it; given from outside, so that a whole relay runs in simulated time under test.
 */

/** Stops what was planned; calling it twice, or after the fact, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Wall clock, in milliseconds since 1970. It may jump: for people and records only. */
  now(): number;
  /** Milliseconds since some moment in the past; never goes back. For everything that is measured. */
  monotonic(): number;
  /** Runs once, after at least this many milliseconds. A pending run does not keep the process alive. */
  after(milliseconds: number, run: () => void): Cancel;
  /** Runs once, when the input that is already waiting has been read. */
  soon(run: () => void): Cancel;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon(run) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  },
};
