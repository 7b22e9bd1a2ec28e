/**
 * The JSON that programs without a CRDT read over HTTP: documents, their content and their changes.
 *
 * Field names are snake_case. A document with a root map `document` is shown by it: `content` and `title` are its
 * members, and pointers begin at the content, or where a change says `target: "document"` at the whole of
 * `{ id, title, content }`. Any other document is shown by all of its roots: `/invoice/0` is the first element of the
 * root named `invoice`. Patches are RFC 6902 with three further operations: `str_ins` and `str_del`
 * (JSON Patch Extended, positions in UTF-16 code units) and `delta` for formatted text.
 */
import { z } from "zod";
import { pageSize, pageStart } from "./paging.js";

/** Any JSON value. */
export const json = z.json();

/** One operation of a patch. */
export const patchOperation = z
  .looseObject({ op: z.string(), path: z.string().describe("JSON Pointer into the content.") })
  .describe("Members other than `op` and `path` depend on the operation.");

/** `GET /api/documents?after=&limit=&deleted=` */
export const documentListQuery = z.object({
  after: pageStart.optional(),
  limit: pageSize,
  deleted: z
    .stringbool()
    .default(false)
    .describe("`true`: those that were deleted, and can be restored, in place of those that are there."),
});

/** `GET /api/documents`: one page of documents, in the order of their ids. */
export const documentList = z.object({
  documents: z.array(
    z.object({
      id: z.string(),
      sequence: z.int().nonnegative(),
      revision_id: z.string(),
      created_at: z.iso.datetime(),
      updated_at: z.iso.datetime(),
    }),
  ),
  next: z.string().nullable().describe("Give it as `after` to read on; `null` on the last page."),
});

/** `roots=`, where a document or its changes are read. */
export const allRoots = z
  .stringbool()
  .default(false)
  .describe(
    "`true`: `content` is all roots of the document, and pointers begin at them, also where it has a root `document`.",
  );

const title = z.string().nullable().describe("`null` where there is none.");
const content = z
  .record(z.string(), json)
  .describe(
    "The `content` of the root `document`, or where there is no such root, root name to value. Formatted text, XML and binary stand in tagged objects (`$y`).",
  );

