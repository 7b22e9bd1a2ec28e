/**
 * A plain `<textarea>` on the text `content` of a document: what is typed becomes the least edit, what others write
 * leaves the selection where it was, and their carets are drawn over the text.
 */
import type { Document } from "@verso/client";
import { simpleDiffStringWithCursor } from "lib0/diff";
import * as Y from "yjs";
import "./textarea.css";
import { movedIndex } from "./moved-index.js";
import { drawCarets } from "./textarea-carets.js";

export function mountTextarea({ doc, awareness }: Document, parent: HTMLElement): Y.UndoManager {
  const text = doc.getText("content");
  const area = document.createElement("textarea");
  area.setAttribute("aria-label", "Document");
  area.placeholder = "Write here.";
  parent.append(area);
  const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([area]) });
  /** The text that the area was last given, or has given. */
  let shown = text.toString();
  area.value = shown;
  /** While an input method composes a word, nobody else may touch the area: what came meanwhile waits here. */
  let waiting: Y.YTextEvent["delta"][] | null = null;
  let selection: RelativeSelection | null = null;

  area.addEventListener("input", () => {
    if (waiting === null) write();
  });
  area.addEventListener("compositionstart", () => {
    waiting = [];
  });
  area.addEventListener("compositionend", () => {
    const deltas = waiting ?? [];
    waiting = null;
    write(deltas);
  });
  // Programs that set its value take the area's own history with them.
  area.addEventListener("beforeinput", event => {
    if (event.inputType === "historyUndo") take(event, () => undoManager.undo());
    if (event.inputType === "historyRedo") take(event, () => undoManager.redo());
  });
  area.addEventListener("keydown", event => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "y" || (key === "z" && event.shiftKey)) take(event, () => undoManager.redo());
    else if (key === "z") take(event, () => undoManager.undo());
  });

  // Before all of them: one within the observers of another would find the text changed already.
  doc.on("beforeAllTransactions", () => {
    if (waiting === null) selection = selectionOf(area, text);
  });
  text.observe(({ delta, transaction }) => {
    if (transaction.origin === area) return;
    if (waiting === null) show();
    else waiting.push(delta);
  });

  const announce = () => {
    const isHere = document.activeElement === area;
    awareness.setLocalStateField("cursor", isHere ? cursorOf(selectionOf(area, text)) : null);
  };
  document.addEventListener("selectionchange", announce);
  area.addEventListener("focus", announce);
  area.addEventListener("blur", announce);
  drawCarets({ area, text, awareness });
  return undoManager;

  /** What was typed since, as one edit; `since` are the edits of others that the area does not show. */
  function write(since: readonly Y.YTextEvent["delta"][] = []): void {
    const { index, remove, insert } = simpleDiffStringWithCursor(shown, area.value, area.selectionEnd);
    const [from, to] = [index, index + remove].map(at => since.reduce(movedIndex, at)) as [number, number];
    doc.transact(() => {
      text.delete(from, to - from);
      text.insert(from, insert);
    }, area);
    shown = text.toString();
    if (area.value !== shown) {
      selection = at(text, from + insert.length);
      show();
    }
    announce();
  }

  function show(): void {
    shown = text.toString();
    area.value = shown;
    if (selection === null) return;
    const [start, end] = [selection.start, selection.end].map(position => indexOf(position, doc));
    area.setSelectionRange(start ?? 0, end ?? 0, selection.direction);
  }
}

/** A selection that stays with the letters it is at, whatever others write. */
interface RelativeSelection {
  readonly start: Y.RelativePosition;
  readonly end: Y.RelativePosition;
  readonly direction: "forward" | "backward" | "none";
}

function selectionOf(area: HTMLTextAreaElement, text: Y.Text): RelativeSelection {
  const { selectionStart: start, selectionEnd: end, selectionDirection: direction } = area;
  if (start === end) return at(text, end);
  // What others write at its edges is not selected.
  return {
    start: Y.createRelativePositionFromTypeIndex(text, start),
    end: Y.createRelativePositionFromTypeIndex(text, end, -1),
    direction,
  };
}

/** A caret, which stays behind the letter that it is behind. */
function at(text: Y.Text, index: number): RelativeSelection {
  const position = Y.createRelativePositionFromTypeIndex(text, index, -1);
  return { start: position, end: position, direction: "none" };
}

function indexOf(position: Y.RelativePosition, doc: Y.Doc): number {
  return Y.createAbsolutePositionFromRelativePosition(position, doc)?.index ?? 0;
}

/** In the form of y-codemirror.next and others. */
function cursorOf({ start, end, direction }: RelativeSelection) {
  return direction === "backward" ? { anchor: end, head: start } : { anchor: start, head: end };
}

function take(event: Event, step: () => void): void {
  event.preventDefault();
  step();
}
