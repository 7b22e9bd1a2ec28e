/**
 * One editor on the document: a replica of its own with a link of its own, as if it stood on a computer of its own.
 *
 * Undo is per pane: it takes back what was written here, and nothing of anybody else.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { Doc, type Text, UndoManager } from "yjs";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";
import { type Link, openLink } from "./link.js";
import { createOnlineSwitch } from "./online-switch.js";
import "./pane.css";
import { longestName, type Person } from "./people.js";
import { createStatusPill } from "./status-pill.js";

export interface Pane {
  readonly element: HTMLElement;
  readonly doc: Doc;
  readonly link: Link;
}

export interface PaneOptions {
  readonly person: Person;
  readonly room: string;
  /** Where the relay is, as `ws://localhost:8080`. */
  readonly relay: string;
  readonly onRename: (person: Person) => void;
}

/** The root of the document that the editors show. */
const root = "content";

export function createPane({ person, room, relay, onRename }: PaneOptions): Pane {
  const doc = new Doc();
  const text = doc.getText(root);
  const undoManager = new UndoManager(text);
  const link = openLink(doc, { room, relay });
  introduce(person);

  const avatar = element("span", { class: "avatar", "aria-hidden": true });
  const name = element("input", {
    class: "pane-name",
    value: person.name,
    maxlength: longestName,
    "aria-label": "Name at the caret",
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
    element(
      "header",
      { class: "pane-header" },
      avatar,
      name,
      element(
        "span",
        { class: "pane-tools" },
        historyButton(undoManager, "undo"),
        historyButton(undoManager, "redo"),
      ),
      createOnlineSwitch(link),
    ),
    editor,
    element("footer", { class: "pane-footer" }, createStatusPill(link), length),
  );
  showName(person.name);

  const view = createEditor({ text, undoManager, awareness: link.awareness, parent: editor });
  const showLength = () => {
    length.textContent = characters(text.length);
  };
  text.observe(showLength);
  showLength();
  // The free space below the text belongs to the text.
  editor.addEventListener("click", () => view.focus());

  return { element: pane, doc, link };

  function rename(wish: string): void {
    const wished = wish.trim();
    if (wished === "") {
      name.value = person.name;
      return;
    }
    person = { ...person, name: wished };
    showName(wished);
    introduce(person);
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
  undoManager,
  awareness,
  parent,
}: {
  text: Text;
  undoManager: UndoManager;
  awareness: Link["awareness"];
  parent: HTMLElement;
}): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        highlightSpecialChars(),
        drawSelection(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Document", spellcheck: "true" }),
        placeholder("Type here: the other editor follows, and every change becomes a commit."),
        yCollab(text, awareness, { undoManager }),
      ],
    }),
  });
}

function historyButton(undoManager: UndoManager, direction: "undo" | "redo"): HTMLElement {
  const label = direction === "undo" ? "Undo" : "Redo";
  const button = element(
    "button",
    { class: "icon-button", type: "button", title: label },
    icon(direction),
    spoken(label),
  );
  button.addEventListener("click", () => undoManager[direction]());
  const render = () => {
    const can = direction === "undo" ? undoManager.canUndo() : undoManager.canRedo();
    // Not `disabled`, which would take the focus away from whoever presses the button by key until nothing is left.
    button.setAttribute("aria-disabled", String(!can));
  };
  undoManager.on("stack-item-added", render);
  undoManager.on("stack-item-popped", render);
  undoManager.on("stack-cleared", render);
  render();
  return button;
}

function characters(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "character" : "characters"}`;
}
