/** The commits of a document as a list, newest first, with the state of the feed they come from. */
import type { ChangeEvent } from "@verso/protocol";
import { fullTime } from "./calendar-time.js";
import type { FeedState } from "./commit-feed.js";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";
import { issueWords } from "./issue-words.js";
import { type PatchLine, patchJson, patchLine } from "./patch-view.js";
import { relativeTime } from "./relative-time.js";
import "./commit-list.css";

export interface CommitList {
  readonly element: HTMLElement;
  /** Oldest first, all later than what is there. */
  add(commits: readonly ChangeEvent[]): void;
  show(state: FeedState): void;
}

/** The older ones are in the ledger; a page with all of them would be slow. */
const mostRows = 300;

export function createCommitList(): CommitList {
  const count = element("span", { class: "commits-count", hidden: true });
  const state = element("span", { class: "commits-state", role: "status" });
  const problem = element("p", { class: "commits-problem", role: "alert", hidden: true });
  const rows = element("ol", { class: "commits-rows" });
  const empty = element(
    "p",
    { class: "commits-empty", hidden: true },
    "Type in either editor: every change appears here, with the patch that makes it and the patch that takes it back.",
  );
  const earlier = element("p", { class: "commits-earlier", hidden: true });
  const list = element(
    "section",
    { class: "commits", "aria-labelledby": "commits-title" },
    element(
      "header",
      { class: "commits-header" },
      element("h2", { id: "commits-title" }, "Commits"),
      count,
      state,
    ),
    problem,
    element(
      "div",
      { class: "commits-scroll", tabindex: 0, role: "group", "aria-label": "All commits" },
      empty,
      rows,
      earlier,
    ),
  );
  setInterval(tellTimes, 1000);

  return { element: list, add, show };

  function add(commits: readonly ChangeEvent[]): void {
    const newest = commits.at(-1);
    if (newest === undefined) return;
    rows.prepend(...commits.slice(-mostRows).map(commitRow).reverse());
    while (rows.childElementCount > mostRows) rows.lastElementChild!.remove();
    count.hidden = false;
    count.textContent = newest.sequence.toLocaleString("en");
    count.append(spoken(" commits"));
    // Sequences have no gap: what is not shown is what comes before.
    const missing = newest.sequence - rows.childElementCount;
    earlier.hidden = missing === 0;
    earlier.textContent = `${missing.toLocaleString("en")} earlier ${missing === 1 ? "commit is" : "commits are"} in the ledger.`;
  }

  function show(feed: FeedState): void {
    list.dataset.state = feed.kind;
    if (state.textContent !== stateWords[feed.kind]) state.textContent = stateWords[feed.kind];
    empty.hidden = feed.kind !== "empty" || rows.childElementCount > 0;
    problem.hidden = feed.kind !== "problem";
    if (feed.kind !== "problem") return;
    problem.replaceChildren(
      icon("alert"),
      element("span", {}, `${feed.detail} `, element("code", {}, feed.code)),
    );
  }

  function tellTimes(): void {
    if (document.hidden) return;
    const now = Date.now();
    for (const time of rows.querySelectorAll("time")) {
      const words = relativeTime(Date.parse(time.dateTime), now);
      if (time.textContent !== words) time.textContent = words;
    }
  }
}

const stateWords: Readonly<Record<FeedState["kind"], string>> = {
  live: "Live",
  empty: "Live",
  unreachable: "Not reachable",
  problem: "Problem",
};

function commitRow(commit: ChangeEvent): HTMLElement {
  const forward: PatchLine = { direction: "forward", patch: commit.forward_patch };
  const reverse: PatchLine = { direction: "reverse", patch: commit.reverse_patch };
  const details = element(
    "details",
    { class: "commit" },
    element(
      "summary",
      {},
      element(
        "span",
        { class: "commit-line" },
        element("span", { class: "commit-sequence" }, spoken("Commit "), String(commit.sequence)),
        element("span", { class: "commit-who" }, commit.user_id),
        element("span", { class: "commit-kind" }, commit.refused === true ? "refused" : commit.kind),
        timeOf(commit),
        icon("expand"),
      ),
      // Of what was refused nothing is in the document, and both patches are empty.
      ...(commit.refused === true
        ? []
        : [element("span", { class: "commit-patches" }, patchLine(forward), patchLine(reverse))]),
      ...(commit.issues ?? []).map(issue =>
        element("span", { class: "commit-issue" }, element("code", {}, issue.pointer), ...issueWords(issue)),
      ),
    ),
  );
  // Hundreds of rows stand there; few are ever opened.
  details.addEventListener("toggle", () => details.append(commitDetails(commit, [forward, reverse])), {
    once: true,
  });
  return element("li", { "data-sequence": commit.sequence }, details);
}

function timeOf({ created_at }: ChangeEvent): HTMLElement {
  const time = Date.parse(created_at);
  const absolute = fullTime(new Date(time));
  return element("time", { datetime: created_at, title: absolute }, relativeTime(time, Date.now()));
}

function commitDetails(commit: ChangeEvent, patches: readonly PatchLine[]): HTMLElement {
  return element(
    "div",
    { class: "commit-details" },
    element(
      "dl",
      {},
      ...[
        ["Revision", commit.revision_id],
        ["Time", commit.created_at],
        ["Event", commit.event_type],
      ].map(([term, value]) => element("div", {}, element("dt", {}, term!), element("dd", {}, value!))),
    ),
    ...patches.map(patchJson),
  );
}
