/** What schemas find at what was touched. Long, because it goes through what zod has. */
import type { Json, Path } from "@verso/bridge";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createJsonReader } from "./json-reader.js";
import { createSchemaCheck, type SchemaCheckOptions } from "./schema.js";
import type { Touch } from "./touch.js";

const line = z.object({
  title: z.string().min(1),
  price: z.number().nonnegative(),
  note: z.string().optional(),
});
const order = z.object({
  status: z.enum(["draft", "sent", "paid"]),
  lines: z.array(line),
  notes: z.string(),
});
const long = "long ".repeat(10_000);
const valid = {
  status: "draft",
  lines: [
    { title: "Tea", price: 3 },
    { title: "Pot", price: 20 },
  ],
  notes: long,
};

/** The faults of a document after a change that touched these places, and what was read to find them. */
function check(
  schema: z.ZodType,
  document: Json,
  { touched, ...options }: SchemaCheckOptions & { readonly touched: readonly (Touch | Path)[] },
) {
  const reader = createJsonReader(document);
  const touches = touched.map(each => ("kind" in each ? each : { path: each, kind: "value" as const }));
  const issues = createSchemaCheck(schema, options).check(touches, reader);
  return {
    faults: issues.map(({ pointer, code }) => `${pointer} ${code}`),
    read: reader.reads.map(({ path }) => `/${path.join("/")}`),
    size: reader.reads.reduce((sum, { size }) => sum + size, 0),
  };
}

describe("What is judged", () => {
  test("is the field that was touched", () => {
    const document = { ...valid, status: "lost" };
    expect(check(order, document, { touched: [["status"]] })).toEqual({
      faults: ["/status schema.invalid_value"],
      read: ["/status"],
      size: 6,
    });
  });

  test("is a field deep in a long document, with nothing of the rest", () => {
    const document = { ...valid, lines: [...valid.lines, { title: "Cup", price: -1 }] };
    const { faults, read } = check(order, document, { touched: [["lines", 2, "price"]] });
    expect(faults).toEqual(["/lines/2/price schema.too_small"]);
    expect(read).toEqual(["/lines/2/price"]);
  });

  test("is what came into a list, where that is told", () => {
    const document = { ...valid, lines: [{ title: "", price: 1 }, ...valid.lines] };
    const touched: Touch = { path: ["lines"], kind: "list", came: [{ index: 0, count: 1 }] };
    const { faults, read } = check(order, document, { touched: [touched] });
    expect(faults).toEqual(["/lines/0/title schema.too_small"]);
    expect(read).toEqual(["/lines/0"]);
  });

  test("is the whole list where it is not", () => {
    const document = { ...valid, lines: [{ title: "", price: 1 }, ...valid.lines] };
    const { faults, read } = check(order, document, { touched: [{ path: ["lines"], kind: "list" }] });
    expect(faults).toEqual(["/lines/0/title schema.too_small"]);
    expect(read).toEqual(["/lines"]);
  });

  test("is the length of a list alone, when something went from it", () => {
    const schema = order.extend({ lines: z.array(line).min(2).max(5) });
    const gone: Touch = { path: ["lines"], kind: "list", came: [] };
    expect(check(schema, valid, { touched: [gone] })).toEqual({ faults: [], read: [], size: 0 });
    const one = { ...valid, lines: valid.lines.slice(1) };
    expect(check(schema, one, { touched: [gone] }).faults).toEqual(["/lines schema.too_small"]);
  });

  test("is each place once, however often it was touched, and nothing inside of another", () => {
    const touched: Path[] = [
      ["lines", 0, "price"],
      ["lines", 0],
      ["lines", 0, "title"],
      ["lines", 1, "price"],
      ["lines", 1, "price"],
    ];
    expect(check(order, valid, { touched }).read).toEqual(["/lines/0", "/lines/1/price"]);
  });

  test("is nothing where anything may be", () => {
    const schema = z.object({
      meta: z.unknown().optional(),
      log: z.array(z.any()),
      spare: z.string().catch(""),
    });
    const touched: (Touch | Path)[] = [
      ["meta", "a", "b"],
      { path: ["log"], kind: "list" },
      ["log", 0, "x"],
      { path: ["spare", "x"], kind: "text" },
      ["other"],
    ];
    expect(check(schema, { meta: {}, log: [], spare: "" }, { touched })).toEqual({
      faults: [],
      read: [],
      size: 0,
    });
  });
});

