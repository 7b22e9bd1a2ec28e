/** The client that the components below one another share: set in one, found in all that stand in it. */
import type { Documents, Kinds } from "@verso/client";
import type { RegisteredKinds } from "@verso/client/binding";
import { getContext, setContext } from "svelte";

const key = Symbol("verso");

/** Gives the client to this component and all within it. To be called while the component is made. */
export function setVerso<K extends Kinds>(client: Documents<K>): void {
  setContext(key, client);
}

/** The client of the nearest component above that has set one. To be called while a component is made. */
export function getVerso(): Documents<RegisteredKinds> {
  const client = getContext<Documents<RegisteredKinds> | undefined>(key);
  if (client === undefined) {
    throw new TypeError("There is no client: call setVerso in a component above, or give one.");
  }
  return client;
}
