// Clients and their documents

export type { Client, ClientOptions, Clock, OpenOptions, WebSocketLike } from "./client.js";
export type { Closing, Rejection, ReplicaEvents, ReplicaStatus } from "./document.js";
export {
  createClient,
  type Document,
  type DocumentJudge,
  type DocumentOptions,
  type Documents,
  type Judging,
  type Proposed,
} from "./documents.js";
export type { Recipe, Snapshot } from "./draft.js";
export type { HistoryRange, UndoOutcome } from "./history.js";
export type { DocumentOf, Kind, Kinds } from "./kinds.js";

// Any Yjs document as JSON

export { createEditing, type Editing, type EditingOptions } from "./editing.js";
export type { TextAt, Tokens } from "./new-values.js";

// What is kept on the device: in memory here, and elsewhere by entries of their own

export { memoryPersistence } from "./memory-persistence.js";
export type {
  OutboxRecord,
  Persistence,
  ReplicaMeta,
  ReplicaStore,
  StoredReplica,
  Tabs,
} from "./persistence.js";

// Errors

export { BridgeError, type BridgeErrorCode } from "@verso/bridge";
export { ClientError, type ClientErrorCode } from "./errors.js";