describe("A text that was edited", () => {
  const edited: Touch = { path: ["notes"], kind: "text" };

  test("is not read where any text will do", () => {
    expect(check(order, valid, { touched: [edited] })).toEqual({ faults: [], read: [], size: 0 });
  });

  test("is not read where its length tells", () => {
    const schema = order.extend({ notes: z.string().max(60_000).min(10).nullable() });
    expect(check(schema, valid, { touched: [edited] })).toEqual({ faults: [], read: [], size: 0 });
  });

  test("is read where it is too long, or may be so, since bounds count code points and not units", () => {
    const schema = order.extend({ notes: z.string().max(4) });
    expect(check(schema, { ...valid, notes: "12345" }, { touched: [edited] }).faults).toEqual([
      "/notes schema.too_big",
    ]);
    const emoji = check(schema, { ...valid, notes: "😀😀😀" }, { touched: [edited] });
    expect(emoji.faults).toEqual([]);
    expect(emoji.read).toEqual(["/notes"]);
    const short = order.extend({ notes: z.string().min(2) });
    expect(check(short, { ...valid, notes: "😀" }, { touched: [edited] }).faults).toEqual([
      "/notes schema.too_small",
    ]);
  });

  test("is read where something looks at it", () => {
    const schema = order.extend({
      notes: z
        .string()
        .max(9)
        .regex(/^[a-z ]*$/),
    });
    expect(check(schema, { ...valid, notes: "abc1" }, { touched: [edited] }).faults).toEqual([
      "/notes schema.invalid_format",
    ]);
  });
});

describe("A member that went", () => {
  test("is missed where it must be there", () => {
    const { status: _, ...document } = valid;
    expect(check(order, document, { touched: [["status"]] }).faults).toEqual([
      "/status schema.invalid_value",
    ]);
  });

  test("is not missed where it may be missing, has a default, or any value will do", () => {
    const schema = z.object({
      a: z.string().optional(),
      b: z.number().default(1),
      c: z.string().catch("x"),
      d: z.string().nullish(),
    });
    expect(check(schema, {}, { touched: [["a"], ["b"], ["c"], ["d"]] }).faults).toEqual([]);
    expect(check(z.object({ a: z.any() }), {}, { touched: [["a"]] }).faults).toHaveLength(1);
  });

  test("is missed in a record that names its keys, and in no other", () => {
    const named = z.object({ r: z.record(z.enum(["a", "b"]), z.number()) });
    expect(check(named, { r: { a: 1 } }, { touched: [["r", "b"]] }).faults).toEqual([
      "/r/b schema.invalid_type",
    ]);
    expect(check(named, { r: { a: 1, b: 1, c: 1 } }, { touched: [["r", "c"]] }).faults).toEqual([
      "/r/c schema.unrecognized_keys",
    ]);
    const free = z.object({ r: z.record(z.string().max(2), z.number()) });
    expect(check(free, { r: {} }, { touched: [["r", "b"]] }).faults).toEqual([]);
    expect(check(free, { r: { abc: 1 } }, { touched: [["r", "abc"]] }).faults).toEqual([
      "/r/abc schema.invalid_key",
    ]);
  });
});

