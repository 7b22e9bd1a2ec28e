/** Undo and redo of what was written on this page, for those who do not press keys. */
import type { UndoManager } from "yjs";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";

export function createUndoButtons(undoManager: UndoManager): HTMLElement {
  const buttons = [
    { button: buttonOf("undo", "Undo", () => undoManager.undo()), stack: () => undoManager.undoStack },
    { button: buttonOf("redo", "Redo", () => undoManager.redo()), stack: () => undoManager.redoStack },
  ];
  undoManager.on("stack-item-added", render);
  undoManager.on("stack-item-popped", render);
  undoManager.on("stack-cleared", render);
  render();
  return element("span", { class: "tools" }, ...buttons.map(({ button }) => button));

  function render(): void {
    for (const { button, stack } of buttons) {
      // Not `disabled`, which would take the focus away from whoever presses the button by key until nothing is left.
      button.setAttribute("aria-disabled", String(stack().length === 0));
    }
  }
}

function buttonOf(name: "undo" | "redo", label: string, take: () => void): HTMLElement {
  const button = element(
    "button",
    { class: "icon-button", type: "button", title: label },
    icon(name),
    spoken(label),
  );
  button.addEventListener("click", take);
  // The caret stays in the editor.
  button.addEventListener("mousedown", event => event.preventDefault());
  return button;
}
