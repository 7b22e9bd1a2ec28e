/**
 * Patches of plain JSON in the extended dialect, as far as a client needs them: RFC 6902, `str_ins` and `str_del`.
 *
 * `delta`, which changes formatted text, is passed on and never run here: its document is fetched again instead.
 */
import type { JsonServerMessage } from "@verso/protocol";
import { ClientError } from "./errors.js";

/** Any JSON value. Nothing here changes one: what a patch touches is copied, and the rest is shared. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string }
  | { readonly op: "str_ins" | "str_del"; readonly path: string; readonly pos: number; readonly str: string }
  | { readonly op: "delta"; readonly path: string; readonly delta: Json; readonly inverse?: Json };
export type Patch = readonly PatchOperation[];

/** An operation that needs nothing of its document but its own place; those of commits are like that. */
export type PlainOperation = Exclude<PatchOperation, { op: "move" | "copy" }>;
export type PlainPatch = readonly PlainOperation[];

type WirePatch = Extract<JsonServerMessage, { type: "document_updated" }>["patch"];
type WireObject = Extract<JsonServerMessage, { type: "document" }>["document"]["content"];

/** A patch as the relay has sent it. Its operations are not looked at before they are run. */
export function fromWire(patch: WirePatch): Patch {
  return patch as unknown[] as PatchOperation[];
}

export function toWire(patch: Patch): WirePatch {
  return patch.map(operation => ({ ...operation }));
}

export function toWireObject(object: JsonObject): WireObject {
  return { ...object } as WireObject;
}

/**
 * The JSON after a patch; all of it or nothing.
 *
 * Throws a `ClientError` `patch-invalid` with the pointer of the operation that does not fit; a `delta` never does.
 */
export function applyPatch(json: Json, patch: Patch): Json {
  return patch.reduce((before, operation) => {
    try {
      return applyOperation(before, operation);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      throw new ClientError(error.code, error.message, { pointer: operation.path });
    }
  }, json);
}

function applyOperation(json: Json, operation: PatchOperation): Json {
  const tokens = parsePointer(operation.path);
  switch (operation.op) {
    case "add":
      return add(json, tokens, operation.value);
    case "replace":
      valueAt(json, tokens);
      return edit(json, tokens, () => operation.value);
    case "remove":
      return remove(json, tokens);
    case "test":
      if (equal(valueAt(json, tokens), operation.value)) return json;
      throw misfit("There is another value than the test expects.");
    case "copy":
      return add(json, tokens, valueAt(json, parsePointer(operation.from)));
    case "move": {
      const from = parsePointer(operation.from);
      const value = valueAt(json, from);
      if (operation.path === operation.from) return json;
      if (operation.path.startsWith(`${operation.from}/`)) throw misfit("Nothing can be moved into itself.");
      return add(remove(json, from), tokens, value);
    }
    case "str_ins":
    case "str_del":
      return edit(json, tokens, text => editText(text, operation));
    default:
      throw misfit(`The operation ${JSON.stringify(operation.op)} is not run here.`);
  }
}

function editText(
  text: Json,
  { op, pos, str }: Extract<PatchOperation, { op: "str_ins" | "str_del" }>,
): Json {
  if (typeof text !== "string") throw misfit("There is no text here.");
  if (!Number.isSafeInteger(pos) || pos < 0 || pos > text.length) throw misfit("The text is not as long.");
  if (op === "str_ins") return text.slice(0, pos) + str + text.slice(pos);
  if (!text.startsWith(str, pos)) throw misfit("Other text stands at this position.");
  return text.slice(0, pos) + text.slice(pos + str.length);
}

function add(json: Json, tokens: readonly string[], value: Json): Json {
  const last = tokens.at(-1);
  if (last === undefined) return value;
  return edit(json, tokens.slice(0, -1), holder => {
    if (isList(holder)) {
      const index = last === "-" ? holder.length : indexOf(last, holder.length + 1);
      return holder.toSpliced(index, 0, value);
    }
    if (isObject(holder)) return { ...holder, [last]: value };
    throw misfit("What it goes into has no members.");
  });
}

function remove(json: Json, tokens: readonly string[]): Json {
  const last = tokens.at(-1);
  if (last === undefined) throw misfit("The whole document cannot be removed.");
  valueAt(json, tokens);
  return edit(json, tokens.slice(0, -1), holder => {
    if (isList(holder)) return holder.toSpliced(Number(last), 1);
    const { [last]: _, ...others } = holder as JsonObject;
    return others;
  });
}

/** Changes the value at a place, and copies what it stands in. */
function edit(json: Json, tokens: readonly string[], change: (value: Json) => Json, depth = 0): Json {
  const token = tokens[depth];
  if (token === undefined) return change(json);
  const member = edit(memberOf(json, token), tokens, change, depth + 1);
  return isList(json) ? json.with(Number(token), member) : { ...(json as JsonObject), [token]: member };
}

/** The value at a place. Throws a `ClientError` `patch-invalid` where there is none. */
export function valueAt(json: Json, tokens: readonly string[]): Json {
  return tokens.reduce(memberOf, json);
}

function memberOf(json: Json, token: string): Json {
  if (isList(json)) return json[indexOf(token, json.length)]!;
  if (isObject(json) && Object.hasOwn(json, token)) return json[token]!;
  throw misfit(`There is no ${JSON.stringify(token)}.`);
}

function indexOf(token: string, length: number): number {
  if (/^(0|[1-9]\d*)$/.test(token) && Number(token) < length) return Number(token);
  throw misfit(`The list has no place ${token}.`);
}

/** The reference tokens of a JSON Pointer (RFC 6901). Throws a `ClientError` `patch-invalid` if it is none. */
export function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || pointer[0] !== "/" || /~(?![01])/.test(pointer))
    throw new ClientError("patch-invalid", `${JSON.stringify(pointer)} is no JSON Pointer.`, { pointer });
  const tokens = pointer.slice(1).split("/");
  return pointer.includes("~") ? tokens.map(unescapeToken) : tokens;
}

/** The pointer of a place. */
export function toPointer(tokens: readonly string[]): string {
  return tokens.map(token => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

function equal(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (isList(one)) {
    return (
      isList(other) && one.length === other.length && one.every((value, index) => equal(value, other[index]!))
    );
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every(key => Object.hasOwn(other, key) && equal(one[key]!, other[key]!))
  );
}

export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !isList(json);
}

function misfit(message: string): ClientError {
  return new ClientError("patch-invalid", message);
}
