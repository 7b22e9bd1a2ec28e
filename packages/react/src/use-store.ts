"use client";
/** What a component reads of a store, and renders for. */
import { type Store, select } from "@verso/client/binding";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

export type IsEqual<S> = (a: S, b: S) => boolean;

export function useStore<T>({ subscribe, getSnapshot, getInitialSnapshot }: Store<T>): T {
  return useSyncExternalStore(subscribe, getSnapshot, getInitialSnapshot);
}

/** What a selector makes of it; what is equal to what was shown last is the same object again. */
export function useSelected<T, S>(
  store: Store<T>,
  selector: (value: T) => S = itself as never,
  isEqual: IsEqual<S> = Object.is,
): S {
  const shown = useRef<{ readonly selected: S } | null>(null);
  const part = useMemo(() => {
    // A selector that is written inline is another function at each render, and what it makes another object.
    const keep = (value: T): S => {
      const selected = selector(value);
      const last = shown.current;
      return last !== null && isEqual(last.selected, selected) ? last.selected : selected;
    };
    return select(store, keep, isEqual);
  }, [store, selector, isEqual]);
  const selected = useStore(part);
  useEffect(() => {
    shown.current = { selected };
  });
  return selected;
}

function itself<T>(value: T): T {
  return value;
}
