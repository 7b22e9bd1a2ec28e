/** What the relay has taken back of one's edits, until it was read. */
import type { Kinds, Rejection } from "@verso/client";
import type { RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed, type Selection } from "./followed.js";

/** The rejections that nobody has dismissed, the oldest first. */
export class RejectionsState<K extends Kinds = RegisteredKinds, S = readonly Rejection[]> {
  readonly #rejections: Followed<readonly Rejection[], S>;
  readonly dismiss: (rejection: Rejection) => void;

  constructor(id: DocumentId, options: ClientOption<K> & Selection<readonly Rejection[], S> = {}) {
    const bound = boundDocument(id, options);
    this.#rejections = new Followed(() => bound().rejections, options);
    this.dismiss = rejection => bound().dismiss(rejection);
  }

  get current(): S {
    return this.#rejections.current;
  }
}
