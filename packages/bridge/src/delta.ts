/**
 * Formatted text as JSON: documents and changes in the delta format of Quill.
 *
 * A document is a list of inserts, each a string or an embedded object (one unit of length) with its attributes. It is
 * kept in one normal form: neighbouring strings with equal attributes are one insert, and there are no empty ones.
 * Lengths are UTF-16 units.
 */
import { type AttributeChange, Attributes } from "./attributes.js";
import { BridgeError } from "./errors.js";
import { isArray, isObject, type Json, type JsonObject, jsonEqual } from "./json.js";

export type DeltaInsert = { readonly insert: string | JsonObject; readonly attributes?: JsonObject };
/** In the attributes of a retain, `null` takes an attribute away. */
export type DeltaRetain = { readonly retain: number; readonly attributes?: JsonObject };
export type DeltaDelete = { readonly delete: number };
export type DeltaOperation = DeltaInsert | DeltaRetain | DeltaDelete;
export type Delta = readonly DeltaOperation[];
export type DeltaDocument = readonly DeltaInsert[];

/**
 * The document after a change. Throws `text-mismatch` when the change is longer than the document.
 */
export function applyDelta(document: DeltaDocument, delta: Delta): DeltaDocument {
  const result: DeltaInsert[] = [];
  let segment = 0;
  let offset = 0;
  const take = (length: number, keep: ((part: DeltaInsert) => void) | null) => {
    let rest = length;
    while (rest > 0) {
      const current = document[segment];
      if (current === undefined) {
        throw new BridgeError("text-mismatch", `The delta goes ${rest} units beyond the end of the text.`);
      }
      const taken = Math.min(rest, lengthOf(current) - offset);
      keep?.(sliceInsert(current, offset, offset + taken));
      offset += taken;
      rest -= taken;
      if (offset === lengthOf(current)) {
        segment++;
        offset = 0;
      }
    }
  };
  for (const operation of delta) {
    if ("insert" in operation) appendInsert(result, operation.insert, present(operation.attributes));
    else if ("delete" in operation) take(operation.delete, null);
    else {
      const { retain, attributes } = operation;
      take(retain, part => appendInsert(result, part.insert, mergeAttributes(part.attributes, attributes)));
    }
  }
  for (; segment < document.length; segment++, offset = 0) {
    const rest = document[segment]!;
    const { insert, attributes } = sliceInsert(rest, offset, lengthOf(rest));
    appendInsert(result, insert, attributes);
  }
  return result;
}

/** Appends to a document and keeps its normal form. */
export function appendInsert(
  document: DeltaInsert[],
  insert: string | JsonObject,
  attributes: JsonObject | undefined,
): void {
  if (insert === "") return;
  const last = document[document.length - 1];
  if (
    typeof insert === "string" &&
    last !== undefined &&
    typeof last.insert === "string" &&
    attributesEqual(last.attributes, attributes)
  ) {
    document[document.length - 1] = makeInsert(last.insert + insert, attributes);
  } else {
    document.push(makeInsert(insert, attributes));
  }
}

/**
 * Builds the delta between two states of one text, and its inverse, from one walk over both.
 *
 * What is removed and inserted in the same place, with nothing kept between, is compared: equal beginnings and ends
 * count as kept.
 */
export class DeltaComparison {
  readonly #forward: DeltaOperation[] = [];
  readonly #inverse: DeltaOperation[] = [];
  #removed: DeltaInsert[] = [];
  #inserted: DeltaInsert[] = [];

  /** Content that is in both states; `null` where its attributes are the same. */
  keep(length: number, change: AttributeChange | null): void {
    this.#closeGap();
    this.#retain(length, change);
  }

