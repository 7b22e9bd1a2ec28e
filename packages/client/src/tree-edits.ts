/**
 * The least edits of a Yjs document that make its JSON another: planned first, for Yjs has no rollback, then written.
 *
 * Both trees are walked together, and not where they are the same object. A key names its value: an object or array
 * there is edited in place. An element of a list is itself where it stayed the same object, or was edited as such, or has an
 * equal; any other is new, for an element that only looks alike may be another thing. Yjs has no move: of elements that
 * change their order the fewest are made anew. A string in a Y.Text gives way to its difference.
 */
import {
  BridgeError,
  canonicalText,
  type Json,
  type JsonObject,
  jsonEqual,
  type RootKind,
  type Roots,
  toPointer,
} from "@verso/bridge";
import { simpleDiffArray } from "lib0/diff";
import { setIfUndefined } from "lib0/map";
import * as Y from "yjs";
import { longestAscent, textDifference } from "./difference.js";
import type { EditedJson } from "./draft.js";
import {
  checkedKey,
  checkedText,
  isList,
  isMembers,
  newElement,
  newValue,
  notEditable,
  plainValue,
  type TextAt,
  type Tokens,
} from "./new-values.js";

export interface TreeEditOptions extends EditedJson {
  /** The JSON of the document as it is. */
  readonly before: JsonObject;
  /** Of every root that is in it. */
  readonly roots: Roots;
  readonly textAt: TextAt;
}

/**
 * What is to be run, in order and in one transaction, to make the document's JSON the given one; nothing when it is that.
 *
 * Throws a `BridgeError` with a pointer: `fixed-root` for a root that would go or change its kind, `not-editable`,
 * `invalid-value`, `forbidden-key`.
 */
export function planTreeEdits(
  doc: Y.Doc,
  { json: after, originOf, before, roots, textAt }: TreeEditOptions,
): (() => void)[] {
  const edits: (() => void)[] = [];
  if (!isMembers(after)) throw new BridgeError("fixed-root", "A document is an object.", { pointer: "" });
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) throw fixedRoot([name]);
  for (const name of Object.keys(after)) {
    const path = [name];
    const value = after[name]!;
    const old = Object.hasOwn(before, name) ? before[name]! : null;
    if (old !== value) at(path, () => planRoot(name, old, value));
  }
  return edits;

  function planRoot(name: string, old: Json, value: Json): void {
    if (old !== null && jsonEqual(old, value)) return;
    const kind = Object.hasOwn(roots, name) ? roots[name] : kindFor(value);
    const type = (old === null || isOf(kind, old)) && isOf(kind, value) ? openRoot(name, kind) : null;
    if (type === null) throw isTagged(old) ? notEditable([name]) : fixedRoot([name]);
    if (!planWithin(type, old ?? emptyOf(type), value, [name])) throw fixedRoot([name]);
  }

  /** `null` where the application, or somebody else, uses the root as something else. */
  function openRoot(name: string, kind: RootKind | null | undefined): unknown {
    const type = kind === "map" ? Y.Map : kind === "array" ? Y.Array : kind === "text" ? Y.Text : null;
    const known = doc.share.get(checkedKey(name));
    if (
      type === null ||
      (known !== undefined && known.constructor !== Y.AbstractType && !(known instanceof type))
    )
      return null;
    return doc.get(name, type);
  }

  /** Plans the edits inside of what stands at a place; false when it must be replaced. */
  function planWithin(stored: unknown, old: Json, value: Json, path: Tokens): boolean {
    if (old === value || jsonEqual(old, value)) return true;
    if (stored instanceof Y.Map && isMembers(old) && isMembers(value)) planMap(stored, old, value, path);
    else if (stored instanceof Y.Array && isList(old) && isList(value)) planList(stored, old, value, path);
    else if (stored instanceof Y.Text && typeof old === "string" && typeof value === "string")
      planText(stored, old, value);
    else if (isTagged(old) && isTagged(value) && originOf(value) === old) throw notEditable(path);
    else return false;
    return true;
  }

  function planMap(map: Y.Map<unknown>, old: JsonObject, value: JsonObject, path: Tokens): void {
    for (const key of Object.keys(old))
      if (!Object.hasOwn(value, key)) edits.push(() => map.delete(checkedKey(key)));
    for (const key of Object.keys(value)) {
      const was = Object.hasOwn(old, key) ? old[key]! : undefined;
      const is = value[key]!;
      if (was === is && was !== undefined) continue;
      const place = [...path, key];
      at(place, () => {
        const name = checkedKey(key);
        const stored = map.get(name);
        if (was !== undefined && planWithin(stored, was, is, place)) return;
        const content = staysPlain(stored, was, is) ? plainValue(is) : newValue(is, place, textAt);
        edits.push(() => map.set(name, content));
      });
    }
  }

  function planList(
    list: Y.Array<unknown>,
    old: readonly Json[],
    value: readonly Json[],
    path: Tokens,
  ): void {
    const stored = list.toArray();
    const places = placesIn(old, value, originOf);
    const kept = longestAscent(places).filter(index => {
      const from = places[index]!;
      const place = [...path, String(index)];
      return at(place, () => planWithin(stored[from], old[from]!, value[index]!, place));
    });
    let [from, to] = [0, 0];
    const gaps: (() => void)[] = [];
    for (const index of [...kept, value.length]) {
      const end = index < value.length ? places[index]! : old.length;
      const fresh = value.slice(to, index);
      planGap(from, end, fresh, to);
      [from, to] = [end + 1, index + 1];
    }
    // From behind, so that what is in front stands where it was.
    edits.push(...gaps.reverse());

    function planGap(start: number, end: number, fresh: readonly Json[], first: number): void {
      if (start === end && fresh.length === 0) return;
      const replaced = end - start === fresh.length;
      const contents = fresh.map((element, i) => {
        const place = [...path, String(first + i)];
        return at(place, () => {
          // A text that takes the place of another is an edit of it.
          const was = stored[start + i];
          if (replaced && was instanceof Y.Text && planWithin(was, old[start + i]!, element, place))
            return keep;
          const origin = places[first + i]!;
          return staysPlain(stored[origin], old[origin], element)
            ? plainValue(element)
            : newElement(element, place, textAt);
        });
      });
      gaps.push(() => {
        if (!contents.includes(keep)) replace(list, start, end - start, contents);
        else
          for (let i = contents.length - 1; i >= 0; i--) {
            if (contents[i] !== keep) replace(list, start + i, 1, [contents[i]]);
          }
      });
    }
  }

  function planText(text: Y.Text, old: string, value: string): void {
    for (const { index, remove, insert } of textDifference(old, checkedText(value)).reverse()) {
      edits.push(() => {
        text.insert(index + remove, insert);
        text.delete(index, remove);
      });
    }
  }

  /** Whether this is a plain object or array of Yjs, in which something was edited: it becomes no shared type by that. */
  function staysPlain(stored: unknown, old: Json | undefined, value: Json): boolean {
    if (stored instanceof Y.AbstractType || typeof value !== "object" || value === null) return false;
    return old !== undefined && originOf(value) === old;
  }
}

