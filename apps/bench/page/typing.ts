/**
 * One editor on one document, by one of two providers, for W11. It tells when which letter came into view, by the frames of
 * the page: the letter `q`, which nothing else on it has.
 */
import { createClient, type Document } from "@verso/client";
import { isEditorName } from "@verso/editors/editors";
import { mounts } from "@verso/editors/mounts";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Typing } from "../src/typing-times.js";

declare global {
  interface Window {
    /** There as soon as the editor is, with all that the server has. */
    typing?: Typing & { edits(): number };
  }
}

const asked = new URLSearchParams(location.search);
window.typing = await start(asked.get("editor") ?? "", asked.get("provider") ?? "", asked.get("room") ?? "");

async function start(editor: string, provider: string, room: string): Promise<NonNullable<Window["typing"]>> {
  if (!isEditorName(editor)) throw new TypeError(`There is no editor "${editor}".`);
  const mount = await mounts[editor]();
  const document =
    provider === "verso" ? await openByVerso(`editors/${editor}/${room}`) : await openByYWebsocket(room);
  document.awareness.setLocalStateField("user", { name: "Ada", color: "#0f766e", colorLight: "#0f766e4d" });
  const host = window.document.body.appendChild(window.document.createElement("div"));
  // Monaco fills the place that it is given.
  host.style.height = "600px";
  // These two are what an editor uses of a document.
  mount(document as Document, host);
  const edits = () =>
    [...Y.decodeStateVector(Y.encodeStateVector(document.doc)).values()].reduce((a, b) => a + b, 0);
  return { ...watch(() => shownIn(editor, host)), edits };
}

async function openByVerso(documentId: string) {
  const document = createClient({ url: location.origin }).open(documentId);
  await document.whenSynced;
  return document;
}

async function openByYWebsocket(room: string) {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const url = location.origin.replace(/^http/, "ws");
  const provider = new WebsocketProvider(url, room, doc, { awareness, disableBc: true });
  await new Promise<void>(resolve => provider.on("sync", isSynced => isSynced && resolve()));
  return { doc, awareness };
}

/** What of the document is on the page. Monaco keeps a part of it in a field for input methods as well. */
function shownIn(editor: string, host: HTMLElement): string {
  if (editor === "textarea") return host.querySelector("textarea")!.value;
  return (host.querySelector(".view-lines") ?? host).textContent;
}

function watch(shown: () => string): Typing {
  const typing: Typing = { pressed: [], seen: [] };
  const now = () => performance.timeOrigin + performance.now();
  window.addEventListener(
    "keydown",
    ({ key, timeStamp }) => {
      if (key === "q") typing.pressed.push(performance.timeOrigin + timeStamp);
    },
    { capture: true },
  );
  requestAnimationFrame(function look() {
    const letters = shown().split("q").length - 1;
    while (typing.seen.length < letters) typing.seen.push(now());
    requestAnimationFrame(look);
  });
  return typing;
}
