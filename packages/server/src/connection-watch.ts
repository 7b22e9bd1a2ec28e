/** Watching a connection on which nothing happens: one that has nothing to say, and one that takes nothing. */
import type { Cancel, Clock } from "./clock.js";

/** As much of a connection as is watched. */
interface Watched {
  /** Bytes handed over and not yet taken by the operating system. */
  readonly backlog: number;
  /** Bytes that the operating system has taken since the connection began. */
  readonly bytesTaken: number;
}

export interface ConnectionWatch {
  /** Something was sent. */
  sent(): void;
  stop(): void;
}

export interface ConnectionWatchOptions {
  readonly clock: Clock;
  /** Nothing was sent for some 15 seconds; whatever is sent now says that the relay is there. */
  readonly silent: () => void;
  /** Nothing was taken for 30 seconds, while there was something to take. */
  readonly stalled: () => void;
}

/** Why a connection is closed that has stalled. */
export const stalledReason = "slow-reader: nothing was read for 30 seconds";

/** Milliseconds after which a connection that is alive has said something. */
export const heartbeat = 20_000;
/** A stock client drops a connection on which it has heard nothing for 30 seconds. */
const keepAlive = 15_000;
/** A connection that has taken nothing for so long, while there is something to take, is dead. */
const stallLimit = 30_000;

export function watchConnection(
  connection: Watched,
  { clock, silent, stalled }: ConnectionWatchOptions,
): ConnectionWatch {
  /** For how many checks nothing was sent. A clock read for every message is dearer. */
  let silentChecks = 0;
  let stall: { readonly bytesTaken: number; readonly since: number } | null = null;
  let cancelCheck: Cancel = clock.after(keepAlive / 3, check);

  return {
    sent() {
      silentChecks = 0;
    },
    stop: () => cancelCheck(),
  };

  function check(): void {
    cancelCheck = clock.after(keepAlive / 3, check);
    const now = clock.monotonic();
    const { backlog, bytesTaken } = connection;
    if (backlog === 0) stall = null;
    else if (stall?.bytesTaken !== bytesTaken) stall = { bytesTaken, since: now };
    else if (now - stall.since >= stallLimit) return stalled();
    if (backlog === 0 && ++silentChecks > 2) silent();
  }
}
