/**
 * Of many requests for the same thing only the latest counts: one is answered at a time, and of those that were made
 * meanwhile the last is next. So nobody is asked faster than he answers.
 */

export interface Latest<T> {
  /** Answers this next, instead of whatever was asked for and not begun. */
  ask(request: T): void;
  /** Ends what has begun, too. */
  cancel(): void;
}

/** Begins at once where nothing was asked for lately, and never sooner than `pause` milliseconds after it began last. */
export function createLatest<T>(
  answer: (request: T, signal: AbortSignal) => Promise<void>,
  { pause }: { pause: number },
): Latest<T> {
  let running: AbortController | null = null;
  let next: { readonly request: T } | null = null;

  return {
    ask(request) {
      next = { request };
      if (running === null) answerAll();
    },
    cancel() {
      next = null;
      running?.abort();
    },
  };

  async function answerAll(): Promise<void> {
    try {
      while (next !== null) {
        const { request }: { readonly request: T } = next;
        next = null;
        running = new AbortController();
        const { signal } = running;
        // Measured from the beginning of an answer, so that one that takes long is followed at once.
        const paused = new Promise(resolve => setTimeout(resolve, pause));
        // What was cancelled fails; nobody waits for it.
        await answer(request, signal).catch(error => {
          if (!signal.aborted) throw error;
        });
        await paused;
      }
    } finally {
      running = null;
    }
  }
}
