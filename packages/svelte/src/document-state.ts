/** A document as JSON, and what edits it. */
import type { DocumentOf, Kinds, Recipe, Snapshot } from "@verso/client";
import type { Bound, RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed, type Selection } from "./followed.js";

/** The JSON of a document, or what `select` makes of it; typed by its kind. */
export class DocumentState<
  K extends Kinds = RegisteredKinds,
  const Id extends string = string,
  S = Snapshot<DocumentOf<K, Id>>,
> {
  readonly #json: Followed<Snapshot<DocumentOf<K, Id>>, S>;
  /** Makes the document what a recipe makes of a draft of its JSON, as the least edits, in one transaction. */
  readonly change: (recipe: Recipe<DocumentOf<K, Id>>) => void;
  /** The same by a JSON Patch. */
  readonly patch: Bound<unknown>["patch"];
  /**
   * `null` when there is something to show: what this device has kept, or what the relay has. Else a promise of that, for
   * `{#await}`; the document is open meanwhile.
   */
  readonly ready: () => Promise<void> | null;

  constructor(id: DocumentId<Id>, options: ClientOption<K> & Selection<Snapshot<DocumentOf<K, Id>>, S> = {}) {
    const bound = boundDocument(id, options);
    this.#json = new Followed(() => bound().json, options);
    this.change = recipe => bound().change(recipe);
    this.patch = patch => bound().patch(patch);
    this.ready = () => bound().ready();
  }

  /** Immutable, and the same object until something in it changes. Before it is open: the roots of its kind, empty. */
  get current(): S {
    return this.#json.current;
  }
}
