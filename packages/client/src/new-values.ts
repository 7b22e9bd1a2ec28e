/**
 * New content of a document from tagged JSON: objects become Y.Maps, arrays Y.Arrays, strings plain values or texts.
 *
 * Everything is checked here, before anything is written: Yjs has no rollback. What is made belongs to no document yet.
 */
import {
  BridgeError,
  fromTagged,
  isForbiddenKey,
  type Json,
  type JsonObject,
  type Path,
  toPointer,
  unescapeKey,
} from "@verso/bridge";
import * as Y from "yjs";

/** A place: reference tokens from the roots downwards, list indexes as decimal. */
export type Tokens = readonly string[];

/** Whether a new string there becomes a Y.Text. */
export type TextAt = (path: Tokens) => boolean;

/**
 * What Yjs is to be given for a key or list element.
 *
 * Throws `invalid-value` for what would not reach every peer as it is, `forbidden-key`, and `not-editable` for tagged
 * content that cannot be made anew.
 */
export function newValue(json: Json, path: Tokens, textAt: TextAt): unknown {
  if (typeof json === "string" && textAt(path)) return new Y.Text(checkedText(json));
  if (isList(json)) {
    const list = new Y.Array<unknown>();
    list.push(json.map((element, i) => newElement(element, [...path, String(i)], textAt)));
    return list;
  }
  if (typeof json !== "object" || json === null) return plainValue(json);
  if ((json as unknown) instanceof Uint8Array) return json;
  if (Object.hasOwn(json, "$y")) {
    try {
      return newTagged(json as JsonObject, path, textAt);
    } catch (cause) {
      if (cause instanceof BridgeError) throw cause;
      throw new BridgeError("invalid-value", `This is not what is tagged ${json.$y}.`, { cause });
    }
  }
  return new Y.Map(
    Object.entries(checkedObject(json)).map(([key, value]) => [
      checkedKey(key),
      newValue(value, [...path, key], textAt),
    ]),
  );
}

/** The same for an element of a Y.Array, which takes fewer values. */
export function newElement(json: Json, path: Tokens, textAt: TextAt): unknown {
  const value = newValue(json, path, textAt);
  if (value === undefined || typeof value === "bigint")
    throw new BridgeError("invalid-value", `A list cannot hold a ${typeof value}.`);
  return value;
}

/** A value that becomes no shared type, with all that is in it. */
export function plainValue(json: Json): unknown {
  check(json, 0);
  return fromTagged(json === 0 ? 0 : json);
}

/** `Array.isArray` for JSON: the library's own type guard does not see read-only arrays. */
export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

/** Whether this is an object whose members are keys of a map. */
export function isMembers(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json) && !Object.hasOwn(json, "$y");
}

export function checkedKey(member: string): string {
  const key = unescapeKey(checkedText(member));
  if (key === null) throw new BridgeError("invalid-value", "The key $y is written $$y.");
  if (isForbiddenKey(key)) throw new BridgeError("forbidden-key", `The key ${key} names a prototype.`);
  return key;
}

export function checkedText(text: string): string {
  if (/\p{Surrogate}/u.test(text))
    throw new BridgeError("invalid-value", "A lone surrogate reaches no other peer.");
  return text;
}

/** Of an edit inside of what has a tag. */
export function notEditable(path: Path): BridgeError {
  return new BridgeError("not-editable", "What has a tag can only be replaced as a whole.", {
    pointer: toPointer(path),
  });
}

/** What stands beside the tag of a shared type. */
interface TaggedMembers {
  readonly tag: string;
  readonly attrs: JsonObject;
  readonly delta: readonly JsonObject[];
  readonly children: readonly Json[];
}

/** A shared type with formats, or a plain value that JSON has no word for. */
function newTagged(json: JsonObject, path: Tokens, textAt: TextAt): unknown {
  const members = json as JsonObject & TaggedMembers;
  switch (json.$y) {
    case "text":
    case "xtext": {
      const text = json.$y === "text" ? new Y.Text() : new Y.XmlText();
      text.applyDelta(members.delta.map(insert => newInsert(insert, path, textAt)));
      for (const [key, value] of entries(members.attrs)) text.setAttribute(key, value);
      return text;
    }
    case "xml": {
      const element = new Y.XmlElement<Record<string, never>>(members.tag);
      for (const [key, value] of entries(members.attrs)) element.setAttribute(key, value as never);
      return withChildren(element);
    }
    case "frag":
      return withChildren(new Y.XmlFragment());
    case "mixed":
    case "doc":
    case "hook":
      throw notToBeMade(json.$y);
    default:
      return plainValue(json);
  }

  function withChildren<T extends Y.XmlFragment>(type: T): T {
    const children = members.children.map(child => newValue(child, path, textAt));
    if (!children.every(child => child instanceof Y.XmlFragment || child instanceof Y.XmlText))
      throw new BridgeError("invalid-value", "An element holds elements, texts and fragments only.");
    type.insert(0, children as Y.XmlElement[]);
    return type;
  }
}

function newInsert({ insert, attributes = {} }: JsonObject, path: Tokens, textAt: TextAt): object {
  const isTagged = typeof insert === "object" && insert !== null && Object.hasOwn(insert, "$y");
  const { $y: tag, v = null } = (isTagged ? insert : {}) as JsonObject;
  let content = insert as unknown;
  if (tag === "type") content = typeof v === "string" ? new Y.Text(v) : newValue(v, path, textAt);
  else if (tag !== undefined) throw notToBeMade(tag);
  else content = plainValue(insert!);
  return { insert: content, attributes: plainValue(attributes) };
}

function notToBeMade(tag: Json): BridgeError {
  return new BridgeError("not-editable", `Content tagged ${tag} cannot be made or moved by an edit.`);
}

function entries(attributes: JsonObject): [string, unknown][] {
  return Object.entries(attributes).map(([key, value]) => [checkedKey(key), plainValue(value)]);
}

function checkedObject(json: object): JsonObject {
  const prototype: unknown = Object.getPrototypeOf(json);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new BridgeError("invalid-value", `A ${json.constructor.name} is no JSON.`);
  return json as JsonObject;
}

function check(json: Json, depth: number): void {
  if (typeof json === "string") checkedText(json);
  else if (typeof json === "object" && json !== null && depth < 500) {
    if (!Array.isArray(json)) checkedObject(json);
    for (const [key, value] of Object.entries(json)) {
      if (key !== "$y") checkedKey(key);
      check(value as Json, depth + 1);
    }
  } else if (json !== null && typeof json !== "boolean" && !Number.isFinite(json)) {
    throw new BridgeError("invalid-value", `There is no JSON for this ${typeof json}.`);
  }
}
