/**
 * JSON Schema as a schema of zod.
 *
 * `z.fromJSONSchema` leaves out what it has no way for, and some of what it takes means less in zod than in JSON
 * Schema. So a schema is first put into a form in which it means the same in both: no keyword without its type, no two
 * groups of keywords but under `allOf`, references to definitions alone. What has no such form is refused.
 */
import { z } from "zod";
import { ValidationError } from "./errors.js";

/**
 * A JSON Schema (2020-12 or draft 7) as a schema of zod, for documents or for parts of them.
 *
 * Throws a `ValidationError` of code `schema-unsupported`, whose `path` is a pointer into the schema, for a keyword or
 * format that is unknown or has no equal in zod: `not`, `if`, `dependent…`, `unevaluated…`, dynamic and remote
 * references, constants that are objects. `default` is no assertion and has no effect; an `integer` is a safe one.
 */
export function jsonSchema(schema: object | boolean): z.ZodType {
  let normal = new Normalizer(schema, { combined: false });
  let json = normal.document();
  if (normal.combines) {
    normal = new Normalizer(schema, { combined: true });
    json = normal.document();
  }
  try {
    return z.fromJSONSchema(json as z.core.JSONSchema.JSONSchema, { registry: z.registry() });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ValidationError("schema-unsupported", message, { path: "", cause });
  }
}

type Keywords = Readonly<Record<string, unknown>>;
type Normal = boolean | { [keyword: string]: unknown };

/** What is no assertion. */
const annotations: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "title",
  "description",
  "examples",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
]);
const groups: ReadonlySet<string> = new Set(["$ref", "enum", "const", "not", "anyOf", "oneOf", "allOf"]);
/** The keywords that say something of values of one type, and what they must be themselves. */
const ofType: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...[
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
  ].map(keyword => [keyword, isCount] as const),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].map(
    keyword => [keyword, isNumber] as const,
  ),
  ["pattern", isPattern],
  ["format", isFormat],
  ["uniqueItems", value => typeof value === "boolean"],
  ["required", isNames],
  ["properties", isObject],
  ["patternProperties", value => isObject(value) && Object.keys(value).every(isPattern)],
  ["additionalProperties", isSchema],
  ["propertyNames", isSchema],
  ["items", value => isSchema(value) || Array.isArray(value)],
  ["prefixItems", Array.isArray],
  ["additionalItems", isSchema],
  ["contains", isSchema],
]);
const types = ["null", "boolean", "object", "array", "number", "string"];
const formats: ReadonlySet<unknown> = new Set([
  ...["email", "uri", "uuid", "date-time", "date", "time", "duration", "hostname", "ipv4", "ipv6"],
  ...[
    "guid",
    "mac",
    "cidr",
    "cidr-v6",
    "base64",
    "base64url",
    "e164",
    "emoji",
    "nanoid",
    "cuid",
    "cuid2",
    "ulid",
  ],
]);
/** What refuses a member as an ordinary fault of its value: an intersection of zod forgives a name that one side refuses. */
const refused: Normal = { anyOf: [{ not: {} }] };

class Normalizer {
  /** Whether anything stands under an `allOf`, in the schema or in its normal form. */
  combines = false;
  readonly #root: object | boolean;
  readonly #combined: boolean;
  readonly #names = new Map<string, string>();

  constructor(root: object | boolean, { combined }: { combined: boolean }) {
    this.#root = root;
    this.#combined = combined;
  }

