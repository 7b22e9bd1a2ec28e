/**
 * Named versions over HTTP.
 *
 *     GET    /documents/:id/tags           lists them, for who may read
 *     POST   /documents/:id/tags           makes one, for who may write
 *     DELETE /documents/:id/tags/:name     lets go of one, for who may write
 */
import { type TagList, tagListQuery, tagRequest } from "@verso/protocol";
import { json, type Request, Router } from "express";
import { HttpProblem, parse } from "./http-problem.js";
import type { Reach } from "./reach.js";
import type { Tags } from "./tags.js";

export function createTagRoutes({
  tagsOf,
  reach,
}: {
  readonly tagsOf: (documentId: string) => Tags;
  readonly reach: Reach;
}): Router {
  const router = Router({ mergeParams: true });

  router.get("/tags", async (request: Request<{ id: string }>, response) => {
    const { head } = await reach(request, "read", { evenDeleted: true });
    const { after, limit } = parse(tagListQuery, request.query);
    response.json(await listTags(tagsOf(head.document), after === undefined ? { limit } : { after, limit }));
  });

  router.post("/tags", json({ limit: "4kb" }), async (request: Request<{ id: string }>, response) => {
    const { head, actor } = await reach(request, "write", { evenDeleted: true });
    const { name, sequence = head.sequence } = parse(tagRequest, request.body);
    const created = await tagsOf(head.document).create({ name, sequence }, { user: actor.user });
    if (created.outcome === "no-commit") {
      throw new HttpProblem("not-found", `There is no commit ${sequence}.`);
    }
    if (created.outcome === "taken") {
      throw new HttpProblem("conflict", `"${name}" is the name of ${created.tag.revision_id}.`);
    }
    response.status(201).json(created.tag);
  });

  router.delete("/tags/:name", async (request: Request<{ id: string; name: string }>, response) => {
    const { head } = await reach(request, "write", { evenDeleted: true });
    const deleted = await tagsOf(head.document).delete(request.params.name);
    if (deleted === undefined) throw new HttpProblem("not-found", "There is no tag of this name.");
    response.json(deleted);
  });

  return router;
}

async function listTags(tags: Tags, page: { after?: string; limit: number }): Promise<TagList> {
  const found: TagList["tags"] = [];
  for await (const tag of tags.list(page)) found.push(tag);
  return { tags: found, next: found.length === page.limit ? (found.at(-1)?.name ?? null) : null };
}
