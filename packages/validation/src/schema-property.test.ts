/**
 * Random schemas, random documents that satisfy them, random edits: looking at what was touched finds a fault exactly
 * when looking at the whole document does.
 */
import { type Json, jsonEqual, type Path } from "@verso/bridge";
import * as prng from "lib0/prng";
import { expect, test } from "vitest";
import { z } from "zod";
import { createJsonReader } from "./json-reader.js";
import { createSchemaCheck } from "./schema.js";
import { createRandom, forEachSeed, type Random } from "./testing.js";
import type { Touch } from "./touch.js";
import type { Issue } from "./verdict.js";

test("what was touched has a fault exactly when the document has one", () => {
  const seen = { valid: 0, faulty: 0, smaller: 0 };
  forEachSeed(
    seed => {
      const random = createRandom(seed);
      const { schema, make } = anyObject(random, 4);
      const check = createSchemaCheck(schema, { strict: prng.real53(random) < 0.4 });
      const before = satisfying(json => faults(() => check.checkAll(json)), make);
      if (before === null) return;
      for (let round = 0; round < 8; round++) {
        const after = edited(random, before, make());
        const touched = touchesBetween(random, before, after);
        const reader = createJsonReader(after);
        const found = faults(() => check.check(touched, reader));
        const all = faults(() => check.checkAll(after as { [key: string]: Json }));
        const told = { before, after, touched, found, all };
        expect(found.length > 0, JSON.stringify(told)).toBe(all.length > 0);
        for (const { pointer } of found) {
          expect(
            all.some(issue => leadsTo(issue.pointer, pointer) || leadsTo(pointer, issue.pointer)),
            JSON.stringify(told),
          ).toBe(true);
        }
        seen[all.length > 0 ? "faulty" : "valid"]++;
        if (!reader.reads.some(({ path }) => path.length === 0)) seen.smaller++;
      }
    },
    { share: 0.5 },
  );
  const rounds = seen.valid + seen.faulty;
  if (rounds < 1000) return;
  expect(seen.valid / rounds).toBeGreaterThan(0.2);
  expect(seen.faulty / rounds).toBeGreaterThan(0.2);
  expect(seen.smaller / rounds).toBeGreaterThan(0.4);
});

interface Sample {
  readonly schema: z.ZodType;
  /** A value that mostly satisfies the schema. */
  make(): Json;
}

/** zod throws where the two sides of an intersection make different things of a value; a gate takes that for a fault. */
function faults(judge: () => readonly Issue[]): readonly Pick<Issue, "pointer">[] {
  try {
    return judge();
  } catch (error) {
    expect(error).toMatchObject({ message: expect.stringMatching(/^Unmergable intersection/) });
    return [{ pointer: "" }];
  }
}

function anyObject(random: Random, depth: number): Sample {
  const members = new Map<string, Sample & { optional: boolean }>();
  for (const key of pickSome(random, ["a", "b", "c", "d", "e"])) {
    const sample = anySample(random, depth - 1);
    const optional = prng.real53(random) < 0.3;
    members.set(key, { ...sample, optional });
  }
  const shape = Object.fromEntries(
    [...members].map(([key, { schema, optional }]) => [key, optional ? absentable(random, schema) : schema]),
  );
  const base = z.object(shape);
  const schema = pick(random, [
    () => base,
    () => base,
    () => base,
    () => z.strictObject(shape),
    () => z.looseObject(shape),
    () => base.catchall(z.number()),
    () => base.refine(value => JSON.stringify(value).length % 5 > 0, "length"),
    () => base.readonly(),
    () => base.transform(value => Object.keys(value).length),
    () => z.pipe(base, z.record(z.string(), z.unknown())),
    () => z.preprocess(value => value, base),
  ])();
  return {
    schema,
    make: () => {
      const entries: [string, Json][] = [];
      for (const [key, { make, optional }] of members) {
        if (!optional || prng.real53(random) < 0.6) entries.push([key, make()]);
      }
      return Object.fromEntries(entries);
    },
  };
}

