/** Quill 2 on the formatted text `content` of a document. */
import type { Document } from "@verso/client";
import Quill from "quill";
import History from "quill/modules/history";
import QuillCursors from "quill-cursors";
import { QuillBinding } from "y-quill";
import { UndoManager } from "yjs";
import "quill/dist/quill.core.css";
import "./rich-text.css";
import "./quill.css";

/** What its documents may hold; the relay's gate asks for the same. */
const formats = "bold italic underline strike code link header list indent blockquote".split(" ");

export function mountQuill({ doc, awareness }: Document, parent: HTMLElement): UndoManager {
  const text = doc.getText("content");
  const undoManager = new UndoManager(text, { trackedOrigins: new Set() });

  /** In place of Quill's own, which would undo what others wrote; its keys are bound to this one. */
  class SharedHistory extends History {
    override undo() {
      undoManager.undo();
    }
    override redo() {
      undoManager.redo();
    }
    override record() {}
  }
  Quill.register({ "modules/cursors": QuillCursors, "modules/history": SharedHistory }, true);

  const editor = parent.appendChild(document.createElement("div"));
  const quill = new Quill(editor, {
    formats,
    modules: { cursors: true },
    placeholder: "Write here.",
  });
  quill.root.setAttribute("role", "textbox");
  quill.root.setAttribute("aria-multiline", "true");
  quill.root.setAttribute("aria-label", "Document");
  undoManager.addTrackedOrigin(new QuillBinding(text, quill, awareness));
  return undoManager;
}
