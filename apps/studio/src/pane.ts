/**
 * One editor on the document: a replica of its own with a link of its own, as if it stood on a computer of its own.
 *
 * The name at the top is the user of the relay who writes here: what is undone is what he has written, wherever he did.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import { Doc, type Text } from "yjs";
import { element } from "./element.js";
import type { HistoryApi } from "./history-api.js";
import { type Link, openLink } from "./link.js";
import { createOnlineSwitch } from "./online-switch.js";
import "./pane.css";
import { longestName, type Person } from "./people.js";
import { createStatusPill } from "./status-pill.js";
import { createUndo, type Direction, type Undo } from "./undo.js";

export interface Pane {
  readonly element: HTMLElement;
  readonly doc: Doc;
  readonly link: Link;
  /** Who writes in it now. */
  user(): string;
}

export interface PaneOptions {
  readonly person: Person;
  readonly room: string;
  /** Where the relay is, as `ws://localhost:8080`. */
  readonly relay: string;
  readonly api: HistoryApi;
  readonly onRename: (person: Person) => void;
}

/** The root of the document that the editors show. */
const root = "content";

export function createPane({ person, room, relay, api, onRename }: PaneOptions): Pane {
  const doc = new Doc();
  const text = doc.getText(root);
  const link = openLink(doc, { room, relay, user: person.name });
  const user = () => person.name;
  const undo = createUndo({ doc, link, api, user });
  introduce(person);

  const avatar = element("span", { class: "avatar", "aria-hidden": true });
  const name = element("input", {
    class: "pane-name",
    value: person.name,
    maxlength: longestName,
    "aria-label": "Name",
    autocomplete: "off",
    spellcheck: "false",
  });
  name.addEventListener("change", () => rename(name.value));
  name.addEventListener("keydown", event => {
    if (event.key === "Enter") name.blur();
  });

  const length = element("span", { class: "pane-length" });
  const editor = element("div", { class: "pane-editor" });
  const pane = element(
    "section",
    { class: "pane", style: `--person: ${person.color}` },
    element("header", { class: "pane-header" }, avatar, name, undo.buttons, createOnlineSwitch(link)),
    editor,
    element("footer", { class: "pane-footer" }, createStatusPill(link), length, undo.told),
  );
  showName(person.name);

  const view = createEditor({ text, undo, awareness: link.awareness, parent: editor });
  const showLength = () => {
    length.textContent = characters(text.length);
  };
  text.observe(showLength);
  showLength();
  // The free space below the text belongs to the text.
  editor.addEventListener("click", () => view.focus());

  return { element: pane, doc, link, user };

  function rename(wish: string): void {
    const wished = wish.trim();
    if (wished === "" || wished === person.name) {
      name.value = person.name;
      return;
    }
    person = { ...person, name: wished };
    showName(wished);
    introduce(person);
    link.actAs(wished);
    onRename(person);
  }

  function showName(shown: string): void {
    avatar.textContent = shown.slice(0, 1).toUpperCase();
    pane.setAttribute("aria-label", `Editor of ${shown}`);
  }

  function introduce({ name, color }: Person): void {
    link.awareness.setLocalStateField("user", { name, color, colorLight: `${color}4d` });
    // Carets that stand do not notice a new name: this one is drawn anew when the editor is entered again.
    link.awareness.setLocalStateField("cursor", null);
  }
}

function createEditor({
  text,
  undo,
  awareness,
  parent,
}: {
  text: Text;
  undo: Undo;
  awareness: Link["awareness"];
  parent: HTMLElement;
}): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        undoByRelay(undo),
        keymap.of(defaultKeymap),
        highlightSpecialChars(),
        drawSelection(),
        EditorView.lineWrapping,
        // What scrolls is reached by key through what is in it; that it can be edited is not enough for every tool.
        EditorView.contentAttributes.of({ "aria-label": "Document", spellcheck: "true", tabindex: "0" }),
        placeholder("Type here: the other editor follows, and every change becomes a commit."),
        yCollab(text, awareness, { undoManager: false }),
      ],
    }),
  });
}

/** The usual keys, and what the menus of browsers and telephones ask for. */
function undoByRelay({ take }: Undo): Extension {
  const run = (direction: Direction) => () => {
    take(direction);
    return true;
  };
  const directions: Readonly<Record<string, Direction>> = { historyUndo: "undo", historyRedo: "redo" };
  return [
    keymap.of([
      { key: "Mod-z", run: run("undo") },
      { key: "Mod-y", run: run("redo") },
      { key: "Mod-Shift-z", run: run("redo") },
    ]),
    EditorView.domEventHandlers({
      beforeinput(event) {
        const direction = directions[event.inputType];
        if (direction === undefined) return false;
        event.preventDefault();
        take(direction);
        return true;
      },
    }),
  ];
}

function characters(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "character" : "characters"}`;
}
