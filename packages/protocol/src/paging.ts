/** How lists are read page by page. */
import { z } from "zod";

/** `limit=`, of every list. */
export const pageSize = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .default(100)
  .describe("Entries of a page, at most.");
