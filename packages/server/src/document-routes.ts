/**
 * Writing documents over HTTP, for programs without a replica.
 *
 *     POST   /documents                            makes one
 *     PATCH  /documents/:id                        RFC 6902 with the extended operations, or RFC 7396
 *     PUT    /documents/:id                        makes it hold this content; makes it, if there is none
 *     DELETE /documents/:id                        deletes it, to be restored
 *     GET    /documents/:id/conflicts              the edits that wait for somebody to resolve a conflict
 *     POST   /documents/:id/conflicts/:conflict    resolves one
 */
import { createHash, randomUUID } from "node:crypto";
import type { Json, JsonObject, Patch } from "@verso/bridge";
import {
  type ConflictList,
  conflictResolution,
  createHeaders,
  createRequest,
  type DocumentEdit,
  editHeaders,
  jsonPatch,
  mergePatch,
  patchQuery,
  replaceHeaders,
  replaceQuery,
  replaceRequest,
} from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { type Request, type Response, Router } from "express";
import type { Actor } from "./actor.js";
import { type Asked, toDocumentEdit } from "./edit-answers.js";
import { HttpProblem, parse } from "./http-problem.js";
import { type JsonEdit, type JsonEdits, type Resolution, unlessThere } from "./json-edits.js";
import { nameOf } from "./leases.js";
import { baseOf, notThere, parseHeaders } from "./preconditions.js";
import type { Approach, Reach } from "./reach.js";
import { parseBody, readJson } from "./request-body.js";

export interface DocumentRouteOptions {
  readonly edits: JsonEdits;
  readonly ledger: Ledger;
  readonly approach: Approach;
  readonly reach: Reach;
  readonly actorOf: (request: Request) => Actor;
}

const patchTypes = ["application/json-patch+json", "application/merge-patch+json"] as const;
const jsonType = ["application/json"] as const;
const putKinds: Asked = { kinds: ["create", "update"] };

export function createDocumentRoutes({
  edits,
  ledger,
  approach,
  reach,
  actorOf,
}: DocumentRouteOptions): Router {
  const router = Router();

  router.post("/", async (request, response) => {
    const { "Idempotency-Key": dedupe } = parseHeaders(createHeaders, request);
    const { json } = await readJson(request, response, jsonType);
    const { id: named, title, content } = parseBody(createRequest, json);
    const { id, actor } = await approach(request, named ?? newId(actorOf(request), dedupe), "create");
    const asked = { title, content: content as JsonObject, dedupe };
    answer(response, id, await edits.create(id, actor, asked), { kinds: ["create"] });
  });

  router.patch("/:id", async (request, response) => {
    const { target, strategy, base } = parse(patchQuery, request.query);
    const { "If-Match": ifMatch, "Idempotency-Key": dedupe } = parseHeaders(editHeaders, request);
    const { head, actor } = await reach(request, "write", { evenDeleted: true });
    const asked = { ...baseOf(head, { ifMatch, base, strategy }), strategy, target, dedupe };
    const { mediaType, json } = await readJson(request, response, patchTypes);
    const { document: id } = head;
    const edit =
      mediaType === "application/json-patch+json"
        ? await edits.patch(id, actor, { ...asked, patch: parseBody(jsonPatch, json) as Patch })
        : await edits.merge(id, actor, { ...asked, mergePatch: parseBody(mergePatch, json) as Json });
    answer(response, id, edit, { kinds: ["update"], target });
  });

  router.put("/:id", async (request, response) => {
    const { strategy, base } = parse(replaceQuery, request.query);
    const headers = parseHeaders(replaceHeaders, request);
    const { "If-Match": ifMatch, "Idempotency-Key": dedupe } = headers;
    const { id, actor } = await approach(request, request.params.id, "write");
    const head = await ledger.head(id);
    const isNew = headers["If-None-Match"] !== undefined;
    if (isNew || head === undefined) {
      if ((ifMatch ?? base) !== undefined) throw notThere(id);
      await approach(request, id, "create");
    }
    const on = head === undefined ? {} : baseOf(head, { ifMatch, base, strategy });
    const { json } = await readJson(request, response, jsonType);
    const { title, content } = parseBody(replaceRequest, json);
    const asked = { title, content: content as JsonObject, dedupe };
    if (isNew || head === undefined) {
      const created = await unlessThere(edits.create(id, actor, asked));
      if (created !== null) return answer(response, id, created, putKinds);
      if (isNew) throw new HttpProblem("revision-mismatch", `There is a document "${id}" already.`);
    }
    answer(response, id, await edits.replace(id, actor, { ...asked, ...on, strategy }), putKinds);
  });

  router.delete("/:id", async (request, response) => {
    const { "If-Match": ifMatch, "Idempotency-Key": dedupe } = parseHeaders(editHeaders, request);
    const { head, actor } = await reach(request, "delete", { evenDeleted: true });
    const on = baseOf(head, { ifMatch });
    const { document: id } = head;
    answer(response, id, await edits.delete(id, actor, { ...on, dedupe }), { kinds: ["delete"] });
  });

  router.get("/:id/conflicts", async (request, response) => {
    const { head } = await reach(request, "read");
    response.json({ conflicts: [...(await edits.conflicts(head.document))] } satisfies ConflictList);
  });

  router.post("/:id/conflicts/:conflict", async (request, response) => {
    const { head, actor } = await reach(request, "write");
    const { json } = await readJson(request, response, jsonType);
    const resolution = parseBody(conflictResolution, json) as Resolution;
    const { document: id } = head;
    const edit = await edits.resolve(id, actor, request.params.conflict, resolution);
    answer(response, id, edit, { kinds: ["update"] });
  });

  return router;

  function answer(response: Response, id: string, edit: JsonEdit, asked: Asked): void {
    const body: DocumentEdit = toDocumentEdit(id, edit, asked);
    response.set("ETag", `"${body.revision_id}"`);
    if (body.kind === "create") response.status(201).location(`/api/documents/${encodeURIComponent(id)}`);
    response.json(body);
  }
}

/** A UUID: always the same for what its author calls by one name, so that it is made once. */
function newId(actor: Actor, dedupe: string | undefined): string {
  if (dedupe === undefined) return randomUUID();
  const hash = createHash("sha256")
    .update(JSON.stringify(["create", nameOf(actor), dedupe]))
    .digest("hex");
  // Version 8 of RFC 9562: bits of one's own.
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-8$3-8$4-$5");
}
