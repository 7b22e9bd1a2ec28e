/**
 * Undo and redo of one pane, by the relay's record of what its user has done: so they know after a reload, too, what
 * he did before, and leave alone what others did.
 *
 * What was written here must be in that record first. So it is waited for, and offline there is no undoing.
 */
import type { Doc } from "yjs";
import { element, spoken } from "./element.js";
import type { HistoryApi, Outcome } from "./history-api.js";
import { icon } from "./icon.js";
import type { Link } from "./link.js";
import { outcomeWords } from "./outcome-words.js";

export type Direction = "undo" | "redo";

export interface Undo {
  readonly buttons: HTMLElement;
  /** Tells what became of it. */
  readonly told: HTMLElement;
  /** After those that were asked for before. */
  take(direction: Direction): void;
}

export interface UndoOptions {
  readonly doc: Doc;
  readonly link: Link;
  readonly api: Pick<HistoryApi, Direction>;
  /** Who works in the pane now. */
  readonly user: () => string;
  readonly onTake?: () => void;
}

export function createUndo({ doc, link, api, user, onTake }: UndoOptions): Undo {
  const told = element("p", { class: "pane-told", role: "status" });
  const buttons = { undo: button("undo"), redo: button("redo") };
  /** Whether the relay has nothing of the kind, as far as is known here. */
  const spent = { undo: true, redo: true };
  let queue = Promise.resolve();

  doc.on("update", (_update, _origin, _doc, { local }) => {
    // An edit of one's own ends what one can redo. What others do may bring back something for either.
    spent.undo = false;
    spent.redo = local;
    if (local) told.replaceChildren();
    render();
  });
  link.on("change", render);
  render();

  return {
    buttons: element("span", { class: "pane-tools" }, buttons.undo, buttons.redo),
    told,
    take,
  };

  function take(direction: Direction): void {
    const obstacle = obstacleTo(direction);
    if (obstacle !== null) told.replaceChildren(obstacle);
    else queue = queue.then(() => takeNow(direction));
  }

  async function takeNow(direction: Direction): Promise<void> {
    // Whoever holds the key down asks for more than there is.
    if (spent[direction]) return;
    onTake?.();
    const outcome: Outcome = (await link.settle())
      ? await api[direction](user())
      : {
          kind: "failed",
          detail: "The connection has ended before the relay had all that was written here.",
        };
    if (outcome.kind === "nothing") spent[direction] = true;
    told.replaceChildren(
      ...outcomeWords(outcome, { done: words[direction].done, nothing: nothing(direction) }),
    );
    render();
  }

  function render(): void {
    for (const direction of ["undo", "redo"] as const) {
      const obstacle = obstacleTo(direction);
      // Not `disabled`, which would take the focus away from whoever presses the button by key until nothing is left.
      buttons[direction].setAttribute("aria-disabled", String(obstacle !== null));
      buttons[direction].title = obstacle ?? words[direction].label;
    }
  }

  function obstacleTo(direction: Direction): string | null {
    const { label } = words[direction];
    if (link.state.status !== "synced") return `${label} asks the relay what you did: it works online only.`;
    return spent[direction] ? nothing(direction) : null;
  }

  function nothing(direction: Direction): string {
    return `There is nothing of ${user()} to ${direction}.`;
  }

  function button(direction: Direction): HTMLElement {
    const made = element(
      "button",
      { class: "icon-button", type: "button" },
      icon(direction),
      spoken(words[direction].label),
    );
    made.addEventListener("click", () => take(direction));
    return made;
  }
}

const words = {
  undo: { label: "Undo", done: "Undone" },
  redo: { label: "Redo", done: "Redone" },
} as const;
