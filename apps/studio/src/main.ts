/** The page: two editors on one document, each with its own connection, and the document's commits beside them. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import { type Doc, decodeStateVector, encodeStateVector } from "yjs";
import { type CommitFeed, createCommitFeed, type FeedState } from "./commit-feed.js";
import { type CommitList, createCommitList } from "./commit-list.js";
import { element } from "./element.js";
import { createBrand, createHeader } from "./header.js";
import type { Link } from "./link.js";
import { createNotice } from "./notice.js";
import { createPane, type Pane } from "./pane.js";
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
else showBadName(named.detail);

function showRoom(name: string): void {
  document.title = `${name} · Verso Studio`;
  const people = peopleOfWindow();
  const relay = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
  const panes = ([0, 1] as const).map(side =>
    createPane({
      person: people[side],
      room: name,
      relay,
      onRename(person) {
        people[side] = person;
        keepPeople(people);
      },
    }),
  );
  const links = panes.map(pane => pane.link);
  const notice = createNotice();
  const commits = createCommitList();
  let feedState: FeedState | null = null;

  document.body.append(
    createHeader({ room: name, links }),
    notice.element,
    element(
      "main",
      { class: "workspace" },
      introduction(),
      element("div", { class: "panes" }, ...panes.map(pane => pane.element)),
      commits.element,
    ),
  );

  const feed = createCommitFeed({
    documentId: name,
    onCommits: commits.add,
    onState(state) {
      feedState = state;
      commits.show(state);
      notice.show(warning(links, state));
    },
  });
  for (const link of links) link.on("change", () => notice.show(warning(links, feedState)));
  follow(panes, { feed, commits });
  addEventListener("beforeunload", event => {
    // What was not sent lives in this window only.
    if (links.some(link => link.state.unsent > 0)) event.preventDefault();
  });
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

function showBadName(detail: string): void {
  document.body.append(
    element("header", { class: "top" }, createBrand()),
    element(
      "main",
      { class: "dead-end" },
      element("h1", {}, "There can be no such room."),
      element("p", { role: "alert" }, detail),
      element("a", { class: "button", href: "/" }, "Begin in a new room"),
    ),
  );
}

/** What is wrong with the way to the relay, or `null`. */
function warning(links: readonly Link[], feed: FeedState | null): string | null {
  for (const { state } of links) {
    if (state.status !== "closed") continue;
    const { code, reason } = state.trouble;
    return `The relay has closed a connection for good: ${reason || "it gave no reason"} (${code}).`;
  }
  const cut = links.some(({ state }) => state.status === "connecting" && state.trouble !== null);
  if (!cut && feed?.kind !== "unreachable") return null;
  return "The relay cannot be reached. You can go on writing: the changes wait in this window until it is back.";
}

/** Reads after every change of either document, and now and then for what others write while both are offline. */
function follow(panes: readonly Pane[], { feed, commits }: { feed: CommitFeed; commits: CommitList }): void {
  const pause = 150;
  const patience = 2000;
  /** Whether the relay has a commit: to ask for a document that it has not is an error, which browsers report. */
  let recorded = false;
  let sent = false;
  let waiting = false;

  for (const { doc, link } of panes) {
    doc.on("update", (_update, _origin, _doc, { local }) => {
      // The relay sends on what it has recorded, and nothing else.
      recorded ||= !local;
      soon();
    });
    link.on("change", soon);
  }
  document.addEventListener("visibilitychange", soon);
  setInterval(() => {
    if (document.hidden) return;
    // Where no other editor is online nothing comes back: what was sent so long ago is taken for recorded.
    recorded ||= sent;
    sent = panes.some(({ doc, link }) => link.state.status === "synced" && !isEmpty(doc));
    read();
  }, patience);

  function soon(): void {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      read();
    }, pause);
  }

  function read(): void {
    if (recorded) feed.read();
    else if (panes.some(({ link }) => link.state.status === "synced")) commits.show({ kind: "empty" });
  }
}

/** Whether nobody has ever written to the document, as far as this replica knows. */
function isEmpty(doc: Doc): boolean {
  return decodeStateVector(encodeStateVector(doc)).size === 0;
}