describe("A member that no name is given for", () => {
  const nested = z.object({ a: z.object({ list: z.array(z.object({ b: z.number() })) }) });
  const document = { a: { list: [{ b: 1, extra: 1 }] } };
  const touched: Path[] = [["a", "list", 0, "extra"]];

  test("may be there in a plain object, and not in a strict one", () => {
    expect(check(nested, document, { touched }).faults).toEqual([]);
    const strict = z.object({ a: z.strictObject({ b: z.number() }) });
    expect(check(strict, { a: { b: 1, c: 1 } }, { touched: [["a", "c"]] }).faults).toEqual([
      "/a/c schema.unrecognized_keys",
    ]);
  });

  test("is refused at every depth by a strict check", () => {
    const fault = "/a/list/0/extra schema.unrecognized_keys";
    expect(check(nested, document, { touched, strict: true }).faults).toEqual([fault]);
    expect(check(nested, document, { touched: [["a"]], strict: true }).faults).toEqual([fault]);
  });

  test("is left to schemas that say what becomes of it, also by a strict check", () => {
    const schema = z.object({ a: z.looseObject({}), b: z.object({}).catchall(z.number()) });
    const touched: Path[] = [
      ["a", "x"],
      ["b", "x"],
      ["b", "y"],
    ];
    expect(check(schema, { a: { x: 1 }, b: { x: 1, y: "no" } }, { touched, strict: true }).faults).toEqual([
      "/b/y schema.invalid_type",
    ]);
  });

  test("is refused by a strict check in recursive schemas, unions and behind pipes", () => {
    const tree: z.ZodType = z.object({ children: z.lazy(() => z.array(tree)).optional() });
    const schema = z.object({
      tree,
      union: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("a") }),
        z.object({ kind: z.literal("b") }),
      ]),
      pipe: z.object({}).transform(() => ({ made: { by: "transform" } })),
      before: z.preprocess(value => value, z.object({})),
    });
    const document = {
      tree: { children: [{ children: [{ x: 1 }] }] },
      union: { kind: "a", x: 1 },
      pipe: { x: 1 },
      before: { x: 1 },
    };
    const touched: Path[] = [
      ["tree", "children", 0, "children", 0, "x"],
      ["union", "x"],
      ["pipe", "x"],
      ["before", "x"],
    ];
    expect(check(schema, document, { touched }).faults).toEqual([]);
    expect(check(schema, document, { touched, strict: true }).faults.sort()).toEqual([
      "/before/x schema.unrecognized_keys",
      "/pipe/x schema.unrecognized_keys",
      "/tree/children/0/children/0/x schema.unrecognized_keys",
      "/union/x schema.unrecognized_keys",
    ]);
  });

  test("is refused by an intersection when no side of it has it", () => {
    const schema = z.object({ a: z.strictObject({ x: z.number() }).and(z.strictObject({ y: z.number() })) });
    const document = { a: { x: 1, y: 1, z: 1 } };
    expect(
      check(schema, document, {
        touched: [
          ["a", "x"],
          ["a", "y"],
        ],
      }).faults,
    ).toEqual([]);
    expect(check(schema, document, { touched: [["a", "z"]] }).faults).toEqual([
      "/a/z schema.unrecognized_keys",
    ]);
  });
});

