/** The open document itself, for editors that work on its `Y.Doc`. */
import type { Document, DocumentOf, Kinds } from "@verso/client";
import type { Bound, RegisteredKinds, Store } from "@verso/client/binding";
import { BoundState } from "./bound-state.js";

/** With `doc`, `awareness`, `propose` and the events; `null` before it is open, and another one when it was opened anew. */
export class ReplicaState<
  K extends Kinds = RegisteredKinds,
  const Id extends string = string,
  S = Document<DocumentOf<K, Id>> | null,
> extends BoundState<K, Id, Document<DocumentOf<K, Id>> | null, S> {
  protected override storeOf({
    replica,
  }: Bound<DocumentOf<K, Id>>): Store<Document<DocumentOf<K, Id>> | null> {
    return replica;
  }
}
