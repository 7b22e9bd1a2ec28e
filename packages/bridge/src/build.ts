/**
 * Building shared content from tagged JSON: the counterpart of reading.
 *
 * Objects become Y.Maps, arrays Y.Arrays, tagged shared types what their tag says, all else plain values; a plain
 * string becomes a Y.Text where the caller says so. In two steps, since Yjs cannot roll back: `planValue` checks
 * everything and writes nothing, the `build` functions write what was planned and cannot fail. Structs are written as
 * such and not through the methods of Yjs's types, which refuse some of what every peer can read (`undefined` in an
 * array, for example).
 *
 * Long for the same reason as `read.ts`: one format, form by form.
 */
import { type Delta, type DeltaDocument, parseDeltaDocument } from "./delta.js";
import { BridgeError } from "./errors.js";
import {
  fromTagged,
  isArray,
  isObject,
  isPlainObject,
  type Json,
  type JsonObject,
  jsonEqual,
  unescapeKey,
} from "./json.js";
import { isForbiddenKey } from "./pointer.js";
import { admitsKeys, isTextual, itemsAreChildren, type TypeKind } from "./read.js";
import {
  type Content,
  editText,
  type Item,
  insertItem,
  newContent,
  nextOf,
  type SharedType,
  setEntry,
  type TextEdit,
  type Transaction,
  type TypeClass,
  typeIn,
  typeOf,
} from "./yjs.js";

export interface BuildOptions {
  /** Whether a plain string at these tokens is to be a Y.Text; list indexes are decimal. */
  readonly textAt: (path: readonly string[]) => boolean;
  /** Whether keys that name a prototype are refused. */
  readonly refusePrototypes: boolean;
  /** How many shared types may stand in each other; a root's children have depth 1. */
  readonly maxDepth: number;
}

/** What a key or a list element is going to hold. */
export type ValuePlan =
  | { readonly type: "plain"; readonly value: unknown }
  | { readonly type: "binary"; readonly bytes: Uint8Array }
  | { readonly type: "subdocument"; readonly guid: string; readonly options: unknown }
  | TypePlan;

export interface TypePlan {
  readonly type: "type";
  readonly className: TypeClass;
  readonly name: string;
  readonly keys: readonly (readonly [key: string, value: ValuePlan])[];
  readonly items: readonly ItemPlan[];
}

/** What a list may hold besides values. */
export type ItemPlan =
  | ValuePlan
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "embed"; readonly value: unknown }
  | { readonly type: "format"; readonly key: string; readonly value: unknown };

/**
 * Plans the content for tagged JSON that is to stand at `path`.
 *
 * Throws `invalid-value` for what cannot be built, or would not reach every peer as it is, and `forbidden-key`.
 */
export function planValue(json: Json, path: readonly string[], options: BuildOptions): ValuePlan {
  if (typeof json === "string" && options.textAt(path)) {
    return planText("text", json === "" ? [] : [{ insert: checkedText(json) }], {}, path, options);
  }
  if (typeof json === "object" && json !== null && path.length - 1 > options.maxDepth) {
    throw invalid(`This would be more than ${options.maxDepth} levels deep.`);
  }
  if (isArray(json)) {
    const items = json.map((element, i) => planValue(element, [...path, String(i)], options));
    return { type: "type", className: "array", name: "", keys: [], items };
  }
  if (typeof json !== "object" || json === null) return { type: "plain", value: checkedPlain(json, options) };
  if (!isPlainObject(json)) throw invalid("Only plain objects are JSON.");
  if (Object.hasOwn(json, "$y")) return planTagged(json, path, options);
  return { type: "type", className: "map", name: "", keys: planKeys(json, path, options), items: [] };
}

/** Plans a plain value: what is in it stays JSON and becomes no shared type. */
export function planPlain(json: Json, options: BuildOptions): ValuePlan {
  return { type: "plain", value: checkedPlain(json, options) };
}

/** Plans an element of a list of this kind. */
export function planElement(
  kind: TypeKind,
  json: Json,
  path: readonly string[],
  options: BuildOptions,
): ValuePlan {
  const plan = planValue(json, path, options);
  if (itemsAreChildren(kind) && !isXmlPlan(plan)) {
    throw invalid("An element holds elements, XML texts, fragments and hooks only.");
  }
  return plan;
}

