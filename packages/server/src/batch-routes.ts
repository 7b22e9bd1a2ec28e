/**
 * Many edits in one request.
 *
 *     POST /batch     each is made and answered by itself, as on its own
 *
 * Those of one document are made in order. One that is made on the present does not wait until the one before it is
 * durable, so that they share an append.
 */
import type { Json, JsonObject, Patch } from "@verso/bridge";
import { type BatchAnswer, type BatchEdit, batchRequest } from "@verso/protocol";
import type { CommitKind, Ledger } from "@verso/storage";
import { type Request, Router } from "express";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";
import { toDocumentEdit } from "./edit-answers.js";
import { type ProblemContext, toProblem } from "./http-problem.js";
import { type JsonEdit, type JsonEdits, unlessThere } from "./json-edits.js";
import { notThere } from "./preconditions.js";
import type { Approach } from "./reach.js";
import { parseBody, readJson } from "./request-body.js";

export interface BatchRouteOptions {
  readonly edits: JsonEdits;
  readonly ledger: Ledger;
  readonly approach: Approach;
  /** Refuses a document that is not there. */
  readonly existing: (documentId: string) => Promise<unknown>;
  readonly problems: (request: Request) => ProblemContext;
}

type Answer = BatchAnswer["answers"][number];

/** Documents of one batch that are edited at once. */
const atOnce = 16;

export function createBatchRoutes(options: BatchRouteOptions): Router {
  const { edits, ledger, approach, existing } = options;
  const router = Router();

  router.post("/batch", async (request, response) => {
    const { json } = await readJson(request, response, ["application/json"]);
    const { edits: asked } = parseBody(batchRequest, json);
    const answers: Answer[] = [];
    // Shared by those who take from it, so each document is taken once.
    const documents = byDocument(asked).entries();
    const takeDocuments = async () => {
      for (const [documentId, places] of documents) {
        const ofDocument = places.map(place => asked[place]!);
        (await editDocument(request, documentId, ofDocument)).forEach((answer, i) => {
          answers[places[i]!] = answer;
        });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, takeDocuments));
    response.json({ answers } satisfies BatchAnswer);
  });

  return router;

  async function editDocument(
    request: Request,
    documentId: string,
    asked: readonly BatchEdit[],
  ): Promise<Answer[]> {
    const begin = createBeginning(request, documentId);
    const outcomes: Promise<PromiseSettledResult<JsonEdit>>[] = [];
    for (const edit of asked) {
      if (!isOnPresent(edit)) await Promise.all(outcomes);
      const { made } = await begin(edit);
      outcomes.push(Promise.allSettled([made]).then(([outcome]) => outcome));
      if (!isOnPresent(edit)) await made.catch(() => null);
    }
    const told = await Promise.all(outcomes);
    const context = options.problems(request);
    return told.map((outcome, i) => {
      const edit = asked[i]!;
      try {
        if (outcome.status === "rejected") throw outcome.reason;
        const target = "target" in edit ? edit.target : undefined;
        const body = toDocumentEdit(documentId, outcome.value, { kinds: kindsOf[edit.op], target });
        return { id: edit.id, status: body.kind === "create" ? 201 : 200, body };
      } catch (error) {
        const body = toProblem(error, context);
        return { id: edit.id, status: body.status, body };
      }
    });
  }

  /** Asks for the edits of one document, one after the other, when it is settled that their actor may. */
  function createBeginning(request: Request, documentId: string) {
    const permissions = new Map<AccessAction, Promise<Actor>>();
    let isThere = false;

    return async (edit: BatchEdit): Promise<{ readonly made: Promise<JsonEdit> }> => {
      try {
        const actor = await permit(accessTo[edit.op]);
        if (edit.op === "replace" && !isThere) {
          const created = await createIfMissing(edit);
          if (created !== null) return { made: Promise.resolve(created) };
        }
        if (edit.op !== "create" && !isThere) {
          await existing(documentId);
          isThere = true;
        }
        // In an object, so that it is not waited for.
        return { made: make(edit, actor) };
      } catch (reason) {
        return { made: Promise.reject(reason) };
      }
    };

    function permit(action: AccessAction): Promise<Actor> {
      let permission = permissions.get(action);
      if (permission === undefined) {
        permission = approach(request, documentId, action).then(({ actor }) => actor);
        permissions.set(action, permission);
      }
      return permission;
    }

    async function createIfMissing(edit: Extract<BatchEdit, { op: "replace" }>): Promise<JsonEdit | null> {
      const head = await ledger.head(documentId);
      if (head !== undefined) return null;
      if (edit.base !== undefined) throw notThere(documentId);
      const actor = await permit("create");
      return unlessThere(make({ ...edit, op: "create" }, actor));
    }

    function make(edit: BatchEdit, actor: Actor): Promise<JsonEdit> {
      const dedupe = edit.id;
      if (edit.op === "create") {
        const { title } = edit;
        return edits.create(documentId, actor, { title, content: edit.content as JsonObject, dedupe });
      }
      const { base, exact } = edit;
      const on = { dedupe, exact, ...(base === undefined ? {} : { base: { revision: base } }) };
      if (edit.op === "delete") return edits.delete(documentId, actor, on);
      const { strategy } = edit;
      if (edit.op === "replace") {
        const { title } = edit;
        const content = edit.content as JsonObject;
        return edits.replace(documentId, actor, { ...on, strategy, title, content });
      }
      const { target } = edit;
      if (edit.op === "merge") {
        const mergePatch = edit.merge_patch as Json;
        return edits.merge(documentId, actor, { ...on, strategy, target, mergePatch });
      }
      return edits.patch(documentId, actor, { ...on, strategy, target, patch: edit.patch as Patch });
    }
  }
}

const accessTo = {
  create: "create",
  patch: "write",
  merge: "write",
  replace: "write",
  delete: "delete",
} as const satisfies Record<BatchEdit["op"], AccessAction>;

/** What they become commits as. */
const kindsOf = {
  create: ["create"],
  patch: ["update"],
  merge: ["update"],
  replace: ["create", "update"],
  delete: ["delete"],
} as const satisfies Record<BatchEdit["op"], readonly CommitKind[]>;

/** Whether an edit needs nothing but its turn, and what came before it in the room's queue. */
function isOnPresent({ op, ...edit }: BatchEdit): boolean {
  return op !== "create" && op !== "delete" && (!("base" in edit) || edit.base === undefined);
}

/** The places of the edits of each document. */
function byDocument(asked: readonly BatchEdit[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  asked.forEach(({ document_id: documentId }, place) => {
    const known = places.get(documentId);
    if (known === undefined) places.set(documentId, [place]);
    else known.push(place);
  });
  return places;
}
