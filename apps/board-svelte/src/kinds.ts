/** The kinds of the application, registered once: by them every id types its document. */
import { board } from "./kind.js";

export const kinds = { "board/:id": board } as const;

declare module "@verso/client/binding" {
  interface Register {
    kinds: typeof kinds;
  }
}

/** The document that a room shows. */
export type BoardId = `board/${string}`;
