/**
 * The history of the documents in a store that no relay uses: rooms without sockets.
 *
 * What is taken back there is judged by the kinds of the configuration and made durable as a running relay would do it,
 * and snapshots and retention are those of the configuration. There is nobody to be told of it.
 */
import { CloseCode } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { createCell } from "./cell.js";
import { systemClock } from "./clock.js";
import type { Config } from "./config.js";
import { createForkStore, kindOfDocument } from "./fork-store.js";
import { createHistory, type History } from "./history.js";
import type { Kinds } from "./kinds.js";
import type { RoomEvents } from "./room-events.js";
import { createRooms } from "./rooms.js";

export interface OpenHistoryOptions {
  /** Must be used by nobody else, and stays open. */
  readonly ledger: Ledger;
  readonly config: Config;
  readonly kinds: Kinds;
}

export interface OpenHistory extends AsyncDisposable {
  readonly history: History;
  /** Finishes what was asked for and lets go of the documents. */
  close(): Promise<void>;
}

export function openHistory({ ledger, config, kinds }: OpenHistoryOptions): OpenHistory {
  const clock = systemClock;
  const trials = createCell({ clock });
  const compactions = createCell({ clock });
  const forks = createForkStore(ledger);
  const kindOf = (documentId: string) => kindOfDocument(documentId, { kinds, forks });
  const rooms = createRooms({
    ...config,
    ledger,
    clock,
    trials,
    compactions,
    kindOf,
    events: unheard,
  });

  // The timers by which rooms pace themselves do not keep a process alive: a relay has its sockets for that.
  const alive = setInterval(() => {}, 60_000);
  let closing: Promise<void> | null = null;
  const opened: OpenHistory = {
    history: createHistory({ ledger, rooms, compactions, kindOf }),
    close() {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => opened.close(),
  };
  return opened;

  async function close(): Promise<void> {
    // A room may be making a snapshot: the threads end after it.
    try {
      await rooms.close(CloseCode.restart, "the store is closed");
      await Promise.all([trials.close(), compactions.close()]);
    } finally {
      clearInterval(alive);
    }
  }
}

const unheard: RoomEvents = {
  // Nobody follows a document here.
  appended: ignore,
  erased: ignore,
  // Only what sessions push is refused or rejected, and there are none.
  refused: ignore,
  rejected: ignore,
  // Whoever asked for something gets the error as its answer.
  discarded: ignore,
  failed: ignore,
  // Nothing is lost by it, and the next relay that opens the document finds it as well.
  invalid: ignore,
  uncompacted: ignore,
};

function ignore(): void {}
