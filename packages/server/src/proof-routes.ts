/**
 * Proofs over HTTP: that a commit belongs to a document's history.
 *
 *     GET /documents/:id/proof?sequence=7      to the next signed head, or to the present one
 */
import { proofQuery } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { type Request, Router } from "express";
import { HttpProblem, parse } from "./http-problem.js";
import type { Reach } from "./reach.js";
import { proofOf, type Signer } from "./signed-heads.js";

export function createProofRoutes({
  ledger,
  reach,
  signer,
}: {
  readonly ledger: Ledger;
  readonly reach: Reach;
  /** Signs heads when a proof needs one, if the relay signs. */
  readonly signer: Signer | undefined;
}): Router {
  const router = Router({ mergeParams: true });

  router.get("/proof", async (request: Request<{ id: string }>, response) => {
    const { head } = await reach(request, "read", { evenDeleted: true });
    const { sequence } = parse(proofQuery, request.query);
    const proof = await proofOf(ledger, head.document, { sequence, signer });
    if (proof === undefined) throw new HttpProblem("not-found", `There is no commit ${sequence}.`);
    response.type("application/json").send(proof);
  });

  return router;
}
