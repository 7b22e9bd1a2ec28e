import { defaultKeymap } from "@codemirror/commands";
import { EditorView, keymap } from "@codemirror/view";
import { createClient } from "@verso/client";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

const client = createClient({ url: location.origin });
const { doc, awareness } = client.open("editors/codemirror/hello");
awareness.setLocalStateField("user", {
  name: "Ann",
  color: "#0069a8",
});

const text = doc.getText("content");
new EditorView({
  parent: document.body,
  doc: text.toString(),
  extensions: [
    keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
    yCollab(text, awareness),
  ],
});
