/**
 * A document's JSON as it would be after a patch, before anything is written.
 *
 * A tree of nodes lies over the document. It loads only what pointers lead through and knows what is to change. Then
 * it writes the least edits that make it so: one set for each key that has another value, one deletion and one
 * insertion for each gap of a list, the units that differ for a text. Types and list elements that stay keep their
 * identity. A node writes nothing before all nodes have planned, and planning finds every fault.
 */
import type * as Y from "yjs";
import {
  type BuildOptions,
  buildEntry,
  buildItems,
  buildType,
  CLASSES,
  type ItemPlan,
  planElement,
  planPlain,
  planTextEdits,
  planValue,
  type TextEditPlan,
  type TypePlan,
  type ValuePlan,
  writeTextEdits,
} from "./build.js";
import {
  applyDelta,
  type Delta,
  DeltaComparison,
  type DeltaDocument,
  type DeltaOperation,
  flatText,
  parseDeltaDocument,
  splitsSurrogatePair,
} from "./delta.js";
import { compareLists, compareTexts } from "./difference.js";
import { BridgeError } from "./errors.js";
import {
  canonicalText,
  escapeKey,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  jsonEqual,
  setMember,
  unescapeKey,
} from "./json.js";
import {
  elementIndex,
  insertionIndex,
  JsonDraft,
  notContainer,
  notFound,
  type PatchTarget,
} from "./json-patch.js";
import {
  isTextual,
  nestedKind,
  projectEntry,
  projectType,
  projectValues,
  type RootKind,
  type Roots,
  rootKinds,
  showsContradiction,
  type TypeKind,
} from "./read.js";
import {
  contentKind,
  cutAfter,
  cutItem,
  deleteItem,
  findItem,
  firstItem,
  type Item,
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

  constructor(doc: Y.Doc, options: OverlayOptions) {
    this.#roots = new RootsNode({ doc, ...options });
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

interface Context extends OverlayOptions {
  readonly doc: Y.Doc;
}

/** A value of the document: a shared type, one of the two collections in it, or plain JSON. */
abstract class Node {
  abstract json(): Json;

  child(_token: string): Node {
    throw notContainer();
  }

  add(_token: string, _value: Json): void {
    throw notContainer();
  }

  replace(_token: string, _value: Json): void {
    throw notContainer();
  }

  remove(_token: string): void {
    throw notContainer();
  }

  editText(_position: number, _removed: string, _inserted: string): void {
    throw notEditable();
  }

  editDelta(_delta: Delta): void {
    throw new BridgeError("text-mismatch", "There is no formatted text here.");
  }

  /** Takes another value without being replaced; `false` if it cannot, or shall not. */
  take(_value: Json, _merge: boolean): boolean {
    return false;
  }

  plan(): void {}

  write(_transaction: Transaction): void {}
}

/** Plain JSON: a cell of the document, or a value that is not in it yet. */
class JsonNode extends Node {
  readonly isCell: boolean;
  readonly #draft: JsonDraft;
  readonly #tokens: readonly string[];
  readonly #original: Json;

  constructor(draft: JsonDraft, { isCell, tokens = [] }: { isCell: boolean; tokens?: readonly string[] }) {
    super();
    this.isCell = isCell;
    this.#draft = draft;
    this.#tokens = tokens;
    this.#original = draft.root;
  }

  get isUntouched(): boolean {
    return this.isCell && this.#draft.root === this.#original;
  }

  json(): Json {
    return this.#draft.valueAt(this.#tokens);
  }

  override child(token: string): Node {
    const tokens = [...this.#tokens, token];
    this.#draft.valueAt(tokens);
    return new JsonNode(this.#draft, { isCell: this.isCell, tokens });
  }

  override add(token: string, value: Json): void {
    this.#draft.add([...this.#tokens, token], value);
  }

  override replace(token: string, value: Json): void {
    this.#draft.replace([...this.#tokens, token], value);
  }

  override remove(token: string): void {
    this.#draft.remove([...this.#tokens, token]);
  }

  override editText(position: number, removed: string, inserted: string): void {
    this.#draft.editText(this.#tokens, position, removed, inserted);
  }

  override editDelta(delta: Delta): void {
    this.#draft.editDelta(this.#tokens, delta);
  }
}

/** What can only be read, or replaced as a whole. */
class FixedNode extends Node {
  readonly #json: Json;

  constructor(json: Json) {
    super();
    this.#json = json;
  }

  json(): Json {
    return this.#json;
  }

  override child(token: string): Node {
    return new FixedNode(new JsonDraft(this.#json).valueAt([token]));
  }

  override add(): void {
    throw notEditable();
  }

  override replace(): void {
    throw notEditable();
  }

  override remove(): void {
    throw notEditable();
  }
}

/** The keyed values of a type: a map's members, an element's attributes. */
class KeysNode extends Node {
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
      node = item === null ? null : nodeOf(this.#context, item, projectEntry, path);
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

/** An element of a list: of the document, with its position there, or new. */
interface Slot {
  readonly origin: number | null;
  /** `null` until it is looked at. */
  node: Node | null;
}

/** What takes the place of the document's elements from `from` to `to`. */
interface Gap {
  readonly from: number;
  readonly to: number;
  readonly plans: readonly ItemPlan[];
}

/** The list items of a type: an array's elements, an element's children. */
class ListNode extends Node {
  readonly #context: Context;
  readonly #type: SharedType;
  readonly #kind: TypeKind;
  readonly #path: readonly string[];
  /** The ids of the document's elements. */
  readonly #units: { readonly client: number; readonly clock: number }[] = [];
  #slots: Slot[] = [];
  readonly #gaps: Gap[] = [];

  constructor(context: Context, type: SharedType, kind: TypeKind, path: readonly string[]) {
    super();
    this.#context = context;
    this.#type = type;
    this.#kind = kind;
    this.#path = path;
    for (let item = firstItem(type); item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue;
      for (let i = 0; i < item.length; i++) {
        this.#slots.push({ origin: this.#units.length, node: null });
        this.#units.push({ client: item.id.client, clock: item.id.clock + i });
      }
    }
  }

  json(): Json {
    return this.#slots.map(slot => this.#slotJson(slot));
  }

  override child(token: string): Node {
    return this.#load(this.#slots[elementIndex(this.#slots.length, token)]!);
  }

  override add(token: string, value: Json): void {
    const index = insertionIndex(this.#slots.length, token);
    planElement(this.#kind, value, [...this.#path, String(index)], this.#context);
    this.#slots.splice(index, 0, newSlot(value));
  }

  override replace(token: string, value: Json): void {
    const index = elementIndex(this.#slots.length, token);
    planElement(this.#kind, value, [...this.#path, token], this.#context);
    this.#slots[index] = this.#replaced(this.#slots[index]!, value, this.#context.merge);
  }

  override remove(token: string): void {
    this.#slots.splice(elementIndex(this.#slots.length, token), 1);
  }

  override take(value: Json, merge: boolean): boolean {
    if (!merge || !isArray(value)) return false;
    const before = this.#slots.map(slot => canonicalText(this.#slotJson(slot)));
    const slots: Slot[] = [];
    let from = 0;
    for (const step of compareLists(before, value.map(canonicalText))) {
      if ("kept" in step) {
        for (let i = 0; i < step.kept; i++) slots.push(this.#slots[from++]!);
        continue;
      }
      for (let i = 0; i < step.inserted; i++) {
        const element = value[slots.length]!;
        slots.push(
          i < step.removed ? this.#replaced(this.#slots[from + i]!, element, merge) : newSlot(element),
        );
      }
      from += step.removed;
    }
    this.#slots = slots;
    return true;
  }

  override plan(): void {
    let from = 0;
    let fresh: JsonNode[] = [];
    this.#slots.forEach((slot, index) => {
      const { origin, node } = slot;
      if (node instanceof JsonNode && !node.isUntouched) {
        fresh.push(node);
        return;
      }
      node?.plan();
      this.#planGap(from, origin!, fresh, index);
      from = origin! + 1;
      fresh = [];
    });
    this.#planGap(from, this.#units.length, fresh, this.#slots.length);
  }

  override write(transaction: Transaction): void {
    for (const { node } of this.#slots) node?.write(transaction);
    for (const { from, to, plans } of this.#gaps) {
      const before = this.#units[from - 1];
      const left = before === undefined ? null : cutAfter(transaction, before.client, before.clock);
      for (let i = from; i < to; i++) {
        const { client, clock } = this.#units[i]!;
        const item = findItem(transaction.doc, client, clock)!;
        let length = 1;
        while (i + 1 < to && holds(item, this.#units[i + 1]!)) {
          length++;
          i++;
        }
        deleteItem(transaction, cutItem(transaction, item, clock, length));
      }
      buildItems(transaction, this.#type, left, plans);
    }
  }

  /** `index` is the one behind the new elements. */
  #planGap(from: number, to: number, fresh: readonly JsonNode[], index: number): void {
    const max = Math.min(to - from, fresh.length);
    const isSame = (origin: number, node: JsonNode) => jsonEqual(this.#originalJson(origin), node.json());
    let first = 0;
    while (first < max && isSame(from + first, fresh[first]!)) first++;
    let last = 0;
    while (last < max - first && isSame(to - 1 - last, fresh.at(-1 - last)!)) last++;
    const plans = fresh.slice(first, fresh.length - last).map((node, i) => {
      if (node.isCell) return planPlain(node.json(), this.#context);
      const position = index - fresh.length + first + i;
      return planElement(this.#kind, node.json(), [...this.#path, String(position)], this.#context);
    });
    if (plans.length > 0 || to - last > from + first) {
      this.#gaps.push({ from: from + first, to: to - last, plans });
    }
  }

  #replaced(slot: Slot, value: Json, merge: boolean): Slot {
    if (jsonEqual(this.#slotJson(slot), value) || this.#load(slot).take(value, merge)) return slot;
    return newSlot(value);
  }

  #slotJson({ origin, node }: Slot): Json {
    return node === null ? this.#originalJson(origin!) : node.json();
  }

  #originalJson(origin: number): Json {
    const { client, clock } = this.#units[origin]!;
    const item = findItem(this.#context.doc, client, clock)!;
    return projectValues(item, now)[clock - item.id.clock]!;
  }

  #load(slot: Slot): Node {
    if (slot.node === null) {
      const { client, clock } = this.#units[slot.origin!]!;
      const item = findItem(this.#context.doc, client, clock)!;
      const index = clock - item.id.clock;
      const path = [...this.#path, String(slot.origin)];
      slot.node = nodeOf(this.#context, item, () => projectValues(item, now)[index]!, path);
    }
    return slot.node;
  }
}

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

/** A text, plain or formatted. */
class TextNode extends Node {
  readonly #context: Context;
  readonly #type: SharedType;
  readonly #kind: "text" | "richText" | "xmlText";
  readonly #path: readonly string[];
  readonly #attrs: KeysNode;
  #document: DeltaDocument;
  readonly #edits: Delta[] = [];
  #plans: TextEditPlan[][] = [];

  constructor(
    context: Context,
    type: SharedType,
    kind: "text" | "richText" | "xmlText",
    path: readonly string[],
  ) {
    super();
    this.#context = context;
    this.#type = type;
    this.#kind = kind;
    this.#path = path;
    this.#attrs = new KeysNode(context, type, [...path, "attrs"]);
    const json = projectType(type, kind, now);
    this.#document =
      typeof json === "string" ? plainDocument(json) : parseDeltaDocument((json as JsonObject).delta);
  }

  json(): Json {
    const attrs = this.#attrs.json() as JsonObject;
    const text = plainText(this.#document);
    if (this.#kind === "text" && text !== null && Object.keys(attrs).length === 0) return text;
    return { $y: this.#kind === "xmlText" ? "xtext" : "text", delta: this.#document, attrs };
  }

  override child(token: string): Node {
    const json = this.json();
    if (typeof json === "string") throw notContainer();
    return token === "attrs" ? this.#attrs : new FixedNode(json).child(token);
  }

  override add(token: string, value: Json): void {
    this.replace(token, value);
  }

  override replace(token: string, value: Json): void {
    this.child(token);
    if (token === "delta") this.#become(parseDeltaDocument(value));
    else if (token !== "attrs" || !this.#attrs.take(value, true)) throw notEditable();
  }

  override remove(): void {
    throw notEditable();
  }

  override editText(position: number, removed: string, inserted: string): void {
    const delta: DeltaOperation[] = position > 0 ? [{ retain: position }] : [];
    if (inserted !== "") delta.push({ insert: inserted });
    if (removed !== "") delta.push({ delete: removed.length });
    this.editDelta(delta);
  }

  override editDelta(delta: Delta): void {
    const text = flatText(this.#document);
    let position = 0;
    for (const operation of delta) {
      if ("insert" in operation) continue;
      position += "retain" in operation ? operation.retain : operation.delete;
      if (splitsSurrogatePair(text, position)) {
        throw new BridgeError("split-surrogate", `Position ${position} lies within a surrogate pair.`);
      }
    }
    // An insertion at the very beginning splits nothing, and elsewhere a retain or delete ends where it begins.
    planTextEdits(delta, this.#path, this.#context);
    this.#document = applyDelta(this.#document, delta);
    this.#edits.push(delta);
  }

  override take(value: Json): boolean {
    const tag = this.#kind === "xmlText" ? "xtext" : "text";
    if (typeof value === "string") {
      this.#attrs.take({}, true);
      this.#become(plainDocument(value));
      return true;
    }
    if (!isObject(value) || value.$y !== tag || !isObject(value.attrs)) return false;
    planValue(value, this.#path, this.#context);
    const document = parseDeltaDocument(value.delta);
    // Yjs's own editing knows objects only; a new text can hold such an embed all the same.
    if (document.some(({ insert }) => isObject(insert) && insert.$y === "embed")) return false;
    this.#attrs.take(value.attrs, true);
    this.#become(document);
    return true;
  }

  override plan(): void {
    this.#attrs.plan();
    this.#plans = this.#edits.map(delta => planTextEdits(delta, this.#path, this.#context));
  }

  override write(transaction: Transaction): void {
    this.#attrs.write(transaction);
    for (const plan of this.#plans) writeTextEdits(transaction, this.#type, plan);
  }

  #become(document: DeltaDocument): void {
    const [before, after] = [plainText(this.#document), plainText(document)];
    const delta =
      before !== null && after !== null ? compareTexts(before, after) : replaceText(this.#document, document);
    if (delta.length > 0) this.editDelta(delta);
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

  constructor(context: Context) {
    super();
    this.#context = context;
    this.#kinds = rootKinds(context.roots);
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

/** The node of what an item holds. */
function nodeOf(
  context: Context,
  item: Item,
  project: (item: Item, view: typeof now) => Json,
  path: readonly string[],
): Node {
  if (contentKind(item) === "type") return typeNode(context, typeOf(item), nestedKind(typeOf(item)), path);
  return new JsonNode(new JsonDraft(project(item, now)), { isCell: true });
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

function newSlot(value: Json): Slot {
  return { origin: null, node: new JsonNode(new JsonDraft(value), { isCell: false }) };
}

function holds({ id, length }: Item, unit: { readonly client: number; readonly clock: number }): boolean {
  return unit.client === id.client && unit.clock >= id.clock && unit.clock < id.clock + length;
}

function plainDocument(text: string): DeltaDocument {
  return text === "" ? [] : [{ insert: text }];
}

/** The text of a document that is nothing but text, or `null`. */
function plainText(document: DeltaDocument): string | null {
  const [first] = document;
  if (first === undefined) return "";
  if (document.length > 1 || typeof first.insert !== "string" || first.attributes !== undefined) return null;
  return first.insert;
}

function replaceText(before: DeltaDocument, after: DeltaDocument): Delta {
  const comparison = new DeltaComparison();
  for (const { insert, attributes } of before) comparison.remove(insert, attributes);
  for (const { insert, attributes } of after) comparison.insert(insert, attributes);
  return comparison.finish()?.delta ?? [];
}

function lastOf(tokens: readonly string[]): string {
  return tokens[tokens.length - 1]!;
}

function notEditable(): BridgeError {
  return new BridgeError("not-editable", "This value can only be replaced as a whole.");
}
