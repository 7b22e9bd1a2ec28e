/** The room's name, which one can change, and the ways to bring others here. */
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
    copyButton(link),
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

function copyButton(link: string): HTMLElement {
  const said = element("span", { class: "spoken", role: "status" });
  const button = element(
    "button",
    { class: "icon-button", type: "button", title: "Copy link to this room" },
    icon("copy"),
    spoken("Copy link to this room"),
    said,
  );
  button.addEventListener("click", async () => {
    if (!(await copy(link))) {
      prompt("Copy this link:", link);
      return;
    }
    button.firstElementChild!.replaceWith(icon("check"));
    said.textContent = "Copied";
    setTimeout(() => {
      button.firstElementChild!.replaceWith(icon("copy"));
      said.textContent = "";
    }, 1600);
  });
  return button;
}

/** Browsers have a clipboard on localhost and under https only, and may ask or refuse there too. */
async function copy(text: string): Promise<boolean> {
  if (!("clipboard" in navigator)) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}
