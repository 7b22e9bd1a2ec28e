/**
 * Forks over HTTP, below `/api/documents/:id/forks`.
 *
 *     POST   /                begins one; takes the right to read the document
 *     GET    /                lists them
 *     GET    /:fork           one, and what merging it now would do, if whoever asks did it
 *     POST   /:fork/merge     merges it; takes the right to write to the document
 *     DELETE /:fork           drops it; the proposer may, and who may write to the document
 */
import { forwardPatch, reversePatch } from "@verso/bridge";
import {
  type ForkDescription,
  type ForkList,
  type ForkReview,
  forkDocumentId,
  forkListQuery,
  forkOf,
  forkRequest,
  mergeRequest,
} from "@verso/protocol";
import { json, type Request, Router } from "express";
import { withoutGaps } from "./changes.js";
import { documentOf, type Fork, isProposer } from "./fork-store.js";
import type { Forks, Review } from "./forks.js";
import { HttpProblem, parse } from "./http-problem.js";
import type { Reach } from "./reach.js";

export interface ForkRouteOptions {
  readonly reach: Reach;
  readonly mayWrite: (request: Request, documentId: string) => Promise<boolean>;
}

export function createForkRoutes(forks: Forks, { reach, mayWrite }: ForkRouteOptions): Router {
  // The parent is in the path that leads here.
  const router = Router({ mergeParams: true });
  const body = json({ limit: "64kb" });

  router.post("/", body, async (request: Request<{ id: string }>, response) => {
    const { title, comment } = parse(forkRequest, request.body ?? {});
    const { head, actor: proposer } = await reach(request, "read");
    const parent = head.document;
    const fork = await forks.fork(parent, { proposer, title, comment });
    if (fork === undefined) throw new HttpProblem("not-found", `There is no document "${parent}".`);
    response.status(201).json(describe(fork));
  });

  router.get("/", async (request: Request<{ id: string }>, response) => {
    const { after, limit } = parse(forkListQuery, request.query);
    const parent = (await reach(request, "read", { evenDeleted: true })).head.document;
    const page: Fork[] = [];
    for await (const fork of forks.list(parent, after === undefined ? { limit } : { after, limit })) {
      page.push(fork);
    }
    const next = page.length === limit ? (page.at(-1)?.id ?? null) : null;
    response.json({ forks: page.map(describe), next } satisfies ForkList);
  });

  router.get("/:fork", async (request: Request<{ id: string; fork: string }>, response) => {
    const { head, actor } = await reach(request, "read");
    const fork = await known(head.document, request.params.fork);
    const review = await forks.review(fork, { by: actor });
    response.set("Cache-Control", "no-store").json({
      ...describe(fork),
      review: review === null ? null : describeReview(review),
    } satisfies ForkReview);
  });

  router.post("/:fork/merge", body, async (request: Request<{ id: string; fork: string }>, response) => {
    const { revision_id: revision } = parse(mergeRequest, request.body ?? {});
    const { head, actor } = await reach(request, "write");
    const fork = await known(head.document, request.params.fork);
    const result = await forks.merge(fork, { by: actor, revision });
    switch (result.type) {
      case "merged":
        response.json(describe(result.fork));
        return;
      case "not-open":
        throw notOpen(result.fork);
      case "changed":
        throw new HttpProblem("fork-changed", `The fork is at revision ${result.revision} by now.`);
      case "unchanged":
        throw new HttpProblem("fork-unchanged", "There is nothing to merge.");
      case "refused":
        throw new HttpProblem("merge-refused", "The fork cannot be merged as it stands.", {
          issues: result.merging.issues.map(withoutGaps),
        });
    }
  });

  router.delete("/:fork", async (request: Request<{ id: string; fork: string }>, response) => {
    const { head, actor } = await reach(request, "read", { evenDeleted: true });
    const fork = await known(head.document, request.params.fork);
    if (!isProposer(actor, fork) && !(await mayWrite(request, head.document))) {
      throw new HttpProblem("forbidden", "This fork is somebody else's.");
    }
    const result = await forks.drop(fork, { by: actor });
    if (result.type === "not-open") throw notOpen(result.fork);
    response.json(describe(result.fork));
  });

  return router;

  async function known(parent: string, id: string): Promise<Fork> {
    const fork = forkOf(forkDocumentId(id)) === null ? undefined : await forks.get(id);
    if (fork?.parent !== parent) throw new HttpProblem("not-found", `"${parent}" has no such fork.`);
    return fork;
  }
}

function notOpen({ state }: Fork): HttpProblem {
  return new HttpProblem("fork-not-open", `The fork was ${state}.`);
}

function describe(fork: Fork): ForkDescription {
  const { id, parent, proposer, title, comment, created, base, state, closed, merged } = fork;
  return {
    id,
    document_id: parent,
    fork_document_id: documentOf(fork),
    user_id: proposer.user,
    title,
    comment,
    created_at: new Date(created).toISOString(),
    base: { sequence: base.sequence, revision_id: base.revision },
    state,
    closed: closed === null ? null : { user_id: closed.user, at: new Date(closed.at).toISOString() },
    merged: merged === null ? null : { sequence: merged.sequence, revision_id: merged.revision },
  };
}

function describeReview({ revision, verdict, issues, change }: Review): NonNullable<ForkReview["review"]> {
  return {
    revision_id: revision,
    verdict,
    issues: issues.map(withoutGaps),
    forward_patch: [...forwardPatch(change)],
    reverse_patch: [...reversePatch(change)],
  };
}
