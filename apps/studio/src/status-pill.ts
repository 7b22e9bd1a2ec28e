/** The state of a link in a few words, seen and, where it matters, heard. */
import { element } from "./element.js";
import type { LinkState, LinkStatus, LinkView } from "./link.js";

const words: Readonly<Record<LinkStatus, string>> = {
  offline: "Offline",
  connecting: "Connecting…",
  synced: "Synced",
  closed: "Closed",
};

export function linkText({ status, unsent }: LinkState): string {
  return unsent === 0 ? words[status] : `${words[status]} · ${unsent} unsent`;
}

export function createStatusPill(link: LinkView): HTMLElement {
  const shown = element("span", { "aria-hidden": true });
  // Counting aloud with every keystroke would be a nuisance: only the status itself is announced.
  const announced = element("span", { class: "spoken", role: "status" });
  const pill = element("span", { class: "pill" }, element("span", { class: "pill-dot" }), shown, announced);
  const render = (state: LinkState) => {
    pill.dataset.status = state.status;
    shown.textContent = linkText(state);
    if (announced.textContent !== words[state.status]) announced.textContent = words[state.status];
  };
  link.on("change", render);
  render(link.state);
  return pill;
}