export type TextEditPlan =
  | { readonly insert: string | ItemPlan; readonly attributes: Readonly<Record<string, unknown>> }
  | { readonly retain: number; readonly attributes: Readonly<Record<string, unknown>> }
  | { readonly delete: number };

/** Plans the edits of a text. */
export function planTextEdits(delta: Delta, path: readonly string[], options: BuildOptions): TextEditPlan[] {
  return delta.map(operation => {
    if ("delete" in operation) return operation;
    const attributes = checkedPlain(operation.attributes ?? {}, options) as Record<string, unknown>;
    if ("retain" in operation) return { retain: operation.retain, attributes };
    const item = planInsert(operation.insert, path, options);
    if (item.type === "string") return { insert: item.text, attributes };
    if (item.type === "type") return { insert: item, attributes };
    if (item.type !== "embed" || typeof item.value !== "object" || item.value === null) {
      throw invalid("Only objects and shared types can be embedded in a text.");
    }
    return { insert: item, attributes };
  });
}

export function writeTextEdits(
  transaction: Transaction,
  type: SharedType,
  plans: readonly TextEditPlan[],
): void {
  const embedded: { type: SharedType; plan: TypePlan }[] = [];
  const edits = plans.map((edit): TextEdit => {
    if ("delete" in edit) return edit;
    // Yjs adds attributes of its own to the objects it is given.
    const attributes = { ...edit.attributes };
    if ("retain" in edit) return { retain: edit.retain, attributes };
    if (typeof edit.insert === "string") return { insert: edit.insert, attributes };
    const content = contentOf(edit.insert);
    if (edit.insert.type === "type") embedded.push({ type: typeIn(content), plan: edit.insert });
    return { insert: content, attributes };
  });
  editText(type, edits);
  for (const { type: inner, plan } of embedded) buildType(transaction, inner, plan);
}

/** Sets a key; what stood there is deleted. */
export function buildEntry(transaction: Transaction, parent: SharedType, key: string, plan: ValuePlan): void {
  const item = setEntry(transaction, parent, key, contentOf(plan));
  if (plan.type === "type") buildType(transaction, typeOf(item), plan);
}

/** Inserts list items after another, `null` being the start; returns the last of them. */
export function buildItems(
  transaction: Transaction,
  parent: SharedType,
  after: Item | null,
  plans: readonly ItemPlan[],
): Item | null {
  const right = nextOf(parent, after);
  let left = after;
  let values: unknown[] = [];
  plans.forEach((plan, i) => {
    if (plan.type === "plain") values.push(plan.value);
    // Plain values side by side share one struct.
    if (values.length > 0 && plans[i + 1]?.type !== "plain") {
      left = insertItem(transaction, parent, { left, right, content: newContent.values(values) });
      values = [];
    }
    if (plan.type === "plain") return;
    left = insertItem(transaction, parent, { left, right, content: contentOf(plan) });
    if (plan.type === "type") buildType(transaction, typeOf(left), plan);
  });
  return left;
}

/** Fills an empty type. */
export function buildType(transaction: Transaction, type: SharedType, { keys, items }: TypePlan): void {
  buildItems(transaction, type, null, items);
  for (const [key, plan] of keys) buildEntry(transaction, type, key, plan);
}

function contentOf(plan: ItemPlan): Content {
  switch (plan.type) {
    case "plain":
      return newContent.values([plan.value]);
    case "binary":
      return newContent.binary(plan.bytes);
    case "subdocument":
      return newContent.subdocument(plan.guid, plan.options);
    case "type":
      return newContent.type(plan.className, plan.name);
    case "string":
      return newContent.string(plan.text);
    case "embed":
      return newContent.embed(plan.value);
    case "format":
      return newContent.format(plan.key, plan.value);
  }
}

