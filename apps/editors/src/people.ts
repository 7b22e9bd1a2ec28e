/** Who is here: a row of initials and names, oneself first. */
import type { Awareness } from "y-protocols/awareness";
import { element, spoken } from "./element.js";

export function createPeople(awareness: Awareness): HTMLElement {
  const row = element("ul", { class: "people", "aria-label": "Who is here" });
  awareness.on("change", render);
  render();
  return row;

  function render(): void {
    const own = readUser(awareness.getLocalState() ?? {});
    const others = [...awareness.getStates()]
      .filter(([client]) => client !== awareness.clientID)
      .sort(([one], [other]) => one - other)
      .flatMap(([, state]) => readUser(state) ?? []);
    // Who is here in several windows is one person.
    const byName = new Map([...(own === null ? [] : [own]), ...others].map(user => [user.name, user]));
    row.replaceChildren(
      ...[...byName.values()].map(({ name, color }) =>
        element(
          "li",
          { class: "person", style: `--person: ${color}`, title: name },
          element("span", { class: "avatar", "aria-hidden": true }, name.slice(0, 1).toUpperCase()),
          element("span", { class: "person-name" }, name),
          ...(name === own?.name ? [spoken(" (you)")] : []),
        ),
      ),
    );
  }
}

export interface User {
  readonly name: string;
  readonly color: string;
}

/** Anything can stand in an awareness state: other clients write theirs. */
export function readUser(state: Readonly<Record<string, unknown>>): User | null {
  const { name, color } = (state.user ?? {}) as Partial<Record<keyof User, unknown>>;
  if (typeof name !== "string" || typeof color !== "string" || !CSS.supports("color", color)) return null;
  return { name, color };
}
