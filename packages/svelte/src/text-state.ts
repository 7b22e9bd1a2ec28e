/** One text of a document, as what an input is bound to. */
import type { Kinds } from "@verso/client";
import type { RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed } from "./followed.js";
import { textAt } from "./text-at.js";

/** The text at a JSON Pointer, for `bind:value={title.current}`. What is written becomes the least edits of it. */
export class TextState<K extends Kinds = RegisteredKinds> {
  readonly #text: Followed<unknown, string>;
  readonly #write: (text: string) => void;

  /** A function as `pointer` moves to another text when reactive state that it reads changes. */
  constructor(id: DocumentId, pointer: string | (() => string), options: ClientOption<K> = {}) {
    const bound = boundDocument(id, options);
    const pointerNow = typeof pointer === "function" ? pointer : () => pointer;
    this.#text = new Followed<unknown, string>(() => bound().json, {
      select: json => textAt(json, pointerNow()),
    });
    this.#write = text => bound().setText(pointerNow(), text);
  }

  /** `""` where there is no text; what is written goes where there is one. */
  get current(): string {
    return this.#text.current;
  }

  set current(text: string) {
    this.#write(text);
  }
}
