/** The JSON of proofs: `GET /api/documents/:id/proof?sequence=`, that a commit belongs to a document's history. */
import { z } from "zod";

export const proofQuery = z.object({
  sequence: z.coerce.number().int().min(1).describe("Of the commit that is to be proven."),
});

/** A proof, whose form belongs to whoever checks it. */
export const proof = z
  .looseObject({})
  .describe(
    "Keep it byte for byte as it came: `checkProof` of `@verso/storage` or `npx verso check-proof` checks it.",
  );
