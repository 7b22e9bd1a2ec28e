/** How each editor is put on a document. Only the one that is asked for is loaded. */
import type { EditorName } from "./editors.js";
import type { Mount } from "./page.js";

export const mounts: Readonly<Record<EditorName, () => Promise<Mount>>> = {
  tiptap: async () => (await import("./tiptap.js")).mountTiptap,
  prosemirror: async () => (await import("./prosemirror.js")).mountProseMirror,
  codemirror: async () => (await import("./codemirror.js")).mountCodeMirror,
  monaco: async () => (await import("./monaco.js")).mountMonaco,
  quill: async () => (await import("./quill.js")).mountQuill,
  lexical: async () => (await import("./lexical.js")).mountLexical,
  textarea: async () => (await import("./textarea.js")).mountTextarea,
};
