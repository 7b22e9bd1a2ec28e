/**
 * One editor on one document, by one of two providers, for W11. It tells when which letter came into view, by the frames of
 * the page: the letter `q`, which nothing else on it has.
 */
import { createClient } from "@verso/client";
import { isEditorName, mounts } from "@verso/editors/mounts";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Typing } from "../src/typing-times.js";

declare global {
  interface Window {
    /** Resolves when the editor is there, with all that the server has. */
    typing: Promise<Typing>;
  }
}

const asked = new URLSearchParams(location.search);
window.typing = start(asked.get("editor") ?? "", asked.get("provider") ?? "", asked.get("room") ?? "");

async function start(editor: string, provider: string, room: string): Promise<Typing> {
  if (!isEditorName(editor)) throw new TypeError(`There is no editor "${editor}".`);
  const mount = await mounts[editor]();
  const document = provider === "verso" ? await openByVerso(`editors/${editor}/${room}`) : await openByYWebsocket(room);
  document.awareness.setLocalStateField("user", { name: "Ada", color: "#0f766e", colorLight: "#0f766e4d" });
  const host = window.document.body.appendChild(window.document.createElement("div"));
  mount(document, host);
  return watch(host);
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

function watch(host: HTMLElement): Typing {
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
    const shown = `${host.textContent}${host.querySelector("textarea")?.value ?? ""}`;
    const letters = shown.split("q").length - 1;
    while (typing.seen.length < letters) typing.seen.push(now());
    requestAnimationFrame(look);
  });
  return typing;
}
