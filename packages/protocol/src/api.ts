/**
 * What can be asked of a relay over HTTP: every operation, with what it takes, answers and refuses.
 *
 * The schemas are those by which the relay parses what it is sent. What holds for many operations, such as the problems of
 * whoever may not do a thing, follows from `access` and `path` and is not repeated here. It is long because it is a table.
 */
import type { z } from "zod";
import { activityPage, activityQuery, workSession } from "./activity.js";
import { blame, blameQuery } from "./blame.js";
import type { ProblemCode } from "./codes.js";
import {
  batchAnswer,
  batchRequest,
  conflictList,
  conflictResolution,
  createHeaders,
  createRequest,
  deletedOrErased,
  deleteQuery,
  documentEdit,
  editHeaders,
  jsonPatch,
  mergePatch,
  patchQuery,
  replaceHeaders,
  replaceQuery,
  replaceRequest,
} from "./document-edits.js";
import { erasure } from "./erasure.js";
import { forkDescription, forkList, forkListQuery, forkRequest, forkReview, mergeRequest } from "./forks.js";
import { liveness, readiness } from "./health.js";
import {
  difference,
  differenceQuery,
  historyEdit,
  redoRequest,
  restoreRequest,
  revertRequest,
  undoRequest,
  versionQuery,
} from "./history.js";
import {
  changeEvent,
  changePage,
  changesQuery,
  documentContent,
  documentList,
  documentListQuery,
  feedChange,
  feedPage,
  feedQuery,
  importedDocument,
  importQuery,
  issue,
  json,
  patchOperation,
  rejection,
  rejectionPage,
  wholeDocument,
} from "./json-dialect.js";
import { conflict } from "./json-messages.js";
import { problem } from "./problem.js";
import { proof, proofQuery } from "./proof.js";
import { tag, tagList, tagListQuery, tagRequest } from "./tags.js";
import { createdToken, tokenDescription, tokenList, tokenListQuery, tokenRequest } from "./tokens.js";
import { vectorClock } from "./vector-clock.js";

export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Names in braces are those of `pathParameters`. */
  readonly path: `/${string}`;
  readonly group: keyof typeof groups;
  readonly summary: string;
  readonly description?: string;
  /**
   * - `open`: nobody is asked who he is
   * - `known`: whoever is let in may do it
   * - else it takes this right, to the document or, for `admin`, to the relay
   */
  readonly access: "open" | "known" | "read" | "write" | "create" | "delete" | "admin";
  readonly query?: z.ZodObject;
  /** Request headers that are its own, by their names. */
  readonly headers?: z.ZodObject;
  /** Sent as JSON. It may be left out where `{}` would do. */
  readonly body?: z.ZodType | "bytes";
  /** Instead of `body`, where it may be of several media types, or must be of the one that is said. */
  readonly bodies?: Readonly<Record<string, z.ZodType>>;
  readonly answer: z.ZodType | "text" | "object" | "page";
  /** @default 200 */
  readonly status?: 200 | 201 | readonly (200 | 201)[];
  /** Whether it answers with the revision as `ETag`, and where it has made a document with its `Location`. */
  readonly versioned?: true;
  /** Whether it answers with an `ETag`, and with 304 to who shows it in `If-None-Match`. */
  readonly conditional?: true;
  /** Whether it answers with server-sent events to who accepts `text/event-stream`: what they are. */
  readonly stream?: string;
  /** The problems that are its own. */
  readonly problems?: readonly ProblemCode[];
  /** Given when a relay has it only where it administers API tokens. */
  readonly ofTokens?: true;
}

export const groups = {
  documents: "Documents as JSON, and what happened to them.",
  history: "Older versions, and taking back what was done.",
  versions: "Names for versions.",
  forks: "Proposals of who is not trusted to write.",
  administration: "For whoever has the right to `admin`.",
  operation: "For whatever watches the relay.",
} as const;

export const pathParameters = {
  document: "The document's id, as one percent-encoded segment: `invoice%2F42`.",
  fork: "The fork's `id`.",
  name: "The tag's name.",
  token: "The token's `id`, without its secret.",
  conflict: "The conflict's `conflict_id`.",
} as const;

const ofDocument = ["not-found", "deleted"] as const;
const ofVersion = [...ofDocument, "version-unknown", "version-dropped"] as const;
const ofEdit = [...ofVersion, "edit-refused"] as const;
const ofJsonEdit = [
  ...ofDocument,
  "edit-refused",
  "content-invalid",
  "document-full",
  "unsupported-media-type",
] as const;
const onBase = [
  "base-unknown",
  "version-dropped",
  "revision-mismatch",
  "conflict",
  "conflicts-full",
] as const;

