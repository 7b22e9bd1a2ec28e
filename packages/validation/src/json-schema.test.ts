import type { Json } from "@verso/bridge";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as prng from "lib0/prng";
import { describe, expect, test } from "vitest";
import { jsonSchema } from "./json-schema.js";
import { createSchemaCheck } from "./schema.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";

function faults(schema: object, document: { [key: string]: Json }) {
  return createSchemaCheck(jsonSchema(schema))
    .checkAll(document)
    .map(({ pointer, code }) => `${pointer} ${code}`);
}

describe("a JSON Schema", () => {
  const invoice = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Invoice",
    type: "object",
    properties: {
      status: { enum: ["draft", "sent", "paid"] },
      lines: { type: "array", items: { $ref: "#/definitions/line" }, maxItems: 3 },
    },
    required: ["status", "number"],
    additionalProperties: false,
    definitions: {
      line: {
        type: "object",
        properties: { price: { type: "number", minimum: 0, default: 0 } },
        required: ["price"],
      },
    },
  };

  test("says of a document what a schema of zod would say", () => {
    expect(faults(invoice, { status: "lost", lines: [{ price: -1 }, {}] })).toEqual([
      "/status schema.invalid_value",
      "/lines/0/price schema.too_small",
      "/lines/1/price schema.invalid_type",
      "/number schema.invalid_type",
    ]);
  });

  test("requires what has a default, since nobody writes the default", () => {
    expect(faults(invoice, { status: "sent", lines: [{}] })).toContain("/lines/0/price schema.invalid_type");
  });

  test("requires a member that is described nowhere, and refuses it where it cannot be", () => {
    const one = { type: "object", properties: { a: {} }, required: ["b"] };
    expect(faults(one, { b: 1 })).toEqual([]);
    expect(faults(one, { a: 1 })).toHaveLength(1);
    expect(faults({ ...one, additionalProperties: false }, { b: 1 })).toHaveLength(1);
  });

  test("means something without a type", () => {
    const schema = { properties: { a: { minLength: 2 } } };
    expect(faults(schema, { a: "x" })).toHaveLength(1);
    expect(faults(schema, { a: "xy" })).toEqual([]);
    expect(faults(schema, { a: 1 })).toEqual([]);
  });

  test("with several groups of keywords asks for all of them", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#/$defs/short", minLength: 2 }, b: {} },
      additionalProperties: false,
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
      $defs: { short: { type: "string", maxLength: 3 } },
    };
    expect(faults(schema, { a: "xyz" })).toEqual([]);
    expect(faults(schema, { a: "x" })).toHaveLength(1);
    expect(faults(schema, { a: "wxyz" })).toHaveLength(1);
    expect(faults(schema, {})).not.toEqual([]);
    expect(faults(schema, { b: 1, c: 1 })).toEqual(["/c schema.invalid_type"]);
  });

  test("may be recursive", () => {
    const schema = {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#" } }, name: { type: "string" } },
      required: ["name"],
    };
    expect(faults(schema, { name: "a", children: [{ name: "b", children: [{}] }] })).toEqual([
      "/children/0/children/0/name schema.invalid_type",
    ]);
  });

  test.each([
    ["/properties/a/if", { properties: { a: { if: {} } } }],
    ["/properties/a/requierd", { properties: { a: { requierd: [] } } }],
    ["/not", { not: { type: "string" } }],
    ["/allOf/1/unevaluatedProperties", { allOf: [{}, { unevaluatedProperties: false }] }],
    ["/$ref", { $ref: "https://example.org/schema" }],
    ["/$ref", { $ref: "#/$defs/none" }],
    ["/$ref", { $ref: "#/properties/a", properties: { a: {} } }],
    ["/$defs/a~1b/pattern", { $defs: { "a/b": { pattern: "(" } } }],
    ["/properties/a/format", { properties: { a: { format: "uri-reference" } } }],
    ["/properties/a/const", { properties: { a: { const: {} } } }],
    ["/properties/a/type", { properties: { a: { type: "text" } } }],
    ["/exclusiveMinimum", { exclusiveMinimum: true }],
    ["/items/1/minLength", { items: [true, { minLength: "2" }] }],
    ["/additionalProperties", { patternProperties: { "^a": {} }, additionalProperties: { type: "string" } }],
    ["/properties/a", { properties: { a: 1 } }],
  ])("with what has no equal is refused, at %s", (path, schema) => {
    expect(() => jsonSchema(schema)).toThrow(expect.objectContaining({ code: "schema-unsupported", path }));
  });
});

