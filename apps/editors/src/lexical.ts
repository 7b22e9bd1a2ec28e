/**
 * Lexical on a document, in the root `root`: its binding for Yjs without React, which works on a document that has
 * content already too.
 */
import { HeadingNode, QuoteNode, registerRichText } from "@lexical/rich-text";
import {
  createYjsBinding,
  type Provider,
  setLocalStateFocus,
  syncCursorPositions,
  syncLexicalUpdateToYjs,
  syncYjsChangesToLexical,
} from "@lexical/yjs";
import type { Document } from "@verso/client";
import {
  BLUR_COMMAND,
  COLLABORATION_TAG,
  COMMAND_PRIORITY_EDITOR,
  createEditor,
  FOCUS_COMMAND,
  type LexicalCommand,
  REDO_COMMAND,
  SKIP_COLLAB_TAG,
  UNDO_COMMAND,
} from "lexical";
import type { Awareness } from "y-protocols/awareness";
import { AbstractType, ContentString, ContentType, type Item, UndoManager, XmlText } from "yjs";
import { element } from "./element.js";
import "./rich-text.css";
import "./lexical.css";

export function mountLexical(document: Document, parent: HTMLElement): UndoManager {
  const { doc, awareness } = document;
  const editor = createEditor({
    nodes: [HeadingNode, QuoteNode],
    theme: {
      text: { underline: "lexical-underline", strikethrough: "lexical-strikethrough" },
      collaboration: { cursor: "lexical-caret", cursorName: "lexical-caret-name" },
    },
    onError(error) {
      throw error;
    },
  });
  const content = element("div", {
    class: "lexical-content",
    contenteditable: "true",
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": "Document",
  });
  const carets = element("div", { "aria-hidden": true });
  parent.append(element("div", { class: "lexical" }, content, carets));
  editor.setRootElement(content);
  registerRichText(editor);

  const docMap = new Map([["content", doc]]);
  const binding = createYjsBinding({ editor, id: "content", doc, docMap });
  binding.cursorsContainer = carets;
  const root = binding.root.getSharedType();
  const provider = providerOf(document);
  // The binding hears of changes only: what is in the document by now it is told of here.
  editor.update(
    () => {
      binding.root.applyChildrenYjsDelta(binding, root.toDelta());
      binding.root.syncChildrenFromYjs(binding);
    },
    { tag: COLLABORATION_TAG, skipTransforms: true },
  );
  root.observeDeep((events, { origin }) => {
    if (origin === binding) return;
    syncYjsChangesToLexical(binding, provider, events, origin instanceof UndoManager);
  });
  editor.registerUpdateListener(
    ({ prevEditorState, editorState, dirtyElements, dirtyLeaves, normalizedNodes, tags }) => {
      if (tags.has(SKIP_COLLAB_TAG)) return;
      syncLexicalUpdateToYjs(
        binding,
        provider,
        prevEditorState,
        editorState,
        dirtyElements,
        dirtyLeaves,
        normalizedNodes,
        tags,
      );
    },
  );

  // The carets of others are drawn from these fields, and not from `user`.
  const { name, color } = awareness.getLocalState()?.user ?? {};
  awareness.setLocalState({
    ...awareness.getLocalState(),
    name,
    color,
    focusing: false,
    anchorPos: null,
    focusPos: null,
    awarenessData: {},
  });
  awareness.on("update", () => syncCursorPositions(binding, provider));
  on(FOCUS_COMMAND, () => setLocalStateFocus(provider, name, color, true, {}), false);
  on(BLUR_COMMAND, () => setLocalStateFocus(provider, name, color, false, {}), false);

  const undoManager = new UndoManager(root, {
    trackedOrigins: new Set([binding]),
    deleteFilter: item => !holdsOthers(item),
  });
  on(UNDO_COMMAND, () => undoManager.undo(), true);
  on(REDO_COMMAND, () => undoManager.redo(), true);
  return undoManager;

  function on<T>(command: LexicalCommand<T>, run: () => void, isDone: boolean): void {
    const listener = () => {
      run();
      return isDone;
    };
    editor.registerCommand(command, listener, COMMAND_PRIORITY_EDITOR);
  }
}

/**
 * Whether a paragraph, or a text in it, holds letters of somebody else when one's own are undone: then it stays, with the
 * properties that it was made with. Lexical's own `createUndoManager` takes with it what others wrote there.
 */
function holdsOthers({ content, parent, parentSub, left, right }: Item): boolean {
  if (parentSub !== null) {
    const isFirstValue = left === null;
    return (
      isFirstValue && parent instanceof AbstractType && parent._item !== null && holdsOthers(parent._item)
    );
  }
  if (!(content instanceof ContentType)) return false;
  if (content.type instanceof XmlText) return content.type.length > 0;
  // The map of a text stands before its letters.
  let next = right;
  while (next?.deleted) next = next.right;
  return next?.content instanceof ContentString;
}

/** What of a provider the binding uses is its awareness; connecting is the client's. */
function providerOf({ awareness }: Document): Provider {
  const ignore = () => {};
  return {
    awareness: awareness as Awareness & Provider["awareness"],
    connect: ignore,
    disconnect: ignore,
    on: ignore,
    off: ignore,
  };
}
