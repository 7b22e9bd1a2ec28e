/**
 * What a zod schema is made of, as far as it takes to find the smallest part of it that encloses a change.
 *
 * The only file that looks into schemas. It reads their definitions (`_zod.def`) and nothing else of them, and it
 * tells types by their names, so that schemas of another copy of zod 4 can be read as well.
 *
 * Long, because it has a line or two for each of zod's types.
 */
import { z } from "zod";
import { ValidationError } from "./errors.js";

export type Schema = z.core.$ZodType;
export type JsonKind = "null" | "boolean" | "number" | "string" | "array" | "object";

/** What a schema says of the parts of a value. */
export type Parts =
  /** `rest` is for members that are not named; without it they may be there and are not looked at. */
  | { readonly type: "object"; readonly members: ReadonlyMap<string, Schema>; readonly rest: Schema | null }
  /** `listed`: the keys are named, and may have to be there. `loose`: what has another key is not looked at. */
  | { readonly type: "record"; readonly key: Schema; readonly value: Schema; readonly keys: RecordKeys }
  | { readonly type: "list"; readonly element: Schema }
  | { readonly type: "tuple"; readonly items: readonly Schema[]; readonly rest: Schema | null }
  | {
      readonly type: "union";
      readonly options: readonly Schema[];
      readonly exclusive: boolean;
      readonly tag: Tag | null;
    }
  | { readonly type: "intersection"; readonly sides: readonly [Schema, Schema] }
  /** Says nothing of values that have parts, beyond what `inner` says. */
  | { readonly type: "wrapper"; readonly inner: Schema; readonly alsoNull: boolean }
  | { readonly type: "anything" }
  | { readonly type: "string" }
  | { readonly type: "scalar"; readonly kinds: ReadonlySet<JsonKind> }
  /** Looks at the whole value in a way of its own; what it takes is at most what `input` takes. */
  | { readonly type: "closed"; readonly input: Schema | null };

type RecordKeys = "free" | "listed" | "loose";

/** The member by which a discriminated union chooses, and the option for each of its values. */
export interface Tag {
  readonly key: string;
  readonly options: ReadonlyMap<unknown, Schema>;
}

/** Bounds of a length, both inclusive: of a string in code points, of a list in elements. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface Anatomy {
  readonly parts: Parts;
  /** What the schema's own checks look at: nothing, no more than the length, or anything. */
  readonly looksAt: "nothing" | Bounds | "content";
  /** Whether a value may come out as another one; what is below is not counted. */
  readonly rewrites: boolean;
}

/** Throws `schema-unsupported`, at `path`, for what cannot be judged. */
export function anatomyOf(schema: Schema, path = ""): Anatomy {
  let anatomy = known.get(schema);
  if (anatomy === undefined) {
    if (typeof schema?._zod?.def?.type !== "string") throw unsupported("This is no schema of zod 4.", path);
    refuseAsynchronous(schema, path);
    const parts = partsOf(schema, path);
    anatomy = { parts, looksAt: looksAt(schema), rewrites: rewrites(schema) };
    known.set(schema, anatomy);
  }
  return anatomy;
}

/** The parts of a schema, each with the segment that leads to it, or `null` where it is for the same value. */
export function* childrenOf(parts: Parts): Generator<readonly [segment: string | null, schema: Schema]> {
  switch (parts.type) {
    case "object":
      for (const [key, member] of parts.members) yield [key, member];
      if (parts.rest !== null) yield ["*", parts.rest];
      break;
    case "record":
      yield ["*", parts.value];
      break;
    case "list":
      yield ["*", parts.element];
      break;
    case "tuple":
      for (const [index, item] of parts.items.entries()) yield [String(index), item];
      if (parts.rest !== null) yield ["*", parts.rest];
      break;
    case "union":
      for (const option of parts.options) yield [null, option];
      break;
    case "intersection":
      for (const side of parts.sides) yield [null, side];
      break;
    case "wrapper":
      yield [null, parts.inner];
      break;
    case "closed":
      if (parts.input !== null) yield [null, parts.input];
  }
}

/** An object's schema that looks at the members `keys` and at those that no name is given for, and has no checks. */
export function restrictTo(schema: Schema, keys: readonly string[]): Schema {
  const { def } = (schema as z.core.$ZodObject)._zod;
  const shape = Object.fromEntries(keys.map(key => [key, def.shape[key]!]));
  return copy(schema, { ...def, shape, checks: [] });
}

/**
 * The same schema, which also refuses members that no object schema in it names.
 *
 * Objects that say themselves what becomes of other members are left as they are, as is what a pipe or transform
 * makes of a value: that never stands in a document.
 */
