/**
 * Erasing over HTTP.
 *
 *     DELETE /documents/:id?erase=true     erases it for good, for who may delete
 */
import { deleteQuery, type Erasure, editHeaders } from "@verso/protocol";
import type { Ledger, Tombstone } from "@verso/storage";
import { type Request, Router } from "express";
import { eraseDocument } from "./erasure.js";
import { parse } from "./http-problem.js";
import { assertMatches, parseHeaders } from "./preconditions.js";
import type { Reach } from "./reach.js";
import type { Rooms } from "./rooms.js";

export function createErasureRoutes({
  ledger,
  rooms,
  reach,
}: {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly reach: Reach;
}): Router {
  const router = Router({ mergeParams: true });

  router.delete("/", async (request: Request<{ id: string }>, response, next) => {
    const { erase } = parse(deleteQuery, request.query);
    if (!erase) return next();
    const { "If-Match": ifMatch } = parseHeaders(editHeaders, request);
    const { head, actor } = await reach(request, "delete", { evenDeleted: true });
    assertMatches(head, ifMatch);
    response.json(describeErasure(await eraseDocument(ledger, head.document, { actor, erase: rooms.erase })));
  });

  return router;
}

export function describeErasure({ document, sequence, time, actor }: Tombstone): Erasure {
  return {
    document_id: document,
    sequence,
    erased_at: new Date(time).toISOString(),
    user_id: actor.user,
  };
}