function absentable(random: Random, schema: z.ZodType): z.ZodType {
  return pick(random, [
    () => schema.optional(),
    () => schema.optional(),
    () => schema.nullish(),
    () => schema.default("unused"),
    () => schema.catch("unused"),
    () => z.exactOptional(schema),
  ])();
}

function anySample(random: Random, depth: number): Sample {
  const leaves = [anyText, anyNumber, anyChoice, anythingAtAll];
  if (depth <= 0) return pick(random, leaves)(random);
  return pick(random, [
    ...leaves,
    (r: Random) => anyObject(r, depth),
    (r: Random) => anyObject(r, depth),
    (r: Random) => anyList(r, depth),
    (r: Random) => anyTuple(r, depth),
    (r: Random) => anyRecord(r, depth),
    (r: Random) => anyUnion(r, depth),
    (r: Random) => anyTagged(r, depth),
    (r: Random) => anyIntersection(r, depth),
    (r: Random) => anyTree(r, depth),
    (r: Random) => anyNullable(r, depth),
  ])(random);
}

function anyText(random: Random): Sample {
  const schema = pick(random, [
    () => z.string(),
    () => z.string().max(6),
    () => z.string().min(1).max(8),
    () => z.string().length(3),
    () => z.string().regex(/^[a-m😀]*$/u),
    () => z.string().trim().min(1),
    () => z.string().refine(text => text.length % 2 === 0),
    () => z.string().transform(text => text.length),
    () => z.xor([z.string().max(4), z.string().min(3)]),
    () => z.union([z.string().max(4), z.string().min(6)]),
  ])();
  return { schema, make: () => text(random) };
}

function anyNumber(random: Random): Sample {
  const schema = pick(random, [z.number(), z.int(), z.number().min(0), z.coerce.number()]);
  return { schema, make: () => pick(random, [-1, 0, 1, 2.5, 7]) };
}

function anyChoice(random: Random): Sample {
  const schema = pick(random, [z.enum(["x", "y"]), z.literal([1, "x", null]), z.boolean(), z.null()]);
  return { schema, make: () => pick<Json>(random, ["x", "y", 1, null, true]) };
}

function anythingAtAll(random: Random): Sample {
  const schema = pick(random, [z.unknown(), z.any(), z.json(), z.custom(value => value !== "x")]);
  return { schema, make: () => pick<Json>(random, ["x", 1, null, { a: 1 }, [1, 2]]) };
}

function anyList(random: Random, depth: number): Sample {
  const { schema: element, make } = anySample(random, depth - 1);
  const list = z.array(element);
  const schema = pick(random, [
    () => list,
    () => list,
    () => list.max(3),
    () => list.min(1).max(4),
    () => list.refine(elements => JSON.stringify(elements).length % 4 > 0),
  ])();
  return { schema, make: () => times(random, 5, make) };
}

function anyTuple(random: Random, depth: number): Sample {
  const items = [anySample(random, depth - 1), anySample(random, depth - 1)] as const;
  const tuple = z.tuple([items[0].schema, items[1].schema]);
  const schema = pick<() => z.ZodType>(random, [
    () => tuple,
    () => tuple.rest(z.number()),
    () => z.tuple([items[0].schema, items[1].schema.optional()]),
  ])();
  return { schema, make: () => items.map(({ make }) => make()) };
}

function anyRecord(random: Random, depth: number): Sample {
  const { schema: value, make } = anySample(random, depth - 1);
  const schema = pick<() => z.ZodType>(random, [
    () => z.record(z.string(), value),
    () => z.record(z.string().max(1), value),
    () => z.record(z.enum(["a", "b"]), value),
    () => z.partialRecord(z.enum(["a", "b"]), value),
    () => z.looseRecord(z.string().regex(/^[ab]$/), value),
    () => z.record(z.string(), value).refine(record => Object.keys(record).length < 4),
  ])();
  return {
    schema,
    make: () => Object.fromEntries(pickSome(random, ["a", "b", "a", "b", "c"]).map(key => [key, make()])),
  };
}

