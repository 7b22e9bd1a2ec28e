/**
 * The drawer of a document's history: a time line, the document at its point beside the present, who wrote what, and
 * the commits to be reverted or restored.
 *
 * The point stays where it is while new commits come; only the line grows.
 */
import type { ChangeEvent } from "@verso/protocol";
import { authorColor } from "./author-colors.js";
import { createBlameCard } from "./blame-card.js";
import { createCommitStore } from "./commit-store.js";
import { element, spoken } from "./element.js";
import { type HistoryApi, longestPage, type Outcome } from "./history-api.js";
import { createHistoryCommits } from "./history-commits.js";
import { icon } from "./icon.js";
import { createLatest } from "./latest.js";
import type { LinkView } from "./link.js";
import { outcomeWords } from "./outcome-words.js";
import { troubleOf } from "./problem.js";
import { createTimeSlider } from "./time-slider.js";
import { createVersionView } from "./version-view.js";
import "./history-drawer.css";

export interface HistoryDrawer {
  readonly element: HTMLElement;
  /** Opens and closes it. */
  readonly button: HTMLElement;
  /** New ones, oldest first. */
  add(commits: readonly ChangeEvent[]): void;
}

export interface HistoryDrawerOptions {
  readonly api: HistoryApi;
  /** Those in front of this window, by whose colours they are known. */
  readonly links: readonly LinkView[];
  /** Who can revert and restore here. */
  readonly users: () => readonly string[];
}

const hint = "Point at anything below to see who wrote it.";

export function createHistoryDrawer({ api, links, users }: HistoryDrawerOptions): HistoryDrawer {
  const colorOf = (author: string) => authorColor(author, links);
  const store = createCommitStore({ readCommits: api.commits, onChange: drawSoon, pageSize: longestPage });
  const reading = createLatest<number>((_sequence, signal) => readCommits(signal), { pause: 200 });
  let point = 0;
  let isDrawing = false;

  const blame = createBlameCard({ api, colorOf });
  const time = createTimeSlider({ colorOf, onMove: go });
  const versions = createVersionView({ api, blame });
  const commits = createHistoryCommits({
    colorOf,
    onChoose: go,
    onRevert: sequence => take("revert", sequence),
    onRestore: sequence => take("restore", sequence),
  });
  const user = element("select", { name: "user" });
  const told = element("p", { class: "history-told", role: "status" });
  const none = element(
    "p",
    { class: "history-none" },
    "There are no commits yet. As soon as somebody writes, each change is one, and here is the way back to it.",
  );
  const body = element("div", { class: "history-body" }, versions.element, commits.element);
  const close = element(
    "button",
    { class: "icon-button", type: "button", title: "Close" },
    icon("remove"),
    spoken("Close the history"),
  );
  const drawer = element(
    "section",
    { class: "history", id: "history", "aria-labelledby": "history-title", hidden: true },
    element(
      "header",
      { class: "history-header" },
      element("h2", { id: "history-title" }, "History"),
      told,
      element("label", { class: "history-user" }, "Acting as ", user),
      close,
    ),
    none,
    time.element,
    body,
    blame.element,
  );
  const button = element(
    "button",
    { class: "icon-button history-button", type: "button", title: "History", "aria-controls": "history" },
    icon("history"),
    spoken("History"),
  );
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => (drawer.hidden ? show() : hide()));
  close.addEventListener("click", hide);
  user.addEventListener("focus", listUsers);
  // What could not be read without the relay can be now.
  for (const link of links) {
    link.on("change", ({ status }) => {
      if (status === "synced" && !drawer.hidden) go(point);
    });
  }
  drawer.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    if (blame.isOpen) blame.hide();
    else hide();
  });

  return { element: drawer, button, add: store.add };

  function show(): void {
    drawer.hidden = false;
    button.setAttribute("aria-expanded", "true");
    point = store.head;
    tell([hint]);
    listUsers();
    draw();
    drawer.scrollIntoView({ block: "nearest" });
    (store.head === 0 ? close : time.slider).focus();
    reading.ask(point);
  }

  function hide(): void {
    drawer.hidden = true;
    button.setAttribute("aria-expanded", "false");
    blame.hide();
    reading.cancel();
    versions.cancel();
    button.focus();
  }

  function go(sequence: number): void {
    if (sequence !== point) tell([hint]);
    point = sequence;
    draw();
    if (store.get(point) === undefined) reading.ask(point);
  }

  async function readCommits(signal: AbortSignal): Promise<void> {
    try {
      if (store.head > 0) await store.read(() => point, signal);
    } catch (error) {
      if (!signal.aborted) tell([`The older commits cannot be read. ${troubleOf(error)}`], "failed");
    }
  }

  async function take(what: "revert" | "restore", sequence: number): Promise<void> {
    const outcome: Outcome = await api[what](user.value, sequence);
    const done = what === "revert" ? `Commit ${sequence} is reverted,` : `Version ${sequence} is restored,`;
    const nothing =
      what === "revert"
        ? `Of commit ${sequence} there is nothing left to take back.`
        : `The document is as it was at commit ${sequence}.`;
    tell(outcomeWords(outcome, { done, nothing }), outcome.kind);
  }

  function tell(words: readonly (Node | string)[], outcome: Outcome["kind"] | "" = ""): void {
    told.dataset.outcome = outcome;
    told.replaceChildren(...words);
  }

  /** With the next frame, however many commits come until then. */
  function drawSoon(): void {
    if (drawer.hidden || isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      if (!drawer.hidden) draw();
    });
  }

  function draw(): void {
    // Opened before anything was read, it begins at the present of the first reading.
    if (point === 0) point = store.head;
    const isEmpty = store.head === 0;
    none.hidden = !isEmpty;
    told.hidden = time.element.hidden = body.hidden = isEmpty;
    const state = { commits: store, point };
    time.show(state);
    commits.show(state);
    versions.show({ from: point, to: store.head });
  }

  function listUsers(): void {
    const names = [...new Set(users())];
    const chosen = names.includes(user.value) ? user.value : names[0]!;
    user.replaceChildren(...names.map(name => element("option", { selected: name === chosen }, name)));
  }
}
