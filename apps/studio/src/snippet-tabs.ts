/** A piece of code to copy, one for each framework, as tabs where there are several. */
import { createCopyButton } from "./copy-button.js";
import { element } from "./element.js";

export interface Snippet {
  /** Of its tab: the framework, or the language. */
  readonly label: string;
  readonly code: string;
}

let made = 0;

/** `of` says what it is the code of, for those who do not see where it stands. */
export function createSnippetTabs(of: string, snippets: readonly Snippet[]): HTMLElement {
  const group = `snippet-${++made}`;
  const panels = snippets.map(({ label, code }, i) => {
    const tab = element(
      "button",
      { class: "tab", role: "tab", type: "button", id: `${group}-tab-${i}` },
      label,
    );
    tab.setAttribute("aria-controls", `${group}-panel-${i}`);
    const panel = element(
      "div",
      {
        class: "snippet",
        role: "tabpanel",
        id: `${group}-panel-${i}`,
        "aria-labelledby": tab.id,
        tabindex: 0,
      },
      element("pre", {}, element("code", {}, code.trimEnd())),
    );
    const copy = createCopyButton({ label: `Copy the code for ${of} (${label})`, text: code });
    tab.addEventListener("click", () => choose(i));
    return { tab, panel, copy };
  });
  const tabs = element(
    "div",
    { class: "tabs", role: "tablist", "aria-label": `Code for ${of}` },
    ...panels.map(({ tab }) => tab),
  );
  tabs.addEventListener("keydown", event => {
    const chosen = panels.findIndex(({ tab }) => tab.ariaSelected === "true");
    const next = stepOf(event.key, { from: chosen, length: panels.length });
    if (next === null) return;
    event.preventDefault();
    choose(next);
    panels[next]!.tab.focus();
  });
  choose(0);
  return element(
    "div",
    { class: "code" },
    element("div", { class: "code-bar" }, tabs, ...panels.map(({ copy }) => copy)),
    ...panels.map(({ panel }) => panel),
  );

  function choose(chosen: number): void {
    for (const [i, { tab, panel, copy }] of panels.entries()) {
      tab.ariaSelected = String(i === chosen);
      tab.tabIndex = i === chosen ? 0 : -1;
      panel.hidden = i !== chosen;
      copy.hidden = i !== chosen;
    }
  }
}

/** To which tab a key leads, or `null`: to that beside it, around the ends, and to the first and the last. */
function stepOf(key: string, { from, length }: { from: number; length: number }): number | null {
  switch (key) {
    case "ArrowRight":
      return (from + 1) % length;
    case "ArrowLeft":
      return (from + length - 1) % length;
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return null;
  }
}
