/** The editors that there are: the names of their pages and documents, and what to know of each. */

export const editors = {
  tiptap: {
    title: "Tiptap",
    about: "Rich text. Type # and a space for a heading, - for a list, > for a quotation, **bold** for bold.",
  },
  prosemirror: {
    title: "ProseMirror",
    about: "Rich text. Ctrl+B is bold, Ctrl+I italic, Shift+Ctrl+1 a heading, Shift+Ctrl+8 a list.",
  },
  codemirror: { title: "CodeMirror", about: "Plain text, as in an editor of code, also on a phone." },
  monaco: { title: "Monaco", about: "Plain text in the editor of Visual Studio Code." },
  quill: { title: "Quill", about: "Rich text. Ctrl+B is bold, Ctrl+I italic, - and a space begin a list." },
  lexical: { title: "Lexical", about: "Rich text. Ctrl+B is bold, Ctrl+I italic, Ctrl+U underlined." },
  textarea: {
    title: "Textarea",
    about: "Plain text in an element of HTML, with a binding of a hundred lines.",
  },
} as const satisfies Record<string, { readonly title: string; readonly about: string }>;

export type EditorName = keyof typeof editors;

export const editorNames = Object.keys(editors) as EditorName[];

export function isEditorName(name: string | undefined): name is EditorName {
  return name !== undefined && Object.hasOwn(editors, name);
}
