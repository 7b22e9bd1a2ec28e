/**
 * The attributes in force at a point of a formatted text, while its format marks are read from left to right.
 *
 * A mark costs the same however many attributes are in force: a text may have hundreds of them and tens of thousands
 * of items. Objects are made only when they are asked for, and stay the same until a mark changes them.
 */
import { type Json, type JsonObject, jsonEqual, setMember } from "./json.js";

export class Attributes {
  readonly #values = new Map<string, Json>();
  #json: JsonObject | undefined;
  #isStale = false;

  /** `null` takes the attribute away. */
  set(key: string, value: Json): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
    this.#isStale = true;
  }

  /** `null` where there is no such attribute. */
  get(key: string): Json {
    return this.#values.get(key) ?? null;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** All of them; `undefined` if there are none. */
  get json(): JsonObject | undefined {
    if (this.#isStale) {
      const json: { [key: string]: Json } = {};
      for (const [key, value] of this.#values) setMember(json, key, value);
      this.#json = this.isEmpty ? undefined : json;
      this.#isStale = false;
    }
    return this.#json;
  }
}

/** The attributes that content gets which stays, and those that take them back; `null` takes an attribute away. */
export interface AttributeChange {
  readonly forward: JsonObject;
  readonly inverse: JsonObject;
}

/** The attributes in two states of one text. */
export class AttributeComparison {
  readonly before = new Attributes();
  readonly after = new Attributes();
  /** Few: a key differs only between a mark that is in one of the states and the key's next mark that is in both. */
  readonly #differing = new Set<string>();
  #change: AttributeChange | null = null;
  #isStale = false;

  /** Reads a mark that stands in the state before, in the state after, or in both. */
  mark(key: string, value: Json, { was, is }: { readonly was: boolean; readonly is: boolean }): void {
    if (was) this.before.set(key, value);
    if (is) this.after.set(key, value);
    const differs = !(was && is) && !jsonEqual(this.before.get(key), this.after.get(key));
    if (differs) this.#differing.add(key);
    else if (!this.#differing.delete(key)) return;
    this.#isStale = true;
  }

  /** `null` where all attributes are equal. */
  get change(): AttributeChange | null {
    if (this.#isStale) {
      this.#change = this.#differing.size === 0 ? null : this.#compare();
      this.#isStale = false;
    }
    return this.#change;
  }

  #compare(): AttributeChange {
    const forward: { [key: string]: Json } = {};
    const inverse: { [key: string]: Json } = {};
    for (const key of this.#differing) {
      setMember(forward, key, this.after.get(key));
      setMember(inverse, key, this.before.get(key));
    }
    return { forward, inverse };
  }
}
