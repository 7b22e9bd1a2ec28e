/** The top of every page: the way to all editors, and light or dark. */
import { element } from "./element.js";
import { createThemeButton } from "./theme.js";

export function createHeader(): HTMLElement {
  return element(
    "header",
    { class: "top" },
    element(
      "a",
      { class: "brand", href: "/", title: "The studio" },
      element("img", { src: "/favicon.svg", alt: "", width: 24, height: 24 }),
      element("span", {}, "Verso"),
    ),
    element("a", { class: "top-link", href: import.meta.env.BASE_URL }, "All editors"),
    createThemeButton(),
  );
}
