/** The body: Tiptap on the document's XML fragment, with the carets of the others. */

import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { EditorContent, useEditor } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import type { Document } from "@verso/client";
import { useReplica } from "@verso/react";
import { place } from "./client.js";
import { TakenBack } from "./taken-back.js";
import { Toolbar } from "./toolbar.js";

export function Body({ id }: { readonly id: `notes/${string}` }) {
  const replica = useReplica(id);
  return (
    <section className="body" aria-label="Body">
      {/* Another document is another editor. */}
      {replica && <Editor key={replica.doc.guid} replica={replica} />}
      <TakenBack id={id} at="/body" elementId="body-taken-back" />
    </section>
  );
}

function Editor({ replica }: { readonly replica: Pick<Document, "doc" | "awareness"> }) {
  const { name, color } = place;
  const editor = useEditor({
    extensions: [
      // The relay remembers what to undo, and an empty paragraph that nobody has written is no edit.
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ document: replica.doc, field: "body" }),
      CollaborationCaret.configure({ provider: replica, user: { name, color } }),
    ],
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-label": "Note" },
    },
  });
  return (
    <>
      <Toolbar editor={editor} />
      <EditorContent editor={editor} className="editor" />
    </>
  );
}
