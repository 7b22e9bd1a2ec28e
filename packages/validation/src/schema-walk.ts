/**
 * From the root of a schema down to the smallest parts of it that enclose what was touched.
 *
 * A part encloses a touch if the verdict on the rest of the document cannot depend on it. So the way down ends above a
 * refinement, a transform, or a union whose options cannot be told apart from outside: they may look at all of their
 * value. It goes on through objects, records, lists and tuples, into the option of a union that its tag or the kind
 * of the value names, and into both sides of an intersection.
 *
 * What is beside the way is taken to satisfy the schema, as it did before.
 */
import type { Json } from "@verso/bridge";
import type { SchemaKinds } from "./schema-kinds.js";
import { hasListedKeys, holdersOf, memberOnly, whatIsSaid } from "./schema-members.js";
import type { DocumentReader, Touch } from "./touch.js";
import { anatomyOf, type Bounds, type JsonKind, type Parts, type Schema } from "./zod-parts.js";

/** A part of a document, and the schema that judges it. */
export interface Place {
  /** How many segments of the touch's path lead to what the schema judges. */
  readonly depth: number;
  readonly schema: Schema;
  readonly judged: Judged;
}

/**
 * What a schema gets to judge:
 *
 * - `value`: what stands at the place, and where `below` is given, at this index of it;
 * - `member`: an object with this one member of what stands at the place, or with none where there is none;
 * - `piece`: a piece of the formatted text at the place.
 */
export type Judged =
  | { readonly type: "value"; readonly below?: number }
  | { readonly type: "member"; readonly key: string }
  | { readonly type: "piece"; readonly value: Json };

/** The places that a touch may have spoilt. Reads lengths, and the tags of unions on the way. */
export function placesOf(
  root: Schema,
  touch: Touch,
  { document, kinds }: { readonly document: DocumentReader; readonly kinds: SchemaKinds },
): Place[] {
  const { path, kind } = touch;
  return walk(root, 0);

  /** From a schema whose value stands `depth` segments down the path. */
  function walk(schema: Schema, depth: number): Place[] {
    if (depth === path.length) return arrive(schema);
    const { parts, looksAt } = anatomyOf(schema);
    if (looksAt === "content") return [whole(schema, depth)];
    const segment = path[depth]!;
    switch (parts.type) {
      case "anything":
        return [];
      case "wrapper":
        return walk(parts.inner, depth);
      case "union": {
        const option = optionOf(parts, depth, typeof segment === "number" ? "array" : "object");
        return option === null ? [whole(schema, depth)] : walk(option, depth);
      }
      case "object":
      case "record":
      case "intersection":
        return typeof segment === "string" ? walkMember(schema, depth, segment) : [whole(schema, depth)];
      case "list":
        return typeof segment === "number" ? walk(parts.element, depth + 1) : [whole(schema, depth)];
      case "tuple": {
        const item = typeof segment === "number" ? (parts.items[segment] ?? parts.rest) : null;
        return item === null ? [whole(schema, depth)] : walk(item, depth + 1);
      }
      case "string":
      case "scalar":
      case "closed":
        return [whole(schema, depth)];
    }
  }

  function walkMember(schema: Schema, depth: number, key: string): Place[] {
    const holders = holdersOf(schema);
    if (holders === null) return [whole(schema, depth)];
    const said = holders.map(holder => whatIsSaid(holder, key));
    if (depth === path.length - 1 && kind === "value") {
      if (holders.some(hasListedKeys)) return [whole(schema, depth)];
      return said.every(each => each === "nothing") ? [] : [member(schema, depth, key)];
    }
    const ways = said.filter(each => typeof each === "object");
    // Of two sides of an intersection, it takes both to refuse a member.
    if (said.includes("depends") || (ways.length === 0 && said.includes("refused"))) {
      return [member(schema, depth, key)];
    }
    return ways.flatMap(way => walk(way, depth + 1));
  }

  /** The option that judges a value of the kind, or `null` where more than one may, or the way leads to the tag. */
  function optionOf(
    { tag, options }: Parts & { type: "union" },
    depth: number,
    kind: JsonKind,
  ): Schema | null {
    if (tag === null) return kinds.optionFor(options, kind);
    if (path[depth] === tag.key) return null;
    return tag.options.get(document.value([...path.slice(0, depth), tag.key])) ?? null;
  }

  function arrive(schema: Schema): Place[] {
    switch (kind) {
      case "value":
        return [whole(schema, path.length)];
      case "text":
        return takesText(schema, () => document.textLength(path)) ? [] : [whole(schema, path.length)];
      case "list":
        return elements(schema) ?? [whole(schema, path.length)];
      case "delta":
        return pieces(schema) ?? [whole(schema, path.length)];
    }
  }

  /** What came into a list, or `null` where that cannot be told from the rest. */
  function elements(schema: Schema): Place[] | null {
    const { parts, looksAt } = anatomyOf(schema);
    if (looksAt === "content") return null;
    switch (parts.type) {
      case "anything":
        return [];
      case "wrapper":
        return elements(parts.inner);
      case "union": {
        const option = optionOf(parts, path.length, "array");
        return option === null ? null : elements(option);
      }
      case "list":
        break;
      default:
        return null;
    }
    if (looksAt !== "nothing") {
      const length = document.listLength?.(path);
      if (length === undefined || length < looksAt.min || length > looksAt.max) return null;
    }
    if (takesAnything(parts.element)) return [];
    const { came } = touch;
    if (came === undefined || came.reduce((sum, { count }) => sum + count, 0) > manyElements) return null;
    return came.flatMap(({ index, count }) =>
      Array.from({ length: count }, (_, i) => ({
        depth: path.length,
        schema: parts.element,
        judged: { type: "value", below: index + i } as const,
      })),
    );
  }

  /**
   * What came into a formatted text, or `null` where that cannot be told from the rest: where the schema says anything
   * of all runs together, of the text of a run, or of one format by another.
   */
  function pieces(schema: Schema): Place[] | null {
    const { parts, looksAt } = anatomyOf(schema);
    if (looksAt !== "nothing") return null;
    if (parts.type === "wrapper") return pieces(parts.inner);
    if (parts.type === "union") {
      const option = optionOf(parts, path.length, "object");
      return option === null ? null : pieces(option);
    }
    const run = runOf(parts);
    if (touch.delta === undefined || run === null) return null;
    const found: Place[] = [];
    const judge = (piece: Schema, value: Json) =>
      found.push({ depth: path.length, schema: piece, judged: { type: "piece", value } });
    for (const step of touch.delta) {
      if ("insert" in step) judge(run.schema, step);
      else if ("retain" in step) {
        for (const [key, value] of Object.entries(step.attributes ?? {})) {
          judge(memberOnly(run.attributes, key), value === null ? {} : { [key]: value });
        }
      }
    }
    return found;
  }
}

