/**
 * The history of a document over HTTP, below `/api/documents/:id`.
 *
 *     GET  /?at=&roots=     the document as of a sequence or a time
 *     GET  /diff?from=&to=  what changed between two sequences
 *     GET  /blame?pointer=  who has put there what is at a pointer
 *     GET  /activity        who has worked on it and when
 *     POST /undo            takes back the latest edit of whoever asks
 *     POST /redo            takes back his latest undo
 *     POST /revert          takes back one commit of anybody
 *     POST /undo-to         takes back everything behind a sequence or a named version
 *     POST /restore         writes the content of a sequence or a named version
 *
 * Reading takes the right to read, and all else the right to write; what an edit may do beyond that the document's kind
 * says.
 */
import { BridgeError, parsePointer, readOperation } from "@verso/bridge";
import {
  activityQuery,
  blameQuery,
  type Difference,
  type DocumentContent,
  differenceQuery,
  type HistoryEditResult,
  redoRequest,
  restoreRequest,
  revertRequest,
  undoRequest,
  versionQuery,
} from "@verso/protocol";
import type { Head } from "@verso/storage";
import { json, type Request, type Response, Router } from "express";
import { refusal } from "./edit-answers.js";
import type { History, HistoryEdit, Version } from "./history.js";
import { HttpProblem, parse } from "./http-problem.js";
import { viewOf } from "./json-view.js";
import { knownRoots } from "./kinds.js";
import type { Reach } from "./reach.js";
import type { Tags } from "./tags.js";
import type { Difference as Changed } from "./versions.js";

export function createHistoryRoutes({
  history,
  tagsOf,
  reach,
}: {
  readonly history: History;
  readonly tagsOf: (documentId: string) => Tags;
  readonly reach: Reach;
}): Router {
  // The document is in the path that leads here.
  const router = Router({ mergeParams: true });
  const body = json({ limit: "64kb" });

  router.get("/", async (request: Request<{ id: string }>, response, next) => {
    const { at, roots: all } = parse(versionQuery, request.query);
    if (at === undefined) return next();
    const { document: id } = (await reach(request, "read", { evenDeleted: true })).head;
    const version = describeVersion(id, await history.at(id, at), { all });
    response.set({ ETag: `"${version.revision_id}"`, "Cache-Control": "no-cache" }).json(version);
  });

  router.get("/diff", async (request: Request<{ id: string }>, response) => {
    const { from, to } = parse(differenceQuery, request.query);
    const { document: id } = (await reach(request, "read", { evenDeleted: true })).head;
    response.json(describeDifference(id, { from, to, difference: await history.diff(id, from, to) }));
  });

  router.get("/blame", async (request: Request<{ id: string }>, response) => {
    const { pointer, at } = parse(blameQuery, request.query);
    const path = pathOf(pointer);
    const { document: id } = (await reach(request, "read", { evenDeleted: at !== undefined })).head;
    response.json(await history.blame(id, path, at));
  });

  router.get("/activity", async (request: Request<{ id: string }>, response) => {
    const query = parse(activityQuery, request.query);
    const { document: id } = (await reach(request, "read", { evenDeleted: true })).head;
    response.json(await history.activity(id, query));
  });

  router.post("/undo", body, async (request: Request<{ id: string }>, response) => {
    const { within } = parse(undoRequest, request.body ?? {});
    const { head, actor } = await reach(request, "write", { evenDeleted: true });
    answer(response, head, await history.undo(head.document, actor, { within }));
  });

  router.post("/redo", body, async (request: Request<{ id: string }>, response) => {
    parse(redoRequest, request.body ?? {});
    const { head, actor } = await reach(request, "write", { evenDeleted: true });
    answer(response, head, await history.redo(head.document, actor));
  });

  router.post("/revert", body, async (request: Request<{ id: string }>, response) => {
    const { sequence } = parse(revertRequest, request.body ?? {});
    const { head, actor } = await reach(request, "write", { evenDeleted: true });
    answer(response, head, await history.revert(head.document, actor, sequence));
  });

  for (const [path, action] of [
    ["/undo-to", "undoTo"],
    ["/restore", "restore"],
  ] as const) {
    router.post(path, body, async (request: Request<{ id: string }>, response) => {
      const point = parse(restoreRequest, request.body ?? {});
      const { head, actor } = await reach(request, "write", { evenDeleted: true });
      const sequence = "tag" in point ? await named(head.document, point.tag) : point.sequence;
      answer(response, head, await history[action](head.document, actor, sequence));
    });
  }

  return router;

  async function named(documentId: string, name: string): Promise<number> {
    const tag = await tagsOf(documentId).get(name);
    if (tag === undefined) throw new HttpProblem("not-found", "There is no tag of this name.");
    return tag.sequence;
  }
}

function pathOf(pointer: string): string[] {
  try {
    return parsePointer(pointer);
  } catch (error) {
    if (error instanceof BridgeError) throw new HttpProblem("bad-request", error.message);
    throw error;
  }
}

function answer(response: Response, head: Head, edit: HistoryEdit): void {
  if (edit.type === "refused") throw refusal({ ...edit, roots: knownRoots(head.roots) });
  response.json(describeEdit(edit));
}

/** A version as `GET …?at=` shows it: by its root `document`, if it has one, or by all roots. */
export function describeVersion(
  documentId: string,
  version: Version,
  { all = false }: { readonly all?: boolean } = {},
): DocumentContent {
  const { sequence, revision, epoch, created, updated } = version;
  const { id, title, content } = viewOf(documentId, version.content, { roots: all ? {} : version.roots });
  return {
    id,
    sequence,
    revision_id: revision,
    epoch,
    created_at: new Date(created).toISOString(),
    updated_at: new Date(updated).toISOString(),
    title,
    content,
  } as DocumentContent;
}

/** What has changed, as `GET …/diff` shows it. */
export function describeDifference(
  documentId: string,
  { from, to, difference }: { readonly from: number; readonly to: number; readonly difference: Changed },
): Difference {
  const { extended, rfc6902 } = difference;
  return {
    document_id: documentId,
    from,
    to,
    patch: [...extended],
    rfc6902_patch: [...rfc6902],
    list: extended.map(operation => {
      const { place, parts } = readOperation(operation);
      return { place, parts: [...parts] };
    }),
  };
}

/** What became of taking something back, as the requests for it answer. */
export function describeEdit(edit: Exclude<HistoryEdit, { readonly type: "refused" }>): HistoryEditResult {
  const made = edit.type === "done" ? edit : null;
  return {
    sequence: made?.sequence ?? null,
    revision_id: made?.revision ?? null,
    undoes: [...(made?.undoes ?? [])],
    unrestored: edit.unrestored.map(({ reason, key, content }) => ({ reason, key, content })),
  } as HistoryEditResult;
}

export function describeRefusal({ sequence }: { readonly sequence: number }): string {
  return `The document's kind does not allow it. Commit ${sequence} is the record of that.`;
}
