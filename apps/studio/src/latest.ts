/** Of many requests for the same thing only the latest counts: those before it are cancelled, or never made. */

export interface Latest<T> {
  /** Answers this, instead of whatever was asked for before. */
  ask(request: T): void;
  cancel(): void;
}

/** Begins at once where nothing was asked for lately, else when `pause` milliseconds have passed since it began last. */
export function createLatest<T>(
  answer: (request: T, signal: AbortSignal) => Promise<void>,
  { pause }: { pause: number },
): Latest<T> {
  let running = new AbortController();
  let next: { readonly request: T } | null = null;
  let isPausing = false;

  return {
    ask(request) {
      next = { request };
      if (!isPausing) begin();
    },
    cancel() {
      next = null;
      running.abort();
    },
  };

  function begin(): void {
    if (next === null) return;
    const { request } = next;
    next = null;
    running.abort();
    running = new AbortController();
    const { signal } = running;
    isPausing = true;
    setTimeout(() => {
      isPausing = false;
      begin();
    }, pause);
    answer(request, signal).catch(error => {
      // What was cancelled fails; nobody waits for it.
      if (!signal.aborted) throw error;
    });
  }
}
