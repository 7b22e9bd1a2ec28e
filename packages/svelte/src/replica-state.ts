/** The open document itself, for editors that work on its `Y.Doc`. */
import type { Document, DocumentOf, Kinds } from "@verso/client";
import type { RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed } from "./followed.js";

/** With `doc`, `awareness`, `propose` and the events. */
export class ReplicaState<K extends Kinds = RegisteredKinds, const Id extends string = string> {
  readonly #replica: Followed<Document<DocumentOf<K, Id>> | null>;

  constructor(id: DocumentId<Id>, options: ClientOption<K> = {}) {
    const bound = boundDocument(id, options);
    this.#replica = new Followed(() => bound().replica);
  }

  /** `null` before it is open: outside of effects, and on a server. Another one when the document was opened anew. */
  get current(): Document<DocumentOf<K, Id>> | null {
    return this.#replica.current;
  }
}
