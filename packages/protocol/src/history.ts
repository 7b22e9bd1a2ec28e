/**
 * The JSON of a document's history: what changed between two versions, and taking back what was done.
 *
 * `GET /api/documents/:id?at=` answers as without `at`, with the document as it was.
 */
import { z } from "zod";
import { allRoots, json, patchOperation } from "./json-dialect.js";

/** `GET /api/documents/:id?at=&roots=` */
export const versionQuery = z.object({
  at: z
    .union([
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number)
        .pipe(z.int().positive()),
      z.iso.datetime({ offset: true }).transform(text => new Date(text)),
    ])
    .optional()
    .describe("A sequence, or a time as `2026-03-01T12:00:00Z`; the present if it is left out."),
  roots: allRoots,
});

/** `GET /api/documents/:id/diff?from=&to=`: two sequences, in either order. */
export const differenceQuery = z.object({
  from: z.coerce.number().int().nonnegative().describe("A sequence; 0 is the empty document."),
  to: z.coerce.number().int().nonnegative().describe("Another, which may be the earlier one."),
});

/** An operation of a patch as a person reads it. */
const operationText = z.object({
  place: z.string().describe("JSON Pointer, and in a text behind it a colon and the position."),
  parts: z.array(z.object({ kind: z.enum(["inserted", "deleted", "note"]), text: z.string() })),
});

/** The net of what changed from one version to another. */
export const difference = z.object({
  document_id: z.string(),
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  patch: z
    .array(patchOperation)
    .describe("RFC 6902 with `str_ins`, `str_del` and `delta`; pointers begin at the roots."),
  rfc6902_patch: z
    .array(patchOperation)
    .describe("The same in RFC 6902 alone: texts are replaced as a whole."),
  list: z.array(operationText).describe("The same for people, in the order of `patch`."),
});

/** The body of `POST …/undo`, which may be left out. */
export const undoRequest = z.strictObject({
  within: z
    .int()
    .nonnegative()
    .max(3_600_000)
    .optional()
    .describe(
      "Milliseconds: updates that follow each other at most that closely are one step, as what is typed without a pause is in an editor. Without it every commit is one.",
    ),
});

/** The body of `POST …/redo`, which may be left out. */
export const redoRequest = z.strictObject({});

/** The body of `POST …/revert`, which takes back this commit. */
export const revertRequest = z.strictObject({ sequence: z.int().positive() });

/** The body of `POST …/undo-to` and `POST …/restore`: the version to come back to. */
export const restoreRequest = z.union([
  z.strictObject({ sequence: z.int().nonnegative().describe("0 is the empty document.") }),
  z.strictObject({ tag: z.string().describe("The name of a version.") }),
]);

/** What became of taking something back; what the document's kind does not allow is the problem `edit-refused`. */
export const historyEdit = z.object({
  sequence: z
    .int()
    .positive()
    .nullable()
    .describe(
      "Of the commit that it has become; `null` when there was nothing to take back, and nothing has changed.",
    ),
  revision_id: z.string().nullable(),
  undoes: z.array(z.int().positive()).describe("The commits that are taken back by it."),
  unrestored: z
    .array(
      z.object({
        reason: z
          .enum(["parent-gone", "overwritten", "deleted-later"])
          .describe(
            "`overwritten`: its key has a later value. `deleted-later`: it came back once and was deleted again, or its key was. `parent-gone`: what held it is gone.",
          ),
        key: z.string().nullable(),
        content: json.describe("The text or the values; `null` for what is neither."),
      }),
    )
    .describe("What was deleted by them, and has not come back."),
});

export type Difference = z.infer<typeof difference>;
export type HistoryEditResult = z.infer<typeof historyEdit>;
