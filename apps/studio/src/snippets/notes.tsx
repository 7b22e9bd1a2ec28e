import { Collaboration } from "@tiptap/extension-collaboration";
import { EditorContent, useEditor } from "@tiptap/react";
import StarterKit from "@tiptap/starter-kit";
import { createClient, type Document } from "@verso/client";
import { useOthers, useReplica, Verso } from "@verso/react";
import { createRoot } from "react-dom/client";

const client = createClient({ url: location.origin });

function Note({ id }: { id: string }) {
  const note = useReplica(id);
  const others = useOthers(id);
  return (
    <>
      <p>{others.length} others are here.</p>
      {note && <Body note={note} />}
    </>
  );
}

function Body({ note }: { note: Document }) {
  const extensions = [
    StarterKit.configure({ undoRedo: false, trailingNode: false }),
    Collaboration.configure({ document: note.doc, field: "body" }),
  ];
  return <EditorContent editor={useEditor({ extensions })} />;
}

createRoot(document.querySelector("#root")!).render(
  <Verso client={client}>
    <Note id="notes/hello" />
  </Verso>,
);
