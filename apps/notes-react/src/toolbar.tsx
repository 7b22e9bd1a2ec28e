/** What one does to the text beside writing it. */
import { type Editor, useEditorState } from "@tiptap/react";

const actions = {
  Bold: { name: "bold", run: (editor: Editor) => editor.chain().focus().toggleBold().run() },
  Italic: { name: "italic", run: (editor: Editor) => editor.chain().focus().toggleItalic().run() },
  Heading: {
    name: "heading",
    run: (editor: Editor) => editor.chain().focus().toggleHeading({ level: 2 }).run(),
  },
  List: { name: "bulletList", run: (editor: Editor) => editor.chain().focus().toggleBulletList().run() },
  Quote: { name: "blockquote", run: (editor: Editor) => editor.chain().focus().toggleBlockquote().run() },
} as const;

export function Toolbar({ editor }: { readonly editor: Editor }) {
  const active = useEditorState({
    editor,
    selector: () => Object.values(actions).map(({ name }) => editor.isActive(name)),
  });
  return (
    <div className="toolbar" role="toolbar" aria-label="Format">
      {Object.entries(actions).map(([label, { run }], index) => (
        <button
          key={label}
          type="button"
          className="small-button"
          aria-pressed={active[index] ?? false}
          onClick={() => run(editor)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