/** `GET /api/documents/:id`: a document as of one revision, which is also the answer's `ETag`. */
export const documentContent = z.object({
  id: z.string(),
  sequence: z.int().nonnegative(),
  revision_id: z.string(),
  epoch: z.int().nonnegative(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  title,
  content,
});

/** What there was or is of a document as a whole. */
export const wholeDocument = z.object({ id: z.string(), title, content });

/** The three things that can happen to a document, for readers who need no more than that. */
export const eventType = z.enum(["create", "update", "delete"]);

/** One reason why something was refused, or was remarked on. */
export const issue = z.object({
  pointer: z.string().describe("JSON Pointer into the content."),
  code: z.string(),
  message: z.string(),
  rule: z.string().optional().describe("The name of the rule that found it, if it was one."),
  severity: z.enum(["info", "warning", "error"]).describe("Only an `error` kept anything out."),
});

/** One commit, as a change to the JSON of its document. */
export const changeEvent = z.object({
  sequence: z.int().positive(),
  document_id: z.string(),
  event_type: eventType,
  kind: z.string().describe("What kind of commit it was: `update`, `undo`, `restore`, `refused`, and so on."),
  revision_id: z.string(),
  user_id: z.string(),
  target: z
    .literal("document")
    .optional()
    .describe(
      "Given when it touches more than what is in the content, as the title: all pointers begin at `{ id, title, content }` then, else at the content.",
    ),
  forward_patch: z
    .union([z.array(patchOperation), wholeDocument])
    .nullable()
    .describe(
      "Leads from the document before to the document after; the whole document for a `create`, `null` for a `delete`. `null` also when it is no longer kept.",
    ),
  reverse_patch: z
    .union([z.array(patchOperation), wholeDocument])
    .nullable()
    .describe("Leads back; `null` for a `create`, the whole document as it was for a `delete`."),
  refused: z
    .literal(true)
    .optional()
    .describe("Given when all of it was taken back; the patches are empty then."),
  undoes: z
    .array(z.int().positive())
    .optional()
    .describe("Given when it takes back other commits: their sequences."),
  depends_on: z
    .array(z.int().positive())
    .optional()
    .describe(
      "Given for a program's edit: the commits that it was made in view of. All that came before them was seen as well.",
    ),
  issues: z.array(issue).optional().describe("Given when there are any."),
  merged: z
    .object({ fork: z.string(), user_id: z.string() })
    .optional()
    .describe(
      "Given when it is what a fork was merged as: the fork, and who has merged it. The change's own `user_id` is who proposed it.",
    ),
  created_at: z.iso.datetime(),
  made_at: z.iso
    .datetime()
    .optional()
    .describe("When its author made it, by his own clock: given where an edit came with its time."),
});

/** One edit that was taken back, all of it or in part. */
export const rejection = z.object({
  sequence: z.int().positive().describe("Of the commit that it left."),
  document_id: z.string(),
  verdict: z.enum(["refused", "repaired"]),
  user_id: z.string(),
  session_id: z.string(),
  target: z
    .literal("document")
    .optional()
    .describe("As in a change: where the pointers of the issues begin."),
  issues: z.array(issue),
  update_hash: z
    .string()
    .describe(
      "SHA-256 of the update as it was sent, in hex; of several that were judged as one, all of them in order.",
    ),
  created_at: z.iso.datetime(),
});

/** `GET /api/documents/:id/changes?since=&limit=`, and `…/rejections` */
export const changesQuery = z.object({
  since: z.coerce
    .number()
    .int()
    .min(0)
    // The next one is a sequence, too.
    .max(Number.MAX_SAFE_INTEGER - 1)
    .default(0)
    .describe("Only what came after this sequence."),
  limit: pageSize,
  roots: allRoots,
});

/** `GET /api/documents/:id/rejections?since=N`: the rejections after the commit N, oldest first. */
export const rejectionPage = z.object({
  rejections: z.array(rejection),
  next: z.int().nonnegative().describe("Give it as `since` to read on."),
});

/** `GET /api/documents/:id/changes?since=N`: the commits after N, oldest first. */
export const changePage = z.object({
  changes: z.array(changeEvent),
  next: z
    .int()
    .nonnegative()
    .describe("Give it as `since` to read on. It is `since` itself when nothing has happened after it."),
});

/** `GET /api/changes?since=&limit=` */
export const feedQuery = z.object({
  since: z.coerce.number().int().min(0).default(0).describe("Only what came after this feed sequence."),
  limit: pageSize,
  roots: allRoots,
});

/** One commit among those of all documents, or that a document was erased. */
export const feedChange = changeEvent.extend({
  feed_sequence: z
    .int()
    .positive()
    .describe("Where it stands among the changes of all documents: increasing, with gaps."),
  sequence: z.int().nonnegative().describe("Of a document that was erased, that of its last commit."),
  revision_id: z
    .string()
    .nullable()
    .describe("`null` when the document was erased, and the `kind` is `erase`."),
});

/** `GET /api/changes?since=N`: what happened after N to the documents that may be read, oldest first. */
export const feedPage = z.object({
  changes: z.array(feedChange),
  next: z
    .int()
    .nonnegative()
    .describe("Give it as `since` to read on: the changes up to it were looked at, told or not."),
});

/** `POST /api/admin/documents/:id/import?allow_invalid=` */
export const importQuery = z.object({
  allow_invalid: z
    .stringbool()
    .default(false)
    .describe("`true` also imports what does not satisfy the document's kind; `false` if it is left out."),
});

/** `POST /api/admin/documents/:id/import`: the document that an update has become. */
export const importedDocument = z.object({
  id: z.string(),
  sequence: z.int().positive(),
  revision_id: z.string(),
  issues: z
    .array(issue)
    .describe("What was remarked on, and where asked for, why it does not satisfy its kind."),
});

export type DocumentList = z.infer<typeof documentList>;
export type DocumentContent = z.infer<typeof documentContent>;
export type WholeDocument = z.infer<typeof wholeDocument>;
export type EventType = z.infer<typeof eventType>;
export type ChangeEvent = z.infer<typeof changeEvent>;
export type ChangePage = z.infer<typeof changePage>;
export type FeedChange = z.infer<typeof feedChange>;
export type FeedPage = z.infer<typeof feedPage>;
export type Rejection = z.infer<typeof rejection>;
export type RejectionPage = z.infer<typeof rejectionPage>;
export type ImportedDocument = z.infer<typeof importedDocument>;
