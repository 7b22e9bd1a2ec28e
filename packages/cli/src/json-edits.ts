/** Values in plain JSON, and the least edit that makes one text of another. */

import { parsePointer } from "@verso/bridge";
import type { Json, Patch, PatchOperation } from "@verso/client/json";

/** The value at a pointer, or `undefined`. */
export function valueAt(json: Json, pointer: string): Json | undefined {
  let value: Json | undefined = json;
  for (const token of parsePointer(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, token)) return undefined;
    if (Array.isArray(value) && token === "length") return undefined;
    value = (value as { readonly [key: string]: Json })[token];
  }
  return value;
}

/** Puts a value at a pointer, in place of the one that is there. */
export function put(content: Json, path: string, value: Json): PatchOperation {
  return { op: valueAt(content, path) === undefined ? "add" : "replace", path, value };
}

/** Makes the text at a pointer read so, by the least edit where there is a text. */
export function editText(content: Json, path: string, text: string): Patch {
  const before = valueAt(content, path);
  return typeof before === "string" ? textPatch(path, before, text) : [put(content, path, text)];
}

/** What lies between an equal beginning and an equal end, taken out and put in; no character is cut in half. */
function textPatch(path: string, before: string, after: string): Patch {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (isHigh(before, start - 1)) start--;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  if (isHigh(before, before.length - end - 1) || isHigh(after, after.length - end - 1))
    end -= end > 0 ? 1 : 0;
  const patch: PatchOperation[] = [];
  const removed = before.slice(start, before.length - end);
  const inserted = after.slice(start, after.length - end);
  if (removed !== "") patch.push({ op: "str_del", path, pos: start, str: removed });
  if (inserted !== "") patch.push({ op: "str_ins", path, pos: start, str: inserted });
  return patch;
}

/** The first half of a character of two. */
function isHigh(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00;
}
