/**
 * Erasing over HTTP.
 *
 *     DELETE /documents/:id?erase=true     erases it for good, for who may delete
 */
import { type Erasure, eraseQuery } from "@verso/protocol";
import type { Tombstone } from "@verso/storage";
import { type Request, Router } from "express";
import { parse } from "./http-problem.js";
import type { Reach } from "./reach.js";
import type { Rooms } from "./rooms.js";

export function createErasureRoutes({
  rooms,
  reach,
}: {
  readonly rooms: Rooms;
  readonly reach: Reach;
}): Router {
  const router = Router({ mergeParams: true });

  router.delete("/", async (request: Request<{ id: string }>, response) => {
    const { head, actor } = await reach(request, "delete");
    parse(eraseQuery, request.query);
    response.json(describeErasure(await rooms.erase(head.document, { actor })));
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
