/**
 * Tells who wrote what: of a letter or a member of the document under the pointer, touched, or with the focus, a card
 * beside it says by whom, when and by which commit it came.
 */
import type { Blame } from "@verso/protocol";
import { type BlamedCommit, commitOfValue, stretchAt } from "./blame-stretch.js";
import { fullTime } from "./calendar-time.js";
import { element } from "./element.js";
import type { HistoryApi } from "./history-api.js";
import { createLatest } from "./latest.js";
import { troubleOf } from "./problem.js";
import { rangeOf, unitAt } from "./text-place.js";

export interface BlameCard {
  readonly element: HTMLElement;
  readonly isOpen: boolean;
  /** Tells of what is in an element, which shows the document as of a sequence. */
  watch(shown: HTMLElement, at: () => number): void;
  hide(): void;
}

export interface BlameCardOptions {
  readonly api: Pick<HistoryApi, "blame">;
  readonly colorOf: (author: string) => string;
}

/** What is asked about: a member, or a unit of a text. */
interface Target {
  readonly member: HTMLElement;
  readonly pointer: string;
  readonly at: number;
  readonly unit: number | null;
}

/** What a stretch of a text that is told of is called in the style sheet. */
const highlight = "blamed";
const mostAnswers = 200;
/** A pointer on its way elsewhere passes over much that nobody asks about. */
const pause = 60;

export function createBlameCard({ api, colorOf }: BlameCardOptions): BlameCard {
  const card = element("div", { class: "blame-card", role: "status" });
  const answers = new Map<string, Blame>();
  let target: Target | null = null;
  const asking = createLatest<Target>(tell, { pause });

  return {
    element: card,
    get isOpen() {
      return card.hasChildNodes();
    },
    watch,
    hide,
  };

  function watch(shown: HTMLElement, at: () => number): void {
    shown.addEventListener("pointermove", event => point(event, at()));
    shown.addEventListener("click", event => point(event, at()));
    shown.addEventListener("pointerleave", hide);
    shown.addEventListener("focusin", ({ target }) => {
      const member = memberAt(target);
      // A press gives the focus too; it has told already where it was.
      if (member?.matches(":focus-visible")) ask(member, { at: at(), unit: isText(member) ? 0 : null });
    });
    shown.addEventListener("focusout", hide);
    shown.addEventListener("keydown", event => {
      const member = memberAt(event.target);
      if (member === null) return;
      const isMoved = isText(member)
        ? moveInText(member, event.key, at())
        : moveInTree(shown, member, event.key);
      if (isMoved) event.preventDefault();
    });
    shown.addEventListener("scroll", hide, { passive: true });
  }

  function point(event: MouseEvent, at: number): void {
    const member = memberAt(event.target);
    if (member === null) return hide();
    const unit = isText(member) ? unitAt(member, event) : null;
    if (isText(member) && unit === null) return hide();
    ask(member, { at, unit });
  }

  /** From one author's stretch to the next. */
  function moveInText(text: HTMLElement, key: string, at: number): boolean {
    if (key !== "ArrowRight" && key !== "ArrowLeft") return false;
    const blame = answers.get(nameOf({ pointer: text.dataset.pointer!, at }));
    const here = blame === undefined || target?.member !== text ? null : stretchAt(blame, target.unit ?? 0);
    const unit = here === null ? 0 : key === "ArrowRight" ? here.to : here.from - 1;
    if (unit >= 0 && unit < text.textContent.length) ask(text, { at, unit });
    return true;
  }

  function moveInTree(shown: HTMLElement, member: HTMLElement, key: string): boolean {
    if (key !== "ArrowDown" && key !== "ArrowUp") return false;
    const members = [...shown.querySelectorAll<HTMLElement>(".doc-member")];
    members[members.indexOf(member) + (key === "ArrowDown" ? 1 : -1)]?.focus();
    return true;
  }

  function ask(member: HTMLElement, { at, unit }: { at: number; unit: number | null }): void {
    const pointer = member.dataset.pointer!;
    if (target?.member === member && target.at === at && target.unit === unit) return;
    target = { member, pointer, at, unit };
    asking.ask(target);
  }

  async function tell(asked: Target, signal: AbortSignal): Promise<void> {
    const name = nameOf(asked);
    try {
      const blame = answers.get(name) ?? (await api.blame(asked, signal));
      if (answers.size >= mostAnswers) answers.clear();
      answers.set(name, blame);
      if (asked === target) show(asked, blame);
    } catch (error) {
      if (signal.aborted) return;
      const trouble = troubleOf(error);
      if (asked === target) place([trouble], asked.member.getBoundingClientRect());
    }
  }

  function show({ member, unit }: Target, blame: Blame): void {
    if (unit === null) {
      mark(null);
      return place(commitWords(commitOfValue(blame)), member.getBoundingClientRect());
    }
    const stretch = stretchAt(blame, unit);
    if (stretch === null) return hide();
    mark(rangeOf(member, stretch));
    const letter = rangeOf(member, { from: unit, to: unit + 1 });
    place(commitWords(stretch.commit), (letter ?? member).getBoundingClientRect());
  }

  function hide(): void {
    target = null;
    asking.cancel();
    card.replaceChildren();
    mark(null);
  }

  /** Beneath what it tells of, or above where there is no room, and never beyond the window. */
  function place(words: readonly (Node | string)[], { left, top, bottom }: DOMRect): void {
    card.replaceChildren(...words);
    const { width, height } = card.getBoundingClientRect();
    const below = bottom + 6;
    const isRoom = below + height <= innerHeight - 8;
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    card.style.top = `${isRoom ? below : Math.max(8, top - height - 6)}px`;
  }

  function commitWords(commit: BlamedCommit | null): (Node | string)[] {
    if (commit === null) return ["Who wrote this is no longer on record."];
    const { user_id, sequence, kind, created_at } = commit;
    const time = fullTime(new Date(created_at));
    return [
      element(
        "strong",
        {},
        element("span", { class: "person-dot", style: `--person: ${colorOf(user_id)}` }),
        user_id,
      ),
      element("span", { class: "blame-commit" }, `Commit ${sequence} · ${kind}`),
      element("time", { datetime: created_at }, time),
    ];
  }
}

function mark(range: Range | null): void {
  // Browsers without it show the card only.
  if (!("highlights" in CSS)) return;
  if (range === null) CSS.highlights.delete(highlight);
  else CSS.highlights.set(highlight, new Highlight(range));
}

function memberAt(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-pointer]") : null;
}

function isText(member: HTMLElement): boolean {
  return member.dataset.text !== undefined;
}

function nameOf({ pointer, at }: { pointer: string; at: number }): string {
  return `${at} ${pointer}`;
}