describe("What looks further than its own place", () => {
  test("a refinement of an object is asked about every member, with all of them", () => {
    const schema = z.object({
      orders: z.array(
        z
          .object({ lines: z.array(line), total: z.number() })
          .refine(({ lines, total }) => lines.reduce((sum, { price }) => sum + price, 0) === total, {
            path: ["total"],
          }),
      ),
      rest: z.string(),
    });
    const document = { orders: [{ lines: [{ title: "Tea", price: 4 }], total: 3 }], rest: long };
    const { faults, read } = check(schema, document, { touched: [["orders", 0, "lines", 0, "price"]] });
    expect(faults).toEqual(["/orders/0/total schema.custom"]);
    expect(read).toEqual(["/orders/0"]);
  });

  test("the outermost of several refinements is where it is judged", () => {
    const inner = z.object({ a: z.number() }).refine(({ a }) => a > 0);
    const schema = z.object({
      outer: z.object({ inner, b: z.number() }).refine(({ inner, b }) => inner.a < b),
    });
    const { read } = check(
      schema,
      { outer: { inner: { a: 1 }, b: 2 } },
      { touched: [["outer", "inner", "a"]] },
    );
    expect(read).toEqual(["/outer"]);
  });

  test("a union of objects is judged as a whole, one of an object and something else is not", () => {
    const shapes = z.object({
      shape: z.union([z.object({ r: z.number() }), z.object({ w: z.number(), h: z.number() })]),
    });
    expect(check(shapes, { shape: { w: 1, h: "2" } }, { touched: [["shape", "h"]] })).toMatchObject({
      faults: ["/shape schema.invalid_union"],
      read: ["/shape"],
    });
    const either = z.object({
      value: z.union([z.string(), z.object({ a: z.number() }), z.array(z.number())]),
    });
    expect(check(either, { value: { a: "1" } }, { touched: [["value", "a"]] })).toMatchObject({
      faults: ["/value/a schema.invalid_type"],
      read: ["/value/a"],
    });
  });

  test("a discriminated union is judged in the option that its tag names, and as a whole when the tag was touched", () => {
    const schema = z.object({
      shape: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("circle"), r: z.number() }),
        z.object({ kind: z.enum(["box", "cube"]), size: z.number() }),
      ]),
    });
    expect(
      check(schema, { shape: { kind: "cube", size: -1, r: "x" } }, { touched: [["shape", "size"]] }),
    ).toMatchObject({
      faults: [],
      read: ["/shape/kind", "/shape/size"],
    });
    expect(
      check(schema, { shape: { kind: "circle", size: 1 } }, { touched: [["shape", "kind"]] }),
    ).toMatchObject({
      faults: ["/shape/r schema.invalid_type"],
      read: ["/shape"],
    });
    expect(check(schema, { shape: { kind: "line" } }, { touched: [["shape", "kind"]] }).faults).toEqual([
      "/shape/kind schema.invalid_union",
    ]);
  });

  test("a transform is asked about all that it takes, and what it makes is not used", () => {
    const schema = z.object({
      when: z.object({ date: z.string(), zone: z.string() }).transform(({ date, zone }, context) => {
        if (Number.isNaN(Date.parse(date + zone))) context.addIssue("This is no time.");
        return new Date(date + zone);
      }),
    });
    const touched: Path[] = [["when", "zone"]];
    expect(check(schema, { when: { date: "2026-01-01T00:00", zone: "Z" } }, { touched }).faults).toEqual([]);
    expect(check(schema, { when: { date: "2026-01-01T00:00", zone: "?" } }, { touched }).faults).toEqual([
      "/when schema.custom",
    ]);
  });

  test("a tuple is judged by element, and as a whole when elements come or go", () => {
    const schema = z.object({ point: z.tuple([z.number(), z.number()]).rest(z.string()) });
    expect(check(schema, { point: [1, "2"] }, { touched: [["point", 1]] })).toMatchObject({
      faults: ["/point/1 schema.invalid_type"],
      read: ["/point/1"],
    });
    const gone: Touch = { path: ["point"], kind: "list", came: [] };
    expect(check(schema, { point: [1] }, { touched: [gone] })).toMatchObject({
      faults: ["/point/1 schema.invalid_type"],
      read: ["/point"],
    });
  });

  test("a list with a refinement is judged as a whole when an element is touched", () => {
    const unique = z.object({ tags: z.array(z.string()).refine(tags => new Set(tags).size === tags.length) });
    expect(check(unique, { tags: ["a", "a"] }, { touched: [["tags", 1]] }).faults).toEqual([
      "/tags schema.custom",
    ]);
  });

  test("an exclusive union takes no text that two of its options take", () => {
    const schema = z.object({ text: z.xor([z.string().max(3), z.string().min(3)]) });
    const edited: Touch = { path: ["text"], kind: "text" };
    expect(check(schema, { text: "abc" }, { touched: [edited] }).faults).toEqual([
      "/text schema.invalid_union",
    ]);
    expect(check(schema, { text: "abcd" }, { touched: [edited] }).faults).toEqual([]);
  });

  test("a loose record says nothing of what has another key", () => {
    const schema = z.object({ r: z.looseRecord(z.string().regex(/^n/), z.object({ a: z.number() })) });
    const touched: Path[] = [
      ["r", "n1", "a"],
      ["r", "x1", "a"],
    ];
    expect(check(schema, { r: { n1: { a: "1" }, x1: { a: "1" } } }, { touched }).faults).toEqual([
      "/r/n1/a schema.invalid_type",
    ]);
  });

  test("what came into a list next to a refinement of the list is judged with it", () => {
    const unique = z.object({ tags: z.array(z.string()).refine(tags => new Set(tags).size === tags.length) });
    const came: Touch = { path: ["tags"], kind: "list", came: [{ index: 1, count: 1 }] };
    expect(check(unique, { tags: ["a", "a"] }, { touched: [came] }).faults).toEqual(["/tags schema.custom"]);
  });
});

