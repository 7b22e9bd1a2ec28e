/** Monaco on the text `content` of a document: the editor's core, without languages. */
import type { Document } from "@verso/client";
import "monaco-editor/features/codeEditor/register.js";
import "monaco-editor/features/clipboard/register.js";
import "monaco-editor/features/find/register.js";
import { editor, KeyCode, KeyMod } from "monaco-editor/editor/editor.api.js";
import EditorWorker from "monaco-editor/editor/editor.worker.js?worker";
import { MonacoBinding } from "y-monaco";
import { UndoManager } from "yjs";
import "./monaco.css";
import { nameCarets } from "./monaco-carets.js";

// Served by the same origin; Monaco's own way to a worker is a blob, which the relay's pages may not run.
globalThis.MonacoEnvironment = { getWorker: () => new EditorWorker() };

export function mountMonaco({ doc, awareness }: Document, parent: HTMLElement): UndoManager {
  const text = doc.getText("content");
  const undoManager = new UndoManager(text, { trackedOrigins: new Set() });
  const model = editor.createModel(text.toString(), "plaintext");
  // Yjs counts what it is given, and on Windows Monaco would end lines in two characters.
  model.setEOL(editor.EndOfLineSequence.LF);
  const view = editor.create(parent, {
    model,
    ariaLabel: "Document",
    automaticLayout: true,
    fontFamily: "var(--mono)",
    fontSize: 14,
    hideCursorInOverviewRuler: true,
    lineDecorationsWidth: 8,
    lineNumbersMinChars: 3,
    minimap: { enabled: false },
    overviewRulerBorder: false,
    overviewRulerLanes: 0,
    padding: { top: 22 },
    renderLineHighlight: "none",
    scrollBeyondLastLine: false,
    wordWrap: "on",
  });
  undoManager.addTrackedOrigin(new MonacoBinding(text, model, new Set([view]), awareness));
  // In place of Monaco's own history, which would undo what others wrote.
  const { CtrlCmd, Shift } = KeyMod;
  bind("undo", [CtrlCmd | KeyCode.KeyZ], () => undoManager.undo());
  bind("redo", [CtrlCmd | KeyCode.KeyY, CtrlCmd | Shift | KeyCode.KeyZ], () => undoManager.redo());
  nameCarets(awareness);
  return undoManager;

  function bind(id: string, keybindings: number[], run: () => void): void {
    view.addAction({ id: `shared-${id}`, label: id, keybindings, run });
  }
}
