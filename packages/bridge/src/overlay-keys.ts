/**
 * The keyed values of a type under an overlay: a map's members, an element's or a text's attributes.
 *
 * Only keys that were looked at are loaded; each that ends with another value is set once.
 */
import { buildEntry, planPlain, planValue, type ValuePlan } from "./build.js";
import { BridgeError } from "./errors.js";
import { escapeKey, isObject, type Json, jsonEqual, setMember, unescapeKey } from "./json.js";
import { JsonDraft, notFound } from "./json-patch.js";
import { type Context, JsonNode, Node } from "./overlay-node.js";
import { projectEntry } from "./read.js";
import { deleteItem, keysOf, now, type SharedType, type Transaction } from "./yjs.js";

export class KeysNode extends Node {
  readonly #context: Context;
  readonly #type: SharedType;
  readonly #path: readonly string[];
  /** The keys that were looked at; `null` for one that has no value. */
  readonly #nodes = new Map<string, Node | null>();
  readonly #plans: { key: string; plan: ValuePlan | null }[] = [];

  constructor(context: Context, type: SharedType, path: readonly string[]) {
    super();
    this.#context = context;
    this.#type = type;
    this.#path = path;
  }

  json(): Json {
    const members: { [key: string]: Json } = {};
    for (const key of this.#keys()) {
      const node = this.#load(key);
      if (node !== null) setMember(members, escapeKey(key), node.json());
    }
    return members;
  }

  override child(token: string): Node {
    const key = unescapeKey(token);
    const node = key === null ? null : this.#load(key);
    if (node === null) throw notFound(token);
    return node;
  }

  override add(token: string, value: Json): void {
    const key = unescapeKey(token);
    if (key === null) throw new BridgeError("invalid-value", "The key $y is written $$y.");
    planValue({ [token]: value }, this.#path, this.#context);
    this.#put(key, value, this.#context.merge);
  }

  override replace(token: string, value: Json): void {
    this.child(token);
    this.add(token, value);
  }

  override remove(token: string): void {
    this.child(token);
    this.#nodes.set(unescapeKey(token)!, null);
  }

  override take(value: Json, merge: boolean): boolean {
    if (!merge || !isObject(value) || Object.hasOwn(value, "$y")) return false;
    for (const key of this.#keys()) if (!Object.hasOwn(value, escapeKey(key))) this.#nodes.set(key, null);
    for (const member of Object.keys(value)) this.#put(unescapeKey(member)!, value[member]!, merge);
    return true;
  }

  override plan(): void {
    for (const [key, node] of this.#nodes) {
      const item = now.entry(this.#type, key);
      if (node === null) {
        if (item !== null) this.#plans.push({ key, plan: null });
      } else if (!(node instanceof JsonNode)) {
        node.plan();
      } else if (!node.isUntouched) {
        const json = node.json();
        if (item !== null && jsonEqual(projectEntry(item, now), json)) continue;
        const plan = node.isCell
          ? planPlain(json, this.#context)
          : planValue(json, [...this.#path, escapeKey(key)], this.#context);
        this.#plans.push({ key, plan });
      }
    }
  }

  override write(transaction: Transaction): void {
    for (const node of this.#nodes.values()) node?.write(transaction);
    for (const { key, plan } of this.#plans) {
      if (plan !== null) buildEntry(transaction, this.#type, key, plan);
      else deleteItem(transaction, now.entry(this.#type, key)!);
    }
  }

  #keys(): Set<string> {
    return new Set([...keysOf(this.#type), ...this.#nodes.keys()]);
  }

  #load(key: string): Node | null {
    let node = this.#nodes.get(key);
    if (node === undefined) {
      const item = now.entry(this.#type, key);
      const path = [...this.#path, escapeKey(key)];
      node = item === null ? null : this.#context.nodeOf(item, () => projectEntry(item, now), path);
      this.#nodes.set(key, node);
    }
    return node;
  }

  #put(key: string, value: Json, merge: boolean): void {
    const node = this.#load(key);
    if (node !== null && (jsonEqual(node.json(), value) || node.take(value, merge))) return;
    this.#nodes.set(key, new JsonNode(new JsonDraft(value), { isCell: false }));
  }
}
