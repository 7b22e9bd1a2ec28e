/** The kind of documents that the studio's start page shows: what stands on a price label. */
import type { ConfigInput } from "@verso/server";
import { z } from "zod";

export const label = {
  roots: { words: "text", label: "map" },
  schema: z.object({
    words: z.string().max(500),
    label: z.object({
      price: z.number().nonnegative("A price is not negative.").max(1_000_000).optional(),
    }),
  }),
  strict: true,
} satisfies NonNullable<ConfigInput["documents"]>[string];
