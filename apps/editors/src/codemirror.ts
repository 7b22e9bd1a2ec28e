/** CodeMirror 6 on the text `content` of a document. */
import { defaultKeymap } from "@codemirror/commands";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import type { Document } from "@verso/client";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { UndoManager } from "yjs";
import "./codemirror.css";

export function mountCodeMirror({ doc, awareness }: Document, parent: HTMLElement): UndoManager {
  const text = doc.getText("content");
  // The binding adds itself: what others write, and what the program does, is not undone.
  const undoManager = new UndoManager(text, { trackedOrigins: new Set() });
  new EditorView({
    parent,
    doc: text.toString(),
    extensions: [
      // In place of CodeMirror's own history, which would undo what others wrote.
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
      yCollab(text, awareness, { undoManager }),
      drawSelection(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "Document" }),
      placeholder("Write here."),
    ],
  });
  return undoManager;
}
