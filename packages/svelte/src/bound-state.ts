/**
 * What every state is: a selection of what is known of a document, as what Svelte's effects can depend on.
 *
 * The first effect that reads it subscribes, which opens the document, and the last that ends ends that; `createSubscriber`
 * sees to it. Outside of effects, and on a server, it is a plain value, and nothing is opened.
 */
import type { DocumentOf, Kinds } from "@verso/client";
import { type BindingClient, type Bound, bind, type Store } from "@verso/client/binding";
import { untrack } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import { getVerso } from "./context.js";
import type { Selection } from "./selection.js";

/** A document's id, or what says it: a function that reads reactive state moves to another document when that changes. */
export type DocumentId<Id extends string = string> = Id | (() => Id);

export interface ClientOption<K extends Kinds> {
  /** @default that of `setVerso` */
  readonly client?: BindingClient<K> | undefined;
}

/** Each state says which store of a document is its own. */
export abstract class BoundState<K extends Kinds, Id extends string, T, S> {
  /** The document that is meant now. */
  protected readonly bound: () => Bound<DocumentOf<K, Id>>;
  readonly #select: (value: T) => S;
  readonly #isEqual: (one: S, other: S) => boolean;
  #subscription: { readonly store: Store<T>; readonly subscribe: () => void } | null = null;
  #latest: { readonly value: S } | null = null;
  /** What every effect that reads this has seen; `null` where they may have seen different things. */
  #seen: { readonly value: S } | null = null;

  /** The client is that of the moment; which document is meant is asked at each reading. */
  constructor(
    id: DocumentId<Id>,
    {
      // Whose kinds the application has registered.
      client = getVerso() as unknown as BindingClient<K>,
      select = value => value as unknown as S,
      isEqual = Object.is,
    }: ClientOption<K> & Selection<T, S> = {},
  ) {
    this.bound = () => bind(client, typeof id === "function" ? id() : id);
    this.#select = select;
    this.#isEqual = isEqual;
  }

  protected abstract storeOf(bound: Bound<DocumentOf<K, Id>>): Store<T>;

  get current(): S {
    const store = this.storeOf(this.bound());
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
