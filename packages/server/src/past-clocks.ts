/**
 * The vector clocks that documents had.
 *
 * They follow from what was written since, so looking one up costs all commits from the present back to there. What is
 * asked of one document while that is done waits, and is looked up together after it: an author who sends a thousand
 * edits again costs one way back, or two.
 */
import type { VectorClock } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { clocksBackwards, type Present } from "./edit-base.js";
import { ServerError } from "./errors.js";

export interface PastClocks {
  /** The clock of a version that is there. Throws `version-dropped`. */
  at(documentId: string, sequence: number): Promise<VectorClock>;
}

interface Lookup {
  readonly sequences: Set<number>;
  readonly found: Promise<ReadonlyMap<number, VectorClock>>;
}

export function createPastClocks(
  ledger: Ledger,
  presentOf: (documentId: string) => Promise<Present>,
): PastClocks {
  /** Those that have not begun. */
  const waiting = new Map<string, Lookup>();
  const running = new Map<string, Promise<unknown>>();

  return {
    async at(documentId, sequence) {
      const lookup = waiting.get(documentId) ?? plan(documentId);
      lookup.sequences.add(sequence);
      const clock = (await lookup.found).get(sequence);
      if (clock === undefined) {
        throw new ServerError("base-unknown", `The document has no version ${sequence}.`);
      }
      return clock;
    },
  };

  function plan(documentId: string): Lookup {
    const sequences = new Set<number>();
    const found = Promise.resolve(running.get(documentId)).then(async () => {
      waiting.delete(documentId);
      return await lookUp(documentId, sequences);
    });
    const ended = found
      .catch(() => null)
      .then(() => {
        if (running.get(documentId) === ended) running.delete(documentId);
      });
    running.set(documentId, ended);
    const lookup = { sequences, found };
    waiting.set(documentId, lookup);
    return lookup;
  }

  async function lookUp(
    documentId: string,
    sequences: ReadonlySet<number>,
  ): Promise<ReadonlyMap<number, VectorClock>> {
    const found = new Map<number, VectorClock>();
    for await (const { sequence, clock } of clocksBackwards(ledger, await presentOf(documentId))) {
      if (sequences.has(sequence)) found.set(sequence, clock());
      if (found.size === sequences.size) break;
    }
    return found;
  }
}
