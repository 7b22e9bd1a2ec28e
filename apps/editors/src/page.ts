/**
 * The frame of every editor's page: opens the document, has the editor mounted on it, and shows around it how things
 * stand with the relay, who is here, what can be undone and what was taken back.
 */
import { createClient, type Document } from "@verso/client";
import { browserPersistence, browserTabs } from "@verso/client/browser";
import type { UndoManager } from "yjs";
import { type EditorName, editors } from "./editors.js";
import { element } from "./element.js";
import { createHeader } from "./header.js";
import { createPeople } from "./people.js";
import { inventPerson, type Person, personOfPage } from "./person.js";
import { createRejections } from "./rejections.js";
import { roomOfPage } from "./room.js";
import { createStatusPill } from "./status-pill.js";
import { createUndoButtons } from "./undo-buttons.js";

/** Puts an editor into `parent`, bound to the document; what it gives undoes what was written in this editor. */
export type Mount = (document: Document, parent: HTMLElement) => UndoManager;

export function showEditor(name: EditorName, mount: Mount): void {
  const { title, about } = editors[name];
  const person = personOfPage();
  // Who uses this browser under another name keeps his own, and speaks for himself.
  const prefix = `${person.name}/`;
  const client = createClient({
    url: location.origin,
    user: person.name,
    persistence: browserPersistence({ prefix }),
    tabs: browserTabs({ prefix }),
  });
  const replica = client.open(`editors/${name}/${roomOfPage()}`);
  const { name: userName, color } = person;
  replica.awareness.setLocalStateField("user", { name: userName, color, colorLight: `${color}4d` });

  const pill = createStatusPill();
  const rejections = createRejections();
  const online = element("input", { type: "checkbox", role: "switch", checked: true });
  const host = element("div", { class: "host" });
  const undoManager = mount(replica, host);

  online.addEventListener("change", () => {
    if (online.checked) client.connect();
    else client.disconnect();
    render();
  });
  replica.subscribe(render);
  replica.on("rejected", rejections.add);
  // Reopened, it is the one of the new epoch.
  replica.on("epoch", () => location.reload());
  render();

  document.body.append(
    createHeader(),
    element(
      "main",
      { class: "page" },
      element("h1", {}, title),
      element("p", { class: "about" }, about),
      element("div", { class: "company" }, createPeople(replica.awareness), inviteLink(person)),
      element(
        "section",
        { class: "pane", style: `--person: ${color}`, "aria-label": "Editor" },
        element(
          "div",
          { class: "pane-bar" },
          createUndoButtons(undoManager),
          pill.element,
          element("label", { class: "switch" }, online, element("span", {}, "Online")),
        ),
        host,
      ),
      rejections.element,
    ),
  );

  function render(): void {
    // One tab speaks with the relay for all of one person's: only there is a connection to be cut.
    online.disabled = !replica.status.leads;
    online.title = online.disabled ? "Another window of yours has the connection" : "";
    pill.show(replica, online.checked);
  }
}

function inviteLink(person: Person): HTMLElement {
  const url = new URL(location.href);
  url.searchParams.set("name", inventPerson(person).name);
  return element("a", { href: url.href, target: "_blank", rel: "noopener" }, "Join as somebody else");
}