export function strictly(schema: Schema): Schema {
  const done = new Map<Schema, Schema | null>();
  return strict(schema);

  function strict(part: Schema): Schema {
    const before = done.get(part);
    // In the middle of itself: by the time anything is parsed, it is there.
    if (before === null) return z.lazy(() => done.get(part) as z.ZodType);
    if (before !== undefined) return before;
    done.set(part, null);
    const result = strictCopy(part, strict);
    done.set(part, result);
    return result;
  }
}

const known = new WeakMap<Schema, Anatomy>();
/** By getter: one that makes a schema in which it stands itself makes a new one at each call. */
const resolved = new WeakMap<() => Schema, Schema>();

const nothing: ReadonlySet<JsonKind> = new Set();
const everything: ReadonlySet<JsonKind> = new Set(["null", "boolean", "number", "string", "array", "object"]);

function partsOf(schema: Schema, path: string): Parts {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const members = new Map<string, Schema>(Object.entries(def.shape));
      return { type: "object", members, rest: def.catchall ?? null };
    }
    case "record": {
      const { keyType: key, valueType: value, mode } = def;
      // Whatever may be a list of names is taken for one, since a name on it may have to be there.
      const free = ["string", "template_literal", "number"].includes(key._zod.def.type);
      return { type: "record", key, value, keys: mode === "loose" ? "loose" : free ? "free" : "listed" };
    }
    case "array":
      return { type: "list", element: def.element };
    case "tuple":
      return { type: "tuple", items: def.items, rest: def.rest ?? null };
    case "union": {
      const { options } = def;
      const tag = "discriminator" in def ? tagOf(def as z.core.$ZodDiscriminatedUnionDef) : null;
      return { type: "union", options, exclusive: def.inclusive === false && tag === null, tag };
    }
    case "intersection":
      return { type: "intersection", sides: [def.left, def.right] };
    case "nullable":
      return { type: "wrapper", inner: def.innerType, alsoNull: true };
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "readonly":
      return { type: "wrapper", inner: def.innerType, alsoNull: false };
    case "lazy":
      return { type: "wrapper", inner: resolve(def.getter), alsoNull: false };
    case "any":
    case "unknown":
    case "catch":
    case "success":
      return { type: "anything" };
    case "custom":
    case "transform":
      return { type: "closed", input: null };
    case "pipe":
      return { type: "closed", input: inputOf(def) };
    case "string":
      return def.coerce ? { type: "closed", input: null } : { type: "string" };
    case "template_literal":
      return { type: "scalar", kinds: new Set(["string"]) };
    case "number":
      return scalar(def, "number");
    case "boolean":
      return scalar(def, "boolean");
    case "bigint":
    case "date":
      if (def.coerce) return { type: "scalar", kinds: everything };
      throw unsupported(`No JSON value is a ${def.type}.`, path);
    case "null":
      return { type: "scalar", kinds: new Set(["null"]) };
    case "enum":
      return { type: "scalar", kinds: kindsOf(Object.values(def.entries)) };
    case "literal":
      return { type: "scalar", kinds: kindsOf(def.values) };
    case "undefined":
    case "void":
    case "never":
      return { type: "scalar", kinds: nothing };
    case "promise":
      throw unsupported("A promise is asynchronous; documents are judged at once.", path);
    default:
      throw unsupported(`No JSON value is a ${def.type}.`, path);
  }
}

function scalar({ coerce }: { coerce?: boolean }, kind: JsonKind): Parts {
  return { type: "scalar", kinds: coerce ? everything : new Set([kind]) };
}

function kindsOf(values: readonly unknown[]): ReadonlySet<JsonKind> {
  const kinds = new Set<JsonKind>();
  for (const value of values) {
    if (value === null) kinds.add("null");
    const type = typeof value;
    if (type === "string" || type === "number" || type === "boolean") kinds.add(type);
  }
  return kinds;
}

function resolve(getter: () => Schema): Schema {
  let schema = resolved.get(getter);
  if (schema === undefined) {
    schema = getter();
    resolved.set(getter, schema);
  }
  return schema;
}

/** What a pipe takes; a transform at its front takes anything, and hands on to what says more. */
function inputOf({ in: from, out }: z.core.$ZodPipeDef): Schema {
  return from._zod.def.type === "transform" ? out : from;
}

/** `null` where some option may have several or unknown values: then the union is judged as a whole. */
function tagOf({ discriminator: key, options, unionFallback }: z.core.$ZodDiscriminatedUnionDef): Tag | null {
  if (unionFallback) return null;
  const byValue = new Map<unknown, Schema>();
  for (const option of options) {
    const values = tagValues(option, key);
    if (values === null) return null;
    for (const value of values) {
      if (byValue.has(value) && byValue.get(value) !== option) return null;
      byValue.set(value, option);
    }
  }
  return { key, options: byValue };
}

