/**
 * The JSON of writing documents over HTTP: making, patching, replacing and deleting them, one or many, and conflicts.
 *
 * Bodies are walked by `checkJsonBounds` before these schemas see them, so what a document is to hold is not checked
 * again: `z.json()` takes a third of a second for as many values as a body may have.
 */
import { z } from "zod";
import { erasure } from "./erasure.js";
import { patchOperation } from "./json-dialect.js";
import { conflict, conflictStrategy } from "./json-messages.js";
import { problem } from "./problem.js";
import { vectorClock } from "./vector-clock.js";

const title = z.string().max(10_000);
const content = z
  .record(z.string(), z.unknown())
  .describe("The `content` of the root `document`; where the document's kind has other roots, those.");
const editName = z.string().min(1).max(200);

/** `application/json-patch+json` (RFC 6902) */
export const jsonPatch = z
  .array(patchOperation)
  .max(10_000)
  .describe("RFC 6902, with the further operations `str_ins`, `str_del` and `delta`.");

/** `application/merge-patch+json` (RFC 7396) */
export const mergePatch = z
  .unknown()
  .refine(patch => patch !== undefined, "There is none.")
  .describe("RFC 7396: members take the place of those of the same name, and `null` removes one.");

/** The body of `POST /api/documents`. */
export const createRequest = z.strictObject({
  id: z.string().optional().describe("A UUID is made if it is left out."),
  title: title.optional(),
  content,
});

/** The body of `PUT /api/documents/:id`. */
export const replaceRequest = z.strictObject({
  title: title.optional().describe("It stays as it is if it is left out."),
  content,
});

const strategy = conflictStrategy
  .optional()
  .describe("What becomes of it where its places have changed since its base; else its kind says that.");
const base = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe("The revision that it was made on; the present if it is left out.");
const target = z
  .enum(["content", "document"])
  .optional()
  .describe(
    "Where pointers begin, or what is merged into: the content, also if it is left out, or `{ title, content }`.",
  );

/** `PUT /api/documents/:id?strategy=&base=` */
export const replaceQuery = z.object({ strategy, base });
/** `PATCH /api/documents/:id?target=&strategy=&base=` */
export const patchQuery = z.object({ target, strategy, base });

const idempotencyKey = editName
  .optional()
  .describe(
    "The client's own name for the edit: of all his edits of a document under one name, one is made, and the others are answered as that was.",
  );
const ifMatch = z
  .string()
  .max(10_000)
  .optional()
  .describe(
    "The `ETag` of the version that it was made on. If that is not the present it is refused, unless a strategy is named. `*` asks for no more than that the document is there.",
  );

/** The headers of `POST /api/documents`. */
export const createHeaders = z.object({ "Idempotency-Key": idempotencyKey });
/** The headers of `PATCH` and `DELETE /api/documents/:id`. */
export const editHeaders = createHeaders.extend({ "If-Match": ifMatch });
/** The headers of `PUT /api/documents/:id`. */
export const replaceHeaders = editHeaders.extend({
  "If-None-Match": z.literal("*").optional().describe("The document is made, and none is replaced."),
});

/** `DELETE /api/documents/:id?erase=` */
export const deleteQuery = z.object({
  erase: z
    .stringbool()
    .default(false)
    .describe("`true`: its history goes with it, and nothing brings it back."),
});

/** What has become of an edit; what is refused is a problem. */
export const documentEdit = z.object({
  document_id: z.string(),
  sequence: z.int().nonnegative(),
  revision_id: z.string(),
  vector_clock: vectorClock,
  kind: z
    .string()
    .nullable()
    .describe(
      "Of the commit that it has become. `null` when the document was like that already: what stands beside it is of the present then.",
    ),
  target: z
    .literal("document")
    .optional()
    .describe("Given when the pointers of the patch begin at `{ title, content }`, and not at the content."),
  patch: z
    .array(patchOperation)
    .nullable()
    .describe(
      "What it has changed, which may be less or more than was asked for. `null` where a document was made or deleted.",
    ),
});

/** `DELETE /api/documents/:id` */
export const deletedOrErased = z.union([documentEdit, erasure]);

/** `GET /api/documents/:id/conflicts` */
export const conflictList = z.object({ conflicts: z.array(conflict).describe("The oldest first.") });

/** The body of `POST /api/documents/:id/conflicts/:conflict` */
export const conflictResolution = z.union([
  z.strictObject({
    take: z
      .enum(["yours", "theirs", "merge"])
      .describe(
        "`yours`: the edit that waits is made. `theirs`: it is let go of. `merge`: it is made as if both had been made at once.",
      ),
  }),
  z.strictObject({ patch: jsonPatch.describe("Made instead of it; relative to the content.") }),
]);

const ofBatch = {
  id: editName.describe("The client's own name for the edit, as `Idempotency-Key` is."),
  document_id: z.string(),
};
const onBase = {
  base,
  exact: z
    .boolean()
    .optional()
    .describe("`true`: it is refused if anything has changed since its base, as with `If-Match`."),
};

/** One edit of a batch. */
export const batchEdit = z.discriminatedUnion("op", [
  z.strictObject({ ...ofBatch, op: z.literal("create"), title: title.optional(), content }),
  z.strictObject({
    ...ofBatch,
    ...onBase,
    op: z.literal("patch"),
    patch: jsonPatch,
    target,
    strategy,
  }),
  z.strictObject({
    ...ofBatch,
    ...onBase,
    op: z.literal("merge"),
    merge_patch: mergePatch,
    target,
    strategy,
  }),
  z.strictObject({
    ...ofBatch,
    ...onBase,
    op: z.literal("replace"),
    title: title.optional(),
    content,
    strategy,
  }),
  z.strictObject({ ...ofBatch, ...onBase, op: z.literal("delete") }),
]);

/** The body of `POST /api/batch`. */
export const batchRequest = z.strictObject({
  edits: z
    .array(batchEdit)
    .max(1000)
    .describe("Those of one document are made in this order, each by itself; those of several at once."),
});

/** `POST /api/batch`: what has become of each edit, in their order. */
export const batchAnswer = z.object({
  answers: z.array(
    z.object({
      id: z.string(),
      status: z.int().describe("What the edit by itself would have been answered with."),
      body: z.union([documentEdit, problem]),
    }),
  ),
});

export type DocumentEdit = z.infer<typeof documentEdit>;
export type ConflictList = z.infer<typeof conflictList>;
export type BatchEdit = z.infer<typeof batchEdit>;
export type BatchAnswer = z.infer<typeof batchAnswer>;
