/**
 * Patches of plain JSON, and the views of a change as patches: in both dialects, in both directions.
 *
 * The `extended` dialect is RFC 6902 with three operations more, so that a keystroke in a long text costs a keystroke:
 *
 *     {"op":"str_ins","path":…,"pos":…,"str":…}         inserts into a string   (JSON Patch Extended)
 *     {"op":"str_del","path":…,"pos":…,"str":…}         deletes from a string, which must hold `str` there
 *     {"op":"delta","path":…,"delta":[…],"inverse":[…]} changes the delta of a formatted text's tagged JSON
 *
 * Positions count UTF-16 units.
 */
import {
  type Change,
  invertOperation,
  type ListOperation,
  type Operation,
  pathsEqual,
  type SetOperation,
  type TextOperation,
} from "./change.js";
import { applyDelta, type Delta, parseDeltaDocument } from "./delta.js";
import { BridgeError } from "./errors.js";
import type { Json, JsonObject } from "./json.js";
import { childPointer, type Path, toPointer } from "./pointer.js";
import { valueAt } from "./read.js";
import { applyTextOperation } from "./replay.js";

export type AddOperation = { readonly op: "add"; readonly path: string; readonly value: Json };
export type RemoveOperation = { readonly op: "remove"; readonly path: string };
export type ReplaceOperation = { readonly op: "replace"; readonly path: string; readonly value: Json };
export type MoveOperation = { readonly op: "move"; readonly from: string; readonly path: string };
export type CopyOperation = { readonly op: "copy"; readonly from: string; readonly path: string };
export type TestOperation = { readonly op: "test"; readonly path: string; readonly value: Json };
export type StringOperation = {
  readonly op: "str_ins" | "str_del";
  readonly path: string;
  readonly pos: number;
  readonly str: string;
};
export type DeltaPatchOperation = {
  readonly op: "delta";
  readonly path: string;
  readonly delta: Delta;
  /** The delta that takes it back; needed to reverse the patch, not to apply it. */
  readonly inverse?: Delta;
};

export type Rfc6902Operation =
  | AddOperation
  | RemoveOperation
  | ReplaceOperation
  | MoveOperation
  | CopyOperation
  | TestOperation;
export type PatchOperation = Rfc6902Operation | StringOperation | DeltaPatchOperation;
export type Patch = readonly PatchOperation[];
export type Dialect = "extended" | "rfc6902";

/** The change as a patch in the extended dialect: from the JSON before to the JSON after. */
export function forwardPatch(change: Change): Patch {
  const patch: PatchOperation[] = [];
  for (const operation of change) renderOperation(operation, patch);
  return patch;
}

/** The patch in the extended dialect that leads from the JSON after the change back to the JSON before. */
export function reversePatch(change: Change): Patch {
  const patch: PatchOperation[] = [];
  for (let i = change.length - 1; i >= 0; i--) renderOperation(invertOperation(change[i]!), patch);
  return patch;
}

/**
 * The change in plain RFC 6902, both ways: texts are replaced as a whole, once for each text.
 *
 * The change must be that of one span, as an observer gave it; `after` is the JSON after it, or a function that gives
 * the value at a path of it.
 */
export function toRfc6902(
  change: Change,
  after: JsonObject | ((path: Path) => Json | undefined),
): { readonly forward: readonly Rfc6902Operation[]; readonly reverse: readonly Rfc6902Operation[] } {
  const valueAfter = typeof after === "function" ? after : (path: Path) => valueAt(after, path);
  const forward: Rfc6902Operation[] = [];
  const reverse: Rfc6902Operation[][] = [];
  for (let i = 0; i < change.length; i++) {
    const operation = change[i]!;
    switch (operation.type) {
      case "set":
      case "insert":
      case "delete": {
        const back: Rfc6902Operation[] = [];
        renderTree(operation, forward);
        renderTree(invertOperation(operation), back);
        reverse.push(back);
        break;
      }
      case "textInsert":
      case "textDelete": {
        // A type has one turn, so the edits of one text follow one another.
        const edits = [operation];
        for (let next = change[i + 1]; isTextEdit(next) && pathsEqual(next.path, operation.path); ) {
          edits.push(next);
          next = change[++i + 1];
        }
        const path = toPointer(operation.path);
        const value = textAfter(valueAfter(operation.path), path);
        const old = edits.reduceRight((text, edit) => applyTextOperation(text, invertOperation(edit)), value);
        forward.push({ op: "replace", path, value });
        reverse.push([{ op: "replace", path, value: old }]);
        break;
      }
      case "delta": {
        const deltaPath = [...operation.path, "delta"];
        const path = toPointer(deltaPath);
        const value = parseDeltaDocument(valueAfter(deltaPath));
        forward.push({ op: "replace", path, value });
        reverse.push([{ op: "replace", path, value: applyDelta(value, operation.inverse) }]);
        break;
      }
    }
  }
  return { forward, reverse: reverse.reverse().flat() };
}

function isTextEdit(operation: Operation | undefined): operation is TextOperation {
  return operation?.type === "textInsert" || operation?.type === "textDelete";
}

function renderOperation(operation: Operation, patch: PatchOperation[]): void {
  switch (operation.type) {
    case "textInsert":
    case "textDelete": {
      const { path, index: pos, text: str } = operation;
      patch.push({
        op: operation.type === "textInsert" ? "str_ins" : "str_del",
        path: toPointer(path),
        pos,
        str,
      });
      break;
    }
    case "delta":
      patch.push({
        op: "delta",
        path: toPointer(operation.path),
        delta: operation.delta,
        inverse: operation.inverse,
      });
      break;
    default:
      renderTree(operation, patch as Rfc6902Operation[]);
  }
}

function renderTree(operation: SetOperation | ListOperation, patch: Rfc6902Operation[]): void {
  const parent = toPointer(operation.path);
  switch (operation.type) {
    case "set": {
      const path = childPointer(parent, operation.key);
      if (operation.after === undefined) patch.push({ op: "remove", path });
      else
        patch.push({ op: operation.before === undefined ? "add" : "replace", path, value: operation.after });
      break;
    }
    case "insert":
      operation.values.forEach((value, i) => {
        patch.push({ op: "add", path: childPointer(parent, operation.index + i), value });
      });
      break;
    case "delete":
      for (const _ of operation.values)
        patch.push({ op: "remove", path: childPointer(parent, operation.index) });
      break;
  }
}

function textAfter(json: Json | undefined, pointer: string): string {
  if (typeof json === "string") return json;
  throw new BridgeError("change-mismatch", "There is no text here after the change.", { pointer });
}
