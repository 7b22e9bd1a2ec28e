/** The order as JSON, which one can write past the form: whatever it is, the relay judges it. */
import type { Doc } from "yjs";
import { element } from "./element.js";
import { parseOrder, readJson, writeJson } from "./order-document.js";

export function createOrderJson(doc: Doc): HTMLElement {
  const fault = element("p", { class: "field-issue", role: "alert" });
  const text = element("textarea", { rows: 12, spellcheck: "false", "aria-label": "Document as JSON" });
  const write = element("button", { class: "order-add", type: "button" }, "Write past the form");
  const discard = element("button", { class: "order-add", type: "button", hidden: true }, "Discard");
  let entering = false;

  text.addEventListener("input", () => {
    entering = true;
    discard.hidden = false;
  });
  write.addEventListener("click", () => {
    const parsed = parseOrder(text.value);
    fault.textContent = parsed.ok ? "" : parsed.detail;
    if (!parsed.ok) return;
    settle();
    writeJson(doc, parsed.json);
  });
  discard.addEventListener("click", () => {
    fault.textContent = "";
    settle();
    text.focus();
  });
  doc.on("update", render);
  render();

  return element(
    "details",
    { class: "order-json" },
    element("summary", {}, "Document as JSON"),
    text,
    fault,
    element("div", { class: "order-json-buttons" }, write, discard),
  );

  function settle(): void {
    entering = false;
    discard.hidden = true;
    render();
  }

  function render(): void {
    if (!entering) text.value = JSON.stringify(readJson(doc), null, 2);
  }
}
