/**
 * What rules read: the values at pointers, and at all that a pointer with `*` leads to.
 */
import { type Json, type JsonObject, type Path, toPointer } from "@verso/bridge";
import { type Pattern, parsePattern } from "./pattern.js";

/** A place that a pointer with `*` leads to. */
export interface Found {
  readonly pointer: string;
  readonly value: Json | undefined;
}

/**
 * What a rule gets for one of its `reads`: the value there, `undefined` where there is none. For a pointer with `*` a
 * `Found` for everything that its last `*` stands for; `value` is `undefined` where the rest of the pointer leads
 * nowhere.
 */
export type Reading<Pointer extends string> = string extends Pointer
  ? Json | undefined | readonly Found[]
  : Pointer extends `${string}/*` | `${string}/*/${string}`
    ? readonly Found[]
    : Json | undefined;

export interface RuleDocument {
  /** The value at a path, `undefined` where there is none; a list index is a number or its token. */
  value(path: Path): Json | undefined;
}

export interface Reader {
  /** In the order of the document. */
  all(reads: readonly string[]): Reading<string>[];
  /**
   * Of elements only those that were touched, unless a place without `*` was. Pointers that are the same up to their
   * last `*` get the same elements in the same order.
   */
  touched(reads: readonly string[]): Reading<string>[];
}

/** What each rule reads, parsed: rules are declared once and run for every edit. */
const parsed = new WeakMap<readonly string[], readonly Pattern[]>();

function patternsOf(reads: readonly string[]): readonly Pattern[] {
  let patterns = parsed.get(reads);
  if (patterns === undefined) {
    patterns = reads.map(parsePattern);
    parsed.set(reads, patterns);
  }
  return patterns;
}

/** Reads each pointer once, and nothing before it is asked for. */
export function createReader(document: RuleDocument, touched: readonly Path[]): Reader {
  const readings = new Map<string, Reading<string>>();

  return {
    all: reads => reads.map(readAll),
    touched(reads) {
      const patterns = patternsOf(reads);
      const met = touched.filter(path => patterns.some(pattern => meets(pattern, path)));
      const common = patterns.filter(pattern => !pattern.includes("*"));
      if (common.some(pattern => met.some(path => meets(pattern, path)))) return reads.map(readAll);
      return patterns.map((pattern, i) =>
        pattern.includes("*")
          ? elementsOf(pattern, met).flatMap(path => expand(path, pattern))
          : readAll(reads[i]!),
      );
    },
  };

  function readAll(pointer: string): Reading<string> {
    if (!readings.has(pointer)) {
      const pattern = parsePattern(pointer);
      const first = pattern.indexOf("*");
      readings.set(pointer, first < 0 ? document.value(pattern) : expand(pattern.slice(0, first), pattern));
    }
    return readings.get(pointer);
  }

  /** Everything that the pattern leads to at or below a path that leads to its last `*` at most. */
  function expand(path: Path, pattern: Pattern): Found[] {
    const element = pattern.lastIndexOf("*") + 1;
    if (path.length >= element) return readBelow(path, { rest: pattern.slice(path.length), element });
    let found: Found[] = [{ pointer: toPointer(path), value: document.value(path) }];
    for (let depth = path.length; depth <= pattern.length; depth++) {
      if (depth === element) found = found.filter(({ value }) => value !== undefined);
      const segment = pattern[depth];
      if (segment === undefined) break;
      const next = toPointer([segment]);
      found =
        segment === "*"
          ? found.flatMap(membersOf)
          : found.map(({ pointer, value }) => ({ pointer: pointer + next, value: memberOf(value, segment) }));
    }
    return found;
  }

  /** The one place of an element that the rest leads to; the rest of the element, which may be large, is not read. */
  function readBelow(path: Path, { rest, element }: { rest: Pattern; element: number }): Found[] {
    const place = [...path, ...rest];
    const value = document.value(place);
    if (value === undefined && document.value(path.slice(0, element)) === undefined) return [];
    return [{ pointer: toPointer(place), value }];
  }
}

/** The elements of a pattern that were touched, or what was touched above them; none is below another. */
function elementsOf(pattern: Pattern, touched: readonly Path[]): Path[] {
  const length = pattern.lastIndexOf("*") + 1;
  const found = new Map<string, Path>();
  for (const path of touched) {
    const element = path.slice(0, length);
    if (meets(pattern, element)) found.set(toPointer(element), element);
  }
  return [...found.values()].filter(
    path => !path.some((_, length) => found.has(toPointer(path.slice(0, length)))),
  );
}

/** Whether the path is at, above or below what the pattern leads to. */
function meets(pattern: Pattern, path: Path): boolean {
  return pattern.every((segment, i) => i >= path.length || segment === "*" || segment === String(path[i]));
}

function memberOf(value: Json | undefined, segment: string): Json | undefined {
  if (value === undefined || value === null || typeof value !== "object") return undefined;
  if (isList(value)) return /^(?:0|[1-9]\d*)$/.test(segment) ? value[Number(segment)] : undefined;
  return Object.hasOwn(value, segment) ? value[segment] : undefined;
}

function membersOf({ pointer, value }: Found): Found[] {
  if (value === undefined || value === null || typeof value !== "object") return [];
  if (isList(value)) return value.map((member, index) => ({ pointer: `${pointer}/${index}`, value: member }));
  // The members of a tagged value are its form and not the document's.
  if (Object.hasOwn(value, "$y")) return [];
  return Object.entries(value).map(([key, member]) => ({
    pointer: pointer + toPointer([key]),
    value: member,
  }));
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}
