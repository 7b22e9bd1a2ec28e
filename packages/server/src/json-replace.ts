/** What leads from the JSON of a document to other JSON, as a patch of its roots. Pure. */
import {
  BridgeError,
  type Change,
  emptyDocument,
  forwardPatch,
  type Json,
  type JsonObject,
  jsonEqual,
  observePatches,
  type Patch,
  type Roots,
  toPointer,
  write,
} from "@verso/bridge";
import * as Y from "yjs";
import { isShownByRoot } from "./json-view.js";

/** A document before it is changed. */
export interface Standing {
  readonly roots: Roots;
  /** Of all roots. */
  readonly content: JsonObject;
}

/** What a view is to show; what is not named stays. */
export interface Goal {
  readonly title?: Json | undefined;
  readonly content?: JsonObject | undefined;
}

/**
 * The least edits after which a document shows this. A root cannot be removed: one that the content does not have is
 * emptied. Throws a `BridgeError` for what cannot be written.
 */
export function patchToShow({ title, content }: Goal, { roots, content: before }: Standing): Patch {
  if (isShownByRoot(roots)) {
    const document = {
      ...(before.document as JsonObject),
      ...(title === undefined ? {} : { title }),
      ...(content === undefined ? {} : { content }),
    };
    return patchBetween({ document: before.document! }, { document }, roots);
  }
  if (title !== undefined && title !== null) {
    throw new BridgeError("path-not-found", "The document has no place for a title.", { pointer: "/title" });
  }
  return content === undefined ? [] : patchBetween(before, { ...emptyDocument(roots), ...content }, roots);
}

/** JSON Merge Patch. Source: RFC 7396. */
export function mergedPatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergedPatch(Object.hasOwn(merged, name) ? merged[name] : undefined, value);
  }
  return merged;
}

/** What is to be shown, from the whole that a merge patch has made of what was. */
export function goalOf(whole: Json): Goal {
  const { title = null, content = {}, ...others } = objectOf(whole);
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const pointer = toPointer([other]);
    throw new BridgeError("path-not-found", "The document has its title and content.", { pointer });
  }
  return { title, content: objectOf(content) };
}

/** Throws a `BridgeError` for what is no object. */
export function objectOf(json: Json): JsonObject {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new BridgeError("invalid-value", "A document's content is an object.");
}

/** By writing one over the other in a document that nobody has. */
function patchBetween(before: JsonObject, after: JsonObject, roots: Roots): Patch {
  if (jsonEqual(before, after)) return [];
  const doc = new Y.Doc();
  write(doc, before, { roots });
  const change: Change[number][] = [];
  const observer = observePatches(doc, { roots }, span => change.push(...span.change));
  try {
    write(doc, after, { roots });
  } finally {
    observer.close();
    doc.destroy();
  }
  return forwardPatch(change);
}

// The type guard of the library does not see read-only arrays.
function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
