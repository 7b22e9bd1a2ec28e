/** One device of the lab, from its network at the top to the fate of each of its edits at the bottom. */
import { element } from "./element.js";
import { createFacts, createStanding } from "./lab-connection.js";
import { createContent } from "./lab-content.js";
import { createDevice, type Device } from "./lab-device.js";
import { createNetworkControls } from "./lab-network-controls.js";
import { createQueue } from "./lab-queue.js";
import type { Person } from "./people.js";
import "./pane.css";

export interface LabPane {
  readonly element: HTMLElement;
  readonly device: Device;
}

export interface LabPaneOptions {
  /** Who works on it, and how it is called. */
  readonly person: Person;
  readonly documentId: string;
}

export function createLabPane({ person: { name, color }, documentId }: LabPaneOptions): LabPane {
  const device = createDevice({ name, documentId });
  const { replica, network, edits } = device;
  replica.awareness.setLocalStateField("user", { name, color, colorLight: `${color}4d` });
  const online = element("input", { type: "checkbox", role: "switch", checked: true });
  online.addEventListener("change", () => device.setOnline(online.checked));
  const syncNow = element("button", { class: "small-button", type: "button" }, "Sync now");
  syncNow.title = "Ask the relay now, without waiting for the next attempt";
  // Where it was stopped for good it rejects, and why stands among the facts.
  syncNow.addEventListener("click", () => void Promise.allSettled([replica.syncNow()]));
  const pane = element(
    "section",
    { class: "pane lab-pane", style: `--person: ${color}`, "aria-label": `Device ${name}` },
    element(
      "header",
      { class: "pane-header" },
      element("span", { class: "avatar", "aria-hidden": true }, name.slice(0, 1)),
      element("h2", { class: "lab-name" }, name),
      element("label", { class: "switch" }, online, element("span", {}, "Online")),
    ),
    element(
      "div",
      { class: "lab-body" },
      createNetworkControls(network),
      createContent(replica),
      createFacts(device),
      createQueue(edits),
    ),
    element("footer", { class: "pane-footer" }, createStanding(device), syncNow),
  );
  return { element: pane, device };
}