function replace(list: Y.Array<unknown>, index: number, removed: number, contents: readonly unknown[]): void {
  if (removed > 0) list.delete(index, removed);
  if (contents.length > 0) list.insert(index, [...contents]);
}

/** In place of an element that was edited and not replaced. */
const keep = Symbol();

/** For each new element, the index of the old one that it is, or -1; each old one is at most one new one. */
function placesIn(old: readonly Json[], value: readonly Json[], originOf: EditedJson["originOf"]): number[] {
  const names = value.map(json =>
    typeof json === "object" && json !== null ? (originOf(json) ?? json) : json,
  );
  // The same at both ends first: of equal elements the nearest is meant.
  const { index: start, remove } = simpleDiffArray<unknown>([...old], names);
  const end = start + remove;
  const shift = old.length - value.length;
  const places = names.map((_, index) => {
    if (index < start) return index;
    return index + shift >= end ? index + shift : -1;
  });

  // Then the same objects and values, then equal ones; the last first, for the first is taken from behind.
  const open = new Set<number>();
  for (let place = end - 1; place >= start; place--) open.add(place);
  takeByName(
    place => old[place],
    index => names[index],
  );
  takeByName(
    place => canonicalText(old[place]!),
    index => canonicalText(value[index]!),
  );
  return places;

  function takeByName(nameOfOld: (place: number) => unknown, nameOf: (index: number) => unknown): void {
    if (open.size === 0) return;
    const byName = new Map<unknown, number[]>();
    for (const place of open) setIfUndefined(byName, nameOfOld(place), (): number[] => []).push(place);
    for (const [index, known] of places.entries()) {
      const place = known === -1 ? byName.get(nameOf(index))?.pop() : undefined;
      if (place === undefined) continue;
      places[index] = place;
      open.delete(place);
    }
  }
}

/** The kind of a new root. */
function kindFor(json: Json): RootKind | null {
  if (isMembers(json)) return "map";
  if (isList(json)) return "array";
  return typeof json === "string" ? "text" : null;
}

/** Whether JSON is of a root of this kind that can be edited below its name. */
function isOf(kind: RootKind | null | undefined, json: Json): boolean {
  return kind !== null && kind !== undefined && kindFor(json) === kind;
}

function emptyOf(type: unknown): Json {
  if (type instanceof Y.Map) return {};
  return type instanceof Y.Array ? [] : "";
}

function isTagged(json: Json): json is JsonObject {
  return typeof json === "object" && json !== null && !isList(json) && Object.hasOwn(json, "$y");
}

/** Says of an error where it happened. */
function at<T>(path: Tokens, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof BridgeError ? error.at({ pointer: toPointer(path) }) : error;
  }
}

function fixedRoot(path: Tokens): BridgeError {
  return new BridgeError("fixed-root", "A root cannot be removed, or become another kind.", {
    pointer: toPointer(path),
  });
}
