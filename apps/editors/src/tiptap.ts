/** Tiptap 3 on the fragment `content` of a document. */
import { Editor } from "@tiptap/core";
import Collaboration from "@tiptap/extension-collaboration";
import CollaborationCaret from "@tiptap/extension-collaboration-caret";
import StarterKit from "@tiptap/starter-kit";
import { yUndoPluginKey } from "@tiptap/y-tiptap";
import type { Document } from "@verso/client";
import type { UndoManager } from "yjs";
import "./rich-text.css";

export function mountTiptap({ doc, awareness }: Document, parent: HTMLElement): UndoManager {
  const editor = new Editor({
    element: parent,
    extensions: [
      // Tiptap's own history would undo what others wrote, and every open editor would write a trailing paragraph.
      StarterKit.configure({ undoRedo: false, trailingNode: false, link: { openOnClick: false } }),
      Collaboration.configure({ document: doc, field: "content" }),
      CollaborationCaret.configure({ provider: { awareness }, user: awareness.getLocalState()?.user }),
    ],
    editorProps: { attributes: { "aria-label": "Document", "aria-multiline": "true" } },
  });
  return yUndoPluginKey.getState(editor.state).undoManager;
}
