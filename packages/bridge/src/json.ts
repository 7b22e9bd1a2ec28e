/**
 * JSON, and the tagged form in which it carries what JSON itself cannot say.
 *
 * A plain JavaScript value in a shared type may be `undefined`, `NaN`, a BigInt or bytes. Each becomes an object with
 * the member `$y`, its tag. A key `$y` of one's own gets a second dollar sign (and `$$y` a third, and so on), so that
 * tags are never mistaken:
 *
 *     undefined                 {"$y":"undefined"}
 *     NaN, Infinity, -0, …      {"$y":"num","v":"NaN"}
 *     12n                       {"$y":"bigint","v":"12"}
 *     Uint8Array                {"$y":"bin","v":"<base64>"}
 *     {"$y": 1}                 {"$$y":1}
 *
 * Shared types have tags of their own, see `read.ts`. Objects made here are safe for every key: `__proto__` becomes an
 * ordinary member and never a prototype.
 */
import * as buffer from "lib0/buffer";
import { BridgeError } from "./errors.js";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** JSON that its owner may change in place. */
export type MutableJson = null | boolean | number | string | MutableJson[] | MutableJsonObject;
export interface MutableJsonObject {
  [key: string]: MutableJson;
}

/**
 * The tagged JSON of a plain JavaScript value.
 *
 * Throws `invalid-value` for what would not reach every peer as it is: a `Date` (remote peers read `{}`), a function,
 * a symbol, an instance of a class, a BigInt beyond 64 bits.
 */
export function toTagged(value: unknown): Json {
  return tagValue(value, refuse);
}

/**
 * The tagged JSON of a value that is stored in a shared type, as remote peers read it: a `Date` is `{}` to them, a
 * function `undefined`, and a BigInt has 64 bits.
 */
export function tagStored(value: unknown): Json {
  return tagValue(value, asOnTheWire);
}

/** The plain JavaScript value of tagged JSON. Throws `invalid-value` for a tag that stands for no plain value. */
export function fromTagged(json: Json): unknown {
  if (json === null || typeof json !== "object") return json;
  if (isArray(json)) return json.map(fromTagged);
  if (Object.hasOwn(json, "$y")) return untag(json);
  const value: Record<string, unknown> = {};
  for (const name of Object.keys(json)) setMember(value, unescapeKey(name)!, fromTagged(json[name]!));
  return value;
}

/** Whether two JSON values are the same value; the order of members means nothing. */
export function jsonEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (isArray(a)) {
    if (!isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!jsonEqual(a[i]!, b[i]!)) return false;
    return true;
  }
  if (isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !jsonEqual(a[key]!, b[key]!)) return false;
  return true;
}

/** A text that is the same for equal values, and for no others. */
export function canonicalText(json: Json): string {
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  if (isArray(json)) return `[${json.map(canonicalText).join()}]`;
  const keys = Object.keys(json).sort();
  return `{${keys.map(key => `${JSON.stringify(key)}:${canonicalText(json[key]!)}`).join()}}`;
}

/** A copy that shares nothing with its original. */
export function cloneJson(json: Json): MutableJson {
  if (json === null || typeof json !== "object") return json;
  if (isArray(json)) return json.map(cloneJson);
  const copy: MutableJsonObject = {};
  for (const key of Object.keys(json)) setMember(copy, key, cloneJson(json[key]!));
  return copy;
}

/** Sets an own member, whatever its name. */
export function setMember<T>(object: { [key: string]: T }, key: string, value: T): void {
  if (key === "__proto__") {
    // Plain assignment would set the object's prototype instead.
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** `Array.isArray` for JSON: the library's own type guard does not see read-only arrays. */
export function isArray(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** The member name under which a key of a map or object stands in tagged JSON: `$y` is taken by the tags. */
export function escapeKey(key: string): string {
  return key.charCodeAt(0) === DOLLAR && RESERVED.test(key) ? `$${key}` : key;
}

/** The key that a member name of tagged JSON stands for, or `null` for the name of the tag itself. */
export function unescapeKey(name: string): string | null {
  if (name.charCodeAt(0) !== DOLLAR || !RESERVED.test(name)) return name;
  return name === "$y" ? null : name.slice(1);
}

const DOLLAR = 0x24;
const RESERVED = /^\$+y$/;

function tagValue(value: unknown, foreign: (value: unknown) => Json): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $y: "num", v: Object.is(value, -0) ? "-0" : String(value) };
    case "undefined":
      return { $y: "undefined" };
    case "bigint":
      return BigInt.asIntN(64, value) === value ? { $y: "bigint", v: String(value) } : foreign(value);
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return Array.from(value, item => tagValue(item, foreign));
      if (value instanceof Uint8Array) return { $y: "bin", v: buffer.toBase64(value) };
      if (isPlainObject(value)) return tagMembers(value, foreign);
      return foreign(value);
    default:
      return foreign(value);
  }
}

function refuse(value: unknown): never {
  const name =
    typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : typeof value;
  throw new BridgeError(
    "invalid-value",
    `No shared type can hold this value so that every peer reads it: ${name}.`,
  );
}

function asOnTheWire(value: unknown): Json {
  if (typeof value === "bigint") return { $y: "bigint", v: String(BigInt.asIntN(64, value)) };
  if (typeof value !== "object" || value === null) return { $y: "undefined" };
  return tagMembers(value as Readonly<Record<string, unknown>>, asOnTheWire);
}

function tagMembers(
  object: Readonly<Record<string, unknown>>,
  foreign: (value: unknown) => Json,
): JsonObject {
  const json: { [key: string]: Json } = {};
  for (const key of Object.keys(object)) setMember(json, escapeKey(key), tagValue(object[key], foreign));
  return json;
}

function untag(json: JsonObject): unknown {
  const { $y: tag, v: text } = json;
  let fault: unknown;
  try {
    const value = typeof text === "string" ? untagged(String(tag), text) : undefined;
    // Whatever it was read from: only what would be tagged like this is a tag.
    if (jsonEqual(tagStored(value), json)) return value;
  } catch (error) {
    fault = error;
  }
  throw new BridgeError("invalid-value", `The tag ${JSON.stringify(tag)} stands for no plain value.`, {
    cause: fault,
  });
}

/** Throws for a text that is no number or no base64. */
function untagged(tag: string, text: string): unknown {
  if (tag === "num") return Number(text);
  if (tag === "bigint") return BigInt(text);
  return tag === "bin" ? buffer.fromBase64(text) : undefined;
}

export function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
