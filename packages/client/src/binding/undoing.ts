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

export const nothingToUndo: Undoing = { canUndo: false, canRedo: false };

export function createUndoing<T>(document: Document<T>): UndoingSource {
  const { doc } = document;
  const cell = createCell<Undoing>({ canUndo: doc.store.clients.size > 0, canRedo: false });
  let isStepping = false;
  doc.on("afterTransaction", written);
  return {
    getSnapshot: cell.getSnapshot,
    subscribe: cell.subscribe,
    undo: () => step("undo"),
    redo: () => step("redo"),
    end: () => doc.off("afterTransaction", written),
  };

  function written({ local, changed, beforeState }: Transaction): void {
    if (changed.size === 0 || isStepping) return;
    if (local) know(true, false);
    else if (beforeState.size === 0) know(true, cell.getSnapshot().canRedo);
  }

  async function step(action: "undo" | "redo"): Promise<UndoOutcome> {
    // Without a connection it is done here, before there is an answer, and is no new edit.
    isStepping = true;
    const answer = document[action]();
    isStepping = false;
    const outcome = await answer;
    const { canUndo, canRedo } = cell.getSnapshot();
    const isUndo = action === "undo";
    // One way there is nothing more, or the other way there is something now.
    if (outcome.type === "nothing") know(canUndo && !isUndo, canRedo && isUndo);
    else if (outcome.type !== "refused") know(canUndo || !isUndo, canRedo || isUndo);
    return outcome;
  }

  function know(canUndo: boolean, canRedo: boolean): void {
    const known = cell.getSnapshot();
    if (known.canUndo !== canUndo || known.canRedo !== canRedo) cell.set({ canUndo, canRedo });
  }
}
