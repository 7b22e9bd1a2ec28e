/** The client of the page: kept in this browser, for this person, and shared by his tabs. */
import { createClient, type Documents } from "@verso/client";
import { browserPersistence, browserTabs } from "@verso/client/browser";
import { recall, remember } from "./browser-memory.js";
import { kinds } from "./kinds.js";

export type BoardClient = Documents<typeof kinds>;

export function openClient(user: string): BoardClient {
  const prefix = `board/${user}/`;
  return createClient({
    url: location.origin,
    user,
    kinds,
    persistence: browserPersistence({ prefix }),
    tabs: browserTabs({ prefix }),
    connect: isOnline(),
  });
}

/** Whether this window is to have a connection; the same after a reload. */
export function isOnline(): boolean {
  return recall("offline") === null;
}

export function setOnline(client: BoardClient, online: boolean): void {
  remember("offline", online ? null : "yes");
  if (online) client.connect();
  else client.disconnect();
}
