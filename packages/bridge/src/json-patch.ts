/**
 * Running a patch, operation by operation, on whatever holds JSON; and on plain JSON itself.
 */
import { applyDelta, type Delta, parseDelta, parseDeltaDocument } from "./delta.js";
import { BridgeError } from "./errors.js";
import { cloneJson, isArray, type Json, type JsonObject, jsonEqual, setMember } from "./json.js";
import type { Dialect, Patch } from "./patch.js";
import { isForbiddenKey, parsePointer, tokenToIndex } from "./pointer.js";

/**
 * The JSON after a patch; the argument stays as it is, and what the patch does not touch is shared with the result.
 *
 * All or nothing. Throws `invalid-patch`, `invalid-pointer`, `forbidden-key`, `path-not-found`, `index-out-of-range`,
 * `not-a-container`, `test-failed` or `text-mismatch`, with the index of the operation and its pointer.
 */
export function applyPatchToJson(
  json: Json,
  patch: Patch,
  { dialect = "extended" }: { readonly dialect?: Dialect } = {},
): Json {
  const draft = new JsonDraft(json);
  runPatch(draft, patch, dialect);
  return draft.root;
}

/** What a patch can be run on. Tokens are reference tokens of a pointer; none of them is a forbidden key. */
export interface PatchTarget {
  valueAt(tokens: readonly string[]): Json;
  add(tokens: readonly string[], value: Json): void;
  remove(tokens: readonly string[]): void;
  replace(tokens: readonly string[], value: Json): void;
  /** Replaces `removed` by `inserted`; both position and `removed` are checked already. */
  editText(tokens: readonly string[], position: number, removed: string, inserted: string): void;
  editDelta(tokens: readonly string[], delta: Delta): void;
}

/** Runs a patch, operation by operation; an error says at which one it stopped. */
export function runPatch(target: PatchTarget, patch: Patch, dialect: Dialect): void {
  if (!Array.isArray(patch)) throw new BridgeError("invalid-patch", "A patch is an array.");
  const allowance = createAllowance();
  for (let operation = 0; operation < patch.length; operation++) {
    const step: unknown = patch[operation];
    try {
      if (!isFields(step)) throw new BridgeError("invalid-patch", "An operation is an object.");
      runOperation(target, step, { dialect, allowance });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      const pointer = isFields(step) && typeof step.path === "string" ? step.path : undefined;
      throw error.at({ operation, pointer });
    }
  }
}

/** JSON that is copied where it is changed, and only there. */
export class JsonDraft implements PatchTarget {
  #root: Json;
  /** Containers made by this draft, which it may change in place. */
  readonly #owned = new WeakSet<object>();

  constructor(root: Json) {
    this.#root = root;
  }

  get root(): Json {
    return this.#root;
  }

  valueAt(tokens: readonly string[]): Json {
    return tokens.reduce(memberOf, this.#root);
  }

  add(tokens: readonly string[], given: Json): void {
    const value = this.#unshared(given);
    if (tokens.length === 0) {
      this.#root = value;
      return;
    }
    const container = this.#open(tokens.slice(0, -1));
    const token = tokens[tokens.length - 1]!;
    if (Array.isArray(container)) container.splice(insertionIndex(container.length, token), 0, value);
    else setMember(container, token, value);
  }

  remove(tokens: readonly string[]): void {
    if (tokens.length === 0) throw new BridgeError("fixed-root", "The whole document cannot be removed.");
    const container = this.#open(tokens.slice(0, -1));
    const token = tokens[tokens.length - 1]!;
    if (Array.isArray(container)) container.splice(elementIndex(container.length, token), 1);
    else if (Object.hasOwn(container, token)) delete container[token];
    else throw notFound(token);
  }

  replace(tokens: readonly string[], given: Json): void {
    const value = this.#unshared(given);
    if (tokens.length === 0) {
      this.#root = value;
      return;
    }
    const container = this.#open(tokens.slice(0, -1));
    const token = tokens[tokens.length - 1]!;
    if (Array.isArray(container)) container[elementIndex(container.length, token)] = value;
    else if (Object.hasOwn(container, token)) setMember(container, token, value);
    else throw notFound(token);
  }

  editText(tokens: readonly string[], position: number, removed: string, inserted: string): void {
    const text = this.valueAt(tokens) as string;
    this.replace(tokens, text.slice(0, position) + inserted + text.slice(position + removed.length));
  }

  editDelta(tokens: readonly string[], delta: Delta): void {
    const path = [...tokens, "delta"];
    this.replace(path, applyDelta(parseDeltaDocument(this.valueAt(path)), delta));
  }

  /** A container that this draft changes in place must not stand in two places, least of all in itself. */
  #unshared(value: Json): Json {
    return typeof value === "object" && value !== null && this.#owned.has(value) ? cloneJson(value) : value;
  }

  /** The container at a place, with everything above it, as copies that may be changed. */
  #open(tokens: readonly string[]): Json[] | { [key: string]: Json } {
    this.#root = this.#own(this.#root);
    let container = this.#root as Json[] | { [key: string]: Json };
    for (const token of tokens) {
      const child = this.#own(memberOf(container, token));
      if (Array.isArray(container)) container[Number(token)] = child;
      else setMember(container, token, child);
      container = child;
    }
    return container;
  }

  #own(json: Json): Json[] | { [key: string]: Json } {
    if (json === null || typeof json !== "object") throw notContainer();
    if (this.#owned.has(json)) return json as Json[] | { [key: string]: Json };
    const copy = isArray(json) ? [...json] : copyMembers(json);
    this.#owned.add(copy);
    return copy;
  }
}

/** The index of an existing element. */
export function elementIndex(length: number, token: string): number {
  const index = tokenToIndex(token);
  if (index === null) throw notFound(token);
  if (index >= length) throw outOfRange(token, length);
  return index;
}

