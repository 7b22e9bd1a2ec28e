/**
 * The kind of documents that the studio's offline lab writes: what the thermometers of a cold chain have read, and a note.
 *
 * A reading is never changed, so that every one that was taken can be looked for afterwards.
 */
import type { ConfigInput } from "@verso/server";
import { z } from "zod";

const reading = z.object({
  id: z.string().max(40),
  /** A thermometer that reads more, or less, is broken. */
  celsius: z.number().min(-40).max(40),
});

export const readings = {
  roots: { readings: "array", note: "text" },
  schema: z.object({
    readings: z.array(reading).max(20_000),
    note: z.string().max(2_000),
  }),
  strict: true,
} satisfies NonNullable<ConfigInput["documents"]>[string];