function anyUnion(random: Random, depth: number): Sample {
  const options = [
    anySample(random, depth - 1),
    anySample(random, depth - 1),
    anySample(random, depth - 1),
  ] as const;
  const schemas = [options[0].schema, options[1].schema, options[2].schema] as const;
  const schema = prng.real53(random) < 0.8 ? z.union(schemas) : z.xor(schemas);
  return { schema, make: () => pick(random, options).make() };
}

function anyTagged(random: Random, depth: number): Sample {
  const options = ["x", "y"].map(kind => {
    const { schema, make } = anySample(random, depth - 1);
    const base = z.object({ kind: z.literal(kind), a: schema });
    const option =
      prng.real53(random) < 0.2 ? base.refine(value => JSON.stringify(value).length % 7 > 0) : base;
    return { option, make: (): Json => ({ kind, a: make() }) };
  });
  const last = z.object({ kind: z.enum(["z", "w"]), b: z.number().optional() });
  const schema = z.discriminatedUnion("kind", [options[0]!.option, options[1]!.option, last]);
  return {
    schema,
    make: () => pick(random, [options[0]!.make, options[1]!.make, (): Json => ({ kind: "z", b: 1 })])(),
  };
}

function anyIntersection(random: Random, depth: number): Sample {
  const left = anyObject(random, depth - 1);
  const right = pick(random, [anyObject, anyRecord])(random, depth - 1);
  return {
    schema: z.intersection(left.schema, right.schema),
    make: () => ({ ...(right.make() as object), ...(left.make() as object) }) as Json,
  };
}

function anyTree(random: Random, depth: number): Sample {
  const { schema: label, make } = anySample(random, depth - 2);
  const tree: z.ZodType = pick<() => z.ZodType>(random, [
    () => z.object({ a: label, b: z.array(z.lazy(() => tree)).optional() }),
    () =>
      z.object({
        a: label,
        b: z
          .record(
            z.string(),
            z.lazy(() => tree),
          )
          .optional(),
      }),
    () => {
      const node = z.object({
        a: label,
        get b() {
          return z.array(node).optional();
        },
      }) as z.ZodType;
      return node;
    },
  ])();
  const grow = (height: number): Json => {
    if (height === 0) return { a: make() };
    return { a: make(), b: prng.real53(random) < 0.8 ? times(random, 3, () => grow(height - 1)) : {} };
  };
  return { schema: tree, make: () => grow(2) };
}

function anyNullable(random: Random, depth: number): Sample {
  const { schema, make } = anySample(random, depth - 1);
  const nullable = pick<() => z.ZodType>(random, [
    () => schema.nullable(),
    () => z.union([schema, z.null()]),
    () => schema.nullable().refine(value => value !== 7),
  ])();
  return { schema: nullable, make: () => (prng.real53(random) < 0.3 ? null : make()) };
}

function satisfying(
  checkAll: (json: { [key: string]: Json }) => readonly unknown[],
  make: () => Json,
): Json | null {
  for (let attempt = 0; attempt < 60; attempt++) {
    const json = make();
    if (checkAll(json as { [key: string]: Json }).length === 0) return json;
  }
  return null;
}

/** The document after one to three edits; `other` has values that fit here and there. */
function edited(random: Random, json: Json, other: Json): Json {
  let result = json;
  for (let edits = 1 + Math.floor(prng.real53(random) * 3); edits > 0; edits--) {
    const path = pick(random, pathsIn(result).slice(1));
    if (path === undefined) return { ...(result as object), a: 1 };
    const fitting = pathsIn(other).find(each => each.join() === path.join());
    const value =
      fitting !== undefined && prng.real53(random) < 0.5 ? valueAt(other, fitting) : anyValue(random, other);
    result = put(random, result, path, value);
  }
  return result;
}

