/**
 * Judging one member of an object without the others.
 *
 * What zod asks of a member that is there, is not there, or has a name that nobody gave depends on the object's
 * schema. So the member is judged by that schema itself, cut down to this one member.
 */
import { z } from "zod";
import { anatomyOf, childrenOf, restrictTo, type Schema } from "./zod-parts.js";

/**
 * The objects and records that together say what a schema says of an object: one, or those of an intersection.
 * `null` where it says anything of several members at once, or is no schema of an object.
 */
export function holdersOf(schema: Schema): readonly Schema[] | null {
  const { parts, looksAt } = anatomyOf(schema);
  if (looksAt !== "nothing") return null;
  switch (parts.type) {
    case "object":
    case "record":
      return [schema];
    case "wrapper":
      return holdersOf(parts.inner);
    case "intersection": {
      // zod merges what comes out of both sides, and fails where they differ.
      if (parts.sides.some(mayRewrite)) return null;
      const [left, right] = parts.sides.map(holdersOf);
      if (!left || !right) return null;
      const holders = [...left, ...right];
      return holders.some(hasListedKeys) ? null : holders;
    }
    default:
      return null;
  }
}

/** Whether a record names its keys, so that one that is missing may be a fault. */
export function hasListedKeys(holder: Schema): boolean {
  const { parts } = anatomyOf(holder);
  return parts.type === "record" && parts.keys === "listed";
}

/**
 * What a holder says of the value of a member: a schema; nothing; that there must be no such member; or that it
 * depends on the name.
 */
export type Said = Schema | "nothing" | "refused" | "depends";

export function whatIsSaid(holder: Schema, key: string): Said {
  const { parts } = anatomyOf(holder);
  if (parts.type === "record") return parts.keys === "loose" ? "depends" : parts.value;
  if (parts.type !== "object") return "depends";
  const named = parts.members.get(key);
  if (named !== undefined) return named;
  if (parts.rest === null) return "nothing";
  const rest = anatomyOf(parts.rest).parts;
  return rest.type === "scalar" && rest.kinds.size === 0 ? "refused" : parts.rest;
}

/** The schema, which has `holdersOf`, for an object with this member and no other. */
export function memberOnly(schema: Schema, key: string): Schema {
  let cuts = known.get(schema);
  if (cuts === undefined) {
    cuts = new Map();
    known.set(schema, cuts);
  }
  const name = names(schema, key) ? key : null;
  let cut = cuts.get(name);
  if (cut === undefined) {
    cut = cutDown(schema, key);
    cuts.set(name, cut);
  }
  return cut;
}

/** By member; all members without a name of their own are judged by one schema, which stands at `null`. */
const known = new WeakMap<Schema, Map<string | null, Schema>>();

function cutDown(schema: Schema, key: string): Schema {
  const { parts } = anatomyOf(schema);
  switch (parts.type) {
    case "object":
      return restrictTo(schema, parts.members.has(key) ? [key] : []);
    case "wrapper":
      return cutDown(parts.inner, key);
    case "intersection": {
      const [left, right] = parts.sides;
      return z.intersection(cutDown(left, key), cutDown(right, key));
    }
    default:
      return schema;
  }
}

function names(schema: Schema, key: string): boolean {
  const { parts } = anatomyOf(schema);
  if (parts.type === "wrapper") return names(parts.inner, key);
  if (parts.type === "intersection") return parts.sides.some(side => names(side, key));
  return parts.type === "object" && parts.members.has(key);
}

const rewriting = new WeakMap<Schema, boolean>();

/** Whether a value may come out as another one, at any depth. */
function mayRewrite(schema: Schema): boolean {
  let may = rewriting.get(schema);
  if (may === undefined) {
    const reached = new Set([schema]);
    may = false;
    for (const part of reached) {
      const anatomy = anatomyOf(part);
      may ||= anatomy.rewrites;
      for (const [, child] of childrenOf(anatomy.parts)) reached.add(child);
    }
    rewriting.set(schema, may);
  }
  return may;
}
