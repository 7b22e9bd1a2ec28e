// Documents as JSON

export { editOnBase, type OwnClocks } from "./edit-on-base.js";
export {
  canonicalText,
  fromTagged,
  type Json,
  type JsonObject,
  jsonEqual,
  type MutableJsonObject,
  toTagged,
  unescapeKey,
} from "./json.js";
export { isForbiddenKey, type Path, parsePointer, toPointer } from "./pointer.js";
export {
  emptyDocument,
  listLength,
  noteRoots,
  type ReadOptions,
  type RootKind,
  type Roots,
  read,
  readPath,
  readPointer,
  textLength,
  valueAt,
} from "./read.js";
export { type ApplyPatchOptions, applyPatch, type WriteOptions, write } from "./write.js";

// Changes, and the patches that show them

export {
  type Change,
  type DeltaOperation,
  decodeChange,
  encodeChange,
  type ListOperation,
  type Operation,
  type SetOperation,
  type TextOperation,
} from "./change.js";
export { applyPatchToJson } from "./json-patch.js";
export { observePatches, type PatchObserver, type PatchObserverOptions, type PatchSpan } from "./observe.js";
export {
  type ForeignOperation,
  type OperationPart,
  type OperationText,
  readOperation,
} from "./operation-text.js";
export {
  type Dialect,
  forwardPatch,
  type Patch,
  type PatchOperation,
  type Rfc6902Operation,
  reversePatch,
  toRfc6902,
} from "./patch.js";
export { type ChangeOfPatchOptions, changeOfPatch } from "./patch-change.js";
export { applyChange, beginReplay, type Replay } from "./replay.js";
export {
  type Side,
  type Touch,
  type Transformed,
  type TransformedPatch,
  type TransformPatchOptions,
  transformChange,
  transformPatch,
} from "./transform.js";

// Undoing by ids

export { type Reversion, type RevertOptions, revert, type SkippedItem } from "./history.js";
export {
  type DeletedItem,
  decodeInverse,
  encodeInverse,
  type IdRange,
  type InverseRecord,
  type TypeRef,
} from "./invert.js";
export type { KeyWrite } from "./key-writes.js";
export { cutPart, joinRecords, type SpanPart } from "./parts.js";
export {
  createRevertMemory,
  decodeRevertNote,
  encodeRevertNote,
  type Restoration,
  type RevertMemory,
  type RevertNote,
} from "./revert-memory.js";
export { collectVanished, isBusy, isWriting, openTransactions } from "./yjs.js";

// Who wrote what

export { createInsertionSearch, type InsertionSearch, type SpanInsertions } from "./insertion-search.js";
export { type Provenance, type ProvenancePart, provenanceOf } from "./provenance.js";

// Errors

export { BridgeError, type BridgeErrorCode, type BridgeErrorPlace } from "./errors.js";
