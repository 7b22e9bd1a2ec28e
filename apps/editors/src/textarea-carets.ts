/**
 * The carets and selections of others over a `<textarea>`, which can show none but its own.
 *
 * For each of them the text is set once more, invisibly and exactly as the area sets it, with the caret between the letters.
 */
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { element } from "./element.js";
import { readUser } from "./people.js";

interface Carets {
  readonly area: HTMLTextAreaElement;
  readonly text: Y.Text;
  readonly awareness: Awareness;
}

/** From now on, in a layer beside the area. */
export function drawCarets({ area, text, awareness }: Carets): void {
  const layers = element("div", { class: "textarea-carets", "aria-hidden": true });
  area.after(layers);
  awareness.on("change", draw);
  text.observe(draw);
  area.addEventListener("scroll", place);
  new ResizeObserver(place).observe(area);
  draw();

  function draw(): void {
    const others = [...awareness.getStates()].filter(([client]) => client !== awareness.clientID);
    layers.replaceChildren(...others.flatMap(([, state]) => drawOne(state) ?? []));
    place();
  }

  function drawOne(state: Readonly<Record<string, unknown>>): HTMLElement | null {
    const user = readUser(state);
    const { anchor, head } = readCursor(state.cursor, text);
    if (user === null || anchor === null || head === null) return null;
    const [from, to] = anchor < head ? [anchor, head] : [head, anchor];
    const content = text.toString();
    const caret = element("span", { class: "textarea-caret" }, element("span", {}, user.name));
    const selected = element("mark", {}, content.slice(from, to));
    return element(
      "div",
      { style: `--person: ${user.color}` },
      content.slice(0, from),
      ...(head === from ? [caret, selected] : [selected, caret]),
      content.slice(to),
    );
  }

  /** The lines of the area end before its scrollbar. */
  function place(): void {
    layers.style.width = `${area.clientWidth}px`;
    layers.style.translate = `0 ${-area.scrollTop}px`;
  }
}

/** Anything can stand in an awareness state: other clients write theirs. */
function readCursor(cursor: unknown, text: Y.Text): { anchor: number | null; head: number | null } {
  const { anchor, head } = (cursor ?? {}) as { anchor?: unknown; head?: unknown };
  return { anchor: readIndex(anchor, text), head: readIndex(head, text) };
}

function readIndex(position: unknown, text: Y.Text): number | null {
  if (typeof position !== "object" || position === null) return null;
  const relative = Y.createRelativePositionFromJSON(position);
  const absolute = Y.createAbsolutePositionFromRelativePosition(relative, text.doc!);
  return absolute?.type === text ? absolute.index : null;
}
