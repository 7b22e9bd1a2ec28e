/**
 * A JSON Patch (RFC 6902) with `str_ins` and `str_del`, as a recipe: each operation edits the draft that the one before
 * has left, and the draft knows in the end what stayed itself.
 */
import {
  BridgeError,
  isForbiddenKey,
  type Json,
  jsonEqual,
  type Patch,
  type PatchOperation,
  parsePointer,
} from "@verso/bridge";
import { isList } from "./new-values.js";

type Holder = { [key: string]: Json } | Json[];

/**
 * Throws a `BridgeError` with the index of the operation and its pointer: `invalid-patch`, `invalid-pointer`,
 * `forbidden-key`, `path-not-found`, `index-out-of-range`, `not-a-container`, `not-editable`, `test-failed`,
 * `text-mismatch`.
 */
export function runPatch(draft: Json, patch: Patch): void {
  if (!Array.isArray(patch)) throw invalid("A patch is an array.");
  patch.forEach((operation: PatchOperation, index) => {
    try {
      runOperation(draft, operation);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      const pointer = typeof operation?.path === "string" ? operation.path : undefined;
      throw error.at({ operation: index, pointer });
    }
  });
}

function runOperation(draft: Json, operation: PatchOperation): void {
  const path = tokensOf(operation?.path);
  switch (operation.op) {
    case "add":
      return add(draft, path, given(operation.value));
    case "replace": {
      const value = given(operation.value);
      valueAt(draft, path);
      return put(draft, path, value);
    }
    case "remove":
      return remove(draft, path);
    case "test":
      if (jsonEqual(valueAt(draft, path), given(operation.value))) return;
      throw new BridgeError("test-failed", "There is another value than the one the test expects.");
    case "copy":
      // One draft in two places would be edited in both.
      return add(draft, path, JSON.parse(JSON.stringify(valueAt(draft, tokensOf(operation.from)))));
    case "move": {
      const from = tokensOf(operation.from);
      const value = valueAt(draft, from);
      const isWithin = from.every((token, i) => token === path[i]);
      if (isWithin && from.length === path.length) return;
      if (isWithin) throw invalid("Nothing can be moved into itself.");
      remove(draft, from);
      return add(draft, path, value);
    }
    case "str_ins":
    case "str_del":
      return put(
        draft,
        path,
        editedText(() => valueAt(draft, path), operation),
      );
    default:
      throw invalid(`There is no operation ${JSON.stringify(operation.op)} here.`);
  }
}

function add(draft: Json, path: readonly string[], value: Json): void {
  const last = path.at(-1);
  const holder = holderOf(draft, path);
  if (last === undefined || !isList(holder)) put(draft, path, value);
  else holder.splice(last === "-" ? holder.length : indexOf(last, holder.length + 1), 0, value);
}

function remove(draft: Json, path: readonly string[]): void {
  const last = path.at(-1);
  const holder = holderOf(draft, path);
  if (last === undefined) throw noDocument();
  valueAt(draft, path);
  if (isList(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
}

/** Sets a member, or an element that is there. */
function put(draft: Json, path: readonly string[], value: Json): void {
  const last = path.at(-1);
  const holder = holderOf(draft, path) as { [key: string]: Json };
  if (last !== undefined) holder[last] = value;
  else if (typeof value !== "object" || value === null || isList(value)) throw noDocument();
  else {
    for (const key of Object.keys(holder)) if (!Object.hasOwn(value, key)) delete holder[key];
    Object.assign(holder, value);
  }
}

/** What the last token is of; the draft itself where there is none. */
function holderOf(draft: Json, path: readonly string[]): Holder {
  return asHolder(valueAt(draft, path.slice(0, -1)));
}

function valueAt(draft: Json, path: readonly string[]): Json {
  return path.reduce((value, token) => {
    const holder = asHolder(value);
    if (isList(holder)) return holder[indexOf(token, holder.length)]!;
    if (Object.hasOwn(holder, token)) return holder[token]!;
    throw notFound(token);
  }, draft);
}

/** A draft may be changed, whatever the type of JSON says. */
function asHolder(value: Json): Holder {
  if (typeof value === "object" && value !== null) return value as Holder;
  throw new BridgeError("not-a-container", "The pointer goes into a value that has no members.");
}

function indexOf(token: string, length: number): number {
  if (!/^(?:0|[1-9]\d*)$/.test(token)) throw notFound(token);
  return within(Number(token), length);
}

function within(position: number, length: number): number {
  if (position >= 0 && position < length) return position;
  throw new BridgeError("index-out-of-range", `There is no position ${position} here.`);
}

function editedText(
  read: () => Json,
  { op, pos, str }: Extract<PatchOperation, { op: "str_ins" | "str_del" }>,
): string {
  if (!Number.isSafeInteger(pos) || typeof str !== "string")
    throw invalid("A text operation has an integer `pos` and a string `str`.");
  const text = read();
  if (typeof text !== "string") throw noSuchText();
  within(pos, text.length + 1);
  if (op === "str_ins") return text.slice(0, pos) + str + text.slice(pos);
  if (text.startsWith(str, pos)) return text.slice(0, pos) + text.slice(pos + str.length);
  throw noSuchText();
}

function tokensOf(pointer: string): string[] {
  if (typeof pointer !== "string") throw invalid("An operation has a pointer, which is a string.");
  const tokens = parsePointer(pointer);
  if (tokens.some(isForbiddenKey)) throw new BridgeError("forbidden-key", "The pointer names a prototype.");
  return tokens;
}

function given(value: Json | undefined): Json {
  if (value === undefined) throw invalid("The operation has no `value`.");
  return value;
}

function invalid(message: string): BridgeError {
  return new BridgeError("invalid-patch", message);
}

function notFound(token: string): BridgeError {
  return new BridgeError("path-not-found", `There is no ${JSON.stringify(token)} here.`);
}

function noSuchText(): BridgeError {
  return new BridgeError("text-mismatch", "There is no such text at this position.");
}

function noDocument(): BridgeError {
  return new BridgeError("fixed-root", "A document is an object, and cannot be removed.");
}
