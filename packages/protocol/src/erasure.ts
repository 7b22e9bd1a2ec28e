/** The JSON of erasing a document for good: the answer to `DELETE /api/documents/:id?erase=true`. */
import { z } from "zod";

export const erasure = z.object({
  document_id: z.string(),
  /** The sequence that its last commit had. */
  sequence: z.int().nonnegative(),
  erased_at: z.iso.datetime(),
  /** Who has erased it. */
  user_id: z.string(),
});

export type Erasure = z.output<typeof erasure>;
