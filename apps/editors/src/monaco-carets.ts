/** The colours and names of others for y-monaco, which gives their carets classes and leaves the style to the page. */
import type { Awareness } from "y-protocols/awareness";
import { readUser } from "./people.js";

export function nameCarets(awareness: Awareness): void {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  awareness.on("change", render);
  render();

  function render(): void {
    const rules = [...awareness.getStates()].flatMap(([client, state]) => {
      const user = readUser(state);
      // A name is anything that another client says: it must not end the string.
      return user === null ? [] : rulesOf(client, CSS.escape(user.name), user.color);
    });
    sheet.replaceSync(rules.join("\n"));
  }
}

function rulesOf(client: number, name: string, color: string): string[] {
  return [
    `.yRemoteSelection-${client} { background: color-mix(in srgb, ${color} 28%, transparent); }`,
    `.yRemoteSelectionHead-${client} { border-color: ${color}; }`,
    `.yRemoteSelectionHead-${client}::after { background: ${color}; content: "${name}"; }`,
  ];
}
