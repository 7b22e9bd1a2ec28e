/** What is written on one device: a note, readings one by one, and many at once. */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view";
import type { Document } from "@verso/client";
import { yCollab } from "y-codemirror.next";
import { element, spoken } from "./element.js";
import {
  addReading,
  addReadings,
  brokenThermometer,
  celsiusOf,
  celsiusWords,
  noteOf,
  readingsOf,
} from "./lab-document.js";
import { createRedraw } from "./redraw.js";

const readingsShown = 6;
/** Transactions of one press: more than anybody makes in a day. */
const largestBurst = 5_000;

export function createContent({ doc, awareness }: Pick<Document, "doc" | "awareness">): HTMLElement {
  const note = element("div", { class: "lab-note" });
  const view = new EditorView({
    parent: note,
    state: EditorState.create({
      doc: noteOf(doc).toString(),
      extensions: [
        keymap.of(defaultKeymap),
        highlightSpecialChars(),
        drawSelection(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Note", tabindex: "0" }),
        placeholder("A note: every keystroke is an edit of its own."),
        yCollab(noteOf(doc), awareness, { undoManager: false }),
      ],
    }),
  });
  note.addEventListener("click", () => view.focus());
  return element(
    "div",
    { class: "lab-content" },
    note,
    createReadings(doc),
    createReadingForm(doc),
    createBurstForm(doc),
  );
}

function createReadings(doc: Document["doc"]): HTMLElement {
  const readings = readingsOf(doc);
  const count = element("strong", {});
  const latest = element("ol", { class: "lab-latest", "aria-label": "Latest readings" });
  const redraw = createRedraw(() => {
    const { length } = readings;
    count.textContent = length === 1 ? "1 reading" : `${length.toLocaleString("en")} readings`;
    latest.replaceChildren(
      ...readings.slice(Math.max(0, length - readingsShown)).map(value => {
        const celsius = celsiusOf(value);
        const isBad = celsius === null || Math.abs(celsius) > 40;
        return element("li", { "data-bad": String(isBad) }, celsius === null ? "?" : celsiusWords(celsius));
      }),
    );
  });
  readings.observe(redraw);
  return element("div", { class: "lab-readings" }, count, latest);
}

function createReadingForm(doc: Document["doc"]): HTMLElement {
  const celsius = element("input", {
    type: "number",
    step: 0.1,
    value: 4,
    required: true,
    "aria-label": "Reading in °C",
  });
  const broken = element("button", { class: "small-button", type: "button" }, "Broken thermometer");
  broken.title = `Takes a reading of ${brokenThermometer} °C, which the relay refuses`;
  broken.addEventListener("click", () => addReading(doc, brokenThermometer));
  const form = element(
    "form",
    { class: "lab-form" },
    celsius,
    element("span", { "aria-hidden": true }, "°C"),
    element("button", { class: "small-button" }, "Take reading"),
    broken,
  );
  form.addEventListener("submit", event => {
    event.preventDefault();
    addReading(doc, celsius.valueAsNumber);
  });
  return form;
}

function createBurstForm(doc: Document["doc"]): HTMLElement {
  const edits = numberField({ label: "Edits", value: 200, min: 1 });
  const bad = numberField({ label: "Bad edits", value: 5, min: 0 });
  const form = element(
    "form",
    { class: "lab-form" },
    edits,
    element("span", { "aria-hidden": true }, "edits,"),
    bad,
    element("span", { "aria-hidden": true }, "bad"),
    element("button", { class: "small-button" }, "Make them", spoken(" all at once")),
  );
  form.addEventListener("submit", event => {
    event.preventDefault();
    addReadings(doc, { edits: edits.valueAsNumber, bad: Math.min(bad.valueAsNumber, edits.valueAsNumber) });
  });
  return form;
}

function numberField({ label, value, min }: { label: string; value: number; min: number }): HTMLInputElement {
  return element("input", {
    ...{ type: "number", min, max: largestBurst, step: 1, value, required: true },
    "aria-label": label,
  });
}
