/**
 * One side of the start page's price label: a client of its own, with a text, a price, and a switch that takes it offline.
 *
 * A price below zero is written like any other: the relay takes it back, and the field shows what the document says.
 */
import { createClient, type Rejection } from "@verso/client";
import type { YTextEvent } from "yjs";
import { element } from "./element.js";
import { issueWords } from "./issue-words.js";
import { relayOfPage } from "./link.js";
import type { Person } from "./people.js";
import { createReplicaLink } from "./replica-link.js";
import { createStatusPill } from "./status-pill.js";
import "./pane.css";

export interface LivePaneOptions {
  /** Who writes here, also towards the relay. */
  readonly person: Person;
  readonly documentId: string;
}

/** What the relay knows of `label/:id`; what a price may be is its business. */
const kinds = { "label/:id": { roots: { words: "text", label: "map" } } } as const;

export function createLivePane({ person: { name, color }, documentId }: LivePaneOptions): HTMLElement {
  const client = createClient({ url: relayOfPage(), user: name, agent: "studio start page", kinds });
  const replica = client.open(documentId);
  const words = replica.doc.getText("words");
  const told = element("p", { class: "live-told", role: "status" });
  const online = element("input", { type: "checkbox", role: "switch", checked: true });
  const link = createReplicaLink(replica, () => online.checked);

  online.addEventListener("change", () => {
    if (online.checked) client.connect();
    else client.disconnect();
    link.update();
  });
  replica.subscribe(() => link.update());
  replica.on("rejected", ({ issues }: Rejection) => told.replaceChildren(...issues.flatMap(issueWords)));
  // Reopened, it is the one of the new epoch.
  replica.on("epoch", () => location.reload());

  return element(
    "section",
    { class: "pane live-pane", style: `--person: ${color}`, "aria-label": `Label at ${name}'s` },
    element(
      "header",
      { class: "pane-header" },
      element("span", { class: "avatar", "aria-hidden": true }, name.slice(0, 1)),
      element("strong", { class: "live-name" }, name),
      element("label", { class: "switch" }, online, element("span", {}, "Online")),
    ),
    createWords(),
    createPrice(),
    element("footer", { class: "pane-footer" }, createStatusPill(link), told),
  );

  function createWords(): HTMLElement {
    const field = element("textarea", {
      class: "live-words",
      "aria-label": "Words",
      placeholder: "What is for sale?",
      maxlength: 500,
      rows: 2,
      spellcheck: "false",
    });
    field.addEventListener("input", () => {
      replica.patch([{ op: "replace", path: "/words", value: field.value }]);
    });
    words.observe(({ delta, transaction }) => {
      if (!transaction.local) follow(field, delta);
    });
    return field;
  }

  function createPrice(): HTMLElement {
    const field = element("input", { inputmode: "decimal", autocomplete: "off", placeholder: "0" });
    let shown: unknown;
    const write = (price: number) => {
      told.replaceChildren();
      shown = price;
      replica.patch([{ op: "add", path: "/label/price", value: price }]);
    };
    field.addEventListener("input", () => {
      const price = Number(field.value.replace(",", "."));
      // Half a number is none yet.
      if (field.value.trim() !== "" && Number.isFinite(price)) write(price);
    });
    field.addEventListener("blur", () => show(priceNow()));
    replica.subscribe(() => {
      if (priceNow() !== shown) show(priceNow());
    });
    const negative = element("button", { class: "small-button", type: "button" }, "Try −5");
    negative.title = "Writes a price that the relay takes back";
    negative.addEventListener("click", () => {
      field.value = "-5";
      write(-5);
    });
    return element("div", { class: "live-price" }, element("label", {}, "Price ", field), negative);

    function show(price: unknown): void {
      shown = price;
      field.value = typeof price === "number" ? String(price) : "";
    }
  }

  function priceNow(): unknown {
    return replica.doc.getMap("label").get("price");
  }
}

/** Does to a field what was done to its text: whoever writes in it keeps his place. */
function follow(field: HTMLTextAreaElement, delta: YTextEvent["delta"]): void {
  let at = 0;
  for (const { retain = 0, insert = "", delete: deleted = 0 } of delta) {
    at += retain;
    const added = typeof insert === "string" ? insert : "";
    if (added !== "" || deleted > 0) field.setRangeText(added, at, at + deleted, "preserve");
    at += added.length;
  }
}
