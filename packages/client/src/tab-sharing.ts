/**
 * Tabs of one browser that share no store: each speaks for itself with the relay, and what is edited and who is present
 * passes between them without it, over lib0's BroadcastChannel, as it does between those of y-websocket's provider.
 *
 * What comes from another tab is no edit of this one, so it is not sent to the relay from here unless the relay is found
 * to lack it.
 */
import { publish, subscribe, unsubscribe } from "lib0/broadcastchannel";
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { isLocal, tabOrigin } from "./open-document.js";
import { decodeTabMessage, encodeTabMessage, type TabMessage } from "./tab-messages.js";

export interface TabSharingOptions {
  /** Those of one name share. */
  readonly name: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
}

/** Returns what ends it, and tells the others that nobody is present here any more. */
export function shareWithTabs({ name, doc, awareness }: TabSharingOptions): () => void {
  const updated = (update: Uint8Array, origin: unknown) => {
    if (isLocal(origin)) tell({ type: "update", update });
  };
  const present = (changed: Record<"added" | "updated" | "removed", number[]>, origin: unknown) => {
    if (isLocal(origin)) tellPresence([...changed.added, ...changed.updated, ...changed.removed]);
  };
  subscribe(name, receive);
  doc.on("update", updated);
  awareness.on("update", present);
  tell({ type: "ask", stateVector: Y.encodeStateVector(doc) });
  tell({ type: "update", update: Y.encodeStateAsUpdate(doc) });
  tellPresence([doc.clientID]);

  return () => {
    doc.off("update", updated);
    awareness.off("update", present);
    tellPresence([doc.clientID], new Map());
    unsubscribe(name, receive);
  };

  function receive(data: ArrayBuffer | Uint8Array, sender: unknown): void {
    // lib0 gives whoever publishes in this tab what it has published itself.
    if (sender === receive) return;
    const message = decodeTabMessage(new Uint8Array(data));
    if (message.type === "update") Y.applyUpdate(doc, message.update, tabOrigin);
    else if (message.type === "awareness") applyAwarenessUpdate(awareness, message.update, tabOrigin);
    else if (message.type === "ask") {
      tell({ type: "update", update: Y.encodeStateAsUpdate(doc, message.stateVector) });
      tellPresence([doc.clientID]);
    }
  }

  function tellPresence(clients: number[], states = awareness.getStates()): void {
    // Of whom nothing was ever known, nothing can be told.
    const known = clients.filter(client => awareness.meta.has(client));
    if (known.length === 0) return;
    tell({ type: "awareness", update: encodeAwarenessUpdate(awareness, known, states), from: "tab" });
  }

  function tell(message: TabMessage): void {
    publish(name, encodeTabMessage(message), receive);
  }
}
