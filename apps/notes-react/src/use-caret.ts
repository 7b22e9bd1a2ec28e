/** Keeps the caret of a field between the letters that it is between, while others write in its text. */
import { simpleDiffString } from "lib0/diff";
import { type ChangeEvent, type RefObject, type SyntheticEvent, useLayoutEffect, useRef } from "react";

interface Caret {
  readonly field: RefObject<HTMLInputElement | null>;
  /** Of the field: where its selection is, and which text it was typed in. */
  noticed(event: SyntheticEvent<HTMLInputElement> | ChangeEvent<HTMLInputElement>): void;
}

export function useCaret(text: string): Caret {
  const field = useRef<HTMLInputElement>(null);
  const seen = useRef({ text, start: 0, end: 0 });
  useLayoutEffect(() => {
    const { current: input } = field;
    const { text: before, start, end } = seen.current;
    if (text === before || input === null) return;
    const { index, remove, insert } = simpleDiffString(before, text);
    const moved = (at: number) => (at <= index ? at : Math.max(index, at - remove) + insert.length);
    seen.current = { text, start: moved(start), end: moved(end) };
    // Whoever sets a field's value takes its caret to the end.
    if (input === document.activeElement) input.setSelectionRange(seen.current.start, seen.current.end);
  }, [text]);
  return {
    field,
    noticed({ currentTarget: { value, selectionStart, selectionEnd } }) {
      seen.current = { text: value, start: selectionStart ?? 0, end: selectionEnd ?? 0 };
    },
  };
}
