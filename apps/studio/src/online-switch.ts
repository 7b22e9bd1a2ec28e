/** The switch by which a pane goes offline and comes back. */
import { element } from "./element.js";
import type { Link } from "./link.js";

export function createOnlineSwitch(link: Link): HTMLElement {
  const online = element("input", { type: "checkbox", role: "switch", checked: true });
  online.addEventListener("change", () => (online.checked ? link.goOnline() : link.goOffline()));
  link.on("change", ({ status }) => {
    online.checked = status === "connecting" || status === "synced";
  });
  return element("label", { class: "switch" }, online, element("span", {}, "Online"));
}