describe("A message", () => {
  test("does not quote what was refused", () => {
    const secret = "s3cr3t-value";
    const schema = z.object({
      type: z.number(),
      option: z.enum(["a", "b"]),
      literal: z.literal(1),
      format: z.email().max(3),
      union: z.union([z.number(), z.boolean()]),
      tagged: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("a") }),
        z.object({ kind: z.literal("b") }),
      ]),
      record: z.record(z.string(), z.number()),
      list: z.array(z.number()).max(1),
      tuple: z.tuple([z.number()]),
      never: z.never(),
      refined: z.string().refine(() => false),
      piped: z
        .string()
        .transform(text => text)
        .pipe(z.email()),
    });
    const document = {
      ...Object.fromEntries(Object.keys(schema.shape).map(key => [key, secret])),
      tagged: { kind: secret },
      record: { a: secret },
      list: [1, secret],
      tuple: [secret],
    };
    const issues = createSchemaCheck(schema).checkAll(document);
    expect(new Set(issues.map(({ pointer }) => pointer.split("/")[1]))).toEqual(
      new Set(Object.keys(schema.shape)),
    );
    expect(JSON.stringify(issues)).not.toContain(secret);
  });

  test("says all that zod says, as an error", () => {
    const schema = z.object({ "a/b": z.object({ c: z.number("Give me a number.") }) });
    expect(createSchemaCheck(schema).checkAll({ "a/b": { c: "x" } })).toEqual([
      { pointer: "/a~1b/c", code: "schema.invalid_type", message: "Give me a number.", severity: "error" },
    ]);
  });
});

describe("A schema that cannot be judged by is refused, with the place", () => {
  const generative = (): z.ZodType => z.object({ next: z.lazy(() => generative()) });
  const same: z.ZodType = z.lazy(() => z.union([z.string(), same]));

  test.each<[string, string, z.ZodType]>([
    ["a date", "/a/*", z.object({ a: z.array(z.date()) })],
    ["a map", "/a/b", z.object({ a: z.object({ b: z.map(z.string(), z.string()) }) })],
    ["a promise", "/a", z.object({ a: z.promise(z.string()) })],
    ["a bigint", "/a/0", z.object({ a: z.tuple([z.bigint()]) })],
    [
      "an asynchronous refinement",
      "/a/*",
      z.object({
        a: z.record(
          z.string(),
          z.string().refine(async () => true),
        ),
      }),
    ],
    ["an asynchronous transform", "/a", z.object({ a: z.string().transform(async () => true) })],
    ["an asynchronous check", "/a~1b", z.object({ "a/b": z.string().check(async () => {}) })],
    ["what is in itself without a step", "/a", z.object({ a: same })],
    ["what is no object", "", z.array(z.string())],
  ])("%s", (_, path, schema) => {
    expect(() => createSchemaCheck(schema)).toThrow(
      expect.objectContaining({ code: "schema-unsupported", path }),
    );
  });

  test("what is new at every look", () => {
    expect(() => createSchemaCheck(generative())).toThrow(/without end/);
  });

  test("what is no schema of zod 4", () => {
    const schema = z.object({ a: { parse: () => 1 } as unknown as z.ZodType });
    expect(() => createSchemaCheck(schema)).toThrow(expect.objectContaining({ path: "/a" }));
  });

  test("a promise from a function that did not say so, when it comes", () => {
    const schema = z.object({ a: z.string().superRefine(() => Promise.resolve() as unknown as undefined) });
    const check = createSchemaCheck(schema);
    expect(() => check.checkAll({ a: "x" })).toThrow(expect.objectContaining({ code: "schema-unsupported" }));
  });
});

