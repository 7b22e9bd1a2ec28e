/** How lists are read page by page. */
import { z } from "zod";

/** `after=`, of every list of what has names; half of a surrogate pair is in none. */
export const pageStart = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cs}]+$/u, "it is no name")
  .refine(text => new TextEncoder().encode(text).length <= 1024, "it is longer than any name")
  .describe("`next` of the page before.");

/** `limit=`, of every list. */
export const pageSize = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .default(100)
  .describe("Entries of a page, at most.");