/** The index at which an element can be inserted; `-` is the end. */
export function insertionIndex(length: number, token: string): number {
  if (token === "-") return length;
  const index = tokenToIndex(token);
  if (index === null) throw notFound(token);
  if (index > length) throw outOfRange(token, length);
  return index;
}

export function notFound(token: string | number): BridgeError {
  return new BridgeError("path-not-found", `There is no ${JSON.stringify(token)} here.`);
}

function copiesTooMuch(): BridgeError {
  return new BridgeError("invalid-patch", "The patch copies or moves too much, or too deep a value.");
}

export function notContainer(): BridgeError {
  return new BridgeError("not-a-container", "The pointer goes into a value that has no members.");
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(step: unknown): step is Fields {
  return typeof step === "object" && step !== null && !Array.isArray(step);
}

/** What a patch may still copy and move: a few copies of the whole into itself would fill any memory. */
interface Allowance {
  /** Takes the weight of the value from what is left; false when there is not so much, or it is too deep to walk. */
  spend(value: Json): boolean;
}

/** Values, and as one more each so many units of text. */
const mostCopied = 500_000;
const unitsPerValue = 16;
/** Deeper than anybody's document, and far from where recursion ends. */
const deepestCopied = 500;

function createAllowance(): Allowance {
  let left = mostCopied;
  return {
    spend(value) {
      let level: Json[] = [value];
      for (let depth = 0; level.length > 0; depth++) {
        const next: Json[] = [];
        for (const each of level) {
          left -= 1 + (typeof each === "string" ? each.length / unitsPerValue : 0);
          if (left < 0) return false;
          if (typeof each === "object" && each !== null)
            for (const member of Object.values(each)) next.push(member);
        }
        if (depth > deepestCopied) return false;
        level = next;
      }
      return true;
    },
  };
}

function runOperation(
  target: PatchTarget,
  step: Fields,
  { dialect, allowance }: { readonly dialect: Dialect; readonly allowance: Allowance },
): void {
  const tokens = tokensOf(step, "path");
  switch (step.op) {
    case "add":
      target.add(tokens, field(step, "value") as Json);
      return;
    case "remove":
      target.remove(tokens);
      return;
    case "replace":
      target.replace(tokens, field(step, "value") as Json);
      return;
    case "test":
      if (jsonEqual(target.valueAt(tokens), field(step, "value") as Json)) return;
      throw new BridgeError("test-failed", "There is another value than the one the test expects.");
    case "copy": {
      const value = target.valueAt(tokensOf(step, "from"));
      if (!allowance.spend(value)) throw copiesTooMuch();
      target.add(tokens, value);
      return;
    }
    case "move": {
      const from = tokensOf(step, "from");
      if (!allowance.spend(target.valueAt(from))) throw copiesTooMuch();
      runMove(target, from, tokens);
      return;
    }
    case "str_ins":
    case "str_del":
      if (dialect === "rfc6902") break;
      runTextEdit(target, tokens, step);
      return;
    case "delta":
      if (dialect === "rfc6902") break;
      target.editDelta(tokens, parseDelta(field(step, "delta") as Json));
      return;
  }
  throw new BridgeError(
    "invalid-patch",
    `The dialect ${dialect} has no operation ${JSON.stringify(step.op)}.`,
  );
}

function runMove(target: PatchTarget, from: readonly string[], to: readonly string[]): void {
  const value = target.valueAt(from);
  const within = from.every((token, i) => token === to[i]);
  if (within && from.length === to.length) return;
  if (within) throw new BridgeError("invalid-patch", "Nothing can be moved into itself.");
  target.remove(from);
  target.add(to, value);
}

function runTextEdit(target: PatchTarget, tokens: readonly string[], step: Fields): void {
  const position = field(step, "pos");
  const piece = field(step, "str");
  if (typeof position !== "number" || !Number.isSafeInteger(position) || typeof piece !== "string") {
    throw new BridgeError("invalid-patch", "A text operation has an integer `pos` and a string `str`.");
  }
  const text = target.valueAt(tokens);
  if (typeof text !== "string") throw new BridgeError("text-mismatch", "There is no text here.");
  if (position < 0 || position > text.length) throw outOfRange(position, text.length);
  if (step.op === "str_ins") target.editText(tokens, position, "", piece);
  else if (text.startsWith(piece, position)) target.editText(tokens, position, piece, "");
  else throw new BridgeError("text-mismatch", "The text at this position is not the one to be deleted.");
}

function tokensOf(step: Fields, name: "path" | "from"): string[] {
  const pointer = field(step, name);
  if (typeof pointer !== "string") throw new BridgeError("invalid-patch", `\`${name}\` is a string.`);
  const tokens = parsePointer(pointer);
  if (tokens.some(isForbiddenKey)) throw new BridgeError("forbidden-key", "The pointer names a prototype.");
  return tokens;
}

function field(step: Fields, name: string): unknown {
  if (!Object.hasOwn(step, name) || step[name] === undefined) {
    throw new BridgeError("invalid-patch", `The operation has no \`${name}\`.`);
  }
  return step[name];
}

function memberOf(json: Json, token: string): Json {
  if (json === null || typeof json !== "object") throw notContainer();
  if (isArray(json)) return json[elementIndex(json.length, token)]!;
  if (!Object.hasOwn(json, token)) throw notFound(token);
  return json[token]!;
}

function copyMembers(json: JsonObject): { [key: string]: Json } {
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(json)) setMember(copy, key, json[key]!);
  return copy;
}

function outOfRange(position: string | number, length: number): BridgeError {
  return new BridgeError("index-out-of-range", `There is no position ${position} in a length of ${length}.`);
}
