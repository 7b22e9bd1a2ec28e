/** Undo and redo of everything in the note, by buttons and by the keys that everybody knows. */
import { useUndo } from "@verso/react";
import { useCallback, useEffect, useState } from "react";
import { Icon } from "./icon.js";
import { troubleOf } from "./trouble.js";

export function UndoButtons({ id }: { readonly id: `notes/${string}` }) {
  const { undo, redo, canUndo, canRedo } = useUndo(id);
  const [trouble, setTrouble] = useState("");

  const take = useCallback(async (step: typeof undo) => setTrouble(await troubleOf(step())), []);

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
      // Inputs and the editor have an undo of their own, each for itself.
      event.preventDefault();
      event.stopPropagation();
      void take(event.shiftKey ? redo : undo);
    };
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, [undo, redo, take]);

  return (
    <>
      <span className="trouble" role="status">
        {trouble}
      </span>
      <button type="button" className="icon-button" disabled={!canUndo} onClick={() => take(undo)}>
        <Icon name="undo" label="Undo" />
      </button>
      <button type="button" className="icon-button" disabled={!canRedo} onClick={() => take(redo)}>
        <Icon name="redo" label="Redo" />
      </button>
    </>
  );
}
