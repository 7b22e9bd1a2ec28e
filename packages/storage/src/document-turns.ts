/** Lets what must not overlap on one document run one after the other, whatever becomes of each. */

export type DocumentTurns = <T>(document: string, run: () => Promise<T>) => Promise<T>;

export function createDocumentTurns(): DocumentTurns {
  /** The end of each document's line. */
  const lines = new Map<string, Promise<void>>();
  return async (document, run) => {
    const mine = (lines.get(document) ?? Promise.resolve()).then(run);
    const end = mine.then(
      () => undefined,
      () => undefined,
    );
    lines.set(document, end);
    try {
      return await mine;
    } finally {
      if (lines.get(document) === end) lines.delete(document);
    }
  };
}
