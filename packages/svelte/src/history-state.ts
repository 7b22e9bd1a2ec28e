/** What was done to a document, and taking one's own back. */
import type { Kinds, UndoOutcome } from "@verso/client";
import type { Bound, RecentHistory, RegisteredKinds, Store, Undoing } from "@verso/client/binding";
import { BoundState, type ClientOption, type DocumentId } from "./bound-state.js";

/** Undo and redo, and whether there is something for them. */
export class UndoState<K extends Kinds = RegisteredKinds> extends BoundState<K, string, Undoing, Undoing> {
  /** True also while it is not known: what was done before a reload the relay knows. */
  get canUndo(): boolean {
    return this.current.canUndo;
  }

  get canRedo(): boolean {
    return this.current.canRedo;
  }

  /** Takes back the user's latest edit in force: by the relay, and without a connection that of this session here. */
  readonly undo = (): Promise<UndoOutcome> => this.bound().undo();

  readonly redo = (): Promise<UndoOutcome> => this.bound().redo();

  protected override storeOf({ undoing }: Pick<Bound<unknown>, "undoing">): Store<Undoing> {
    return undoing;
  }
}

export interface HistoryStateOptions<K extends Kinds> extends ClientOption<K> {
  /** How many commits at most; a function may read reactive state. @default 50 */
  readonly limit?: number | (() => number) | undefined;
}

/** The latest commits of anybody, the newest first, kept up with for as long as it is read. */
export class HistoryState<K extends Kinds = RegisteredKinds> extends BoundState<
  K,
  string,
  RecentHistory,
  RecentHistory
> {
  readonly #limit: HistoryStateOptions<K>["limit"];

  constructor(id: DocumentId, { limit, ...options }: HistoryStateOptions<K> = {}) {
    super(id, options);
    this.#limit = limit;
  }

  protected override storeOf({ history }: Pick<Bound<unknown>, "history">): Store<RecentHistory> {
    return history(typeof this.#limit === "function" ? this.#limit() : this.#limit);
  }
}
