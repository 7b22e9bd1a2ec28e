/** The JSON of erasing a document for good: `DELETE /api/documents/:id?erase=true`. */
import { z } from "zod";

export const erasure = z.object({
  document_id: z.string(),
  sequence: z.int().nonnegative().describe("The sequence that its last commit had."),
  erased_at: z.iso.datetime(),
  user_id: z.string().describe("Who has erased it."),
});

export type Erasure = z.output<typeof erasure>;
