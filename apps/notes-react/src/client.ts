/** The client of this page, and the kinds of its documents, by which every hook knows what is in a note. */
import { createClient } from "@verso/client";
import { browserPersistence, browserTabs } from "@verso/client/browser";
import { note } from "./kind.js";
import { findPlace } from "./place.js";

const kinds = { "notes/:id": note } as const;

declare module "@verso/react" {
  interface Register {
    kinds: typeof kinds;
  }
}

export const place = findPlace();

// What one user has not sent yet is not to be sent by another one.
const prefix = `${place.name}:`;

export const client = createClient({
  url: location.origin,
  user: place.name,
  kinds,
  persistence: browserPersistence({ prefix }),
  tabs: browserTabs({ prefix }),
});
