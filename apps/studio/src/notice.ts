/** A line across the page for what everybody in front of it needs to know now. */
import { element } from "./element.js";
import { icon } from "./icon.js";

export interface Notice {
  readonly element: HTMLElement;
  /** `null` takes it away. */
  show(text: string | null): void;
}

export function createNotice(): Notice {
  // It stands there from the beginning: screen readers announce what changes inside an alert.
  const line = element("div", { class: "notice", role: "alert" });
  let shown: string | null = null;
  return {
    element: line,
    show(text) {
      if (text === shown) return;
      shown = text;
      line.replaceChildren(...(text === null ? [] : [icon("alert"), element("p", {}, text)]));
    },
  };
}
