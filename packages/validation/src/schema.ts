/**
 * Whether a document satisfies its schema, found by looking at what changed.
 *
 * A schema is zod's, of the whole document: an object whose members are the roots, in the JSON of `@verso/bridge`. It
 * judges what is written; what its transforms would make of that is not used. It runs at once: whatever in it is
 * asynchronous cannot be judged.
 */
import { type JsonObject, type Path, toPointer } from "@verso/bridge";
import { z } from "zod";
import { ValidationError } from "./errors.js";
import { surveyKinds } from "./schema-kinds.js";
import { reaches } from "./schema-reach.js";
import { type Place, placesOf } from "./schema-walk.js";
import type { DocumentReader, Touch } from "./touch.js";
import type { Issue } from "./verdict.js";
import { type Schema, strictly } from "./zod-parts.js";

export type { DocumentReader, Touch } from "./touch.js";

export interface SchemaCheck {
  /**
   * The faults in the smallest parts of the document that enclose what was touched.
   *
   * There are any exactly if there are any in the whole document, provided that it had none before.
   */
  check(touched: readonly Touch[], document: DocumentReader): Issue[];
  /** All faults of a document. */
  checkAll(document: JsonObject): Issue[];
  /**
   * Whether the schema has a place for what a pointer pattern points to (`["lines", "*", "price"]`, `*` for any one
   * segment). A member that an object's schema does not name is no such place, even where it may be there.
   */
  reaches(pattern: readonly string[]): boolean;
}

export interface SchemaCheckOptions {
  /**
   * Refuse members that an object's schema does not name, at every depth. Objects for which the schema says what
   * becomes of them (`z.looseObject`, `catchall`) are left as they are.
   *
   * @default false
   */
  readonly strict?: boolean;
}

/**
 * Throws a `ValidationError` of code `schema-unsupported`, with a pattern of the place, for what cannot be judged: types
 * that no JSON value has, asynchronous checks, schemas without end.
 *
 * What a refinement throws comes out of `check` and `checkAll`. A promise from a function that is not declared as
 * `async` is found only there, and throws `schema-unsupported`.
 */
export function createSchemaCheck(schema: Schema, { strict = false }: SchemaCheckOptions = {}): SchemaCheck {
  // Before it is made strict, so that faults are found before their copies are made.
  surveyKinds(schema);
  const root = strict ? strictly(schema) : schema;
  const kinds = surveyKinds(root);

  return {
    check(touched, document) {
      const places = touched.flatMap(touch =>
        placesOf(root, touch, { document, kinds }).map(place => located(place, touch.path)),
      );
      return outermost(places).flatMap(place => judge(place, document));
    },
    checkAll: document => issuesOf(root, document, []),
    reaches: pattern => reaches(root, pattern),
  };
}

interface Located {
  /** Where the value stands that the schema judges. */
  readonly path: Path;
  /** Where it stands that is read. */
  readonly reads: Path;
  readonly place: Place;
}

function located(place: Place, touched: Path): Located {
  const path = touched.slice(0, place.depth);
  const { judged } = place;
  if (judged.type === "member") return { path, reads: [...path, judged.key], place };
  if (judged.type === "value" && judged.below !== undefined) path.push(judged.below);
  return { path, reads: path, place };
}

/** Without the places that are in others, which are read anyway, and each of them once. */
function outermost(places: readonly Located[]): Located[] {
  if (places.length < 2) return [...places];
  const read = new Map<string, Located>();
  const found: Located[] = [];
  // A member is judged by all that the schema says of it, so it comes before what is within it at the same path.
  for (const each of places.toSorted((a, b) => a.reads.length - b.reads.length || rank(a) - rank(b))) {
    let pointer = "";
    let inside = read.has(pointer);
    for (let i = 0; i < each.reads.length && !inside; i++) {
      pointer += toPointer([each.reads[i]!]);
      inside = read.has(pointer);
    }
    if (inside) continue;
    found.push(each);
    if (each.place.judged.type !== "piece") read.set(toPointer(each.reads), each);
  }
  return found;
}

function rank({ place }: Located): number {
  return ["member", "value", "piece"].indexOf(place.judged.type);
}

function judge({ path, reads, place: { schema, judged } }: Located, document: DocumentReader): Issue[] {
  if (judged.type === "piece") return issuesOf(schema, judged.value, path, { within: false });
  const value = document.value(reads);
  if (judged.type === "value") {
    // What is gone is a fault only to what held it, and that was touched as well.
    return value === undefined ? [] : issuesOf(schema, value, path);
  }
  return issuesOf(schema, value === undefined ? {} : Object.fromEntries([[judged.key, value]]), path);
}

/** `within`: whether an issue's path leads on from the value's, as it does unless the value is a piece of another. */
function issuesOf(schema: Schema, value: unknown, path: Path, { within = true } = {}): Issue[] {
  const result = parse(schema, value, path);
  if (result.success) return [];
  return result.error.issues.flatMap(atItsPlace).flatMap(issue => {
    const at = within ? [...path, ...issue.path.map(asSegment)] : path;
    if (issue.code !== "unrecognized_keys") return [issueAt(at, issue)];
    // One for each, where it stands.
    return issue.keys.map(key => issueAt(within ? [...at, key] : at, issue));
  });
}

/** Where all options of a union but one are for values of another kind, the faults are those of that one. */
function atItsPlace(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const able = issue.errors.filter(
    errors => !errors.some(({ code, path }) => path.length === 0 && MISMATCHES.has(code)),
  );
  const [only] = able;
  if (only === undefined || able.length > 1) return [issue];
  return only.flatMap(atItsPlace).map(each => ({ ...each, path: [...issue.path, ...each.path] }));
}

const MISMATCHES: ReadonlySet<string> = new Set(["invalid_type", "invalid_value"]);

function parse(schema: Schema, value: unknown, path: Path): z.core.util.SafeParseResult<unknown> {
  try {
    return z.core.safeParse(schema, value);
  } catch (cause) {
    if (!(cause instanceof z.core.$ZodAsyncError)) throw cause;
    const message = "A check is asynchronous; documents are judged at once.";
    throw new ValidationError("schema-unsupported", message, { path: toPointer(path), cause });
  }
}

function asSegment(segment: PropertyKey): string | number {
  return typeof segment === "symbol" ? String(segment) : segment;
}

function issueAt(path: Path, { code, message }: z.core.$ZodIssue): Issue {
  return { pointer: toPointer(path), code: `schema.${code}`, message, severity: "error" };
}
