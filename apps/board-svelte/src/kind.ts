/**
 * What the relay asks of a board: columns and cards, each under an id of its own, and where each stands as a fractional key.
 *
 * Who has a card belongs to whoever says so first: of two people who have not seen one another's claim the relay believes
 * the one that it hears first, and tells the other.
 */
import type { JudgedKind } from "@verso/client/judge";
import { generateKeyBetween } from "fractional-indexing";
import { z } from "zod";

export const limits = { title: 120, text: 2_000, owner: 60 } as const;

const id = z.string().min(1).max(40);

/** Between any two of them there is room for another. */
const order = z.string().max(250).refine(isKey, "This is no key of fractional order.");

export const board = {
  roots: { columns: "map", cards: "map" },
  schema: z.object({
    columns: z.record(id, z.object({ title: z.string().max(limits.title), order })),
    cards: z.record(
      id,
      z.object({
        title: z.string().max(limits.title),
        text: z.string().max(limits.text),
        column: id,
        order,
        owner: z.string().min(1).max(limits.owner).optional(),
      }),
    ),
  }),
  texts: ["/columns/*/title", "/cards/*/title", "/cards/*/text"],
  strict: true,
  conflicts: { "/cards/*/owner": "server-wins" },
} as const satisfies JudgedKind;

function isKey(text: string): boolean {
  try {
    generateKeyBetween(text, null);
    return true;
  } catch {
    // What the library does not take as a lower bound is none.
    return false;
  }
}
