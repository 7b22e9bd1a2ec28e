import { createClient } from "@verso/client";
import * as monaco from "monaco-editor/editor/editor.api.js";
import EditorWorker from "monaco-editor/editor/editor.worker.js?worker";
import { MonacoBinding } from "y-monaco";

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

const client = createClient({ url: location.origin });
const { doc, awareness } = client.open("editors/monaco/hello");
const text = doc.getText("content");

const model = monaco.editor.createModel(
  text.toString(),
  "plaintext",
);
model.setEOL(monaco.editor.EndOfLineSequence.LF); // as Yjs counts
const element = document.body.appendChild(
  document.createElement("div"),
);
element.style.height = "300px";
const editor = monaco.editor.create(element, { model });
new MonacoBinding(text, model, new Set([editor]), awareness);
