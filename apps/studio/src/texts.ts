/** The first page: two editors on one document, each with its own connection, and the document's commits beside them. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import { createDeadEnd } from "./dead-end.js";
import { element } from "./element.js";
import { createHeader } from "./header.js";
import { createHistoryApi } from "./history-api.js";
import { createHistoryDrawer } from "./history-drawer.js";
import { relayOfPage, warnBeforeLeaving } from "./link.js";
import { createLiveCommits } from "./live-commits.js";
import { createPane } from "./pane.js";
import { keepPeople, peopleOfWindow } from "./people.js";
import { hashOf, inventRoomName, roomNameOf } from "./room-name.js";

// Another room is another document: everything begins anew.
addEventListener("hashchange", () => location.reload());

const named = roomNameOf(location);
if (named === null) {
  const name = inventRoomName();
  history.replaceState(null, "", hashOf(name));
  showRoom(name);
} else if (named.ok) showRoom(named.name);
else document.body.append(...createDeadEnd({ page: "text", detail: named.detail }));

function showRoom(name: string): void {
  document.title = `${name} · Verso Studio`;
  const people = peopleOfWindow();
  const relay = relayOfPage();
  const api = createHistoryApi(name);
  const panes = ([0, 1] as const).map(side =>
    createPane({
      person: people[side],
      room: name,
      relay,
      api,
      onRename(person) {
        people[side] = person;
        keepPeople(people);
      },
    }),
  );
  const links = panes.map(pane => pane.link);
  warnBeforeLeaving(links);
  const drawer = createHistoryDrawer({ api, links, users: () => panes.map(pane => pane.user()) });
  const commits = createLiveCommits({ documentId: name, replicas: panes, onCommits: drawer.add });

  document.body.append(
    createHeader({ page: "text", room: name, links, historyButton: drawer.button }),
    commits.notice,
    element(
      "main",
      { class: "workspace" },
      introduction(),
      element("div", { class: "panes" }, ...panes.map(pane => pane.element)),
      commits.list,
    ),
    drawer.element,
  );
}

function introduction(): HTMLElement {
  return element(
    "div",
    { class: "introduction" },
    element("h1", {}, "Two editors, one document, every change on record."),
    element(
      "p",
      {},
      "Type in either editor. Take one offline, write in both, bring it back: they end up the same. " +
        "Each change is a commit, with the patch that makes it and the patch that takes it back.",
    ),
  );
}
