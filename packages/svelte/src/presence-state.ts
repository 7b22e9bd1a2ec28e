/** Who else is in a document, and what each shows the others of himself. */
import type { Kinds } from "@verso/client";
import type { Other, Presence, RegisteredKinds } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed, type Selection } from "./followed.js";

/** What one shows of oneself, and what changes it. */
export class PresenceState<K extends Kinds = RegisteredKinds> {
  readonly #self: Followed<Presence>;
  /** Shows this beside what one shows already. */
  readonly set: (change: Presence) => void;

  constructor(id: DocumentId, options: ClientOption<K> = {}) {
    const bound = boundDocument(id, options);
    this.#self = new Followed(() => bound().self);
    this.set = change => bound().setPresence(change);
  }

  get current(): Presence {
    return this.#self.current;
  }
}

/** What one shows of oneself, for components that only look at a part of it. */
export class SelfState<K extends Kinds = RegisteredKinds, S = Presence> {
  readonly #self: Followed<Presence, S>;

  constructor(id: DocumentId, options: ClientOption<K> & Selection<Presence, S> = {}) {
    const bound = boundDocument(id, options);
    this.#self = new Followed(() => bound().self, options);
  }

  get current(): S {
    return this.#self.current;
  }
}

/** The other clients of the document and what they show. One who has not changed is the same object. */
export class OthersState<K extends Kinds = RegisteredKinds, S = readonly Other[]> {
  readonly #others: Followed<readonly Other[], S>;

  constructor(id: DocumentId, options: ClientOption<K> & Selection<readonly Other[], S> = {}) {
    const bound = boundDocument(id, options);
    this.#others = new Followed(() => bound().others, options);
  }

  get current(): S {
    return this.#others.current;
  }
}
