/** The page that lists the editors. */
import { editorNames, editors } from "./editors.js";
import { element } from "./element.js";
import { createHeader } from "./header.js";

export function showIndex(): void {
  document.body.append(
    createHeader(),
    element(
      "main",
      { class: "page" },
      element("h1", {}, "Seven editors, one kind of document."),
      element(
        "p",
        { class: "about" },
        "Each is a page of its own, with the carets of everybody in the room, undo of what you wrote, and a switch that " +
          "takes it offline. Open one in two windows.",
      ),
      element(
        "ul",
        { class: "editors" },
        ...editorNames.map(name =>
          element(
            "li",
            {},
            element("a", { href: `${import.meta.env.BASE_URL}${name}.html` }, editors[name].title),
            element("p", {}, editors[name].about),
          ),
        ),
      ),
    ),
  );
}