function planTagged(json: JsonObject, path: readonly string[], options: BuildOptions): ValuePlan {
  switch (json.$y) {
    case "text":
    case "xtext": {
      const { delta, attrs } = members(json, ["delta", "attrs"]);
      const className = json.$y === "text" ? "text" : "xmlText";
      return planText(className, parseDocument(delta), attributes(attrs), path, options);
    }
    case "xml": {
      const { tag, attrs, children } = members(json, ["tag", "attrs", "children"]);
      const keys = planKeys(attributes(attrs), [...path, "attrs"], options);
      const items = planChildren(children, path, options);
      return { type: "type", className: "xmlElement", name: name(tag), keys, items };
    }
    case "frag": {
      const { children } = members(json, ["children"]);
      const items = planChildren(children, path, options);
      return { type: "type", className: "xmlFragment", name: "", keys: [], items };
    }
    case "hook": {
      const { name: hook, attrs } = members(json, ["name", "attrs"]);
      const keys = planKeys(attributes(attrs), [...path, "attrs"], options);
      return { type: "type", className: "xmlHook", name: name(hook), keys, items: [] };
    }
    case "doc": {
      const { guid, opts } = members(json, ["guid", "opts"]);
      if (!isObject(opts)) throw invalid("The options of a subdocument are an object.");
      return { type: "subdocument", guid: name(guid), options: checkedPlain(opts, options) };
    }
    case "mixed":
      return planMixed(json, path, options);
    default: {
      const value = checkedPlain(json, options);
      return value instanceof Uint8Array ? { type: "binary", bytes: value } : { type: "plain", value };
    }
  }
}

function planKeys(
  object: JsonObject,
  path: readonly string[],
  options: BuildOptions,
): (readonly [string, ValuePlan])[] {
  return Object.keys(object).map(member => {
    const key = checkedKey(member, options);
    return [key, planValue(object[member]!, [...path, member], options)] as const;
  });
}

function planChildren(
  children: Json | undefined,
  path: readonly string[],
  options: BuildOptions,
): ItemPlan[] {
  if (children === undefined || !isArray(children)) throw invalid("The children of an element are an array.");
  return children.map((child, i) =>
    planElement("xmlFragment", child, [...path, "children", String(i)], options),
  );
}

function planText(
  className: "text" | "xmlText",
  document: DeltaDocument,
  attrs: JsonObject,
  path: readonly string[],
  options: BuildOptions,
): TypePlan {
  const items = planDocument(document, path, options);
  if (items.some(item => isValue(item) && item.type !== "type"))
    throw invalid("A text holds no plain values.");
  return { type: "type", className, name: "", keys: planKeys(attrs, [...path, "attrs"], options), items };
}

function planMixed(json: JsonObject, path: readonly string[], options: BuildOptions): TypePlan {
  const { kind, tag, delta, attrs } = members(json, ["kind", "tag", "delta", "attrs"]);
  const className = CLASSES[kind as TypeKind];
  if (typeof kind !== "string" || !Object.hasOwn(CLASSES, kind) || className === undefined) {
    throw invalid(`There is no kind ${JSON.stringify(kind)}.`);
  }
  const items = planDocument(parseDocument(delta), path, options);
  const keys = planKeys(attributes(attrs), [...path, "attrs"], options);
  if (
    !items.some(item => contradicts(kind as TypeKind, item)) &&
    (keys.length === 0 || admitsKeys(kind as TypeKind))
  ) {
    if (isTextual(kind as TypeKind)) throw invalid("Nothing in this mixed text contradicts its kind.");
    // What made it mixed was a format mark that formats nothing and so shows nowhere: one is as good as another.
    items.push({ type: "format", key: "", value: null });
  }
  return { type: "type", className, name: name(tag), keys, items };
}

/** The class that a type of each kind has. */
export const CLASSES: Readonly<Record<TypeKind, TypeClass>> = {
  map: "map",
  array: "array",
  text: "text",
  richText: "text",
  xmlText: "xmlText",
  xmlElement: "xmlElement",
  xmlFragment: "xmlFragment",
  xmlHook: "xmlHook",
};

function contradicts(kind: TypeKind, item: ItemPlan): boolean {
  switch (kind) {
    case "map":
    case "xmlHook":
      return true;
    case "array":
      return !isValue(item);
    case "xmlElement":
    case "xmlFragment":
      return !isXmlPlan(item);
    default:
      return isValue(item) && item.type !== "type";
  }
}

function isValue(item: ItemPlan): item is ValuePlan {
  return item.type !== "string" && item.type !== "embed" && item.type !== "format";
}

function isXmlPlan(item: ItemPlan): boolean {
  return item.type === "type" && item.className.startsWith("xml");
}

