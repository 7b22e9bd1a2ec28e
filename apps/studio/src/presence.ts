/** Who is in the room, as a row of initials: the people of this window and of all others. */
import { element } from "./element.js";
import type { LinkView } from "./link.js";

const mostShown = 5;

/** Several links see the same people; each person is shown once. */
export function createPresence(links: readonly LinkView[]): HTMLElement {
  const row = element("ul", { class: "presence", "aria-label": "In this room" });
  for (const { awareness } of links) awareness.on("change", render);
  render();
  return row;

  function render(): void {
    const people = new Map(links.flatMap(({ awareness }) => [...awareness.getStates()]));
    const shown = [...people]
      .sort(([one], [other]) => one - other)
      .flatMap(([, state]) => readUser(state) ?? [])
      .map(({ name, color }) =>
        element(
          "li",
          { class: "avatar", style: `--person: ${color}`, title: name, "aria-label": name },
          name.slice(0, 1).toUpperCase(),
        ),
      );
    const more = shown.length - mostShown;
    row.replaceChildren(...shown.slice(0, mostShown));
    if (more > 0) {
      row.append(
        element("li", { class: "avatar avatar-more", "aria-label": `and ${more} more` }, `+${more}`),
      );
    }
  }
}

/** Anything can stand in an awareness state: other clients write theirs. */
export function readUser(state: Readonly<Record<string, unknown>>): { name: string; color: string } | null {
  const { name, color } = (state.user ?? {}) as Partial<Record<"name" | "color", unknown>>;
  if (typeof name !== "string" || typeof color !== "string" || !CSS.supports("color", color)) return null;
  return { name, color };
}
