/** The third page: two devices on one document, each with a network of its own that can be made as bad as one likes. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import "./lab.css";
import { createDeadEnd } from "./dead-end.js";
import { element } from "./element.js";
import { createHeader } from "./header.js";
import { createHistoryApi } from "./history-api.js";
import { createHistoryDrawer } from "./history-drawer.js";
import { createLabPane } from "./lab-pane.js";
import { createLiveCommits } from "./live-commits.js";
import { hashOf, inventRoomName, roomNameOf } from "./room-name.js";

// Another room is another document: everything begins anew.
addEventListener("hashchange", () => location.reload());

const people = [
  { name: "Van", color: "#0069a8" },
  { name: "Depot", color: "#b54708" },
] as const;

const named = roomNameOf(location);
if (named === null) {
  const name = inventRoomName();
  history.replaceState(null, "", hashOf(name));
  showLab(name);
} else if (!named.ok) showDeadEnd(named.detail);
// The relay's kind is `readings/:id`: what has further segments is of another.
else if (named.name.includes("/")) showDeadEnd("The name of a lab has no slash.");
else showLab(named.name);

function showLab(name: string): void {
  document.title = `${name} · Lab · Verso Studio`;
  const documentId = `readings/${name}`;
  const panes = people.map(person => createLabPane({ person, documentId }));
  const devices = panes.map(({ device }) => device);
  const links = devices.map(({ link }) => link);
  const drawer = createHistoryDrawer({
    api: createHistoryApi(documentId),
    links,
    users: () => people.map(({ name }) => name),
  });
  const commits = createLiveCommits({
    documentId,
    replicas: devices.map(({ replica: { doc }, link }) => ({ doc, link })),
    onCommits: drawer.add,
  });

  document.body.append(
    createHeader({ page: "lab", room: name, links, historyButton: drawer.button }),
    commits.notice,
    element(
      "main",
      { class: "workspace" },
      introduction(),
      element("div", { class: "panes lab-panes" }, ...panes.map(pane => pane.element)),
      commits.list,
    ),
    drawer.element,
  );
}

function showDeadEnd(detail: string): void {
  document.body.append(...createDeadEnd({ page: "lab", detail }));
}

function introduction(): HTMLElement {
  return element(
    "div",
    { class: "introduction" },
    element("h1", {}, "Two devices, a bad network, every edit its own fate."),
    element(
      "p",
      {},
      "Take a device offline, write, close the page, come back: what was written waits on the device. " +
        "The relay judges each edit alone, and takes back readings beyond 40 °C and nothing else. " +
        "What is lost on a connection is sent again by it, so loss makes edits late; if it persists, the connection ends.",
    ),
  );
}