export const operations = {
  listDocuments: {
    method: "get",
    path: "/api/documents",
    group: "documents",
    summary: "List documents",
    description:
      "In the order of their ids. A page leaves out those that may not be read, so it may be short of its limit.",
    access: "known",
    query: documentListQuery,
    answer: documentList,
  },
  readDocument: {
    method: "get",
    path: "/api/documents/{document}",
    group: "documents",
    summary: "Read a document, as it is or was",
    description: "With `at`, `If-None-Match` has no effect.",
    access: "read",
    query: versionQuery,
    answer: documentContent,
    conditional: true,
    problems: ofVersion,
  },
  createDocument: {
    method: "post",
    path: "/api/documents",
    group: "documents",
    summary: "Make a document",
    access: "create",
    headers: createHeaders,
    bodies: { "application/json": createRequest },
    answer: documentEdit,
    status: 201,
    versioned: true,
    problems: [
      "bad-document-id",
      "forbidden-document",
      "deleted",
      "document-exists",
      "edit-refused",
      "content-invalid",
      "unsupported-media-type",
    ],
  },
  patchDocument: {
    method: "patch",
    path: "/api/documents/{document}",
    group: "documents",
    summary: "Edit a document by a patch",
    description: "All of the patch is made, as one commit, or nothing.",
    access: "write",
    query: patchQuery,
    headers: editHeaders,
    bodies: { "application/json-patch+json": jsonPatch, "application/merge-patch+json": mergePatch },
    answer: documentEdit,
    versioned: true,
    problems: [...ofJsonEdit, ...onBase, "patch-invalid", "test-failed"],
  },
  replaceDocument: {
    method: "put",
    path: "/api/documents/{document}",
    group: "documents",
    summary: "Make a document hold this content",
    description:
      "By the least edits, so what stays the same keeps its place and its authors. A document that there is not is made, which takes the right to `create`.",
    access: "write",
    query: replaceQuery,
    headers: replaceHeaders,
    bodies: { "application/json": replaceRequest },
    answer: documentEdit,
    status: [200, 201],
    versioned: true,
    problems: [...ofJsonEdit, ...onBase],
  },
  deleteDocument: {
    method: "delete",
    path: "/api/documents/{document}",
    group: "documents",
    summary: "Delete a document, or erase it for good",
    description:
      "A deleted document is served no more; its history is, and restoring a version from before brings it back.",
    access: "delete",
    query: deleteQuery,
    headers: editHeaders,
    answer: deletedOrErased,
    problems: [...ofDocument, "revision-mismatch"],
  },
  listConflicts: {
    method: "get",
    path: "/api/documents/{document}/conflicts",
    group: "documents",
    summary: "List the edits that wait for somebody to resolve a conflict",
    access: "read",
    answer: conflictList,
    problems: ofDocument,
  },
  resolveConflict: {
    method: "post",
    path: "/api/documents/{document}/conflicts/{conflict}",
    group: "documents",
    summary: "Resolve a conflict",
    access: "write",
    bodies: { "application/json": conflictResolution },
    answer: documentEdit,
    versioned: true,
    problems: [...ofJsonEdit, "conflict-unknown", "version-dropped", "patch-invalid", "test-failed"],
  },
  editDocuments: {
    method: "post",
    path: "/api/batch",
    group: "documents",
    summary: "Edit many documents",
    description:
      "Each edit is made by itself, and answered as it would be on its own: it takes its right, and may fail where others do not. What was not answered can be sent again, all of it or in part: by their names, edits are made once.",
    access: "known",
    bodies: { "application/json": batchRequest },
    answer: batchAnswer,
    problems: ["unsupported-media-type"],
  },
  listChanges: {
    method: "get",
    path: "/api/documents/{document}/changes",
    group: "documents",
    summary: "List the changes of a document",
    description: "One for each commit, the oldest first. As a stream it goes on with those that come.",
    access: "read",
    query: changesQuery,
    answer: changePage,
    stream:
      "Each event is one change, its id the sequence. An event of the name `end` says with `code` and `detail` why it is the last.",
    problems: ofDocument,
  },
  listAllChanges: {
    method: "get",
    path: "/api/changes",
    group: "documents",
    summary: "List the changes of all documents",
    description:
      "Of those that may be read, in the one order that all changes have. A page may be short of its limit, or empty, before there is nothing more: `next` says how far it has looked. As a stream it goes on with those that come.",
    access: "known",
    query: feedQuery,
    answer: feedPage,
    stream:
      "Each event is one change, its id the feed sequence. An event of the name `end` says with `code` and `detail` why it is the last.",
  },
  listRejections: {
    method: "get",
    path: "/api/documents/{document}/rejections",
    group: "documents",
    summary: "List the edits that were taken back",
    description: "A page looks through 10,000 commits at most, so it may be short of its limit, or empty.",
    access: "read",
    query: changesQuery,
    answer: rejectionPage,
    problems: ofDocument,
  },
  proveCommit: {
    method: "get",
    path: "/api/documents/{document}/proof",
    group: "documents",
    summary: "Prove that a commit belongs to a document's history",
    access: "read",
    query: proofQuery,
    answer: proof,
    problems: ofDocument,
  },
  compareVersions: {
    method: "get",
    path: "/api/documents/{document}/diff",
    group: "history",
    summary: "Tell what changed between two versions",
    access: "read",
    query: differenceQuery,
    answer: difference,
    problems: ofVersion,
  },
  blame: {
    method: "get",
    path: "/api/documents/{document}/blame",
    group: "history",
    summary: "Tell who has put there what is at a pointer",
    description: "Content that was deleted and came back by an undo is still that of its first author.",
    access: "read",
    query: blameQuery,
    answer: blame,
    problems: [...ofVersion, "pointer-unknown"],
  },
  listActivity: {
    method: "get",
    path: "/api/documents/{document}/activity",
    group: "history",
    summary: "Tell who has worked on a document, and when",
    description: "A page looks through 10,000 commits at most, so it may be short of its limit, or empty.",
    access: "read",
    query: activityQuery,
    answer: activityPage,
    problems: ofDocument,
  },
  undo: {
    method: "post",
    path: "/api/documents/{document}/undo",
    group: "history",
    summary: "Take back one's own latest edit",
    access: "write",
    body: undoRequest,
    answer: historyEdit,
    problems: ofEdit,
  },
  redo: {
    method: "post",
    path: "/api/documents/{document}/redo",
    group: "history",
    summary: "Take back one's own latest undo",
    access: "write",
    body: redoRequest,
    answer: historyEdit,
    problems: ofEdit,
  },
  revert: {
    method: "post",
    path: "/api/documents/{document}/revert",
    group: "history",
    summary: "Take back one commit of anybody",
    access: "write",
    body: revertRequest,
    answer: historyEdit,
    problems: ofEdit,
  },
  undoTo: {
    method: "post",
    path: "/api/documents/{document}/undo-to",
    group: "history",
    summary: "Take back everything behind a version",
    access: "write",
    body: restoreRequest,
    answer: historyEdit,
    problems: ofEdit,
  },
  restore: {
    method: "post",
    path: "/api/documents/{document}/restore",
    group: "history",
    summary: "Write the content of a version",
    access: "write",
    body: restoreRequest,
    answer: historyEdit,
    problems: ofEdit,
  },
  listTags: {
    method: "get",
    path: "/api/documents/{document}/tags",
    group: "versions",
    summary: "List the named versions of a document",
    access: "read",
    query: tagListQuery,
    answer: tagList,
    problems: ofDocument,
  },
  createTag: {
    method: "post",
    path: "/api/documents/{document}/tags",
    group: "versions",
    summary: "Name a version",
    description: "The same name for the same commit is answered with the tag that there is.",
    access: "write",
    body: tagRequest,
    answer: tag,
    status: 201,
    problems: [...ofDocument, "conflict"],
  },
  deleteTag: {
    method: "delete",
    path: "/api/documents/{document}/tags/{name}",
    group: "versions",
    summary: "Let go of a name",
    access: "write",
    answer: tag,
    problems: ofDocument,
  },
  createFork: {
    method: "post",
    path: "/api/documents/{document}/forks",
    group: "forks",
    summary: "Begin a fork",
    description: "It is edited as a document of its own, at `/yjs/<fork_document_id>`.",
    access: "read",
    body: forkRequest,
    answer: forkDescription,
    status: 201,
    problems: ofDocument,
  },
  listForks: {
    method: "get",
    path: "/api/documents/{document}/forks",
    group: "forks",
    summary: "List the forks of a document",
    access: "read",
    query: forkListQuery,
    answer: forkList,
    problems: ofDocument,
  },
  reviewFork: {
    method: "get",
    path: "/api/documents/{document}/forks/{fork}",
    group: "forks",
    summary: "Read a fork, and what merging it now would do",
    access: "read",
    answer: forkReview,
    problems: ofDocument,
  },
  mergeFork: {
    method: "post",
    path: "/api/documents/{document}/forks/{fork}/merge",
    group: "forks",
    summary: "Merge a fork",
    access: "write",
    body: mergeRequest,
    answer: forkDescription,
    problems: [...ofDocument, "fork-not-open", "fork-changed", "fork-unchanged", "merge-refused"],
  },
  dropFork: {
    method: "delete",
    path: "/api/documents/{document}/forks/{fork}",
    group: "forks",
    summary: "Drop a fork",
    description: "Its proposer may, and who has the right to write to the document.",
    access: "read",
    answer: forkDescription,
    problems: [...ofDocument, "fork-not-open"],
  },
  createToken: {
    method: "post",
    path: "/api/admin/tokens",
    group: "administration",
    summary: "Make an API token",
    description: "No other answer holds its secret.",
    access: "admin",
    body: tokenRequest,
    answer: createdToken,
    status: 201,
    ofTokens: true,
  },
  listTokens: {
    method: "get",
    path: "/api/admin/tokens",
    group: "administration",
    summary: "List API tokens",
    access: "admin",
    query: tokenListQuery,
    answer: tokenList,
    ofTokens: true,
  },
  revokeToken: {
    method: "delete",
    path: "/api/admin/tokens/{token}",
    group: "administration",
    summary: "Revoke an API token",
    description: "At once, for the sessions that it opened too.",
    access: "admin",
    answer: tokenDescription,
    problems: ["not-found"],
    ofTokens: true,
  },
  importDocument: {
    method: "post",
    path: "/api/admin/documents/{document}/import",
    group: "administration",
    summary: "Make the state of a Yjs document a new document",
    description: "The body is the whole state, as one update in Yjs's encoding V1.",
    access: "admin",
    query: importQuery,
    body: "bytes",
    answer: importedDocument,
    status: 201,
    problems: ["deleted", "document-exists", "update-refused", "invalid-document"],
  },
  describeApi: {
    method: "get",
    path: "/api/openapi.json",
    group: "operation",
    summary: "Read this description",
    access: "open",
    answer: "object",
  },
  readApiPage: {
    method: "get",
    path: "/api/docs",
    group: "operation",
    summary: "Read this description as a page",
    access: "open",
    answer: "page",
  },
  checkLiveness: {
    method: "get",
    path: "/healthz",
    group: "operation",
    summary: "Tell whether the process answers",
    access: "open",
    answer: liveness,
  },
  checkReadiness: {
    method: "get",
    path: "/readyz",
    group: "operation",
    summary: "Tell whether the relay accepts and its store takes writes",
    access: "open",
    answer: readiness,
  },
  readMetrics: {
    method: "get",
    path: "/metrics",
    group: "operation",
    summary: "Read counters and gauges, in the text format of Prometheus",
    access: "open",
    answer: "text",
  },
} as const satisfies Record<string, Operation>;

