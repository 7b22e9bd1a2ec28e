/**
 * A draft: JSON that a recipe may change as if it were its own, while the original stays as it is.
 *
 * A container is copied when the recipe first reaches it. What it has not changed comes out as the very object that went
 * in, and of what it has changed it is known which object that was; so the difference can be told without comparing.
 */
import {
  BridgeError,
  type Json,
  type JsonObject,
  type MutableJsonObject,
  type Path,
  toPointer,
} from "@verso/bridge";
import { notEditable } from "./new-values.js";

/** A value in which nothing can be changed. */
export type Snapshot<T> =
  IsSame<T, MutableJsonObject> extends true
    ? JsonObject
    : T extends object
      ? { readonly [Key in keyof T]: Snapshot<T[Key]> }
      : T;

type IsSame<A, B> = [A, B] extends [B, A] ? true : false;

/** JSON after a recipe, and of which containers of the JSON before it some are changed copies. */
export interface EditedJson {
  readonly json: Json;
  /** What a container was before it was edited; `undefined` of one that is new or as it was. */
  originOf(copy: object): object | undefined;
}

/** Changes a draft, synchronously. What it returns means nothing. */
export type Recipe<T> = (draft: T) => unknown;

type Container = { [key: string]: unknown };

interface Drafted {
  readonly original: object;
  /** What the recipe sees and changes; drafts of its members are put into it as they are reached. */
  readonly copy: Container;
  isFinished: boolean;
}

/**
 * What a recipe makes of a document's JSON. All drafts end with the recipe: a later use throws a `TypeError`.
 *
 * Throws what the recipe throws; `not-editable` where it changes what is inside of a tagged object; `invalid-value` for a
 * draft that was put into itself; a `TypeError` for a recipe that returns a promise.
 */
export function runRecipe(json: Json, recipe: (draft: never) => unknown): EditedJson {
  const drafts = new Map<unknown, Drafted>();
  const origins = new WeakMap<object, object>();
  const revocations: (() => void)[] = [];
  try {
    const root = draftOf(json as object, [], false);
    const returned = recipe(root as never);
    if (typeof (returned as { then?: unknown } | null | undefined)?.then === "function") {
      throw new TypeError("A recipe is synchronous: what it does after it has returned would be lost.");
    }
    return { json: finished(root, 0), originOf: copy => origins.get(copy) };
  } finally {
    for (const revoke of revocations) revoke();
  }

  function draftOf(original: object, path: Path, isTagged: boolean): object {
    const copy = (Array.isArray(original) ? [...original] : { ...original }) as Container;
    const leaf = isTagged || Object.hasOwn(copy, "$y");
    const refuse = (_: Container, key: string | symbol): never => {
      throw notEditable([...path, String(key)]);
    };
    const { proxy, revoke } = Proxy.revocable(copy, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver);
        if (typeof key === "symbol" || !Object.hasOwn(target, key)) return value;
        if (typeof value !== "object" || value === null || drafts.has(value)) return value;
        const draft = draftOf(value, [...path, key], leaf);
        target[key] = draft;
        return draft;
      },
      setPrototypeOf() {
        throw new BridgeError("forbidden-key", "__proto__ is no key of a document.", {
          pointer: toPointer(path),
        });
      },
      ...(leaf && { set: refuse, deleteProperty: refuse, defineProperty: refuse }),
    });
    drafts.set(proxy, { original, copy, isFinished: false });
    revocations.push(revoke);
    return proxy;
  }

  /** The JSON that a value of the recipe stands for, without drafts. */
  function finished(value: unknown, depth: number): Json {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value as Json;
    if (depth > deepest) throw new BridgeError("invalid-value", "A value is too deep, or stands in itself.");
    const draft = drafts.get(value);
    if (draft !== undefined) return finishedDraft(draft, depth);
    if (Array.isArray(value)) return Array.from(value, element => finished(element, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(value);
    // A class's instance is refused by whoever writes it.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value as Json;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, finished(member, depth + 1)]),
    );
  }

  function finishedDraft(draft: Drafted, depth: number): Json {
    const { copy } = draft;
    const original = draft.original as Container;
    if (!draft.isFinished) {
      const keys = Array.isArray(copy) ? Array.from(copy, (_, index) => String(index)) : Object.keys(copy);
      let isChanged = keys.length !== Object.keys(original).length;
      for (const key of keys) {
        // Only what a recipe has made itself is not frozen, and there may be drafts in it.
        if (Object.isFrozen(original) && Object.hasOwn(copy, key) && copy[key] === original[key]) continue;
        const value = finished(copy[key], depth + 1);
        if (value !== original[key] || !Object.hasOwn(original, key)) isChanged = true;
        Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
      }
      if (isChanged) origins.set(copy, original);
      draft.isFinished = true;
    }
    return (origins.has(copy) ? copy : original) as Json;
  }
}

/** Deeper than anybody's document, and far from where recursion ends. */
const deepest = 500;
