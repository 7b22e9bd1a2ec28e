/**
 * Replaying recorded changes on the JSON of a document, forwards and backwards.
 *
 * Every operation is checked against what it finds, so that a history that does not fit is noticed and never bent.
 */
import {
  type Change,
  invertOperation,
  type ListOperation,
  type Operation,
  type SetOperation,
  type TextOperation,
} from "./change.js";
import { applyDelta, parseDeltaDocument } from "./delta.js";
import { BridgeError } from "./errors.js";
import { cloneJson, jsonEqual, type MutableJson, type MutableJsonObject, setMember } from "./json.js";
import { type Path, toPointer } from "./pointer.js";
import { valueAt } from "./read.js";
import { createTextPieces, type TextPieces } from "./text-pieces.js";

export type Direction = "forward" | "reverse";

/**
 * Applies a recorded change to the JSON of a document, in place: forward to the JSON before it, reverse to the JSON
 * after it.
 *
 * Every operation is checked against what it finds. Throws `change-mismatch`; `json` is then half-way and useless.
 */
export function applyChange(json: MutableJsonObject, change: Change, direction: Direction): void {
  eachOperation(change, direction, operation => applyOperation(json, operation));
}

/** Many changes, one after the other. */
export interface Replay {
  /** Like `applyChange`. */
  apply(change: Change, direction: Direction): void;
  /** The JSON where the changes lead. Nothing may be applied any more. */
  end(): MutableJsonObject;
}

/**
 * Applies many changes to a JSON, which is not to be looked at until the end: a text that is edited again and again costs
 * what is edited, and not its length each time.
 */
export function beginReplay(json: MutableJsonObject): Replay {
  const texts = new Map<string, { readonly path: Path; readonly pieces: TextPieces }>();
  return {
    apply(change, direction) {
      eachOperation(change, direction, operation => {
        const pointer = toPointer(operation.path);
        if (operation.type === "textInsert" || operation.type === "textDelete") {
          textAt(pointer, operation.path).apply(operation);
        } else {
          release(pointer);
          applyOperation(json, operation);
        }
      });
    },
    end() {
      release("");
      return json;
    },
  };

  function textAt(pointer: string, path: Path): TextPieces {
    let held = texts.get(pointer);
    if (held === undefined) {
      const text = descend(json, path);
      if (typeof text !== "string") throw mismatch();
      held = { path, pieces: createTextPieces(text) };
      texts.set(pointer, held);
    }
    return held.pieces;
  }

  /** Puts back the texts at a place and below it, before what holds them changes. */
  function release(place: string): void {
    for (const [pointer, { path, pieces }] of texts) {
      if (pointer !== place && !pointer.startsWith(`${place}/`)) continue;
      update(json, path, () => pieces.toString());
      texts.delete(pointer);
    }
  }
}

function eachOperation(change: Change, direction: Direction, apply: (operation: Operation) => void): void {
  for (let i = 0; i < change.length; i++) {
    const at = direction === "forward" ? i : change.length - 1 - i;
    const operation = change[at]!;
    try {
      apply(direction === "forward" ? operation : invertOperation(operation));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      throw new BridgeError("change-mismatch", error.message, {
        operation: at,
        pointer: toPointer(operation.path),
        cause: error,
      });
    }
  }
}

/** The text after an edit. Throws `index-out-of-range` and `text-mismatch`. */
export function applyTextOperation(text: string, { type, index, text: piece }: TextOperation): string {
  if (index > text.length) {
    throw new BridgeError(
      "index-out-of-range",
      `There is no position ${index} in a text of ${text.length} units.`,
    );
  }
  if (type === "textInsert") return text.slice(0, index) + piece + text.slice(index);
  if (!text.startsWith(piece, index)) {
    throw new BridgeError("text-mismatch", "The text at this position is not the one to be deleted.");
  }
  return text.slice(0, index) + text.slice(index + piece.length);
}

function applyOperation(json: MutableJsonObject, operation: Operation): void {
  switch (operation.type) {
    case "set":
      applySet(descend(json, operation.path), operation);
      break;
    case "insert":
    case "delete":
      applyToList(descend(json, operation.path), operation);
      break;
    case "textInsert":
    case "textDelete":
      update(json, operation.path, text => {
        if (typeof text !== "string") throw mismatch();
        return applyTextOperation(text, operation);
      });
      break;
    case "delta":
      update(json, [...operation.path, "delta"], document =>
        cloneJson(applyDelta(parseDeltaDocument(document), operation.delta)),
      );
      break;
  }
}

function applySet(container: MutableJson, { key, before, after }: SetOperation): void {
  if (container === null || typeof container !== "object") throw mismatch();
  const current = valueAt(container, [key]);
  if (before === undefined ? current !== undefined : current === undefined || !jsonEqual(current, before)) {
    throw mismatch();
  }
  if (Array.isArray(container)) {
    if (after === undefined) throw mismatch();
    container[Number(key)] = cloneJson(after);
  } else if (after === undefined) delete container[key];
  else setMember(container, String(key), cloneJson(after));
}

function applyToList(list: MutableJson, { type, index, values }: ListOperation): void {
  if (!Array.isArray(list) || index > list.length) throw mismatch();
  if (type === "delete") {
    if (!jsonEqual(list.slice(index, index + values.length), values)) throw mismatch();
    list.splice(index, values.length);
  } else {
    // One by one: a call takes only so many arguments.
    const tail = list.splice(index);
    for (const value of values) list.push(cloneJson(value));
    for (const value of tail) list.push(value);
  }
}

function descend(json: MutableJson, path: Path): MutableJson {
  let value = json;
  for (const segment of path) {
    const child = valueAt(value, [segment]);
    if (child === undefined) throw mismatch();
    value = child as MutableJson;
  }
  return value;
}

function update(json: MutableJsonObject, path: Path, change: (value: MutableJson) => MutableJson): void {
  const container = descend(json, path.slice(0, -1));
  const key = path[path.length - 1]!;
  const value = change(descend(container, [key]));
  if (Array.isArray(container)) container[Number(key)] = value;
  else setMember(container as MutableJsonObject, String(key), value);
}

function mismatch(): BridgeError {
  return new BridgeError("change-mismatch", "The change expects another value here.");
}
