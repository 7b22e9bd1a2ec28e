export { type ActivityPage, activityPage, activityQuery, type WorkSession, workSession } from "./activity.js";
// The dialect of y-websocket

export {
  type AwarenessEntry,
  type AwarenessResult,
  decodeAwareness,
  encodeAwareness,
} from "./awareness.js";
export { type Blame, blame, blameQuery } from "./blame.js";
export { CloseCode, isPermanent, type ProblemCode, problemStatus } from "./codes.js";
// Writing documents over HTTP
export {
  type BatchAnswer,
  type BatchEdit,
  batchAnswer,
  batchRequest,
  type ConflictList,
  conflictResolution,
  createHeaders,
  createRequest,
  type DocumentEdit,
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
// Names, codes and limits
export {
  checkDocumentId,
  type DocumentIdResult,
  documentIdFromPath,
  forkDocumentId,
  forkOf,
} from "./document-id.js";
export { type Erasure, erasure } from "./erasure.js";
// Forks
export {
  type ForkDescription,
  type ForkList,
  type ForkReview,
  forkDescription,
  forkList,
  forkListQuery,
  forkRequest,
  forkReview,
  mergeRequest,
} from "./forks.js";
// Health
export type { Liveness, Readiness } from "./health.js";
// History
export {
  type Difference,
  difference,
  differenceQuery,
  type HistoryEditResult,
  historyEdit,
  redoRequest,
  restoreRequest,
  revertRequest,
  undoRequest,
  versionQuery,
} from "./history.js";
// Reading JSON that anybody may have sent
export { checkJsonBounds, type JsonFault } from "./json-bounds.js";
// The JSON dialect, read side
export {
  type ChangeEvent,
  type ChangePage,
  changeEvent,
  changePage,
  changesQuery,
  type DocumentContent,
  type DocumentList,
  documentContent,
  documentList,
  documentListQuery,
  type EventType,
  eventType,
  type FeedChange,
  type FeedPage,
  feedChange,
  feedPage,
  feedQuery,
  type ImportedDocument,
  importedDocument,
  importQuery,
  type Rejection,
  type RejectionPage,
  rejectionPage,
  type WholeDocument,
  wholeDocument,
} from "./json-dialect.js";
// The JSON dialect over WebSocket
export {
  type Conflict,
  type ConflictStrategy,
  conflict,
  conflictStrategy,
  type JsonChange,
  type JsonClientMessage,
  type JsonServerMessage,
  jsonChange,
  jsonClientMessage,
  jsonServerMessage,
} from "./json-messages.js";
export { defaultFrameLimits, type FrameLimits } from "./limits.js";
// The HTTP API as a whole
export { type JsonSchema, type OpenApiDocument, type OpenApiOptions, openApi } from "./openapi.js";
export {
  defaultJsonMessageLimits,
  type JsonMessageLimits,
  type JsonMessageResult,
  parseJsonMessage,
} from "./parse-json-message.js";
export { type Problem, problem } from "./problem.js";
// Proofs
export { proofQuery } from "./proof.js";
export { safeParse } from "./safe-parse.js";
export { type Tag, type TagList, type TagRequest, tag, tagList, tagListQuery, tagRequest } from "./tags.js";
// Administration
export {
  type CreatedToken,
  createdToken,
  type TokenDescription,
  type TokenList,
  type TokenRequest,
  tokenDescription,
  tokenList,
  tokenListQuery,
  tokenRequest,
} from "./tokens.js";
export {
  type ClockOrder,
  clockOfStateVector,
  compareClocks,
  mergeClocks,
  type VectorClock,
  vectorClock,
} from "./vector-clock.js";
// The Verso dialect
export { decodeVersoBatch, encodeVersoBatch, versoBatchMediaType } from "./verso-batch.js";
export {
  decodeVersoClientMessage,
  decodeVersoServerMessage,
  encodeVersoClientMessage,
  encodeVersoServerMessage,
} from "./verso-codec.js";
export {
  createFragments,
  type FragmentLimits,
  type Fragments,
  fragmentBytes,
  fragmentsOf,
} from "./verso-fragments.js";
export {
  type VersoClientMessage,
  type VersoFragment,
  type VersoIssue,
  type VersoLimits,
  type VersoMalformed,
  type VersoServerMessage,
  versoClientMessages,
  versoServerMessages,
  versoSubprotocol,
} from "./verso-messages.js";
export {
  decodeYMessage,
  encodeAwarenessMessage,
  encodePermissionDenied,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  type YMessage,
} from "./y-websocket.js";
