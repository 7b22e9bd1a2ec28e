/**
 * What a transaction did to a document's JSON: a list of neutral operations, each with the old and the new value.
 *
 * Operations are in order: each one holds for the JSON that the ones before it leave. Types are taken from the roots
 * downwards, so the path of an operation is also where its container is after the whole change. Patches of either
 * dialect and direction are views of a change, see `patch.ts`.
 */
import {
  check,
  type Decoder,
  decodeVersioned,
  type Encoder,
  encodeVersioned,
  readByte,
  readCount,
  readJson,
  readText,
  readUint,
  writeByte,
  writeJson,
  writeText,
  writeUint,
} from "./binary.js";
import { type Delta, parseDelta } from "./delta.js";
import type { Json } from "./json.js";
import type { Path } from "./pointer.js";
import type { RootKind } from "./read.js";

/** A member of an object, or an element of a list that gets another form in its place. */
export type SetOperation = {
  readonly type: "set";
  readonly path: Path;
  readonly key: string | number;
  /** `undefined` where there was no such member. */
  readonly before: Json | undefined;
  /** `undefined` where there is none any more. */
  readonly after: Json | undefined;
  /** Given when a root that nobody declared appears; its path is empty and its key the root's name. */
  readonly kind?: RootKind;
};

/** Elements inserted into or deleted from a list, from `index` onwards. */
export type ListOperation = {
  readonly type: "insert" | "delete";
  readonly path: Path;
  readonly index: number;
  readonly values: readonly Json[];
};

/** Characters inserted into or deleted from a plain text; `index` counts UTF-16 units. */
export type TextOperation = {
  readonly type: "textInsert" | "textDelete";
  readonly path: Path;
  readonly index: number;
  readonly text: string;
};

/** A formatted text changed: its delta, and the delta that takes it back. */
export type DeltaOperation = {
  readonly type: "delta";
  readonly path: Path;
  readonly delta: Delta;
  readonly inverse: Delta;
};

export type Operation = SetOperation | ListOperation | TextOperation | DeltaOperation;
export type Change = readonly Operation[];

/**
 * The change as bytes. Equal changes give equal bytes, for ever: they are hashed and stored.
 *
 *     byte version = 1, uint count, then for each operation
 *       byte  type: 0 set, 1 insert, 2 delete, 3 textInsert, 4 textDelete, 5 delta
 *             + 8 if the path is that of the operation before
 *             + for set: 16 if it has a value before, 32 if it has one after, 64 if it has a kind
 *       path  uint count, segments                                         unless + 8
 *       set                     segment key, [json before], [json after], [byte kind]
 *       insert, delete          uint index, uint count, json values
 *       textInsert, textDelete  uint index, string
 *       delta                   json delta, json inverse
 *     segment: uint index + 1, or uint 0 and a string
 */
export function encodeChange(change: Change): Uint8Array {
  return encodeVersioned(VERSION, encoder => {
    writeUint(encoder, change.length);
    let path: Path | undefined;
    for (const operation of change) {
      const samePath = path !== undefined && pathsEqual(path, operation.path);
      path = operation.path;
      writeByte(encoder, headerOf(operation) | (samePath ? SAME_PATH : 0));
      if (!samePath) writePath(encoder, path);
      writeBody(encoder, operation);
    }
  });
}

/** The change of such bytes. Throws `malformed-bytes` and `unsupported-version`. */
export function decodeChange(bytes: Uint8Array): Change {
  return decodeVersioned(bytes, { version: VERSION, name: "change", read: readChange });
}

/** The operation that takes this one back. */
export function invertOperation<O extends Operation>(operation: O): O;
export function invertOperation(operation: Operation): Operation {
  switch (operation.type) {
    case "set":
      return { ...operation, before: operation.after, after: operation.before };
    case "insert":
      return { ...operation, type: "delete" };
    case "delete":
      return { ...operation, type: "insert" };
    case "textInsert":
      return { ...operation, type: "textDelete" };
    case "textDelete":
      return { ...operation, type: "textInsert" };
    case "delta":
      return { ...operation, delta: operation.inverse, inverse: operation.delta };
  }
}

