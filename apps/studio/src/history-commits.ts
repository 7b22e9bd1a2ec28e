/** The commits around a point of the time line, all of them or one author's, each to be reverted or restored. */
import type { ChangeEvent } from "@verso/protocol";
import { fullTime, shortTime } from "./calendar-time.js";
import { element, spoken } from "./element.js";
import { issueWords } from "./issue-words.js";
import { patchLine } from "./patch-view.js";
import { authorsOf, type Commits, commitsAround } from "./time-line.js";

export interface HistoryCommits {
  readonly element: HTMLElement;
  show(state: { readonly commits: Commits; readonly point: number }): void;
}

export interface HistoryCommitsOptions {
  readonly colorOf: (author: string) => string;
  readonly onChoose: (sequence: number) => void;
  readonly onRevert: (sequence: number) => void;
  readonly onRestore: (sequence: number) => void;
}

/** What one can look through at once; the time line leads to the others. */
const later = 10;
const earlier = 20;
const mostAuthors = 30;

export function createHistoryCommits(options: HistoryCommitsOptions): HistoryCommits {
  const { colorOf } = options;
  const authors = element("div", { class: "authors", role: "group", "aria-label": "Commits of" });
  const rows = element("ol", { class: "history-rows" });
  const none = element("p", { class: "commits-empty", hidden: true }, "Not read yet.");
  const scroll = element("div", { class: "history-scroll" }, rows, none);
  let author: string | null = null;
  let state: { readonly commits: Commits; readonly point: number } | null = null;
  let listed = "";
  let point = 0;

  return {
    element: element(
      "section",
      { class: "history-commits", "aria-label": "Commits by author" },
      authors,
      scroll,
    ),
    show(shown) {
      state = shown;
      render();
    },
  };

  function render(): void {
    if (state === null) return;
    showAuthors(state.commits);
    const found = commitsAround(state.commits, { around: state.point, author, later, earlier });
    const names = `${state.point} ${found.map(({ sequence }) => sequence).join()}`;
    none.hidden = found.length > 0;
    // Whoever is about to press a button must not find another in its place.
    if (names === listed) return;
    listed = names;
    const isMoved = state.point !== point;
    const top = isMoved ? null : rowInView();
    const focused = focusIn(rows);
    rows.replaceChildren(
      ...found.map(commit => row(commit, { isChosen: commit.sequence === state?.point, ...options })),
    );
    // What is drawn anew loses the focus.
    if (focused !== null) {
      rowOf(focused.sequence)?.querySelectorAll("button")[focused.index]?.focus({ preventScroll: true });
    }
    point = state.point;
    const chosen = rowOf(String(point));
    const same = top === null ? null : rowOf(top.sequence);
    if (isMoved && chosen !== null) scroll.scrollTop = chosen.offsetTop - scroll.clientHeight / 3;
    if (top !== null && same !== null) scroll.scrollTop = same.offsetTop - top.offset;
  }

  /** The first that can be seen, and how far beneath the edge it begins. */
  function rowInView(): { readonly sequence: string; readonly offset: number } | null {
    const shown = [...rows.querySelectorAll<HTMLElement>("[data-sequence]")];
    const row = shown.find(({ offsetTop, offsetHeight }) => offsetTop + offsetHeight > scroll.scrollTop);
    if (row === undefined) return null;
    return { sequence: row.dataset.sequence!, offset: row.offsetTop - scroll.scrollTop };
  }

  function rowOf(sequence: string): HTMLElement | null {
    return rows.querySelector<HTMLElement>(`[data-sequence="${sequence}"]`);
  }

  function showAuthors(commits: Commits): void {
    const all = authorsOf(commits).slice(0, mostAuthors);
    const wanted = JSON.stringify([author, all.map(([name]) => [name, colorOf(name)])]);
    if (authors.dataset.shown !== wanted) {
      authors.dataset.shown = wanted;
      const focused = authors.contains(document.activeElement);
      authors.replaceChildren(choice(null), ...all.map(([name]) => choice(name)));
      if (focused) authors.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
    }
    for (const [index, [, count]] of all.entries()) {
      authors.children[index + 1]!.querySelector(".author-count")!.textContent = count.toLocaleString("en");
    }
  }

  function choice(name: string | null): HTMLElement {
    const button = element(
      "button",
      { class: "author", type: "button", "aria-pressed": String(name === author) },
      ...(name === null
        ? ["Everybody"]
        : [
            element("span", { class: "person-dot", style: `--person: ${colorOf(name)}` }),
            element("span", { class: "author-name" }, name),
            element("span", { class: "author-count" }),
          ]),
    );
    button.addEventListener("click", () => {
      author = name;
      render();
    });
    return button;
  }
}

function row(
  commit: ChangeEvent,
  {
    isChosen,
    colorOf,
    onChoose,
    onRevert,
    onRestore,
  }: HistoryCommitsOptions & { readonly isChosen: boolean },
): HTMLElement {
  const { sequence, user_id, kind, created_at, forward_patch } = commit;
  const isRefused = commit.refused === true;
  const time = new Date(created_at);
  const choose = element(
    "button",
    { class: "history-choose", type: "button" },
    element("span", { class: "commit-sequence" }, spoken("Commit "), String(sequence)),
    element("span", { class: "person-dot", style: `--person: ${colorOf(user_id)}` }),
    element("span", { class: "commit-who" }, user_id),
    element("span", { class: "commit-kind" }, kind),
    element(
      "time",
      {
        datetime: created_at,
        title: fullTime(time),
      },
      shortTime(time, new Date()),
    ),
  );
  choose.addEventListener("click", () => onChoose(sequence));
  return element(
    "li",
    { "data-sequence": sequence, "aria-current": isChosen },
    choose,
    element(
      "span",
      { class: "history-what" },
      // Of what was refused nothing is in the document.
      ...(isRefused ? [] : [patchLine({ direction: "forward", patch: forward_patch })]),
      ...(commit.issues ?? []).map(issue => element("span", { class: "commit-issue" }, ...issueWords(issue))),
      element(
        "span",
        { class: "history-actions" },
        ...(isRefused ? [] : [action("Revert", ` this, commit ${sequence}`, () => onRevert(sequence))]),
        action("Restore", ` this version, commit ${sequence}`, () => onRestore(sequence)),
      ),
    ),
  );
}

/** A button with a short label, and what it is about for those who do not see where it stands. */
function action(label: string, about: string, act: () => void): HTMLElement {
  const button = element(
    "button",
    { class: "small-button", type: "button", title: label + about },
    label,
    spoken(about),
  );
  button.addEventListener("click", act);
  return button;
}

/** The button in the list that has the focus: of which commit, and which of its buttons. */
function focusIn(rows: HTMLElement): { sequence: string; index: number } | null {
  const row = document.activeElement?.closest<HTMLElement>("[data-sequence]");
  if (row === null || row === undefined || !rows.contains(row)) return null;
  const buttons: Element[] = [...row.querySelectorAll("button")];
  return { sequence: row.dataset.sequence!, index: buttons.indexOf(document.activeElement!) };
}
