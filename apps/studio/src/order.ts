/** The second page: an order in two panes, each with a user of its own, and the document's commits beside them. */
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
import { createOrderPane } from "./order-pane.js";
import { hashOf, inventRoomName, roomNameOf } from "./room-name.js";

// Another order is another document: everything begins anew.
addEventListener("hashchange", () => location.reload());

const named = roomNameOf(location);
if (named === null) {
  const name = inventRoomName();
  history.replaceState(null, "", hashOf(name));
  showOrder(name);
} else if (!named.ok) showDeadEnd(named.detail);
// The relay's kind is `order/:id`: what has further segments is of another.
else if (named.name.includes("/")) showDeadEnd("The name of an order has no slash.");
else showOrder(named.name);

function showOrder(name: string): void {
  document.title = `${name} · Order · Verso Studio`;
  const documentId = `order/${name}`;
  const relay = relayOfPage();
  const api = createHistoryApi(documentId);
  const panes = (["clerk", "approver"] as const).map(user =>
    createOrderPane({ user, documentId, relay, api }),
  );
  const links = panes.map(pane => pane.link);
  warnBeforeLeaving(links);
  const drawer = createHistoryDrawer({ api, links, users: () => panes.map(pane => pane.user()) });
  const commits = createLiveCommits({
    documentId,
    replicas: panes,
    onCommits(read) {
      drawer.add(read);
      for (const pane of panes) pane.hear(read);
    },
  });

  document.body.append(
    createHeader({ page: "order", room: name, links, historyButton: drawer.button }),
    commits.notice,
    element(
      "main",
      { class: "workspace" },
      introduction(),
      element("div", { class: "panes order-panes" }, ...panes.map(pane => pane.element)),
      commits.list,
    ),
    drawer.element,
  );
}

function showDeadEnd(detail: string): void {
  document.body.append(...createDeadEnd({ page: "order", detail }));
}

function introduction(): HTMLElement {
  return element(
    "div",
    { class: "introduction" },
    element("h1", {}, "One order, two users, every edit judged."),
    element(
      "p",
      {},
      "Enter a bad e-mail, pay as a clerk, write nonsense as JSON: the relay takes it back, and says why where it was. " +
        "Take a pane offline and change the status in both: what the relay had first stays.",
    ),
  );
}
