/** Which kinds of JSON the parts of a schema can take; by that an option of a union is told apart from the others. */
import { ValidationError } from "./errors.js";
import { anatomyOf, childrenOf, type JsonKind, type Parts, type Schema } from "./zod-parts.js";

export interface SchemaKinds {
  of(schema: Schema): ReadonlySet<JsonKind>;
  /** The one option that can take a value of the kind, or `null` for none or several. */
  optionFor(options: readonly Schema[], kind: JsonKind): Schema | null;
}

/**
 * Looks at every part of a schema once, so that nothing is met later that cannot be judged.
 *
 * Throws `schema-unsupported`, with a pattern of the place.
 */
export function surveyKinds(root: Schema): SchemaKinds {
  const places = new Map<Schema, string>([[root, ""]]);
  for (const [schema, path] of places) {
    const { parts } = anatomyOf(schema, path);
    for (const [segment, child] of childrenOf(parts)) {
      if (!places.has(child))
        places.set(child, segment === null ? path : `${path}/${escapeSegment(segment)}`);
    }
    if (places.size > manySchemas)
      throw unsupported("This schema makes new parts of itself without end.", path);
  }

  const known = new Map<Schema, ReadonlySet<JsonKind> | "in progress">();
  for (const schema of places.keys()) kindsOf(schema);
  if (!kindsOf(root).has("object"))
    throw unsupported("A document is an object, with its roots as members.", "");

  return {
    of: kindsOf,
    optionFor(options, kind) {
      const able = options.filter(option => kindsOf(option).has(kind));
      return able.length === 1 ? able[0]! : null;
    },
  };

  function kindsOf(schema: Schema): ReadonlySet<JsonKind> {
    const before = known.get(schema);
    if (before === "in progress") {
      throw unsupported("This schema stands in itself, for the same value.", places.get(schema) ?? "");
    }
    if (before !== undefined) return before;
    known.set(schema, "in progress");
    const kinds = kindsOfParts(anatomyOf(schema).parts);
    known.set(schema, kinds);
    return kinds;
  }

  function kindsOfParts(parts: Parts): ReadonlySet<JsonKind> {
    switch (parts.type) {
      case "object":
      case "record":
        return object;
      case "list":
      case "tuple":
        return array;
      case "string":
        return string;
      case "scalar":
        return parts.kinds;
      case "anything":
        return anything;
      case "closed":
        return parts.input === null ? anything : kindsOf(parts.input);
      case "wrapper":
        return parts.alsoNull ? new Set([...kindsOf(parts.inner), "null"]) : kindsOf(parts.inner);
      case "union":
        return new Set(parts.options.flatMap(option => [...kindsOf(option)]));
      case "intersection": {
        const [left, right] = parts.sides;
        return new Set([...kindsOf(left)].filter(kind => kindsOf(right).has(kind)));
      }
    }
  }
}

/** A schema with more parts than this is taken to make new ones at every look. */
const manySchemas = 100_000;

const object: ReadonlySet<JsonKind> = new Set(["object"]);
const array: ReadonlySet<JsonKind> = new Set(["array"]);
const string: ReadonlySet<JsonKind> = new Set(["string"]);
const anything: ReadonlySet<JsonKind> = new Set(["null", "boolean", "number", "string", "array", "object"]);

function escapeSegment(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unsupported(message: string, path: string): ValidationError {
  return new ValidationError("schema-unsupported", message, { path });
}
