/** Every page begins here: which editor it shows stands in its HTML, and only that one is loaded. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import { isEditorName } from "./editors.js";
import { showIndex } from "./index-page.js";
import { mounts } from "./mounts.js";
import { showEditor } from "./page.js";

const { editor } = document.body.dataset;
if (isEditorName(editor)) showEditor(editor, await mounts[editor]());
else showIndex();
