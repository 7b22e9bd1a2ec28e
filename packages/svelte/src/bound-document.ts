/** Which document of which client a state is of. The client is taken while the state is made; the id may change later. */
import type { DocumentOf, Kinds } from "@verso/client";
import { type BindingClient, type Bound, bind } from "@verso/client/binding";
import { getVerso } from "./context.js";

/** A document's id, or what says it: a function that reads reactive state moves to another document when that changes. */
export type DocumentId<Id extends string = string> = Id | (() => Id);

export interface ClientOption<K extends Kinds> {
  /** @default that of `setVerso` */
  readonly client?: BindingClient<K> | undefined;
}

/** The document that is meant, at every call anew. */
export function boundDocument<K extends Kinds, Id extends string>(
  id: DocumentId<Id>,
  // Whose kinds the application has registered.
  { client = getVerso() as unknown as BindingClient<K> }: ClientOption<K>,
): () => Bound<DocumentOf<K, Id>> {
  return () => bind(client, typeof id === "function" ? id() : id);
}
