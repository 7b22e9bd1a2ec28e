/** What the relay has taken back of one's edits, until it was read. */
import type { Kinds, Rejection } from "@verso/client";
import type { Bound, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState } from "./bound-state.js";

/** The rejections that nobody has dismissed, the oldest first. */
export class RejectionsState<K extends Kinds = RegisteredKinds, S = readonly Rejection[]> extends BoundState<
  K,
  string,
  readonly Rejection[],
  S
> {
  readonly dismiss = (rejection: Rejection): void => this.bound().dismiss(rejection);

  protected override storeOf({
    rejections,
  }: Pick<Bound<unknown>, "rejections">): Store<readonly Rejection[]> {
    return rejections;
  }
}
