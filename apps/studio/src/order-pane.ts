/**
 * One order as one user has it before him: a replica of its own with a link of its own, a form, and the JSON.
 *
 * What the relay takes back comes as an ordinary update, and the form shows what the document says again. Why it was
 * taken back is in the commit that it left, under the name of the user.
 */
import type { ChangeEvent } from "@verso/protocol";
import { Doc } from "yjs";
import { element } from "./element.js";
import type { HistoryApi } from "./history-api.js";
import { openLink } from "./link.js";
import type { Replica } from "./live-commits.js";
import { createOnlineSwitch } from "./online-switch.js";
import { createOrderForm } from "./order-form.js";
import { createOrderJson } from "./order-json.js";
import { createStatusPill } from "./status-pill.js";
import { createUndo } from "./undo.js";
import "./pane.css";
import "./order.css";

/** Those who have rights on the relay that `npm start` runs. */
export type User = "clerk" | "approver";

export interface OrderPane extends Replica {
  readonly element: HTMLElement;
  /** Who works in it now. */
  user(): User;
  /** Shows what was taken back of what was written in this pane. */
  hear(commits: readonly ChangeEvent[]): void;
}

export interface OrderPaneOptions {
  /** Who works in it at first. */
  readonly user: User;
  readonly documentId: string;
  /** Where the relay is, as `ws://localhost:8080`. */
  readonly relay: string;
  readonly api: HistoryApi;
}

const users: Readonly<Record<User, { readonly name: string; readonly color: string }>> = {
  clerk: { name: "Clerk", color: "#0069a8" },
  approver: { name: "Approver", color: "#b54708" },
};

export function createOrderPane({ user, documentId, relay, api }: OrderPaneOptions): OrderPane {
  const doc = new Doc();
  const link = openLink(doc, { room: documentId, relay, user });
  const form = createOrderForm(doc, { mayApprove: () => user === "approver" });
  /** Before anything was written or undone here, nothing of it can have been taken back. */
  let written = false;
  const undo = createUndo({ doc, link, api, user: () => user, onTake: edited });
  doc.on("update", (_update, _origin, _doc, { local }) => {
    if (local) edited();
  });

  const avatar = element("span", { class: "avatar", "aria-hidden": true });
  const pane = element(
    "section",
    { class: "pane order-pane" },
    element("header", { class: "pane-header" }, avatar, createUserChoice(user, be), createOnlineSwitch(link)),
    element("div", { class: "order-body" }, form.element, createOrderJson(doc)),
    element("footer", { class: "pane-footer" }, createStatusPill(link), undo.buttons, undo.told),
  );
  be(user);

  return {
    element: pane,
    doc,
    link,
    user: () => user,
    hear(commits) {
      if (!written) return;
      for (const { user_id, issues } of commits) {
        if (user_id !== user) continue;
        // What was taken back may be told of only after the next edit: once that is accepted, it is past.
        if (issues === undefined) form.forget();
        else form.tell(issues);
      }
    },
  };

  function edited(): void {
    written = true;
    form.forget();
  }

  function be(chosen: User): void {
    const { name, color } = users[chosen];
    avatar.textContent = name.slice(0, 1);
    pane.style.setProperty("--person", color);
    pane.setAttribute("aria-label", `Order as ${name.toLowerCase()}`);
    link.awareness.setLocalStateField("user", { name, color });
    if (chosen === user) return;
    user = chosen;
    form.forget();
    link.actAs(chosen);
  }
}

let choices = 0;

function createUserChoice(chosen: User, onChoose: (user: User) => void): HTMLElement {
  const group = `user-${++choices}`;
  const choice = (user: User) => {
    const radio = element("input", { type: "radio", name: group, checked: user === chosen });
    radio.addEventListener("change", () => onChoose(user));
    return element("label", {}, radio, element("span", {}, users[user].name));
  };
  return element(
    "div",
    { class: "user-choice", role: "radiogroup", "aria-label": "User" },
    choice("clerk"),
    choice("approver"),
  );
}
