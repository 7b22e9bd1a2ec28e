/** The top of every page: whose it is, which room it shows, and who is there. */
import { element } from "./element.js";
import type { LinkView } from "./link.js";
import { createPresence } from "./presence.js";
import { createRoomBar } from "./room-bar.js";
import { createThemeButton } from "./theme.js";
import "./header.css";

export type PageName = "text" | "order" | "lab";

export const pathOfPage: Readonly<Record<PageName, string>> = {
  text: "/texts.html",
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
    createBrand(),
    createPageLinks(page),
    createRoomBar(room, { path: pathOfPage[page] }),
    createPresence(links),
    historyButton,
    createThemeButton(),
  );
}

/** Of the page that all others are found on. */
export function createStartHeader(): HTMLElement {
  return element("header", { class: "top" }, createBrand(), createPageLinks(null), createThemeButton());
}

/** The name, which leads to the start page. */
export function createBrand(): HTMLElement {
  return element(
    "a",
    { class: "brand", href: "/", title: "All pages" },
    element("img", { src: "/favicon.svg", alt: "", width: 24, height: 24 }),
    element("span", {}, "Verso "),
    element("span", { class: "brand-page" }, "Studio"),
  );
}

function createPageLinks(page: PageName | null): HTMLElement {
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
