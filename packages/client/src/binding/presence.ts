/** Who else has the document open, and what one shows of oneself: the states of awareness, as values that are replaced. */
import type { Replica } from "../document.js";
import { createCell, type Source } from "./store.js";

/** What somebody shows of himself. Members are the application's; editors' carets are `user` and `cursor`. */
export type Presence = Readonly<Record<string, unknown>>;

/** Another client of the document: another person, or another tab of the same one. */
export interface Other {
  /** Yjs's, which a new session draws anew. */
  readonly clientId: number;
  readonly presence: Presence;
}

export interface PresenceSource {
  readonly self: Source<Presence>;
  /** In the order of their ids. One who has not changed is the same object. */
  readonly others: Source<readonly Other[]>;
  show(change: Presence): void;
  end(): void;
}

export const nothingShown: Presence = {};
export const nobody: readonly Other[] = [];

export function createPresence({ awareness, doc }: Pick<Replica, "awareness" | "doc">): PresenceSource {
  const self = createCell(own());
  const others = createCell(everybodyElse(nobody));
  awareness.on("change", changed);
  return {
    self,
    others,
    show: change => awareness.setLocalState({ ...own(), ...change }),
    end: () => awareness.off("change", changed),
  };

  function changed({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>): void {
    const clients = new Set([...added, ...updated, ...removed]);
    if (clients.delete(doc.clientID)) self.set(own());
    if (clients.size > 0) {
      others.set(everybodyElse(others.getSnapshot().filter(({ clientId }) => !clients.has(clientId))));
    }
  }

  function own(): Presence {
    return awareness.getLocalState() ?? nothingShown;
  }

  function everybodyElse(known: readonly Other[]): readonly Other[] {
    return [...awareness.getStates()]
      .filter(([clientId]) => clientId !== doc.clientID)
      .sort(([a], [b]) => a - b)
      .map(
        ([clientId, presence]) => known.find(other => other.clientId === clientId) ?? { clientId, presence },
      );
  }
}