  document(): Normal {
    const root = this.#root;
    if (typeof root === "boolean") return root;
    const given = new Map<string, unknown>();
    for (const holder of ["$defs", "definitions"]) {
      const definitions = (root as Keywords)[holder];
      if (definitions === undefined) continue;
      if (!isObject(definitions)) throw refuse("This is no object of schemas.", `/${holder}`);
      for (const [name, definition] of Object.entries(definitions)) {
        const pointer = `/${holder}/${escapeSegment(name)}`;
        this.#names.set(`#${pointer}`, `d${this.#names.size}`);
        given.set(pointer, definition);
      }
    }
    const $defs: Record<string, Normal> = {};
    for (const [pointer, definition] of given) {
      $defs[this.#names.get(`#${pointer}`)!] = this.#schema(definition, pointer);
    }
    const { $defs: _, definitions: __, ...rest } = root as Keywords;
    const normal = this.#schema(rest, "");
    return { ...(typeof normal === "boolean" ? (normal ? {} : { not: {} }) : normal), $defs };
  }

  #schema(schema: unknown, at: string): Normal {
    if (typeof schema === "boolean") return schema;
    if (!isObject(schema)) throw refuse("This is no schema.", at);
    for (const keyword of Object.keys(schema)) {
      if (annotations.has(keyword) || keyword === "type" || keyword.startsWith("x-")) continue;
      const place = `${at}/${escapeSegment(keyword)}`;
      const isValid = ofType.get(keyword);
      if (isValid === undefined) {
        if (!groups.has(keyword)) throw refuse("This keyword is not supported.", place);
      } else if (!isValid(schema[keyword])) throw refuse("This keyword cannot have this value.", place);
    }
    const parts = [...this.#groupsOf(schema, at)];
    const [only] = parts;
    if (parts.length === 0) return {};
    if (parts.length === 1) return only!;
    this.combines = true;
    return { allOf: parts };
  }

  *#groupsOf(schema: Keywords, at: string): Generator<Normal> {
    const { type, $ref, enum: values, not, anyOf, oneOf, allOf } = schema;
    if ($ref !== undefined) yield { $ref: this.#reference($ref, at) };
    if (values !== undefined) {
      if (!Array.isArray(values) || !values.every(isPrimitive))
        throw refuse("No list of plain values.", `${at}/enum`);
      yield { enum: values };
    }
    if (schema.const !== undefined) {
      if (!isPrimitive(schema.const)) throw refuse("No plain value.", `${at}/const`);
      yield { const: schema.const };
    }
    if (not !== undefined) {
      if (not !== true && !(isObject(not) && Object.keys(not).length === 0)) {
        throw refuse("This keyword is not supported.", `${at}/not`);
      }
      yield false;
    }
    const keywords = [...ofType.keys()].filter(keyword => schema[keyword] !== undefined);
    if (type !== undefined || keywords.length > 0) yield this.#typed(schema, at);
    if (anyOf !== undefined) yield { anyOf: this.#list(anyOf, `${at}/anyOf`) };
    if (oneOf !== undefined) yield { oneOf: this.#list(oneOf, `${at}/oneOf`) };
    if (allOf !== undefined) yield* this.#list(allOf, `${at}/allOf`);
  }

  #typed(schema: Keywords, at: string): Normal {
    const { type = types } = schema;
    for (const each of Array.isArray(type) ? type : [type]) {
      if (each !== "integer" && !types.includes(each)) throw refuse("There is no such type.", `${at}/type`);
    }
    const normal: Record<string, unknown> = { type };
    for (const keyword of ofType.keys()) {
      const value = schema[keyword];
      if (value === undefined) continue;
      const place = `${at}/${keyword}`;
      switch (keyword) {
        case "properties":
        case "patternProperties":
          normal[keyword] = mapObject(value as Keywords, (each, name) =>
            this.#schema(each, `${place}/${escapeSegment(name)}`),
          );
          break;
        case "propertyNames":
          if (this.#combined) throw refuse("This cannot stand together with allOf, anyOf or oneOf.", place);
          normal[keyword] = this.#schema(value, place);
          break;
        case "items":
          if (Array.isArray(value)) normal.prefixItems = this.#list(value, place);
          else normal.items = this.#schema(value, place);
          break;
        case "prefixItems":
          normal[keyword] = this.#list(value, place);
          break;
        case "additionalItems":
          if (Array.isArray(schema.items)) normal.items = this.#schema(value, place);
          break;
        case "contains":
          normal[keyword] = this.#schema(value, place);
          break;
        case "additionalProperties":
        case "required":
          break;
        default:
          normal[keyword] = value;
      }
    }
    // Without it, `z.fromJSONSchema` looks at no bounds of a list either.
    if (normal.items === undefined && normal.prefixItems === undefined) normal.items = true;
    this.#close(normal, schema, at);
    return normal;
  }

  /** What is said of members that are not named: by `additionalProperties`, and by `required`, which does name some. */
  #close(normal: Record<string, unknown>, { additionalProperties, required }: Keywords, at: string): void {
    const place = `${at}/additionalProperties`;
    const others = additionalProperties === undefined ? true : this.#schema(additionalProperties, place);
    const patterns = Object.keys((normal.patternProperties ?? {}) as Keywords);
    if (patterns.length > 0 && others !== true && (others !== false || this.#combined)) {
      throw refuse("This cannot stand together with patternProperties here.", place);
    }
    if (additionalProperties !== undefined) {
      normal.additionalProperties = others === false && this.#combined ? refused : others;
    }
    if (required === undefined) return;
    const properties = { ...(normal.properties as Record<string, Normal> | undefined) };
    for (const name of required as string[]) {
      if (Object.hasOwn(properties, name)) continue;
      properties[name] = patterns.some(pattern => new RegExp(pattern).test(name)) ? true : others;
    }
    normal.required = required;
    normal.properties = properties;
  }

  #list(schemas: unknown, at: string): Normal[] {
    if (!Array.isArray(schemas)) throw refuse("This is no list of schemas.", at);
    return schemas.map((schema, index) => this.#schema(schema, `${at}/${index}`));
  }

  #reference(reference: unknown, at: string): string {
    if (reference === "#") return "#";
    const name = typeof reference === "string" ? this.#names.get(decodeReference(reference)) : undefined;
    if (name === undefined) throw refuse("This leads to no definition of this schema.", `${at}/$ref`);
    return `#/$defs/${name}`;
  }
}

function decodeReference(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    // Then it is no reference, but it may still be the name of a definition.
    return reference;
  }
}

function isObject(value: unknown): value is Keywords {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || isObject(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(name => typeof name === "string");
}

function isFormat(value: unknown): boolean {
  return formats.has(value);
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === "string" && new RegExp(value) !== null;
  } catch {
    return false;
  }
}

function isPrimitive(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function mapObject<T>(object: Keywords, map: (value: unknown, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]));
}

function escapeSegment(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

function refuse(message: string, path: string): ValidationError {
  return new ValidationError("schema-unsupported", message, { path });
}
