/** What the browser remembers for these pages, where it may: with storage blocked, it remembers nothing. */

export function recall(key: string): string | null {
  return memory()?.getItem(key) ?? null;
}

export function remember(key: string, value: string): void {
  memory()?.setItem(key, value);
}

function memory(): Storage | null {
  try {
    return localStorage;
  } catch (error) {
    // A browser that blocks storage throws at the mere sight of it.
    if (error instanceof DOMException && error.name === "SecurityError") return null;
    throw error;
  }
}
