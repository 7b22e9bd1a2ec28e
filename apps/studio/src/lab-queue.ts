/** The edits of one device: how many wait, how many are done, and each with what became of it. */

import type { Edit, EditLog, Fate, FateKind } from "./edit-log.js";
import { editWords } from "./edit-words.js";
import { element, spoken } from "./element.js";
import { issueWords } from "./issue-words.js";
import { createRedraw } from "./redraw.js";

/** A page with thousands of rows would be slow. */
const mostRows = 100;

const queued: readonly FateKind[] = ["storing", "waiting", "sent"];
const views = {
  all: { label: "All", kinds: null },
  queue: { label: "In the outbox", kinds: queued },
  rejected: { label: "Taken back", kinds: ["rejected"] },
} as const satisfies Record<string, { label: string; kinds: readonly FateKind[] | null }>;
type View = keyof typeof views;

/** In the order of the bar, from what is done to what has only begun. */
const parts: readonly FateKind[] = ["acknowledged", "answered", "rejected", "sent", "waiting", "storing"];

export function createQueue(edits: EditLog): HTMLElement {
  let view: View = "all";
  const bar = element("div", { class: "lab-bar", "aria-hidden": true });
  const segments = parts.map(kind => {
    const segment = element("span", { "data-fate": kind });
    bar.append(segment);
    return { kind, segment };
  });
  const counts = new Map<View, HTMLElement>();
  const choice = createChoice(counts, chosen => {
    view = chosen;
    draw();
  });
  const rows = element("ol", { class: "lab-edits" });
  const none = element("p", { class: "lab-none" });
  const drawn = new Map<Edit, { readonly row: HTMLElement; fate: Fate | null }>();
  const redraw = createRedraw(draw);
  edits.subscribe(redraw);
  return element(
    "section",
    { class: "lab-queue", "aria-label": "Outbox" },
    bar,
    choice,
    element(
      "div",
      { class: "lab-scroll", tabindex: 0, role: "group", "aria-label": "Edits, the newest first" },
      none,
      rows,
    ),
  );

  function draw(): void {
    for (const { kind, segment } of segments) segment.style.flexGrow = String(edits.count(kind));
    for (const [name, count] of counts) {
      const { kinds } = views[name];
      count.textContent = sum(kinds ?? parts).toLocaleString("en");
    }
    const { kinds } = views[view];
    const shown: Edit[] = [];
    const all = [...edits.edits];
    for (let i = all.length - 1; i >= 0 && shown.length < mostRows; i--) {
      const edit = all[i]!;
      if (kinds === null || (kinds as readonly FateKind[]).includes(edit.fate.kind)) shown.push(edit);
    }
    const kept = new Set(shown);
    for (const edit of drawn.keys()) if (!kept.has(edit)) drawn.delete(edit);
    rows.replaceChildren(...shown.map(rowOf));
    none.textContent = shown.length > 0 ? "" : noneWords[view];
  }

  function sum(kinds: readonly FateKind[]): number {
    return kinds.reduce((sum, kind) => sum + edits.count(kind), 0);
  }

  function rowOf(edit: Edit): HTMLElement {
    const known = drawn.get(edit) ?? { row: element("li", {}), fate: null };
    drawn.set(edit, known);
    if (known.fate === edit.fate) return known.row;
    known.fate = edit.fate;
    known.row.dataset.fate = edit.fate.kind;
    known.row.replaceChildren(...editRow(edit));
    return known.row;
  }
}

const noneWords: Readonly<Record<View, string>> = {
  all: "No edit was made on this device since the page was opened, and none had waited.",
  queue: "The outbox is empty: every edit has its answer.",
  rejected: "Nothing was taken back.",
};

function editRow({ clientSequence, update, fate }: Edit): Node[] {
  const issues = fate.kind === "rejected" ? fate.issues : [];
  return [
    element(
      "span",
      { class: "lab-edit" },
      element(
        "span",
        { class: "lab-number" },
        spoken("Edit "),
        clientSequence === null ? "–" : `${clientSequence}`,
      ),
      element("span", { class: "lab-words" }, editWords(update)),
      element("span", { class: "lab-fate" }, fateWords(fate)),
    ),
    ...issues.map(issue =>
      element("span", { class: "lab-issue" }, element("code", {}, issue.pointer), " ", ...issueWords(issue)),
    ),
  ];
}

function fateWords(fate: Fate): string {
  switch (fate.kind) {
    case "storing":
      return "being stored";
    case "waiting":
      return "waiting";
    case "sent":
      return "sent";
    case "acknowledged":
      return `commit ${fate.sequence}`;
    case "rejected":
      return fate.verdict === "refused" ? `refused, ${fate.sequence}` : `repaired, ${fate.sequence}`;
    case "answered":
      return "sent by the leading tab";
  }
}

let choices = 0;

function createChoice(counts: Map<View, HTMLElement>, onChoose: (view: View) => void): HTMLElement {
  const group = `edits-${++choices}`;
  return element(
    "div",
    { class: "user-choice lab-views", role: "radiogroup", "aria-label": "Which edits" },
    ...(Object.keys(views) as View[]).map(view => {
      const radio = element("input", { type: "radio", name: group, checked: view === "all" });
      radio.addEventListener("change", () => onChoose(view));
      const count = element("b", {});
      counts.set(view, count);
      return element("label", {}, radio, element("span", {}, `${views[view].label} `, count));
    }),
  );
}
