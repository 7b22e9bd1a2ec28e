/**
 * The JSON dialect over WebSocket (`/ws`): one JSON object a frame, `type` says what it is.
 *
 * `authenticate` comes first. Every request may carry an `id`, which its answer repeats; what comes without one is an
 * event. A request that cannot be done is answered by `error`, `rejected` or `conflict`, and the socket lives on; only a
 * failed authentication closes it. Members that a request does not have are ignored: clients send more than they must.
 *
 * `content` is the JSON of the document, and pointers of patches are relative to it, unless `target` is `document`: then
 * they begin at `{ title, content }`, as in `/title` and `/content/text`.
 *
 * The updates of a document come to a connection that has subscribed to it in the order of their sequences, none left
 * out: a commit that has not changed the JSON comes with an empty patch. An author's own come once, as the answer.
 */
import { z } from "zod";
import { checkDocumentId, forkOf } from "./document-id.js";
import { documentList, feedChange, issue, json, patchOperation } from "./json-dialect.js";
import { pageStart } from "./paging.js";
import { vectorClock } from "./vector-clock.js";

type Json = z.infer<typeof json>;

// Parts of both directions

/** What a request may be called. */
export const requestId = z
  .union([z.string().max(200), z.number()])
  .describe("The client's name for a request; its answer repeats it.");
const sequence = z.int().nonnegative();
const pageLimit = z.int().min(1).max(1000);
const target = z
  .enum(["content", "document"])
  .describe("Where pointers begin: at the content, or at `{ title, content }`.");
const patch = z.array(patchOperation).max(10_000);
const title = z.string().max(10_000);

/** What becomes of an edit whose places have changed since the version it was made on. */
export const conflictStrategy = z
  .enum(["merge", "server-wins", "latest-wins", "reject", "manual"])
  .describe(
    "`merge`: as if both had been made at once. `server-wins`: the value in force stands. `latest-wins`: this edit stands. `reject`: it is refused. `manual`: both are kept until somebody resolves.",
  );

// Requests

/**
 * Any JSON value. `parseJsonMessage` has walked the message by then, so nothing is checked again: `z.json()` takes a
 * third of a second for as many values as a message may hold.
 */
const walkedJson = z.custom<Json>(value => value !== undefined, "There is no value.");
const walkedObject = z.record(z.string(), walkedJson);

const documentId = z.string().superRefine((text, context) => {
  const checked = forkOf(text) === null ? checkDocumentId(text) : ({ ok: true } as const);
  if (!checked.ok)
    context.addIssue({ code: "custom", message: checked.detail, params: { code: "bad-document-id" } });
});
const onlyDocument = documentId
  .optional()
  .describe("May be left out by a connection that has subscribed to exactly one document.");
const editId = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe("The client's own id of the edit: an edit that is sent again is answered, and not made again.");

/** Every request of the dialect, by its `type`. */
export const jsonClientMessage = z.discriminatedUnion("type", [
  message("authenticate", {
    user_id: z.string().min(1).max(1000),
    auth_token: z.string().max(16_384),
  }),
  message("create_document", {
    document: z.object({ id: documentId, title: title.optional(), content: walkedObject }),
    edit_id: editId,
  }),
  message("update_document", {
    patch: z.object({
      document_id: documentId,
      revision_id: z
        .string()
        .max(100)
        .optional()
        .describe("The version that the patch was made on; without one it is the present."),
      vector_clock: vectorClock
        .optional()
        .describe("The same as a clock: the earliest version that has it. A revision beside it counts."),
      patch,
      target: target.optional(),
      strategy: conflictStrategy.optional(),
    }),
    edit_id: editId,
  }),
  message("delete_document", { document_id: documentId, edit_id: editId }),
  message("get_document", { document_id: documentId }),
  message("list_documents", {
    after: pageStart.optional(),
    limit: pageLimit.optional(),
  }),
  message("subscribe", {
    document_id: documentId,
    since: sequence.optional().describe("The version that the client has: only what came after it is sent."),
  }),
  message("unsubscribe", { document_id: documentId }),
  message("presence", {
    document_id: documentId,
    state: walkedObject.nullable().describe("What to show of oneself; `null` takes it away."),
  }),
  message("ping", {}),
  message("changes_since", {
    sequence: sequence.describe("Of the document; without one, a `feed_sequence`."),
    document_id: documentId.optional(),
    limit: pageLimit.optional(),
  }),
  message("undo", { document_id: onlyDocument }),
  message("redo", { document_id: onlyDocument }),
  message("undo_to_sequence", { target_sequence: sequence, document_id: onlyDocument }),
  message("restore", {
    target_sequence: sequence.optional(),
    tag: z.string().max(200).optional().describe("The name of a version, instead of its sequence."),
    document_id: onlyDocument,
  }).refine(
    ({ target_sequence, tag }) => (target_sequence === undefined) !== (tag === undefined),
    "Give either a `target_sequence` or a `tag`.",
  ),
  message("resolve_conflict", {
    document_id: documentId,
    conflict_id: z.string().max(200),
    take: z.enum(["yours", "theirs", "merge"]).optional(),
    patch: patch.optional().describe("What to write instead of either side; relative to the content."),
  }).refine(
    ({ take, patch }) => (take === undefined) !== (patch === undefined),
    "Give either what to `take` or a `patch`.",
  ),
]);

