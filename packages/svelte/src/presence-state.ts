/** Who else is in a document, and what each shows the others of himself. */
import type { Kinds } from "@verso/client";
import type { Bound, Other, Presence, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState } from "./bound-state.js";

/** What one shows of oneself, for components that only look. */
export class SelfState<K extends Kinds = RegisteredKinds, S = Presence> extends BoundState<
  K,
  string,
  Presence,
  S
> {
  protected override storeOf({ self }: Pick<Bound<unknown>, "self">): Store<Presence> {
    return self;
  }
}

/** What one shows of oneself, and what changes it. */
export class PresenceState<K extends Kinds = RegisteredKinds, S = Presence> extends SelfState<K, S> {
  /** Shows this beside what one shows already. */
  readonly set = (change: Presence): void => this.bound().setPresence(change);
}

/** The other clients of the document and what they show. One who has not changed is the same object. */
export class OthersState<K extends Kinds = RegisteredKinds, S = readonly Other[]> extends BoundState<
  K,
  string,
  readonly Other[],
  S
> {
  protected override storeOf({ others }: Pick<Bound<unknown>, "others">): Store<readonly Other[]> {
    return others;
  }
}
