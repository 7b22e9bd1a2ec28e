/** The latest commits of a document, kept up with as long as somebody looks. */
import type { ChangeEvent } from "@verso/protocol";
import type { ReplicaStatus } from "../document.js";
import type { Document } from "../documents.js";
import { ClientError } from "../errors.js";
import { createCell, type Source } from "./store.js";

export interface RecentHistory {
  /** The newest first, with patches both ways. */
  readonly commits: readonly ChangeEvent[];
  /** Whether the relay is being asked. */
  readonly isLoading: boolean;
  /** Why the latest ones are not here: `offline`, or what the relay has refused. */
  readonly error: ClientError | null;
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

export const noHistory: RecentHistory = {
  commits: [],
  isLoading: false,
  error: null,
  hasMore: false,
};

/** Asks the relay when it is first looked at, and whenever the document has got further. */
export function createRecentHistory<T>(document: Document<T>, limit: number): Source<RecentHistory> {
  const cell = createCell(noHistory);
  let followers = 0;
  let unfollow = () => {};
  let known = 0;
  // The status at which the relay was last asked: what has failed is asked again when that has changed.
  let askedAt: ReplicaStatus | null = null;
  let isAsking = false;

  return {
    getSnapshot: cell.getSnapshot,
    subscribe(listener) {
      const end = cell.subscribe(listener);
      followers += 1;
      if (followers === 1) unfollow = document.subscribe(look);
      look();
      return () => {
        end();
        followers -= 1;
        if (followers === 0) unfollow();
      };
    },
  };

  function look(): void {
    const { status } = document;
    const { sequence, connection } = status;
    if (isAsking || status === askedAt || connection !== "connected" || sequence <= known) return;
    askedAt = status;
    void ask(sequence);
  }

  async function ask(sequence: number): Promise<void> {
    isAsking = true;
    put({ isLoading: true });
    try {
      const since = known === 0 ? Math.max(0, sequence - limit) : known;
      const { changes } = await document.history({ since, limit });
      known = changes.at(-1)?.sequence ?? sequence;
      const commits = [...changes.reverse(), ...cell.getSnapshot().commits].slice(0, limit);
      put({ commits, isLoading: false, error: null, hasMore: (commits.at(-1)?.sequence ?? 1) > 1 });
    } catch (error) {
      // Anything else is no answer of a relay, but a fault of this program.
      if (!(error instanceof ClientError)) throw error;
      put({ isLoading: false, error });
    } finally {
      isAsking = false;
    }
    if (followers > 0) look();
  }

  function put(change: Partial<RecentHistory>): void {
    cell.set({ ...cell.getSnapshot(), ...change });
  }
}
