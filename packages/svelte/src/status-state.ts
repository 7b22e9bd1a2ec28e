/** How far a document is from its relay. */
import type { Kinds, ReplicaStatus } from "@verso/client";
import type { RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed, type Selection } from "./followed.js";

/** The connection, and what of the document is here. */
export class StatusState<K extends Kinds = RegisteredKinds, S = ReplicaStatus> {
  readonly #status: Followed<ReplicaStatus, S>;

  constructor(id: DocumentId, options: ClientOption<K> & Selection<ReplicaStatus, S> = {}) {
    const bound = boundDocument(id, options);
    this.#status = new Followed(() => bound().status, options);
  }

  get current(): S {
    return this.#status.current;
  }
}

/** How many edits of this device the relay has not answered. */
export class UnsyncedChangesState<K extends Kinds = RegisteredKinds> {
  readonly #unsyncedChanges: Followed<number>;

  constructor(id: DocumentId, options: ClientOption<K> = {}) {
    const bound = boundDocument(id, options);
    this.#unsyncedChanges = new Followed(() => bound().unsyncedChanges);
  }

  get current(): number {
    return this.#unsyncedChanges.current;
  }
}
