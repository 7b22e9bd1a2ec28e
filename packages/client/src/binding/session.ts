/** A document while it is open, with what bindings follow of it beside its JSON. */
import type { Document } from "../documents.js";
import { createPresence, type PresenceSource } from "./presence.js";
import { createRecentHistory, type RecentHistory } from "./recent-history.js";
import type { Source } from "./store.js";
import { createUndoing, type UndoingSource } from "./undoing.js";

export interface Session<T> {
  readonly document: Document<T>;
  readonly presence: PresenceSource;
  readonly undoing: UndoingSource;
  /** The latest commits, so many at most; what follows one is the same for the same number. */
  history(limit: number): Source<RecentHistory>;
  /** Follows nothing any more; the document stays as it is. */
  end(): void;
}

export function createSession<T>(document: Document<T>): Session<T> {
  const presence = createPresence(document);
  const undoing = createUndoing(document);
  const histories = new Map<number, Source<RecentHistory>>();
  return {
    document,
    presence,
    undoing,
    history(limit) {
      const history = histories.get(limit) ?? createRecentHistory(document, limit);
      histories.set(limit, history);
      return history;
    },
    end() {
      presence.end();
      undoing.end();
    },
  };
}