/** The content of a delta with its format marks; at the end all formats are closed, as Yjs does it. */
function planDocument(document: DeltaDocument, path: readonly string[], options: BuildOptions): ItemPlan[] {
  const items: ItemPlan[] = [];
  let current: JsonObject = {};
  const format = (wanted: JsonObject) => {
    for (const attribute of new Set([...Object.keys(current), ...Object.keys(wanted)])) {
      const value = Object.hasOwn(wanted, attribute) ? wanted[attribute]! : null;
      if (Object.hasOwn(current, attribute) && jsonEqual(current[attribute]!, value)) continue;
      items.push({
        type: "format",
        key: checkedKey(attribute, options),
        value: checkedPlain(value, options),
      });
    }
    current = wanted;
  };
  for (const { insert, attributes: wanted = {} } of document) {
    format(wanted);
    items.push(planInsert(insert, path, options));
  }
  format({});
  return items;
}

function planInsert(insert: string | JsonObject, path: readonly string[], options: BuildOptions): ItemPlan {
  if (typeof insert === "string") return { type: "string", text: checkedText(insert) };
  if (!Object.hasOwn(insert, "$y")) return { type: "embed", value: checkedPlain(insert, options) };
  const { v } = members(insert, ["v"]);
  switch (insert.$y) {
    case "embed":
      return { type: "embed", value: checkedPlain(v, options) };
    case "type": {
      // A text that is nothing but text reads as a string.
      const plan = planValue(v, path, typeof v === "string" ? { ...options, textAt: () => true } : options);
      if (plan.type === "type") return plan;
      break;
    }
    case "value": {
      const plan =
        isObject(v) && Object.hasOwn(v, "$y") ? planTagged(v, path, options) : planPlain(v, options);
      if (plan.type !== "type") return plan;
      break;
    }
  }
  throw invalid(`A text has no content ${JSON.stringify(insert.$y)}.`);
}

function checkedPlain(json: Json, options: BuildOptions): unknown {
  checkStrings(json, options);
  return fromTagged(json);
}

function checkStrings(json: Json, options: BuildOptions): void {
  if (typeof json === "string") checkedText(json);
  else if (typeof json === "number") {
    if (!Number.isFinite(json) || Object.is(json, -0)) throw invalid(`JSON has no number ${json}.`);
  } else if (isArray(json)) for (const element of json) checkStrings(element, options);
  else if (typeof json === "object" && json !== null) {
    if (!isPlainObject(json)) throw invalid("Only plain objects are JSON.");
    for (const member of Object.keys(json)) {
      if (member !== "$y") checkedKey(member, options);
      checkStrings(json[member]!, options);
    }
  } else if (json !== null && typeof json !== "boolean") throw invalid(`JSON has no ${typeof json}.`);
}

function checkedKey(member: string, { refusePrototypes }: BuildOptions): string {
  const key = unescapeKey(checkedText(member));
  if (key === null) throw invalid("The key $y is written $$y.");
  if (refusePrototypes && isForbiddenKey(key)) {
    throw new BridgeError("forbidden-key", `The key ${key} names a prototype.`);
  }
  return key;
}

function checkedText(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw invalid("A lone surrogate reaches no other peer.");
  return text;
}

/** The named members of a tagged object; it has no others. */
function members<const N extends string>(json: JsonObject, names: readonly N[]): Readonly<Record<N, Json>> {
  const isComplete = names.every(member => Object.hasOwn(json, member));
  if (!isComplete || Object.keys(json).length !== names.length + 1) {
    throw invalid(`The tag ${JSON.stringify(json.$y)} goes with ${names.join(", ")}.`);
  }
  return json as Readonly<Record<N, Json>>;
}

function attributes(json: Json): JsonObject {
  if (!isObject(json)) throw invalid("Attributes are an object.");
  return json;
}

function name(json: Json): string {
  if (typeof json !== "string") throw invalid("A name is a string.");
  return checkedText(json);
}

function parseDocument(json: Json): DeltaDocument {
  try {
    return parseDeltaDocument(json);
  } catch (cause) {
    throw new BridgeError("invalid-value", "The content of a text is a delta of inserts.", { cause });
  }
}

function invalid(message: string): BridgeError {
  return new BridgeError("invalid-value", message);
}
