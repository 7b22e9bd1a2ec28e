/** The room's name, which one can change, and the ways to bring others here. */
import { createCopyButton } from "./copy-button.js";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";
import { hashOf } from "./room-name.js";

/** `path` is where the page is that shows the room. */
export function createRoomBar(room: string, { path }: { path: string }): HTMLElement {
  const link = new URL(path + hashOf(room), location.origin).href;
  const name = element("input", {
    class: "room-name",
    name: "room",
    value: room,
    "aria-label": "Room",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
  const form = element(
    "form",
    { class: "room" },
    element("span", { class: "room-label", "aria-hidden": true }, "Room"),
    name,
  );
  form.addEventListener("submit", event => {
    event.preventDefault();
    if (name.value.trim() !== "") location.hash = hashOf(name.value.trim());
  });
  form.append(
    createCopyButton({ label: "Copy link to this room", text: link }),
    element(
      "a",
      {
        class: "icon-button",
        href: link,
        target: "_blank",
        rel: "noopener",
        title: "Open in another window",
      },
      icon("open"),
      spoken("Open in another window"),
    ),
  );
  return form;
}
