/**
 * Undo and redo as two buttons want them.
 *
 * What a user did last the relay knows, over reloads; a page knows it only when it has asked. So a button is on until it is
 * known that there is nothing: the document is empty, or the last answer was that there was nothing.
 */
import type { Transaction } from "yjs";
import type { Document } from "../documents.js";
import type { UndoOutcome } from "../history.js";
import { createCell, type Source } from "./store.js";

export interface Undoing {
  /** False when there is nothing to take back; true when there is, or may be. */
  readonly canUndo: boolean;
  /** Whether something was taken back here since the last edit that can come again. */
  readonly canRedo: boolean;
}

export interface UndoingSource extends Source<Undoing> {
  undo(): Promise<UndoOutcome>;
  redo(): Promise<UndoOutcome>;
  end(): void;
}

export const nothingToUndo: Undoing = Object.freeze({ canUndo: false, canRedo: false });

export function createUndoing<T>(document: Document<T>): UndoingSource {
  const { doc } = document;
  const cell = createCell<Undoing>({ canUndo: !isEmpty(), canRedo: false });
  let isEmptyStill = isEmpty();
  let isStepping = false;
  doc.on("afterTransaction", written);
  return {
    getSnapshot: cell.getSnapshot,
    subscribe: cell.subscribe,
    undo: () => step("undo"),
    redo: () => step("redo"),
    end: () => doc.off("afterTransaction", written),
  };

  function written({ local, changed }: Transaction): void {
    if (changed.size === 0 || isStepping) return;
    if (local) know({ canUndo: true, canRedo: false });
    else if (isEmptyStill && !isEmpty()) know({ ...cell.getSnapshot(), canUndo: true });
    isEmptyStill = isEmpty();
  }

  async function step(action: "undo" | "redo"): Promise<UndoOutcome> {
    // Without a connection it is done here, before there is an answer, and is no new edit.
    isStepping = true;
    let answer: Promise<UndoOutcome>;
    try {
      answer = document[action]();
    } finally {
      isStepping = false;
    }
    const outcome = await answer;
    const isDone = outcome.type === "relay" || outcome.type === "local";
    const isNothing = outcome.type === "nothing";
    const { canUndo, canRedo } = cell.getSnapshot();
    if (action === "undo") know({ canUndo: canUndo && !isNothing, canRedo: canRedo || isDone });
    else know({ canUndo: canUndo || isDone, canRedo: canRedo && !isNothing });
    return outcome;
  }

  function know(next: Undoing): void {
    const { canUndo, canRedo } = cell.getSnapshot();
    if (next.canUndo !== canUndo || next.canRedo !== canRedo) cell.set(next);
  }

  function isEmpty(): boolean {
    return doc.store.clients.size === 0;
  }
}
