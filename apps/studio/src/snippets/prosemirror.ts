import { createClient } from "@verso/client";
import { baseKeymap } from "prosemirror-commands";
import { keymap } from "prosemirror-keymap";
import { schema } from "prosemirror-schema-basic";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import "prosemirror-view/style/prosemirror.css";
import {
  redo,
  undo,
  yCursorPlugin,
  ySyncPlugin,
  yUndoPlugin,
} from "y-prosemirror";

const client = createClient({ url: location.origin });
const { doc, awareness } = client.open("editors/prosemirror/hello");
awareness.setLocalStateField("user", {
  name: "Ann",
  color: "#0069a8",
});

const plugins = [
  ySyncPlugin(doc.getXmlFragment("content")),
  yCursorPlugin(awareness),
  yUndoPlugin(),
  keymap({ "Mod-z": undo, "Mod-y": redo }),
  keymap(baseKeymap),
];
new EditorView(document.body, {
  state: EditorState.create({ schema, plugins }),
});