function anyValue(random: Random, other: Json): Json {
  const values = pathsIn(other).map(path => valueAt(other, path));
  return prng.real53(random) < 0.5
    ? pick(random, values)
    : pick<Json>(random, ["x", "y", text(random), 0, 1, null, true, {}, []]);
}

function put(random: Random, json: Json, [segment, ...rest]: Path, value: Json): Json {
  if (segment === undefined)
    return typeof json === "string" && prng.real53(random) < 0.6 ? text(random) : value;
  if (Array.isArray(json)) {
    const list = [...(json as readonly Json[])];
    const index = segment as number;
    const how = rest.length > 0 ? 0 : prng.real53(random);
    if (how < 0.5) list[index] = put(random, list[index]!, rest, value);
    else if (how < 0.75) list.splice(index, 0, value);
    else list.splice(index, 1);
    return list;
  }
  const object = { ...(json as Readonly<Record<string, Json>>) };
  const how = rest.length > 0 ? 0 : prng.real53(random);
  if (how < 0.6) object[segment] = put(random, object[segment]!, rest, value);
  else if (how < 0.8) delete object[segment];
  else object[pick(random, ["a", "b", "c", "kind", "z"])] = value;
  return object;
}

/** What a change between two documents touches, told in one of the ways in which a bridge may tell it. */
function touchesBetween(random: Random, before: Json, after: Json): Touch[] {
  const touches: Touch[] = [];
  compare(before, after, []);
  return touches;

  function compare(a: Json, b: Json, path: Path): void {
    if (jsonEqual(a, b)) return;
    if (path.length > 0 && prng.real53(random) < 0.1) touches.push({ path, kind: "value" });
    else if (typeof a === "string" && typeof b === "string" && prng.real53(random) < 0.7)
      touches.push({ path, kind: "text" });
    else if (Array.isArray(a) && Array.isArray(b)) compareLists(a, b, path);
    else if (isObject(a) && isObject(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        if (Object.hasOwn(a, key) && Object.hasOwn(b, key)) compare(a[key]!, b[key]!, [...path, key]);
        else touches.push({ path: [...path, key], kind: "value" });
      }
    } else touches.push({ path, kind: "value" });
  }

  function compareLists(a: readonly Json[], b: readonly Json[], path: Path): void {
    if (a.length === b.length) {
      for (const [index, element] of a.entries()) compare(element, b[index]!, [...path, index]);
      return;
    }
    let start = 0;
    while (start < Math.min(a.length, b.length) && jsonEqual(a[start]!, b[start]!)) start++;
    let end = 0;
    const most = Math.min(a.length, b.length) - start;
    while (end < most && jsonEqual(a[a.length - 1 - end]!, b[b.length - 1 - end]!)) end++;
    const count = b.length - start - end;
    const came = count > 0 ? [{ index: start, count }] : [];
    touches.push(prng.real53(random) < 0.7 ? { path, kind: "list", came } : { path, kind: "list" });
  }
}

function pathsIn(json: Json, path: Path = []): Path[] {
  if (Array.isArray(json))
    return [path, ...json.flatMap((element, index) => pathsIn(element, [...path, index]))];
  if (!isObject(json)) return [path];
  return [path, ...Object.entries(json).flatMap(([key, member]) => pathsIn(member, [...path, key]))];
}

function valueAt(json: Json, path: Path): Json {
  let value = json as Readonly<Record<string | number, Json>>;
  for (const segment of path) value = value[segment] as typeof value;
  return value as Json;
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function leadsTo(pointer: string, other: string): boolean {
  return other === pointer || other.startsWith(`${pointer}/`);
}

function text(random: Random): string {
  return times(random, 9, () => pick(random, ["a", "b", "z", " ", "😀", "😀"])).join("");
}

function times<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: Math.floor(prng.real53(random) * (most + 1)) }, make);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(prng.real53(random) * from.length)] as T;
}

function pickSome<T>(random: Random, from: readonly T[]): T[] {
  return from.filter(() => prng.real53(random) < 0.6);
}
