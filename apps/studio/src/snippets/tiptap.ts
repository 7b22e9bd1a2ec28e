import { Editor } from "@tiptap/core";
import Collaboration from "@tiptap/extension-collaboration";
import CollaborationCaret from "@tiptap/extension-collaboration-caret";
import StarterKit from "@tiptap/starter-kit";
import { createClient } from "@verso/client";

const client = createClient({ url: location.origin });
const note = client.open("editors/tiptap/hello");

new Editor({
  element: document.body,
  extensions: [
    // Collaboration has an undo of its own.
    StarterKit.configure({ undoRedo: false, trailingNode: false }),
    Collaboration.configure({
      document: note.doc,
      field: "content",
    }),
    CollaborationCaret.configure({
      provider: note,
      user: { name: "Ann", color: "#0069a8" },
    }),
  ],
});
