/**
 * Rules over several fields that most applications need.
 *
 * Pointers with `*` belong together element by element: the start and the end of each phase. They are the same up to
 * their last `*`. Beside them, a pointer without `*` is the same place for every element.
 */
import { type Json, jsonEqual, toPointer } from "@verso/bridge";
import { isIsoDate, isIsoDateTime } from "./checks.js";
import { parsePattern } from "./pattern.js";
import type { Found } from "./reading.js";
import { type Rule, rule, type Violation } from "./rules.js";
import type { Severity } from "./verdict.js";

export interface CrossFieldOptions {
  /** Of the rule; its issues have the code `rule.<name>`. @default the name of the function, with hyphens */
  readonly name?: string;
  /** @default "error" */
  readonly severity?: Severity;
}

/** What is at `again` equals what is at `field`, or there is nothing at either. Reported at `again`. */
export function confirmed(field: string, again: string, options?: CrossFieldOptions): Rule {
  return together([field, again], { name: "confirmed", ...options }, ([value, repeated]) => {
    const same =
      value === undefined || repeated === undefined ? value === repeated : jsonEqual(value, repeated);
    return same ? null : { at: 1, message: `Not the same as ${field}.` };
  });
}

export interface OrderedOptions extends CrossFieldOptions {
  /** Whether equal values are out of order. @default false */
  readonly strict?: boolean;
}

/**
 * What is at `later` does not come before what is at `earlier`: two numbers, or two moments, each an ISO date (its
 * midnight, UTC) or an ISO date and time. Reported at `later`. Holds where one of them is missing.
 */
export function ordered(
  earlier: string,
  later: string,
  { strict = false, ...options }: OrderedOptions = {},
): Rule {
  return together([earlier, later], { name: "ordered", ...options }, values => {
    if (values.some(isEmpty)) return null;
    const [from, to] = values.map(positionOf);
    if (from === undefined) return { at: 0, message: unordered };
    if (to === undefined) return { at: 1, message: unordered };
    if (from.kind !== to.kind) return { at: 1, message: `Cannot be compared with ${earlier}.` };
    if (from.position < to.position || (from.position === to.position && !strict)) return null;
    return { at: 1, message: strict ? `Not after ${earlier}.` : `Before ${earlier}.` };
  });
}

const unordered = "Neither a number nor an ISO date.";

function positionOf(
  value: Json | undefined,
): { readonly kind: "number" | "moment"; readonly position: number } | undefined {
  if (typeof value === "number") return { kind: "number", position: value };
  if (typeof value !== "string" || !(isIsoDate(value) || isIsoDateTime(value))) return undefined;
  return { kind: "moment", position: Date.parse(value) };
}

/** Conditions by pointer: a value that must be there, or a function that must return true. All of them must hold. */
export type When = Readonly<Record<string, Json | ((value: Json | undefined) => boolean)>>;

/** When the conditions hold, there is something at `pointer`: not nothing, not `null`, not an empty text. */
export function requiredWhen(pointer: string, when: When, options?: CrossFieldOptions): Rule {
  const conditions = Object.entries(when);
  const others = conditions.map(([other]) => other);
  if (prefixOf(pointer) === null && others.some(other => prefixOf(other) !== null)) {
    throw new TypeError(`${pointer} is one place, and the conditions are of many.`);
  }
  return together([pointer, ...others], { name: "required-when", ...options }, ([required, ...decisive]) => {
    if (!isEmpty(required)) return null;
    const holds = conditions.every(([, condition], i) => {
      const value = decisive[i];
      if (typeof condition === "function") return condition(value);
      return value !== undefined && jsonEqual(value, condition);
    });
    return holds ? { at: 0, message: `Required by ${others.join(" and ")}.` } : null;
  });
}

/**
 * No two elements of a list, or members of a map, have the same text, number or boolean as their member `key`.
 * Reported at that member of the second and every further one. With `*` in `list`, within each list.
 */
export function uniqueBy(
  list: string,
  key: string,
  { name = "unique-by", ...options }: CrossFieldOptions = {},
): Rule {
  const member = toPointer([key]).slice(1);
  return rule({
    name,
    ...options,
    reads: [`${list}/*/${member}`],
    check([found]) {
      const lists = new Map<string, Set<Json>>();
      const violations: Violation[] = [];
      for (const { pointer, value } of found) {
        if (value === undefined || value === null || typeof value === "object") continue;
        const element = pointer.slice(0, -member.length - 1);
        const within = element.slice(0, element.lastIndexOf("/"));
        const seen = lists.get(within) ?? new Set();
        lists.set(within, seen);
        if (seen.has(value)) violations.push({ pointer, message: `Another one has the same ${key}.` });
        seen.add(value);
      }
      return violations;
    },
  });
}

/**
 * Texts and numbers at `pointer` are keys of the map at `map`. Reported at the value that is none; so is the removal
 * of a key that something still refers to. Holds where there is nothing or `null`.
 */
export function references(pointer: string, map: string, options?: CrossFieldOptions): Rule {
  if (prefixOf(map) !== null) throw new TypeError(`${map} is not one map.`);
  return together([pointer, map], { name: "references", ...options }, ([value, target]) => {
    if (value === undefined || value === null) return null;
    const isKey =
      (typeof value === "string" || typeof value === "number") &&
      target !== null &&
      typeof target === "object" &&
      !Array.isArray(target) &&
      Object.hasOwn(target, value);
    return isKey ? null : { at: 0, message: `Not in ${map}.` };
  });
}

interface Fault {
  /** Which of the pointers is at fault; where that has no `*` and others have, it is the first that has. */
  readonly at: number;
  readonly message: string;
}

/** A rule that is checked for each element that its pointers share, or once where no pointer has a `*`. */
function together(
  reads: readonly string[],
  { name, severity = "error" }: CrossFieldOptions & { readonly name: string },
  check: (values: readonly (Json | undefined)[]) => Fault | null,
): Rule {
  const prefixes = reads.map(prefixOf);
  const leading = prefixes.findIndex(prefix => prefix !== null);
  for (const prefix of prefixes) {
    if (prefix !== null && prefix !== prefixes[leading]) {
      throw new TypeError(`${reads.join(" and ")} are not of the same elements.`);
    }
  }
  const isMany = (i: number) => prefixes[i] !== null;

  return rule({
    name,
    severity,
    reads,
    elementwise: true,
    check(read) {
      const violations: Violation[] = [];
      const elements = leading < 0 ? 1 : (read[leading] as readonly Found[]).length;
      for (let element = 0; element < elements; element++) {
        const places = reads.map((pointer, i) =>
          isMany(i)
            ? (read[i] as readonly Found[])[element]!
            : { pointer, value: read[i] as Json | undefined },
        );
        const fault = check(places.map(({ value }) => value));
        if (fault === null) continue;
        const { pointer } = places[leading < 0 || isMany(fault.at) ? fault.at : leading]!;
        violations.push({ pointer, message: fault.message });
      }
      return violations;
    },
  });
}

/** The pointer up to its last `*`, or `null` where it has none. */
function prefixOf(pointer: string): string | null {
  const tokens = parsePattern(pointer);
  const last = tokens.lastIndexOf("*");
  return last < 0 ? null : toPointer(tokens.slice(0, last + 1));
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "";
}
