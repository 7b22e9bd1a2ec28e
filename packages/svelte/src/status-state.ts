/** How far a document is from its relay. */
import type { Kinds, ReplicaStatus } from "@verso/client";
import type { Bound, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState } from "./bound-state.js";

/** The connection, and what of the document is here. */
export class StatusState<K extends Kinds = RegisteredKinds, S = ReplicaStatus> extends BoundState<
  K,
  string,
  ReplicaStatus,
  S
> {
  protected override storeOf({ status }: Pick<Bound<unknown>, "status">): Store<ReplicaStatus> {
    return status;
  }
}

/** How many edits of this device the relay has not answered. */
export class UnsyncedChangesState<K extends Kinds = RegisteredKinds, S = number> extends BoundState<
  K,
  string,
  number,
  S
> {
  protected override storeOf({ unsyncedChanges }: Pick<Bound<unknown>, "unsyncedChanges">): Store<number> {
    return unsyncedChanges;
  }
}
