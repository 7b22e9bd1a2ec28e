/** ProseMirror on the fragment `content` of a document. */
import type { Document } from "@verso/client";
import { baseKeymap, setBlockType, toggleMark } from "prosemirror-commands";
import { keymap } from "prosemirror-keymap";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import {
  redoCommand,
  undoCommand,
  yCursorPlugin,
  ySyncPlugin,
  yUndoPlugin,
  yUndoPluginKey,
} from "y-prosemirror";
import type { UndoManager } from "yjs";
import "prosemirror-view/style/prosemirror.css";
import "./rich-text.css";
import { schema } from "./prosemirror-schema.js";

const { heading, bullet_list, ordered_list, list_item } = schema.nodes;
const { strong, em, code } = schema.marks;

export function mountProseMirror({ doc, awareness }: Document, parent: HTMLElement): UndoManager {
  const plugins = [
    // In this order: the others look for the first.
    ySyncPlugin(doc.getXmlFragment("content")),
    yCursorPlugin(awareness),
    yUndoPlugin(),
    keymap({ "Mod-z": undoCommand, "Mod-y": redoCommand, "Mod-Shift-z": redoCommand }),
    keymap({
      "Mod-b": toggleMark(strong!),
      "Mod-i": toggleMark(em!),
      "Mod-`": toggleMark(code!),
      "Shift-Ctrl-1": setBlockType(heading!, { level: 1 }),
      "Shift-Ctrl-8": wrapInList(bullet_list!),
      "Shift-Ctrl-9": wrapInList(ordered_list!),
      Enter: splitListItem(list_item!),
      "Mod-]": sinkListItem(list_item!),
      "Mod-[": liftListItem(list_item!),
    }),
    keymap(baseKeymap),
  ];
  const view = new EditorView(parent, {
    state: EditorState.create({ schema, plugins }),
    attributes: { role: "textbox", "aria-multiline": "true", "aria-label": "Document" },
  });
  return yUndoPluginKey.getState(view.state)!.undoManager;
}
