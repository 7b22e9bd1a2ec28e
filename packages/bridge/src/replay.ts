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

/**
 * Applies a recorded change to the JSON of a document, in place: forward to the JSON before it, reverse to the JSON
 * after it. Made for replaying long histories.
 *
 * Every operation is checked against what it finds. Throws `change-mismatch`; `json` is then half-way and useless.
 */
export function applyChange(json: MutableJsonObject, change: Change, direction: "forward" | "reverse"): void {
  for (let i = 0; i < change.length; i++) {
    const at = direction === "forward" ? i : change.length - 1 - i;
    const operation = change[at]!;
    try {
      applyOperation(json, direction === "forward" ? operation : invertOperation(operation));
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
