/** A document as JSON, and what edits it. */
import type { DocumentOf, Kinds, Recipe, Snapshot } from "@verso/client";
import type { Bound, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState } from "./bound-state.js";

/**
 * The JSON of a document, or what `select` makes of it; typed by its kind. It is immutable, and the same object until
 * something in it changes. Before the document is open it has the roots of its kind, empty.
 */
export class DocumentState<
  K extends Kinds = RegisteredKinds,
  const Id extends string = string,
  S = Snapshot<DocumentOf<K, Id>>,
> extends BoundState<K, Id, Snapshot<DocumentOf<K, Id>>, S> {
  /** Makes the document what a recipe makes of a draft of its JSON, as the least edits, in one transaction. */
  readonly change = (recipe: Recipe<DocumentOf<K, Id>>): void => this.bound().change(recipe);

  /** The same by a JSON Patch. */
  readonly patch = (patch: Parameters<Bound<unknown>["patch"]>[0]): void => this.bound().patch(patch);

  /**
   * `null` when there is something to show: what this device has kept, or what the relay has. Else a promise of that, for
   * `{#await}`; the document is open meanwhile.
   */
  readonly ready = (): Promise<void> | null => this.bound().ready();

  protected override storeOf({ json }: Bound<DocumentOf<K, Id>>): Store<Snapshot<DocumentOf<K, Id>>> {
    return json;
  }
}
