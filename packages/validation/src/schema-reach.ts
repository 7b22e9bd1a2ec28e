/** Whether a schema has a place for what a pointer pattern points to; so that a pattern that is misspelt is found. */
import { z } from "zod";
import { anatomyOf, type Schema } from "./zod-parts.js";

/**
 * Whether a schema says that there can be something at a pattern, in which `*` is any one segment.
 *
 * A member that an object's schema does not name is not reached, unless it says what all others are: that they may be
 * there and are ignored is no statement about them.
 */
export function reaches(schema: Schema, pattern: readonly string[], seen = new Set<Schema>()): boolean {
  // A schema that leads back to itself without a step down the pattern leads nowhere new.
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { parts } = anatomyOf(schema);
  const [segment, ...below] = pattern;
  switch (parts.type) {
    case "anything":
      return true;
    case "closed":
      return parts.input === null || reaches(parts.input, pattern, seen);
    case "wrapper":
      return reaches(parts.inner, pattern, seen);
    case "union":
      return parts.options.some(option => reaches(option, pattern, seen));
    case "intersection":
      return parts.sides.some(side => reaches(side, pattern, seen));
    case "string":
      return segment === undefined;
    case "scalar":
      return segment === undefined && parts.kinds.size > 0;
    case "object": {
      if (segment === undefined) return true;
      const named = segment === "*" ? [...parts.members.values()] : [parts.members.get(segment)];
      const candidates = segment === "*" || named[0] === undefined ? [...named, parts.rest] : named;
      return candidates.some(candidate => candidate && reaches(candidate, below));
    }
    case "record":
      if (segment === undefined) return true;
      if (segment === "*" || isKey(parts.key, segment)) return reaches(parts.value, below);
      return parts.keys === "loose";
    case "list":
      return segment === undefined || (isIndex(segment) && reaches(parts.element, below));
    case "tuple": {
      if (segment === undefined) return true;
      if (!isIndex(segment)) return false;
      const items =
        segment === "*" ? [...parts.items, parts.rest] : [parts.items[Number(segment)] ?? parts.rest];
      return items.some(item => item && reaches(item, below));
    }
  }
}

function isIndex(segment: string): boolean {
  return segment === "*" || /^(?:0|[1-9][0-9]*)$/.test(segment);
}

function isKey(schema: Schema, key: string): boolean {
  // A record takes a key that is written like a number also for that number.
  return z.core.safeParse(schema, key).success || z.core.safeParse(schema, Number(key)).success;
}
