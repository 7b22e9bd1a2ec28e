/** Whether an edit that was made on an older version can be made on the present, and how. Pure. */
import {
  beginReplay,
  type Change,
  changeOfPatch,
  forwardPatch,
  type JsonObject,
  type MutableJsonObject,
  type Patch,
  type Path,
  parsePointer,
  transformChange,
} from "@verso/bridge";
import type { ConflictStrategy } from "@verso/protocol";
import type { ConflictPolicy } from "@verso/validation";

export interface Carried {
  /** The present, which is not changed. Reading it takes the longer the larger the document is. */
  readonly content: () => JsonObject;
  /** What has changed since the base, in order. */
  readonly since: readonly Change[];
  readonly strategy: ConflictStrategy;
  /** What the kind says of a key. */
  readonly policyOf: (path: Path) => ConflictPolicy | null;
}

export type Carriage =
  /** On the present, with its pointers carried over. */
  | { readonly type: "present"; readonly patch: Patch }
  /** On its base, and merged by ids: they know what pointers cannot tell. */
  | { readonly type: "base" }
  | {
      readonly type: "conflict";
      /** Where, in the present as far as that is still there. */
      readonly pointers: readonly string[];
      /** The indexes of the changes that it is in conflict with. */
      readonly changes: readonly number[];
    };

/** Throws a `BridgeError` where the patch does not fit its base. */
export function carryOver(
  plan: (base: () => JsonObject) => Patch,
  { content, since, strategy, policyOf }: Carried,
): Carriage {
  let before: JsonObject | null = null;
  const base = () => {
    before ??= contentBefore(content(), since);
    return before;
  };
  const patch = plan(base);
  if (isApart(patch, since)) return { type: "present", patch };
  let { change: yours } = changeOfPatch(base(), patch);
  const pointers = new Set<string>();
  const changes: number[] = [];
  const policies = new Set<ConflictPolicy | null>();
  since.forEach((theirs, i) => {
    const transformed = transformChange(yours, theirs, {
      wins: strategy === "latest-wins" ? "yours" : "theirs",
    });
    yours = transformed.yours;
    if (transformed.touched.length > 0) changes.push(i);
    for (const touch of transformed.touched) {
      pointers.add(touch.head ?? touch.base);
      policies.add(policyOf(parsePointer(touch.base)));
    }
  });
  if (changes.length === 0) return { type: "present", patch: forwardPatch(yours) };
  // A policy of the kind is kept by the gate, which sees by ids what was made unseen.
  if (policies.has("server-wins") || policies.has("merge")) return { type: "base" };
  if (policies.has(null) && strategy !== "merge" && strategy !== "latest-wins") {
    return { type: "conflict", pointers: [...pointers], changes };
  }
  return strategy === "latest-wins" ? { type: "present", patch: forwardPatch(yours) } : { type: "base" };
}

/**
 * Whether nothing that the patch names is inside of what has changed, or around it: then its pointers mean what they
 * meant, and there is no need to look closer.
 */
function isApart(patch: Patch, since: readonly Change[]): boolean {
  const named = patch.flatMap(operation =>
    "from" in operation ? [operation.path, operation.from] : [operation.path],
  );
  const paths = named.map(pointer => parsePointer(pointer));
  return since.every(change =>
    change.every(operation => {
      const changed = operation.type === "set" ? [...operation.path, String(operation.key)] : operation.path;
      return paths.every(path => !isWithin(path, changed) && !isWithin(changed, path));
    }),
  );
}

function isWithin(path: Path, place: Path): boolean {
  return path.length >= place.length && place.every((token, i) => String(token) === String(path[i]));
}

/** The content before these changes were made. */
export function contentBefore(content: JsonObject, since: readonly Change[]): JsonObject {
  const replay = beginReplay(structuredClone(content) as MutableJsonObject);
  for (const change of since.toReversed()) replay.apply(change, "reverse");
  return replay.end();
}