export function pathsEqual(a: Path, b: Path): boolean {
  return a === b || (a.length === b.length && a.every((segment, i) => segment === b[i]));
}

const VERSION = 1;
const TYPES = ["set", "insert", "delete", "textInsert", "textDelete", "delta"] as const;
const TYPE = 7;
const SAME_PATH = 8;
const HAS_BEFORE = 16;
const HAS_AFTER = 32;
const HAS_KIND = 64;
const KINDS = ["map", "array", "text", "richText", "xmlFragment", "xmlText", "xmlElement"] as const;

function headerOf(operation: Operation): number {
  const header = TYPES.indexOf(operation.type);
  if (operation.type !== "set") return header;
  return (
    header |
    (operation.before === undefined ? 0 : HAS_BEFORE) |
    (operation.after === undefined ? 0 : HAS_AFTER) |
    (operation.kind === undefined ? 0 : HAS_KIND)
  );
}

function writeBody(encoder: Encoder, operation: Operation): void {
  switch (operation.type) {
    case "set":
      writeSegment(encoder, operation.key);
      if (operation.before !== undefined) writeJson(encoder, operation.before);
      if (operation.after !== undefined) writeJson(encoder, operation.after);
      if (operation.kind !== undefined) writeByte(encoder, KINDS.indexOf(operation.kind));
      break;
    case "insert":
    case "delete":
      writeUint(encoder, operation.index);
      writeUint(encoder, operation.values.length);
      for (const value of operation.values) writeJson(encoder, value);
      break;
    case "textInsert":
    case "textDelete":
      writeUint(encoder, operation.index);
      writeText(encoder, operation.text);
      break;
    case "delta":
      writeJson(encoder, operation.delta);
      writeJson(encoder, operation.inverse);
      break;
  }
}

function readChange(decoder: Decoder): Change {
  const change: Operation[] = [];
  let path: Path | undefined;
  for (let count = readCount(decoder); count > 0; count--) {
    const header = readByte(decoder);
    if ((header & SAME_PATH) !== 0) check(path !== undefined);
    else {
      const next = readPath(decoder);
      check(path === undefined || !pathsEqual(path, next));
      path = next;
    }
    change.push(readOperation(decoder, header & ~SAME_PATH, path));
  }
  return change;
}

function readOperation(decoder: Decoder, header: number, path: Path): Operation {
  const type = TYPES[header & TYPE];
  check(type !== undefined && (type === "set" ? header < 128 : header === (header & TYPE)));
  switch (type) {
    case "set": {
      const key = readSegment(decoder);
      const before = (header & HAS_BEFORE) === 0 ? undefined : readJson(decoder);
      const after = (header & HAS_AFTER) === 0 ? undefined : readJson(decoder);
      if ((header & HAS_KIND) === 0) return { type, path, key, before, after };
      const kind = KINDS[readByte(decoder)];
      check(kind !== undefined);
      return { type, path, key, before, after, kind };
    }
    case "insert":
    case "delete": {
      const index = readUint(decoder);
      const values: Json[] = [];
      for (let count = readCount(decoder); count > 0; count--) values.push(readJson(decoder));
      return { type, path, index, values };
    }
    case "textInsert":
    case "textDelete":
      return { type, path, index: readUint(decoder), text: readText(decoder) };
    case "delta":
      return { type, path, delta: parseDelta(readJson(decoder)), inverse: parseDelta(readJson(decoder)) };
  }
}

function writePath(encoder: Encoder, path: Path): void {
  writeUint(encoder, path.length);
  for (const segment of path) writeSegment(encoder, segment);
}

function readPath(decoder: Decoder): Path {
  const path: (string | number)[] = [];
  for (let count = readCount(decoder); count > 0; count--) path.push(readSegment(decoder));
  return path;
}

function writeSegment(encoder: Encoder, segment: string | number): void {
  if (typeof segment === "number") writeUint(encoder, segment + 1);
  else {
    writeUint(encoder, 0);
    writeText(encoder, segment);
  }
}

function readSegment(decoder: Decoder): string | number {
  const index = readUint(decoder);
  return index === 0 ? readText(decoder) : index - 1;
}
