/** The time line: a slider over all commits, above it a mark for each author, beneath it the commit at its point. */
import type { ChangeEvent } from "@verso/protocol";
import { fullTime } from "./calendar-time.js";
import { element } from "./element.js";
import { type Commits, marksOf } from "./time-line.js";

export interface TimeSlider {
  readonly element: HTMLElement;
  readonly slider: HTMLInputElement;
  show(state: { readonly commits: Commits; readonly point: number }): void;
}

export interface TimeSliderOptions {
  readonly colorOf: (author: string) => string;
  readonly onMove: (point: number) => void;
}

/** More would be narrower than what one can point at. */
const mostMarks = 240;

export function createTimeSlider({ colorOf, onMove }: TimeSliderOptions): TimeSlider {
  const marks = element("div", { class: "time-marks", "aria-hidden": true });
  const slider = element("input", {
    type: "range",
    min: 1,
    max: 1,
    value: 1,
    "aria-label": "Version",
  });
  const told = element("p", { class: "time-point" });
  slider.addEventListener("input", () => onMove(Number(slider.value)));

  return {
    element: element("div", { class: "time-line" }, marks, slider, told),
    slider,
    show({ commits, point }) {
      const { head } = commits;
      slider.disabled = head === 0;
      // In this order: a value beyond the end would be cut.
      slider.max = String(Math.max(head, 1));
      slider.value = String(point);
      marks.replaceChildren(
        ...marksOf(commits, { most: mostMarks }).map(({ from, to, author }) =>
          element("span", {
            class: author === null ? "time-mark time-mark-unread" : "time-mark",
            style: `left: ${from * 100}%; width: ${(to - from) * 100}%; --person: ${author === null ? "" : colorOf(author)}`,
          }),
        ),
      );
      const commit = commits.get(point);
      const place = head === 0 ? "No commit yet" : `Commit ${point} of ${head.toLocaleString("en")}`;
      told.replaceChildren(
        element("strong", {}, place),
        ...(commit === undefined ? [] : commitWords(commit, colorOf)),
        ...(head > 0 && point === head ? [element("span", { class: "time-now" }, "the present")] : []),
      );
      slider.setAttribute(
        "aria-valuetext",
        [...told.children].map(({ textContent }) => textContent).join(", "),
      );
    },
  };
}

function commitWords(
  { user_id, kind, created_at }: ChangeEvent,
  colorOf: (author: string) => string,
): Node[] {
  const time = fullTime(new Date(created_at));
  return [
    element(
      "span",
      { class: "time-author" },
      element("span", { class: "person-dot", style: `--person: ${colorOf(user_id)}` }),
      user_id,
    ),
    element("span", { class: "commit-kind" }, kind),
    element("time", { datetime: created_at }, time),
  ];
}
