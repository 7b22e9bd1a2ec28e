/** The top of every page: whose it is, which room it shows, and who is there. */
import { element } from "./element.js";
import type { LinkView } from "./link.js";
import { createPresence } from "./presence.js";
import { createRoomBar } from "./room-bar.js";
import { createThemeButton } from "./theme.js";
import "./header.css";

export type PageName = "text" | "order" | "lab";

export const pathOfPage: Readonly<Record<PageName, string>> = {
  text: "/",
  order: "/order.html",
  lab: "/lab.html",
};

export interface HeaderOptions {
  readonly page: PageName;
  readonly room: string;
  readonly links: readonly LinkView[];
  /** What opens the history. */
  readonly historyButton: HTMLElement;
}

export function createHeader({ page, room, links, historyButton }: HeaderOptions): HTMLElement {
  return element(
    "header",
    { class: "top" },
    createBrand(page),
    createPageLinks(page),
    createRoomBar(room, { path: pathOfPage[page] }),
    createPresence(links),
    historyButton,
    createThemeButton(),
  );
}

/** The name, which leads to a new room. */
export function createBrand(page: PageName): HTMLElement {
  return element(
    "a",
    { class: "brand", href: pathOfPage[page], title: "Begin in a new room" },
    element("img", { src: "/favicon.svg", alt: "", width: 24, height: 24 }),
    element("span", {}, "Verso "),
    element("span", { class: "brand-page" }, "Studio"),
  );
}

function createPageLinks(page: PageName): HTMLElement {
  const link = (name: PageName, label: string) =>
    element("a", { href: pathOfPage[name], "aria-current": name === page && "page" }, label);
  return element(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    link("text", "Text"),
    link("order", "Order"),
    link("lab", "Lab"),
  );
}