  remove(content: string | JsonObject, attributes: JsonObject | undefined): void {
    appendInsert(this.#removed, content, attributes);
  }

  insert(content: string | JsonObject, attributes: JsonObject | undefined): void {
    appendInsert(this.#inserted, content, attributes);
  }

  /** `null` when both states are equal. */
  finish(): { readonly delta: Delta; readonly inverse: Delta } | null {
    this.#closeGap();
    dropIdleEnd(this.#forward);
    dropIdleEnd(this.#inverse);
    return this.#forward.length === 0 ? null : { delta: this.#forward, inverse: this.#inverse };
  }

  #closeGap(): void {
    if (this.#removed.length === 0 && this.#inserted.length === 0) return;
    const removed = this.#removed;
    const inserted = this.#inserted;
    this.#removed = [];
    this.#inserted = [];
    for (let n = shareFirst(removed, inserted); n > 0; n = shareFirst(removed, inserted)) {
      this.#retain(n, null);
    }
    let kept = 0;
    for (let n = shareLast(removed, inserted); n > 0; n = shareLast(removed, inserted)) kept += n;
    for (const insert of inserted) this.#forward.push(insert);
    for (const insert of removed) this.#inverse.push(insert);
    if (removed.length > 0) this.#forward.push({ delete: documentLength(removed) });
    if (inserted.length > 0) this.#inverse.push({ delete: documentLength(inserted) });
    if (kept > 0) this.#retain(kept, null);
  }

  #retain(length: number, change: AttributeChange | null): void {
    appendRetain(this.#forward, length, change?.forward);
    appendRetain(this.#inverse, length, change?.inverse);
  }
}

/** Reads a delta that came from outside. Throws `invalid-patch`. */
export function parseDelta(json: Json | undefined): Delta {
  if (json === undefined || !isArray(json)) throw new BridgeError("invalid-patch", "A delta is an array.");
  return json.map((operation): DeltaOperation => {
    if (isObject(operation)) {
      const { insert, retain, attributes } = operation;
      const isPlain = attributes === undefined;
      if (Object.keys(operation).length === (isPlain ? 1 : 2) && (isPlain || isObject(attributes))) {
        if (typeof insert === "string" || isObject(insert)) return makeInsert(insert, attributes);
        if (isLength(retain)) return isPlain ? { retain } : { retain, attributes };
        if (isPlain && isLength(operation.delete)) return { delete: operation.delete };
      }
    }
    throw new BridgeError("invalid-patch", "A delta holds inserts, retains and deletes and nothing else.");
  });
}

/** Reads the delta of a formatted text's JSON: inserts only. */
export function parseDeltaDocument(json: Json | undefined): DeltaDocument {
  const result: DeltaInsert[] = [];
  for (const operation of parseDelta(json)) {
    if (!("insert" in operation))
      throw new BridgeError("invalid-patch", "The content of a text is inserts only.");
    appendInsert(result, operation.insert, present(operation.attributes));
  }
  return result;
}

/** How much of two strings is the same at their beginnings; a surrogate pair counts as a whole. */
export function commonPrefix(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length > 0 && isHighSurrogate(a.charCodeAt(length - 1)) ? length - 1 : length;
}

/** How much of two strings is the same at their ends; a surrogate pair counts as a whole. */
export function commonSuffix(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length))
    length++;
  return length > 0 && isLowSurrogate(a.charCodeAt(a.length - length)) ? length - 1 : length;
}

/** The part of a document between two positions. */
export function sliceDocument(document: DeltaDocument, from: number, to: number): DeltaDocument {
  const result: DeltaInsert[] = [];
  let start = 0;
  for (const insert of document) {
    if (start >= to) break;
    const end = start + lengthOf(insert);
    if (end > from) result.push(sliceInsert(insert, Math.max(from - start, 0), Math.min(to, end) - start));
    start = end;
  }
  return result;
}

/** The text of a document, with one unit for each embedded object. */
export function flatText(document: DeltaDocument): string {
  return document.map(({ insert }) => (typeof insert === "string" ? insert : "\ufffc")).join("");
}

/** Whether a position lies between the two halves of a surrogate pair. */
export function splitsSurrogatePair(text: string, position: number): boolean {
  return isHighSurrogate(text.charCodeAt(position - 1)) && isLowSurrogate(text.charCodeAt(position));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function isLength(json: Json | undefined): json is number {
  return typeof json === "number" && Number.isSafeInteger(json) && json > 0;
}

function lengthOf({ insert }: DeltaInsert): number {
  return typeof insert === "string" ? insert.length : 1;
}

export function documentLength(document: DeltaDocument): number {
  return document.reduce((sum, insert) => sum + lengthOf(insert), 0);
}

function makeInsert(insert: string | JsonObject, attributes: JsonObject | undefined): DeltaInsert {
  return attributes === undefined ? { insert } : { insert, attributes };
}

function sliceInsert({ insert, attributes }: DeltaInsert, from: number, to: number): DeltaInsert {
  return makeInsert(typeof insert === "string" ? insert.slice(from, to) : insert, attributes);
}

function attributesEqual(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && jsonEqual(a, b));
}

/** Without the attributes that are `null`, which is how a delta says "none". */
function present(attributes: JsonObject | undefined): JsonObject | undefined {
  return mergeAttributes(undefined, attributes);
}

function mergeAttributes(
  base: JsonObject | undefined,
  change: JsonObject | undefined,
): JsonObject | undefined {
  if (change === undefined) return base;
  const merged = new Attributes();
  for (const source of [base ?? {}, change]) {
    for (const key of Object.keys(source)) merged.set(key, source[key]!);
  }
  return merged.json;
}

/** Appends what a delta keeps, and joins what can be one. */
export function appendRetain(
  delta: DeltaOperation[],
  length: number,
  attributes: JsonObject | undefined,
): void {
  const last = delta[delta.length - 1];
  const merges = last !== undefined && "retain" in last && attributesEqual(last.attributes, attributes);
  const retain = merges ? last.retain + length : length;
  const operation = attributes === undefined ? { retain } : { retain, attributes };
  if (merges) delta[delta.length - 1] = operation;
  else delta.push(operation);
}

/** Takes off the end of a delta what only keeps. */
export function dropIdleEnd(delta: DeltaOperation[]): void {
  const last = delta[delta.length - 1];
  if (last !== undefined && "retain" in last && last.attributes === undefined) delta.pop();
}

/** Takes what two lists of inserts begin with in common off both; its length, 0 when they begin differently. */
function shareFirst(a: DeltaInsert[], b: DeltaInsert[]): number {
  const [first, other] = [a[0], b[0]];
  if (first === undefined || other === undefined) return 0;
  const length = sharedLength(first, other, commonPrefix);
  if (length === 0) return 0;
  for (const list of [a, b]) {
    const head = list[0]!;
    if (lengthOf(head) === length) list.shift();
    else list[0] = sliceInsert(head, length, lengthOf(head));
  }
  return length;
}

function shareLast(a: DeltaInsert[], b: DeltaInsert[]): number {
  const [last, other] = [a[a.length - 1], b[b.length - 1]];
  if (last === undefined || other === undefined) return 0;
  const length = sharedLength(last, other, commonSuffix);
  if (length === 0) return 0;
  for (const list of [a, b]) {
    const tail = list[list.length - 1]!;
    if (lengthOf(tail) === length) list.pop();
    else list[list.length - 1] = sliceInsert(tail, 0, lengthOf(tail) - length);
  }
  return length;
}

function sharedLength(a: DeltaInsert, b: DeltaInsert, common: (a: string, b: string) => number): number {
  if (!attributesEqual(a.attributes, b.attributes)) return 0;
  if (typeof a.insert === "string") return typeof b.insert === "string" ? common(a.insert, b.insert) : 0;
  return jsonEqual(a.insert, b.insert) ? 1 : 0;
}
