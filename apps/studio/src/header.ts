/** The top of every page: whose it is, which room it shows, and who is there. */
import { element } from "./element.js";
import type { Link } from "./link.js";
import { createPresence } from "./presence.js";
import { createRoomBar } from "./room-bar.js";
import { createThemeButton } from "./theme.js";
import "./header.css";

export function createHeader({ room, links }: { room: string; links: readonly Link[] }): HTMLElement {
  return element(
    "header",
    { class: "top" },
    createBrand(),
    createRoomBar(room),
    createPresence(links),
    createThemeButton(),
  );
}

/** The name, which leads to a new room. */
export function createBrand(): HTMLElement {
  return element(
    "a",
    { class: "brand", href: "/", title: "Begin in a new room" },
    element("img", { src: "/favicon.svg", alt: "", width: 24, height: 24 }),
    element("span", {}, "Verso "),
    element("span", { class: "brand-page" }, "Studio"),
  );
}
