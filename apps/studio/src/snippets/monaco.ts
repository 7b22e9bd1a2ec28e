// y-monaco 0.1.6 wants an alias in the configuration of Vite:
// resolve: { alias: { "monaco-editor/esm/vs": "monaco-editor" } }
import { createClient } from "@verso/client";
import "monaco-editor/features/codeEditor/register.js";
import { editor } from "monaco-editor/editor/editor.api.js";
import EditorWorker from "monaco-editor/editor/editor.worker.js?worker";
import { MonacoBinding } from "y-monaco";

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

const client = createClient({ url: location.origin });
const { doc, awareness } = client.open("editors/monaco/hello");
const text = doc.getText("content");

const model = editor.createModel(text.toString(), "plaintext");
model.setEOL(editor.EndOfLineSequence.LF); // as Yjs counts
const element = document.createElement("div");
element.style.height = "300px";
document.body.append(element);
const view = editor.create(element, { model });
new MonacoBinding(text, model, new Set([view]), awareness);
