/** One text of a document, as what an input is bound to. */
import type { Kinds } from "@verso/client";
import type { Bound, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState, type ClientOption, type DocumentId } from "./bound-state.js";
import { textAt } from "./text-at.js";

/**
 * The text at a JSON Pointer, for `bind:value={title.current}`; `""` where there is none. What is written becomes the
 * least edits of it.
 */
export class TextState<K extends Kinds = RegisteredKinds> extends BoundState<K, string, unknown, string> {
  readonly #pointer: () => string;

  /** A function as `pointer` moves to another text when reactive state that it reads changes. */
  constructor(id: DocumentId, pointer: string | (() => string), options: ClientOption<K> = {}) {
    const pointerNow = typeof pointer === "function" ? pointer : () => pointer;
    super(id, { ...options, select: json => textAt(json, pointerNow()) });
    this.#pointer = pointerNow;
  }

  override get current(): string {
    return super.current;
  }

  override set current(text: string) {
    this.bound().setText(this.#pointer(), text);
  }

  protected override storeOf({ json }: Pick<Bound<unknown>, "json">): Store<unknown> {
    return json;
  }
}
