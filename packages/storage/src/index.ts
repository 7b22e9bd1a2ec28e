/** How bytes last: storage backends, group commit and the hash-chained ledger. */

// The ledger
export type { Appended, AppendOptions } from "./append.js";
// Backends
export type {
  BatchOperation,
  BatchOptions,
  RangeOptions,
  StorageBackend,
  StorageEntry,
  StorageInfo,
  StorageSupports,
} from "./backend.js";
export { compareBytes } from "./backend.js";
export {
  type LevelBackend,
  type LevelBackendOptions,
  type LevelNotice,
  openLevelBackend,
} from "./backends/level.js";
export { createMemoryStore, type MemoryStore } from "./backends/memory.js";
export type { Commit, CommitActor, CommitDraft, CommitKind, CommitPart } from "./commit.js";
export type { DocumentLog } from "./document-log.js";
export type { Tombstone } from "./erasure.js";
// Errors
export {
  StorageError,
  type StorageErrorCode,
  type StorageErrorOptions,
  type StorageErrorPlace,
} from "./errors.js";
export type { StoreStatus } from "./group-commit.js";
export type { Head, Trace } from "./head.js";
export type { FeedEntry } from "./indexes.js";
export {
  type Ledger,
  type LedgerOptions,
  type OpenedDocument,
  openLedger,
  type ReadOptions,
} from "./ledger.js";
export type { CommitIssue, CommitMerge, CommitNotes, IssueSeverity } from "./notes.js";
// Proofs
export {
  checkProof,
  formatProof,
  type InclusionProof,
  type ProofFault,
  type ProofResult,
  type ProveOptions,
} from "./proof.js";
export type { DocumentRecords, Records } from "./records.js";
export type { DropPartsOptions, DropPartsResult } from "./retention.js";
export {
  formatSignedHead,
  isSigned,
  parseSignedHead,
  readPrivateKey,
  readPublicKey,
  type SignedHead,
  signHead,
} from "./signed-head.js";
export type { Snapshot, SnapshotDraft } from "./snapshot.js";
// Verifying
export { type DocumentReplay, type VerifyOptions, type VerifySummary, verifyLedger } from "./verify.js";
export { type VerifyFolderOptions, verifyFolder } from "./verify-folder.js";
export type { VerifyIssue } from "./verify-issue.js";
