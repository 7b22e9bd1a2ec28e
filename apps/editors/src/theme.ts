/** Light or dark: as the system wishes, until somebody presses the button. It is one choice with the studio's pages. */
import { recall, remember } from "./browser-memory.js";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";

type Theme = "light" | "dark";

/** Sets what was chosen earlier, and makes the button that chooses. */
export function createThemeButton(): HTMLElement {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = parse(recall(key));
  const button = element("button", { class: "icon-button", type: "button" });
  button.addEventListener("click", () => {
    chosen = other(current());
    remember(key, chosen);
    render();
  });
  system.addEventListener("change", render);
  render();
  return button;

  function current(): Theme {
    return chosen ?? (system.matches ? "dark" : "light");
  }

  function render(): void {
    document.documentElement.dataset.theme = current();
    const label = `Switch to ${other(current())} colours`;
    button.title = label;
    button.replaceChildren(icon(current() === "dark" ? "sun" : "moon"), spoken(label));
  }
}

const key = "verso-studio:theme";

function other(theme: Theme): Theme {
  return theme === "dark" ? "light" : "dark";
}

function parse(text: string | null): Theme | null {
  return text === "light" || text === "dark" ? text : null;
}
