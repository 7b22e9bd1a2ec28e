/**
 * A patch with nothing in it that only its document can tell, so that it can be moved, and undone, without that.
 *
 * The end of a list becomes an index, what is copied or moved the value itself, and what is put over a member a
 * replacement of that.
 */
import {
  applyPatch,
  isList,
  isObject,
  type Json,
  type Patch,
  type PatchOperation,
  type PlainOperation,
  type PlainPatch,
  parsePointer,
  toPointer,
  valueAt,
} from "./json-patch.js";

/** Throws a `ClientError` `patch-invalid` where the patch does not fit; a `delta` always does, and is not run. */
export function toExplicit(before: Json, patch: Patch): { patch: PlainPatch; after: Json } {
  const explicit: PlainOperation[] = [];
  let after = before;
  for (const operation of patch) {
    if (operation.op === "delta") {
      explicit.push(operation);
      continue;
    }
    const next = applyPatch(after, [operation]);
    explicit.push(...explicitOperation(after, operation));
    after = next;
  }
  return { patch: explicit, after };
}

/** An operation that fits. */
function explicitOperation(json: Json, operation: PatchOperation): PlainPatch {
  switch (operation.op) {
    case "add":
      return put(json, operation.path, operation.value);
    case "copy":
      return put(json, operation.path, valueAt(json, parsePointer(operation.from)));
    case "move": {
      const { from, path } = operation;
      if (from === path) return [];
      const removal = { op: "remove", path: from } as const;
      const value = valueAt(json, parsePointer(from));
      return [removal, ...put(applyPatch(json, [removal]), path, value)];
    }
    default:
      return [operation];
  }
}

function put(json: Json, path: string, value: Json): PlainPatch {
  const tokens = parsePointer(path);
  const last = tokens.at(-1);
  if (last === undefined) return [{ op: "replace", path, value }];
  const holder = valueAt(json, tokens.slice(0, -1));
  if (isList(holder)) {
    const end = toPointer(tokens.with(-1, String(holder.length)));
    return [{ op: "add", path: last === "-" ? end : path, value }];
  }
  const isThere = isObject(holder) && Object.hasOwn(holder, last);
  return [{ op: isThere ? "replace" : "add", path, value }];
}

/**
 * The places of what undoes an explicit patch: what it has inserted goes, what it has removed comes back. Values that come
 * back are not known, and `null`.
 */
export function undoing(patch: PlainPatch): PlainPatch {
  return patch.toReversed().flatMap((operation): PlainPatch => {
    const { path } = operation;
    switch (operation.op) {
      case "add":
        return [{ op: "remove", path }];
      case "remove":
        return [{ op: "add", path, value: null }];
      case "replace":
        return [{ op: "replace", path, value: null }];
      case "str_ins":
        return [{ ...operation, op: "str_del" }];
      case "str_del":
        return [{ ...operation, op: "str_ins" }];
      default:
        return [];
    }
  });
}
