/**
 * A document's JSON as it would be after a patch, before anything is written.
 *
 * A tree of nodes lies over the document. It loads only what pointers lead through and knows what is to change. Then
 * it writes the least edits that make it so: one set for each key that has another value, one deletion and one
 * insertion for each gap of a list, the units that differ for a text. Types and list elements that stay keep their
 * identity. A node writes nothing before all nodes have planned, and planning finds every fault.
 */
import type * as Y from "yjs";
import { type BuildOptions, buildType, CLASSES, planValue, type TypePlan } from "./build.js";
import type { Delta } from "./delta.js";
import { BridgeError } from "./errors.js";
import { isArray, isObject, type Json, type JsonObject, jsonEqual, setMember } from "./json.js";
import { JsonDraft, notFound, type PatchTarget } from "./json-patch.js";
import { KeysNode } from "./overlay-keys.js";
import { ListNode } from "./overlay-list.js";
import { type Context, FixedNode, JsonNode, Node, notEditable } from "./overlay-node.js";
import { TextNode } from "./overlay-text.js";
import {
  isTextual,
  nestedKind,
  projectType,
  type RootKind,
  type Roots,
  rootKinds,
  showsContradiction,
  type TypeKind,
} from "./read.js";
import {
  contentKind,
  deleteItem,
  firstItem,
  keysOf,
  nameOf,
  now,
  openRoot,
  type SharedType,
  type Transaction,
  typeOf,
} from "./yjs.js";

export interface OverlayOptions extends BuildOptions {
  readonly roots: Roots;
  /** Whether a new value goes into the shared type that is there already, where that can hold it. */
  readonly merge: boolean;
}

export class Overlay implements PatchTarget {
  readonly #roots: RootsNode;

  constructor(doc: Y.Doc, { roots, ...options }: OverlayOptions) {
    const context: Context = {
      doc,
      ...options,
      nodeOf(item, value, path) {
        if (contentKind(item) !== "type") return new JsonNode(new JsonDraft(value()), { isCell: true });
        return typeNode(context, typeOf(item), nestedKind(typeOf(item)), path);
      },
    };
    this.#roots = new RootsNode(context, roots);
  }

  valueAt(tokens: readonly string[]): Json {
    return this.#nodeAt(tokens).json();
  }

  add(tokens: readonly string[], value: Json): void {
    this.#parentOf(tokens).add(lastOf(tokens), value);
  }

  remove(tokens: readonly string[]): void {
    this.#parentOf(tokens).remove(lastOf(tokens));
  }

  replace(tokens: readonly string[], value: Json): void {
    this.#parentOf(tokens).replace(lastOf(tokens), value);
  }

  editText(tokens: readonly string[], position: number, removed: string, inserted: string): void {
    this.#nodeAt(tokens).editText(position, removed, inserted);
  }

  editDelta(tokens: readonly string[], delta: Delta): void {
    this.#nodeAt(tokens).editDelta(delta);
  }

  /** Plans all writes. Throws what `planValue` throws; until then nothing is written. */
  plan(): void {
    this.#roots.plan();
  }

  write(transaction: Transaction): void {
    this.#roots.write(transaction);
  }

  #nodeAt(tokens: readonly string[]): Node {
    return tokens.reduce<Node>((node, token) => node.child(token), this.#roots);
  }

  #parentOf(tokens: readonly string[]): Node {
    if (tokens.length === 0) throw new BridgeError("fixed-root", "A document is changed root by root.");
    return this.#nodeAt(tokens.slice(0, -1));
  }
}

/** A root that is to hold something its node could not take: what is in it is deleted, and the new value built. */
interface Root {
  readonly name: string;
  readonly kind: RootKind;
  readonly type: SharedType;
  node: Node;
  plan: TypePlan | null;
}

class RootsNode extends Node {
  readonly #context: Context;
  readonly #kinds: Record<string, RootKind>;
  readonly #roots = new Map<string, Root>();

  constructor(context: Context, roots: Roots) {
    super();
    this.#context = context;
    this.#kinds = rootKinds(roots);
  }

