/**
 * A patch with nothing in it that only its document can tell, so that it can be moved, and undone, without that.
 *
 * The end of a list becomes an index, a copy the value itself, and what is put over a member a replacement of that.
 */
import {
  applyPatch,
  isList,
  isObject,
  type Json,
  type Patch,
  type PatchOperation,
  parsePointer,
  toPointer,
  valueAt,
} from "./json-patch.js";

/** Throws a `ClientError` `patch-invalid` where the patch does not fit; a `delta` always does, and is not run. */
export function toExplicit(before: Json, patch: Patch): { patch: Patch; after: Json } {
  const explicit: PatchOperation[] = [];
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
function explicitOperation(json: Json, operation: PatchOperation): Patch {
  switch (operation.op) {
    case "add":
      return put(json, operation.path, operation.value);
    case "copy":
      return put(json, operation.path, valueAt(json, parsePointer(operation.from)));
    case "move": {
      const { from, path } = operation;
      if (from === path) return [];
      const value = valueAt(json, parsePointer(from));
      // What it is taken out of is replaced by it, and there is nothing left to take it from.
      if (from.startsWith(`${path}/`)) return put(json, path, value);
      const removal = { op: "remove", path: from } as const;
      const [arrival] = put(applyPatch(json, [removal]), path, value);
      return arrival?.op === "add"
        ? [{ op: "move", from, path: arrival.path }]
        : [
            { op: "remove", path },
            { op: "move", from, path },
          ];
    }
    default:
      return [operation];
  }
}

function put(json: Json, path: string, value: Json): Patch {
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
export function undoing(patch: Patch): Patch {
  return patch.toReversed().flatMap((operation): Patch => {
    const { path } = operation;
    switch (operation.op) {
      case "add":
      case "copy":
        return [{ op: "remove", path }];
      case "remove":
        return [{ op: "add", path, value: null }];
      case "replace":
        return [{ op: "replace", path, value: null }];
      case "move":
        return [{ op: "move", from: path, path: operation.from }];
      case "str_ins":
        return [{ ...operation, op: "str_del" }];
      case "str_del":
        return [{ ...operation, op: "str_ins" }];
      default:
        return [];
    }
  });
}
