/** Every page begins here: which editor it shows stands in its HTML, and only that one is loaded. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import { type EditorName, isEditorName } from "./editors.js";
import { showIndex } from "./index-page.js";
import { type Mount, showEditor } from "./page.js";

const mounts: Partial<Record<EditorName, () => Promise<Mount>>> = {
  tiptap: async () => (await import("./tiptap.js")).mountTiptap,
  prosemirror: async () => (await import("./prosemirror.js")).mountProseMirror,
  codemirror: async () => (await import("./codemirror.js")).mountCodeMirror,
  quill: async () => (await import("./quill.js")).mountQuill,
  textarea: async () => (await import("./textarea.js")).mountTextarea,
};

const { editor } = document.body.dataset;
if (isEditorName(editor)) showEditor(editor, await mounts[editor]!());
else showIndex();