  json(): Json {
    const json: { [name: string]: Json } = {};
    for (const name of Object.keys(this.#kinds)) setMember(json, name, this.child(name).json());
    return json;
  }

  override child(name: string): Node {
    if (!Object.hasOwn(this.#kinds, name)) throw notFound(name);
    return this.#open(name).node;
  }

  override add(name: string, value: Json): void {
    if (!Object.hasOwn(this.#kinds, name)) this.#kinds[name] = kindFor(value);
    this.replace(name, value);
  }

  override replace(name: string, value: Json): void {
    const node = this.child(name);
    const root = this.#open(name);
    planRoot(root, value, this.#context);
    // A root is the same type for ever, so a new value always goes into it.
    if (jsonEqual(node.json(), value) || node.take(value, true)) return;
    root.node = new JsonNode(new JsonDraft(value), { isCell: false });
  }

  override remove(name: string): void {
    this.child(name);
    throw new BridgeError("fixed-root", "A root cannot be removed.");
  }

  override plan(): void {
    for (const root of this.#roots.values()) {
      if (root.node instanceof JsonNode) root.plan = planRoot(root, root.node.json(), this.#context);
      else root.node.plan();
    }
  }

  override write(transaction: Transaction): void {
    for (const { type, node, plan } of this.#roots.values()) {
      node.write(transaction);
      if (plan === null) continue;
      for (let item = firstItem(type); item !== null; item = item.right) deleteItem(transaction, item);
      for (const key of keysOf(type)) {
        const item = now.entry(type, key);
        if (item !== null) deleteItem(transaction, item);
      }
      buildType(transaction, type, plan);
    }
  }

  #open(name: string): Root {
    let root = this.#roots.get(name);
    if (root === undefined) {
      const kind = this.#kinds[name]!;
      const textClass = isTextual(kind) ? (kind === "xmlText" ? "xmlText" : "text") : null;
      const type = openRoot(this.#context.doc, name, textClass);
      if (type === null) {
        throw new BridgeError(
          "fixed-root",
          `The application does not use the root ${JSON.stringify(name)} as a text.`,
        );
      }
      root = { name, kind, type, node: typeNode(this.#context, type, kind, [name]), plan: null };
      this.#roots.set(name, root);
    }
    return root;
  }
}

function planRoot({ name, kind }: Root, value: Json, context: Context): TypePlan {
  const plan = planValue(
    value,
    [name],
    isTextual(kind) ? { ...context, textAt: path => path.length === 1 || context.textAt(path) } : context,
  );
  if (plan.type !== "type" || plan.className !== CLASSES[kind] || plan.name !== "") {
    throw new BridgeError("fixed-root", `A root of kind ${kind} cannot hold this value.`);
  }
  return plan;
}

/** The kind of a root that is made for a value. */
function kindFor(value: Json): RootKind {
  if (typeof value === "string") return "text";
  if (isArray(value)) return "array";
  if (isObject(value)) {
    const tag = value.$y;
    if (tag === undefined) return "map";
    if (tag === "mixed" && typeof value.kind === "string" && value.kind !== "xmlHook")
      return value.kind as RootKind;
    const kind = TAGGED_ROOTS.get(String(tag));
    if (kind !== undefined) return kind;
  }
  throw new BridgeError("fixed-root", "A root is a shared type: an object, an array, a text or XML.");
}

const TAGGED_ROOTS: ReadonlyMap<string, RootKind> = new Map([
  ["text", "richText"],
  ["xtext", "xmlText"],
  ["xml", "xmlElement"],
  ["frag", "xmlFragment"],
]);

/** An element, fragment or hook: its attributes and children. */
class ElementNode extends Node {
  readonly #type: SharedType;
  readonly #kind: TypeKind;
  readonly #parts: { readonly attrs?: KeysNode; readonly children?: ListNode };

  constructor(context: Context, type: SharedType, kind: TypeKind, path: readonly string[]) {
    super();
    this.#type = type;
    this.#kind = kind;
    this.#parts = {
      ...(kind === "xmlFragment" ? {} : { attrs: new KeysNode(context, type, [...path, "attrs"]) }),
      ...(kind === "xmlHook" ? {} : { children: new ListNode(context, type, kind, [...path, "children"]) }),
    };
  }

  json(): Json {
    const { attrs, children } = this.#parts;
    const own = {
      ...(attrs === undefined ? {} : { attrs: attrs.json() }),
      ...(children === undefined ? {} : { children: children.json() }),
    };
    if (this.#kind === "xmlElement") return { $y: "xml", tag: nameOf(this.#type), ...own };
    return this.#kind === "xmlHook"
      ? { $y: "hook", name: nameOf(this.#type), ...own }
      : { $y: "frag", ...own };
  }

  override child(token: string): Node {
    return this.#part(token) ?? new FixedNode(this.json()).child(token);
  }

  override add(token: string, value: Json): void {
    this.replace(token, value);
  }

  override replace(token: string, value: Json): void {
    if (this.#part(token)?.take(value, true) !== true) throw notEditable();
  }

  override remove(): void {
    throw notEditable();
  }

  override take(value: Json, merge: boolean): boolean {
    if (!merge || !isObject(value)) return false;
    const own = this.json() as JsonObject;
    const fits = Object.keys(own).every(member => {
      if (member === "attrs") return isObject(value.attrs);
      return member === "children"
        ? value.children !== undefined && isArray(value.children)
        : value[member] === own[member];
    });
    if (!fits || Object.keys(value).length !== Object.keys(own).length) return false;
    this.#parts.attrs?.take(value.attrs!, merge);
    this.#parts.children?.take(value.children!, merge);
    return true;
  }

  override plan(): void {
    this.#parts.attrs?.plan();
    this.#parts.children?.plan();
  }

  override write(transaction: Transaction): void {
    this.#parts.attrs?.write(transaction);
    this.#parts.children?.write(transaction);
  }

  #part(token: string): Node | undefined {
    if (token === "attrs") return this.#parts.attrs;
    return token === "children" ? this.#parts.children : undefined;
  }
}

function typeNode(context: Context, type: SharedType, kind: TypeKind, path: readonly string[]): Node {
  const json = isTextual(kind) ? projectType(type, kind, now) : null;
  if (isObject(json ?? undefined) && (json as JsonObject).$y === "mixed") return new FixedNode(json);
  if (isTextual(kind)) return new TextNode(context, type, kind, path);
  if (showsContradiction(type, kind, now)) return new FixedNode(projectType(type, kind, now));
  if (kind === "map") return new KeysNode(context, type, path);
  return kind === "array"
    ? new ListNode(context, type, kind, path)
    : new ElementNode(context, type, kind, path);
}

function lastOf(tokens: readonly string[]): string {
  return tokens[tokens.length - 1]!;
}