test("A JSON Schema means what it means to another validator", () => {
  const seen = { valid: 0, invalid: 0, refused: 0 };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  forEachSeed(
    seed => {
      const random = createRandom(seed);
      const schema = {
        ...anySchema(random, 3),
        $defs: { a: anySchema(random, 2), b: anySchema(random, 1) },
      };
      const ours = translated(schema);
      if (ours === null) {
        seen.refused++;
        return;
      }
      const theirs = ajv.compile(schema);
      for (let round = 0; round < 10; round++) {
        const value = anyJson(random, 3);
        const valid = verdictOf(theirs, value);
        if (valid === null) continue;
        expect(ours.safeParse(value).success, JSON.stringify({ value, schema })).toBe(valid);
        seen[valid ? "valid" : "invalid"]++;
      }
    },
    { share: 0.5 },
  );
  if (seen.valid + seen.invalid < 1000) return;
  expect(seen.valid).toBeGreaterThan(seen.invalid / 20);
  expect(seen.invalid).toBeGreaterThan(seen.valid / 20);
});

/** ajv stumbles over some references out of properties of which it knows that none can be evaluated. */
function verdictOf(validate: (value: unknown) => unknown, value: Json): boolean | null {
  try {
    return validate(value) === true;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return null;
  }
}

function translated(schema: object) {
  try {
    const found = jsonSchema(schema);
    createSchemaCheck(found);
    return found;
  } catch (error) {
    if ((error as { code?: unknown }).code === "schema-unsupported") return null;
    throw error;
  }
}

function anySchema(random: Random, depth: number): { [keyword: string]: unknown } {
  const schema: { [keyword: string]: unknown } = {};
  const some = (chance: number, keyword: string, value: () => unknown) => {
    if (prng.real53(random) < chance) schema[keyword] = value();
  };
  const below = () => (prng.real53(random) < 0.1 ? prng.bool(random) : anySchema(random, depth - 1));
  const names = () => ["a", "b", "c"].filter(() => prng.bool(random));
  const types = ["null", "boolean", "object", "array", "number", "string", "integer"];
  some(0.5, "type", () =>
    prng.bool(random)
      ? prng.oneOf(random, types)
      : prng.oneOf(random, [
          ["object", "null"],
          ["string", "array"],
        ]),
  );
  some(0.15, "minLength", () => prng.int53(random, 0, 2));
  some(0.15, "maxLength", () => prng.int53(random, 0, 2));
  some(0.1, "pattern", () => prng.oneOf(random, ["^x", "y$", "😀"]));
  some(0.15, "minimum", () => prng.int53(random, -1, 2));
  some(0.1, "exclusiveMaximum", () => prng.int53(random, 0, 3));
  some(0.1, "multipleOf", () => prng.oneOf(random, [0.5, 2]));
  some(0.08, "enum", () => prng.oneOf(random, [["x", 1], [null], [true, "xy", 2]]));
  some(0.05, "const", () => prng.oneOf<Json>(random, ["x", null, 1]));
  some(0.15, "required", names);
  some(0.1, "minProperties", () => prng.int53(random, 0, 2));
  some(0.1, "maxProperties", () => prng.int53(random, 0, 2));
  some(0.15, "minItems", () => prng.int53(random, 0, 2));
  some(0.15, "maxItems", () => prng.int53(random, 0, 2));
  some(0.1, "uniqueItems", () => prng.bool(random));
  if (depth <= 0) return schema;
  some(0.5, "properties", () => Object.fromEntries(names().map(name => [name, below()])));
  some(0.2, "additionalProperties", () => (prng.bool(random) ? false : below()));
  some(0.1, "patternProperties", () => ({ "^[ab]": below() }));
  some(0.1, "propertyNames", () => ({ maxLength: prng.int53(random, 0, 1) }));
  some(0.2, "items", below);
  some(0.1, "prefixItems", () => [below(), below()]);
  // ajv takes an empty array that should contain something, if there are `prefixItems` as well.
  if (schema.prefixItems === undefined) some(0.1, "contains", below);
  some(0.1, "anyOf", () => [below(), below()]);
  some(0.1, "oneOf", () => [below(), below()]);
  some(0.1, "allOf", () => [below(), below()]);
  some(0.1, "$ref", () => prng.oneOf(random, ["#/$defs/a", "#/$defs/b", "#"]));
  return schema;
}

function anyJson(random: Random, depth: number): Json {
  const plain: readonly Json[] = [null, true, "x", "xy", "😀y", "", 0, 1, 2, 2.5, -1];
  const kind = prng.real53(random);
  if (depth <= 0 || kind < 0.3) return prng.oneOf(random, [...plain]);
  if (kind < 0.5) return Array.from({ length: prng.int53(random, 0, 3) }, () => anyJson(random, depth - 1));
  const names = ["a", "b", "c", "dd"].filter(() => prng.bool(random));
  return Object.fromEntries(names.map(name => [name, anyJson(random, depth - 1)]));
}