/** The names by which schemas of what is sent are referred to. */
export const requestSchemas = {
  CreateRequest: createRequest,
  ReplaceRequest: replaceRequest,
  JsonPatch: jsonPatch,
  MergePatch: mergePatch,
  ConflictResolution: conflictResolution,
  BatchRequest: batchRequest,
  UndoRequest: undoRequest,
  RedoRequest: redoRequest,
  RevertRequest: revertRequest,
  RestoreRequest: restoreRequest,
  TagRequest: tagRequest,
  ForkRequest: forkRequest,
  MergeRequest: mergeRequest,
  TokenRequest: tokenRequest,
} as const;

/** The names by which schemas of what is answered are referred to. */
export const answerSchemas = {
  DocumentList: documentList,
  Document: documentContent,
  WholeDocument: wholeDocument,
  Change: changeEvent,
  ChangePage: changePage,
  FeedChange: feedChange,
  FeedPage: feedPage,
  Rejection: rejection,
  RejectionPage: rejectionPage,
  ImportedDocument: importedDocument,
  DocumentEdit: documentEdit,
  DeletedOrErased: deletedOrErased,
  ConflictList: conflictList,
  Conflict: conflict,
  BatchAnswer: batchAnswer,
  VectorClock: vectorClock,
  Erasure: erasure,
  Proof: proof,
  Difference: difference,
  Blame: blame,
  ActivityPage: activityPage,
  WorkSession: workSession,
  HistoryEdit: historyEdit,
  Tag: tag,
  TagList: tagList,
  Fork: forkDescription,
  ForkList: forkList,
  ForkReview: forkReview,
  Token: tokenDescription,
  CreatedToken: createdToken,
  TokenList: tokenList,
  Liveness: liveness,
  Readiness: readiness,
  Problem: problem,
  Issue: issue,
  PatchOperation: patchOperation,
  Json: json,
} as const;
