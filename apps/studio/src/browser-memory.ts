/** What the browser remembers for this page, where it may: with storage blocked, it remembers nothing. */

/** `window` is forgotten with the window, `browser` is shared by all of them. */
export type Scope = "window" | "browser";

export function recall(scope: Scope, key: string): string | null {
  return storageOf(scope)?.getItem(prefix + key) ?? null;
}

export function remember(scope: Scope, key: string, value: string): void {
  storageOf(scope)?.setItem(prefix + key, value);
}

const prefix = "verso-studio:";

function storageOf(scope: Scope): Storage | null {
  try {
    return scope === "window" ? sessionStorage : localStorage;
  } catch (error) {
    // A browser that blocks storage throws at the mere sight of it.
    if (error instanceof DOMException && error.name === "SecurityError") return null;
    throw error;
  }
}
