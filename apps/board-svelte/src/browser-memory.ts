/** What this window remembers over a reload, where it may: with storage blocked, nothing. */

const prefix = "verso-board:";

export function recall(key: string): string | null {
  return storage()?.getItem(prefix + key) ?? null;
}

/** `null` forgets. */
export function remember(key: string, value: string | null): void {
  if (value === null) storage()?.removeItem(prefix + key);
  else storage()?.setItem(prefix + key, value);
}

function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch (error) {
    // A browser that blocks storage throws at the mere sight of it.
    if (error instanceof DOMException && error.name === "SecurityError") return null;
    throw error;
  }
}