/** The schemas of the runs of a formatted text, and of their formats. */
function runOf(text: Parts): { readonly schema: Schema; readonly attributes: Schema } | null {
  const list = text.type === "object" ? plainParts(text.members.get("delta")) : null;
  const run = list?.type === "list" ? plainParts(list.element) : null;
  if (list?.type !== "list" || run?.type !== "object") return null;
  const insert = run.members.get("insert");
  const attributes = run.members.get("attributes");
  if (insert === undefined || attributes === undefined) return null;
  if (!takesText(insert, () => undefined) || holdersOf(attributes) === null) return null;
  return { schema: list.element, attributes };
}

/** The parts of a schema that says nothing beside them. */
function plainParts(schema: Schema | undefined): Parts | null {
  if (schema === undefined) return null;
  const { parts, looksAt } = anatomyOf(schema);
  if (looksAt !== "nothing") return null;
  return parts.type === "wrapper" ? plainParts(parts.inner) : parts;
}

/** Finding an element costs the way to it, so that this many are read with all others. */
const manyElements = 16;

function whole(schema: Schema, depth: number): Place {
  return { depth, schema, judged: { type: "value" } };
}

function takesAnything(schema: Schema): boolean {
  const { parts, looksAt } = anatomyOf(schema);
  return parts.type === "anything" && looksAt === "nothing";
}

function member(schema: Schema, depth: number, key: string): Place {
  return { depth, schema: memberOnly(schema, key), judged: { type: "member", key } };
}

/** Whether a schema certainly takes a plain text, by no more than its length in UTF-16 units. */
function takesText(schema: Schema, units: () => number | undefined): boolean {
  const { parts, looksAt } = anatomyOf(schema);
  if (looksAt === "content") return false;
  switch (parts.type) {
    case "anything":
      return true;
    case "string":
      return looksAt === "nothing" || isWithin(looksAt, units());
    case "wrapper":
      return takesText(parts.inner, units);
    case "union":
      return !parts.exclusive && parts.options.some(option => takesText(option, units));
    case "intersection":
      return parts.sides.every(side => takesText(side, units));
    default:
      return false;
  }
}

/** Bounds count code points, of which each is one UTF-16 unit or two. */
function isWithin({ min, max }: Bounds, units: number | undefined): boolean {
  return units !== undefined && units <= max && Math.ceil(units / 2) >= min;
}