function tagValues(schema: Schema, key: string): readonly unknown[] | null {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return Object.hasOwn(def.shape, key) ? literalsOf(def.shape[key]!) : null;
    case "readonly":
      return tagValues(def.innerType, key);
    case "lazy":
      return tagValues(resolve(def.getter), key);
    case "union": {
      const values = def.options.map(option => tagValues(option, key));
      return values.includes(null) ? null : values.flatMap(each => each!);
    }
    default:
      return null;
  }
}

function literalsOf(schema: Schema): readonly unknown[] | null {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "literal") return def.values;
  if (def.type === "null") return [null];
  if (def.type !== "enum") return null;
  const values = Object.values(def.entries);
  // An enum of TypeScript with numbers also has their names as values.
  return values.every(value => typeof value === "string") ? values : null;
}

function looksAt(schema: Schema): Anatomy["looksAt"] {
  const { def } = schema._zod;
  // A string of a format (`z.email()`) is its own first check.
  if (def.type === "string" && "format" in def && def.format !== undefined) return "content";
  let min = 0;
  let max = Number.POSITIVE_INFINITY;
  let bounded = false;
  for (const check of def.checks ?? []) {
    const each = (check as z.core.$ZodChecks)._zod.def;
    switch (each.check) {
      case "min_length":
        min = Math.max(min, each.minimum);
        break;
      case "max_length":
        max = Math.min(max, each.maximum);
        break;
      case "length_equals":
        min = Math.max(min, each.length);
        max = Math.min(max, each.length);
        break;
      default:
        return "content";
    }
    bounded = true;
  }
  return bounded ? { min, max } : "nothing";
}

function rewrites(schema: Schema): boolean {
  const { def } = schema._zod;
  switch (def.type) {
    case "pipe":
    case "transform":
    case "default":
    case "prefault":
    case "catch":
    case "success":
      return true;
  }
  if ("coerce" in def && def.coerce === true) return true;
  if ("format" in def && def.format === "url") return true;
  return (def.checks ?? []).some(check => {
    const each = check._zod.def;
    // Of the checks that run a function, a refinement gets the value and any other the place where the value stands.
    if (each.check === "custom") return !("fn" in each);
    return each.check === "overwrite" || ("format" in each && each.format === "url");
  });
}

/** Finds functions that are declared `async`; others that return promises are found when they do. */
function refuseAsynchronous(schema: Schema, path: string): void {
  const { def } = schema._zod;
  const functions: unknown[] = ["fn" in def && def.fn, "transform" in def && def.transform];
  for (const { _zod } of def.checks ?? []) functions.push(_zod.check, "fn" in _zod.def && _zod.def.fn);
  for (const each of functions) {
    if (Object.prototype.toString.call(each) === "[object AsyncFunction]") {
      throw unsupported("This check is asynchronous; documents are judged at once.", path);
    }
  }
  if (def.type !== "pipe") return;
  const { in: from, out } = def as z.core.$ZodPipeDef;
  refuseAsynchronous(from, path);
  refuseAsynchronous(out, path);
}

function strictCopy(schema: Schema, strict: (part: Schema) => Schema): Schema {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const shape = Object.fromEntries(Object.entries(def.shape).map(([key, part]) => [key, strict(part)]));
      return copy(schema, { ...def, shape, catchall: def.catchall ? strict(def.catchall) : z.never() });
    }
    case "record":
      return copy(schema, { ...def, valueType: strict(def.valueType) });
    case "array":
      return copy(schema, { ...def, element: strict(def.element) });
    case "tuple":
      return copy(schema, { ...def, items: def.items.map(strict), rest: def.rest && strict(def.rest) });
    case "union":
      return copy(schema, { ...def, options: def.options.map(strict) });
    case "intersection":
      return copy(schema, { ...def, left: strict(def.left), right: strict(def.right) });
    case "nullable":
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "readonly":
    case "catch":
    case "success":
      return copy(schema, { ...def, innerType: strict(def.innerType) });
    case "lazy":
      return copy(schema, {
        type: def.type,
        getter: () => strict(resolve(def.getter)),
        checks: def.checks ?? [],
        error: def.error,
      });
    case "pipe":
      return inputOf(def) === def.in
        ? copy(schema, { ...def, in: strict(def.in) })
        : copy(schema, { ...def, out: strict(def.out) });
    default:
      return schema;
  }
}

function copy<D extends z.core.$ZodTypeDef>(schema: Schema, def: D): Schema {
  return z.core.clone(schema, def);
}

function unsupported(message: string, path: string): ValidationError {
  return new ValidationError("schema-unsupported", message, { path });
}