test("What a refinement throws comes out", () => {
  const schema = z.object({
    a: z.string().refine(() => {
      throw new RangeError("mine");
    }),
  });
  expect(() => check(schema, { a: "x" }, { touched: [["a"]] })).toThrow(RangeError);
});

test("A date that is made of text or of numbers can be judged", () => {
  const schema = z.object({
    a: z.coerce.date(),
    b: z
      .string()
      .transform(text => new Date(text))
      .pipe(z.date()),
  });
  expect(check(schema, { a: "2026-01-01", b: "no" }, { touched: [["a"], ["b"]] }).faults).toEqual([
    "/b schema.invalid_type",
  ]);
});

describe("A pattern", () => {
  const tree: z.ZodType = z.object({ label: z.string(), children: z.array(z.lazy(() => tree)).optional() });
  const schema = z.object({
    lines: z.array(line),
    byId: z.record(z.string().regex(/^id/), z.object({ a: z.number() })),
    point: z.tuple([z.number(), z.object({ b: z.number() })]),
    shape: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a"), r: z.number() }),
      z.object({ kind: z.literal("b"), w: z.number() }),
    ]),
    both: z.object({ x: z.number() }).and(z.object({ y: z.number() })),
    open: z.looseObject({}),
    made: z.object({ from: z.string() }).transform(() => 1),
    tree,
    nothing: z.never().optional(),
  });

  test.each([
    [["lines", "*", "price"], true],
    [["lines", "0", "price"], true],
    [["lines", "first", "price"], false],
    [["lines", "*", "cost"], false],
    [["lines", "*", "title", "*"], false],
    [["byId", "*", "a"], true],
    [["byId", "id1", "a"], true],
    [["byId", "1", "a"], false],
    [["point", "1", "b"], true],
    [["point", "2", "b"], false],
    [["point", "*", "b"], true],
    [["shape", "r"], true],
    [["shape", "w"], true],
    [["shape", "h"], false],
    [["both", "y"], true],
    [["open", "any", "thing"], true],
    [["made", "from"], true],
    [["made", "to"], false],
    [["tree", "children", "*", "children", "*", "label"], true],
    [["tree", "children", "*", "kids"], false],
    [["nothing"], false],
    [["*"], true],
    [[], true],
  ])("%j is reached: %s", (pattern, expected) => {
    expect(createSchemaCheck(schema).reaches(pattern)).toBe(expected);
    expect(createSchemaCheck(schema, { strict: true }).reaches(pattern)).toBe(expected);
  });
});

test("Judging a field of a document costs the field", () => {
  const entity = z.object(
    Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [
        `field${i}`,
        z
          .string()
          .max(20)
          .regex(/^[a-z]*$/),
      ]),
    ),
  );
  const schema = z.object({ rows: z.array(entity) });
  const row = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field${i}`, "value"]));
  const document = { rows: Array.from({ length: 2_000 }, () => row) };
  const touched: Path[] = [["rows", 1_999, "field49"]];
  expect(check(schema, document, { touched }).size).toBe(JSON.stringify("value").length);
  expect(check(schema, document, { touched: [["rows", 7]] }).size).toBe(JSON.stringify(row).length);
});
