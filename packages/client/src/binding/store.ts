/** What can be read and followed: the shape that `useSyncExternalStore` and `createSubscriber` are made for. */

export interface Source<T> {
  /** The same object until something in it changes. */
  getSnapshot(): T;
  /** Calls after every change, and perhaps when nothing has changed. Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

export interface Store<T> extends Source<T> {
  /** What a server renders, and a page before anything is open. */
  getInitialSnapshot(): T;
}

/** A value that says when it is replaced. */
export interface Cell<T> extends Source<T> {
  set(value: T): void;
}

export function createCell<T>(value: T): Cell<T> {
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => value,
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      // Each subscription is one of its own, also of the same function.
      const told = () => listener();
      listeners.add(told);
      return () => listeners.delete(told);
    },
  };
}

/** A part of a store: it stays the same object for as long as `isEqual` says that it is equal. */
export function select<T, S>(
  { getSnapshot, getInitialSnapshot, subscribe }: Store<T>,
  selector: (value: T) => S,
  isEqual: (a: S, b: S) => boolean = Object.is,
): Store<S> {
  return {
    getSnapshot: selecting(getSnapshot),
    getInitialSnapshot: selecting(getInitialSnapshot),
    subscribe,
  };

  function selecting(read: () => T): () => S {
    let last: { readonly value: T; readonly selected: S } | null = null;
    return () => {
      const value = read();
      if (last === null || !Object.is(last.value, value)) {
        const selected = selector(value);
        last = {
          value,
          selected: last !== null && isEqual(last.selected, selected) ? last.selected : selected,
        };
      }
      return last.selected;
    };
  }
}

/** Whether two values are the same, or two objects or lists whose members are. */
export function shallow(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const others = new Map(Object.entries(b));
  const mine = Object.entries(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    mine.length === others.size &&
    mine.every(([key, value]) => others.has(key) && Object.is(others.get(key), value))
  );
}
