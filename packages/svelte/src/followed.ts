/**
 * A selection of a store as what Svelte's effects can depend on.
 *
 * The first effect that reads it subscribes to the store, and the last that ends ends that, which is what
 * `createSubscriber` does. Outside of effects, and on a server, it is a plain value, and nothing is opened.
 */
import type { Store } from "@verso/client/binding";
import { untrack } from "svelte";
import { createSubscriber } from "svelte/reactivity";

export interface Selection<T, S> {
  /**
   * What of the value is wanted: effects run again when that has changed, and for nothing else. It may read reactive state.
   * @default all of it
   */
  readonly select?: ((value: T) => S) | undefined;
  /** When two selections are the same, so that the earlier one is kept. @default Object.is */
  readonly isEqual?: ((one: S, other: S) => boolean) | undefined;
}

export class Followed<T, S = T> {
  readonly #store: () => Store<T>;
  readonly #select: (value: T) => S;
  readonly #isEqual: (one: S, other: S) => boolean;
  #subscription: { readonly store: Store<T>; readonly subscribe: () => void } | null = null;
  #latest: { readonly value: S } | null = null;
  /** What every effect that reads this has seen; `null` where they may have seen different things. */
  #seen: { readonly value: S } | null = null;

  /** Each call of `store` may give another one: whoever reads moves on to it. */
  constructor(
    store: () => Store<T>,
    { select = value => value as unknown as S, isEqual = Object.is }: Selection<T, S> = {},
  ) {
    this.#store = store;
    this.#select = select;
    this.#isEqual = isEqual;
  }

  get current(): S {
    const store = this.#store();
    if (this.#subscription?.store !== store) {
      this.#subscription = { store, subscribe: createSubscriber(update => this.#follow(store, update)) };
    }
    this.#subscription.subscribe();
    const selected = this.#selected(store);
    if (selected !== this.#seen) this.#seen = null;
    return selected.value;
  }

  #follow(store: Store<T>, update: () => void): () => void {
    const end = store.subscribe(() => {
      const selected = this.#selectedElsewhere(store);
      if (selected !== null && selected === this.#seen) return;
      this.#seen = selected;
      update();
    });
    this.#seen = this.#selectedElsewhere(store);
    return end;
  }

  /** Not for the effect that may have changed the document, which does not depend on it. */
  #selectedElsewhere(store: Store<T>): { readonly value: S } | null {
    try {
      return untrack(() => this.#selected(store));
    } catch {
      // A component that is about to go may select what is gone already. If it stays its own reading throws, where it belongs.
      return null;
    }
  }

  /** The same object as long as the selections are equal. */
  #selected(store: Store<T>): { readonly value: S } {
    const value = this.#select(store.getSnapshot());
    if (this.#latest === null || !this.#isEqual(this.#latest.value, value)) this.#latest = { value };
    return this.#latest;
  }
}
