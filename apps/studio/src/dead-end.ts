/** What a page shows for a name that no document of it can have. */
import { element } from "./element.js";
import { createBrand, type PageName, pathOfPage } from "./header.js";

export function createDeadEnd({ page, detail }: { page: PageName; detail: string }): HTMLElement[] {
  return [
    element("header", { class: "top" }, createBrand()),
    element(
      "main",
      { class: "dead-end" },
      element("h1", {}, "There can be no such room."),
      element("p", { role: "alert" }, detail),
      element("a", { class: "button", href: pathOfPage[page] }, "Begin in a new room"),
    ),
  ];
}
