/** What was done to a document, and taking one's own back. */
import type { Kinds, UndoOutcome } from "@verso/client";
import type { RecentHistory, RegisteredKinds, Undoing } from "@verso/client/binding";
import { boundDocument, type ClientOption, type DocumentId } from "./bound-document.js";
import { Followed } from "./followed.js";

/** Undo and redo, and whether there is something for them. */
export class UndoState<K extends Kinds = RegisteredKinds> {
  readonly #undoing: Followed<Undoing>;
  /** Takes back the user's latest edit in force: by the relay, and without a connection that of this session here. */
  readonly undo: () => Promise<UndoOutcome>;
  readonly redo: () => Promise<UndoOutcome>;

  constructor(id: DocumentId, options: ClientOption<K> = {}) {
    const bound = boundDocument(id, options);
    this.#undoing = new Followed(() => bound().undoing);
    this.undo = () => bound().undo();
    this.redo = () => bound().redo();
  }

  /** True also while it is not known: what was done before a reload the relay knows. */
  get canUndo(): boolean {
    return this.#undoing.current.canUndo;
  }

  get canRedo(): boolean {
    return this.#undoing.current.canRedo;
  }
}

export interface HistoryStateOptions<K extends Kinds> extends ClientOption<K> {
  /** How many commits at most; a function may read reactive state. @default 50 */
  readonly limit?: number | (() => number) | undefined;
}

/** The latest commits of anybody, kept up with for as long as it is read. */
export class HistoryState<K extends Kinds = RegisteredKinds> {
  readonly #history: Followed<RecentHistory>;

  constructor(id: DocumentId, { limit, ...options }: HistoryStateOptions<K> = {}) {
    const bound = boundDocument(id, options);
    this.#history = new Followed(() => bound().history(typeof limit === "function" ? limit() : limit));
  }

  get current(): RecentHistory {
    return this.#history.current;
  }
}