// Answers and events

const revision = { revision_id: z.string(), sequence };
const documentJson = z.object({
  id: z.string(),
  title: z.string().nullable(),
  content: z.record(z.string(), json),
});

/** A version of a document: its JSON, and where that stands. */
const version = {
  document_id: z.string(),
  ...revision,
  vector_clock: vectorClock,
  document: documentJson,
};

/** One commit as a change to the JSON of its document. */
export const jsonChange = feedChange.extend({
  forward_patch: z
    .union([z.array(patchOperation), documentJson])
    .nullable()
    .describe("An `update`: a patch. A `create`: the whole document. A `delete`: `null`."),
  reverse_patch: z
    .union([z.array(patchOperation), documentJson])
    .nullable()
    .describe("An `update`: the patch back. A `create`: `null`. A `delete`: the whole document."),
  target: target.optional().describe("Where both patches begin; at the content if it is left out."),
  feed_sequence: feedChange.shape.feed_sequence
    .optional()
    .describe("Given where all documents are read: increasing over all of them, with gaps."),
});

const conflictMessage = message("conflict", {
  document_id: z.string(),
  conflict_id: z.string().nullable().describe("Given when both sides are kept until somebody resolves."),
  strategy: conflictStrategy,
  pointers: z.array(z.string()).describe("The places that both have changed."),
  theirs: z.array(patchOperation).describe("What has changed since the version the edit was made on."),
  yours: z.array(patchOperation),
  vector_clocks: z.object({ yours: vectorClock, theirs: vectorClock }),
  commits: z
    .array(
      z.object({
        ...revision,
        user_id: z.string(),
        created_at: z.iso.datetime(),
        depends_on: z.array(sequence).describe("The commits that its author had seen."),
      }),
    )
    .describe("Those that the edit is in conflict with."),
  document: z.object({ ...revision, title: z.string().nullable(), content: z.record(z.string(), json) }),
  target: target.optional().describe("Where all pointers begin; at the content if it is left out."),
});

/** Both sides of a conflict. */
export const conflict = conflictMessage.omit({ type: true, id: true });

/** Every answer and event of the dialect, by its `type`. */
export const jsonServerMessage = z.discriminatedUnion("type", [
  message("auth_success", { session_id: z.string() }),
  message("auth_error", { code: z.string(), message: z.string() }),
  message("document_created", { document_id: z.string(), ...revision }),
  message("document_updated", {
    document_id: z.string(),
    ...revision,
    vector_clock: vectorClock,
    user_id: z.string(),
    patch: z.array(patchOperation),
    target: target.optional(),
    created_at: z.iso.datetime().optional(),
    kind: z.string().optional().describe("Of the commit: `update`, `undo`, `restore`, and so on."),
  }),
  message("document_deleted", { document_id: z.string(), ...revision, user_id: z.string() }),
  message("document", version),
  message("documents", documentList.shape),
  message("subscribed", {
    ...version,
    document: documentJson
      .optional()
      .describe(
        "Left out when `since` was given and every update after it follows; what stands beside it is of the present in either case.",
      ),
  }),
  message("unsubscribed", { document_id: z.string() }),
  message("presence", {
    document_id: z.string(),
    users: z.array(
      z.object({ client_id: z.int().nonnegative(), user_id: z.string().optional(), state: json }),
    ),
  }),
  message("pong", {}),
  message("changes_since", {
    document_id: z.string().optional(),
    changes: z.array(jsonChange),
    next: z.int().nonnegative().describe("Give it as `sequence` to read on."),
  }),
  message("error", {
    code: z.string().describe("Never changes its meaning, unlike the words beside it."),
    message: z.string(),
    document_id: z.string().optional(),
    pointer: z
      .string()
      .optional()
      .describe("What is wrong: a place in the patch's document or in the message."),
    details: json.optional(),
  }),
  message("rejected", {
    document_id: z.string(),
    sequence: sequence.describe("Of the commit that it has left; 0 when it has left none."),
    issues: z.array(issue),
    target: target
      .optional()
      .describe("Where the pointers of the issues begin; at the content if it is left out."),
  }),
  conflictMessage,
]);

export type JsonClientMessage = z.infer<typeof jsonClientMessage>;
export type JsonServerMessage = z.infer<typeof jsonServerMessage>;
export type JsonChange = z.infer<typeof jsonChange>;
export type Conflict = z.infer<typeof conflict>;
export type ConflictStrategy = z.infer<typeof conflictStrategy>;

/** A message with this shape; those of both sides have the `id` in common. */
function message<const Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.object({ type: z.literal(type), id: requestId.optional(), ...shape });
}
