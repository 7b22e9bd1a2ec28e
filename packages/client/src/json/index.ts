export { type Clock, systemClock } from "./clock.js";
export type { ConnectionStatus, WebSocketLike } from "./connection.js";
// Documents
export type { DocumentView, Update } from "./document-replica.js";
// Edits, and where they are kept until they are answered
export type { EditMessage, Standing, StoredEdit, Version } from "./edit.js";
export type { EditOutcome } from "./edit-queue.js";
export {
  type BrowserStorageOptions,
  browserStorage,
  type EditStorage,
  memoryStorage,
  type WebStorage,
} from "./edit-storage.js";
export { ClientError, type ClientErrorCode } from "./errors.js";
// The client
export {
  type ClientEvents,
  createJsonClient,
  type JsonClient,
  type JsonClientOptions,
  type NewDocument,
} from "./json-client.js";
export type {
  DocumentEvents,
  DocumentStatus,
  JsonDocument,
  PatchOptions,
  Resolution,
  RestorePoint,
} from "./json-document.js";
export { applyPatch, type Json, type JsonObject, type Patch, type PatchOperation } from "./json-patch.js";
