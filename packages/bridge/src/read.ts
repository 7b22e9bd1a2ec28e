/**
 * Reading: the lossless JSON of a Yjs document, now or before a span of transactions.
 *
 * Every shared type has one form, and what is inside it has the path that the form suggests:
 *
 *     Y.Map                     {…}                                                   /key
 *     Y.Array                   […]                                                   /index
 *     Y.Text, nothing but text  "…"
 *     Y.Text otherwise          {"$y":"text","delta":[…],"attrs":{…}}
 *     Y.XmlText                 {"$y":"xtext","delta":[…],"attrs":{…}}
 *     Y.XmlElement              {"$y":"xml","tag":"…","attrs":{…},"children":[…]}     /attrs/name  /children/index
 *     Y.XmlFragment             {"$y":"frag","children":[…]}                          /children/index
 *     Y.XmlHook                 {"$y":"hook","name":"…","attrs":{…}}                  /attrs/key
 *     subdocument               {"$y":"doc","guid":"…","opts":{…}}
 *
 * Nothing that is synced may be invisible. Yjs accepts any struct under any type and shows only what the type's class
 * expects; here a type with a struct that contradicts its kind (a list item in a map, a key in an array, a number in
 * a text, …) becomes `{"$y":"mixed","kind":"…","tag":"…","delta":[…],"attrs":{…}}`, which shows all of it. Texts and
 * mixed types are leaves: what is inside them has no path of its own.
 *
 * In a `delta`, an embedded object stands as it is; `{"$y":"type","v":…}` is an embedded shared type,
 * `{"$y":"embed","v":…}` an embed that is no object, and `{"$y":"value","v":…}` a value that no text should hold.
 *
 * Two things read the same and are one thing here: a plain object and a Y.Map, a plain string and a Y.Text without
 * formatting. Of a keyed struct with several units only the last is shown, as in Yjs.
 *
 * Long, because what is listed above is one format: each of its forms has its few lines here.
 */

import type * as Y from "yjs";
import { Attributes } from "./attributes.js";
import { appendInsert, type DeltaDocument, type DeltaInsert } from "./delta.js";
import { escapeKey, isArray, type Json, type JsonObject, setMember, tagStored, unescapeKey } from "./json.js";
import { type Path, parsePointer, tokenToIndex } from "./pointer.js";
import {
  bytesOf,
  type ContentKind,
  classOf,
  contentKind,
  embedOf,
  emptyType,
  firstItem,
  formatOf,
  hasKeys,
  type Item,
  itemOf,
  keysOf,
  lastEntry,
  lengthOf,
  nameOf,
  now,
  type SharedType,
  subdocumentOf,
  textOf,
  typeOf,
  type View,
  valuesOf,
} from "./yjs.js";

/** The kind of a root; `richText` is a Y.Text that always has the tagged form, so that its shape is stable. */
export type RootKind = "map" | "array" | "text" | "richText" | "xmlFragment" | "xmlText" | "xmlElement";

/** The roots of a document by name. Kinds are not on the wire: somebody has to know them. */
export type Roots = Readonly<Record<string, RootKind>>;

/** The kind of any shared type: a root's is declared or inferred, a nested one's is its class. */
export type TypeKind = RootKind | "xmlHook";

/** A table of roots of one's own, safe for every name. Throws a `TypeError` for a kind that is none. */
export function rootKinds(roots: Roots): Record<string, RootKind> {
  const kinds: Record<string, RootKind> = Object.create(null);
  for (const name of Object.keys(roots)) {
    if (!ROOT_KINDS.has(roots[name]!))
      throw new TypeError(`A root has no kind ${JSON.stringify(roots[name])}.`);
    kinds[name] = roots[name]!;
  }
  return kinds;
}

const ROOT_KINDS: ReadonlySet<string> = new Set<RootKind>([
  "map",
  "array",
  "text",
  "richText",
  "xmlFragment",
  "xmlText",
  "xmlElement",
]);

export interface ReadOptions {
  /**
   * Gives the JSON of a shared type or of a stored object, by calling `read` or from what it remembers; `read` asks it for
   * what is nested in the same way. Whoever remembers must forget a type when anything in it changes.
   *
   * @default nothing is remembered
   */
  readonly remember?: (source: object, read: () => Json) => Json;
}

/** The document's JSON: one member for each of the roots, empty ones included. */
export function read(doc: Y.Doc, roots: Roots, { remember }: ReadOptions = {}): JsonObject {
  const json: { [name: string]: Json } = {};
  const view = remember === undefined ? now : { ...now, remember };
  for (const name of Object.keys(roots))
    setMember(json, name, readRoot(doc, name, { kind: roots[name]!, view }));
  return json;
}

/** Adds to the roots those of the document in which something is visible, with the kinds that it shows. */
export function noteRoots(doc: Y.Doc, roots: Record<string, RootKind>): void {
  for (const [name, type] of doc.share) {
    if (Object.hasOwn(roots, name)) continue;
    const kind = inferKind(type);
    if (kind !== null) roots[name] = kind;
  }
}

/**
 * The JSON at one JSON Pointer, or `undefined` where there is nothing; without reading the rest of the document.
 *
 * Throws `invalid-pointer`.
 */
export function readPointer(doc: Y.Doc, roots: Roots, pointer: string): Json | undefined {
  return readPath(doc, roots, parsePointer(pointer));
}

/** The JSON at a path, like `readPointer`. */
export function readPath(doc: Y.Doc, roots: Roots, [name, ...path]: Path): Json | undefined {
  if (name === undefined) return read(doc, roots);
  if (typeof name !== "string" || !Object.hasOwn(roots, name)) return undefined;
  const type = doc.share.get(name);
  const kind = roots[name]!;
  return type === undefined ? valueAt(emptyRoot(kind), path) : readWithin(type, kind, path);
}

/**
 * The length of the text at a path, in UTF-16 units and embeds, without reading it; `undefined` where no shared text is.
 */
export function textLength(doc: Y.Doc, roots: Roots, path: Path): number | undefined {
  const found = typeAt(doc, roots, path);
  return found !== null && isTextual(found.kind) ? lengthOf(found.type) : undefined;
}

/** The number of elements of the list at a path, without reading it; `undefined` where no shared list is. */
export function listLength(doc: Y.Doc, roots: Roots, path: Path): number | undefined {
  const found = typeAt(doc, roots, path);
  return found?.kind === "array" && !showsContradiction(found.type, "array", now)
    ? lengthOf(found.type)
    : undefined;
}

function typeAt(doc: Y.Doc, roots: Roots, path: Path): { type: SharedType; kind: TypeKind } | null {
  const [name, ...rest] = path;
  const root = typeof name === "string" ? doc.share.get(name) : undefined;
  if (root === undefined || !Object.hasOwn(roots, name!)) return null;
  let type = root;
  let kind: TypeKind = roots[name!]!;
  let place: Path = rest;
  while (place.length > 0) {
    const step = stepInto(type, kind, place);
    if (step === null || contentKind(step.item) !== "type") return null;
    type = typeOf(step.item);
    kind = nestedKind(type);
    place = step.rest;
  }
  return { type, kind };
}

/** The document of a kind before anything was written: its roots, empty. */
export function emptyDocument(roots: Roots): JsonObject {
  const json: { [name: string]: Json } = {};
  for (const name of Object.keys(roots)) setMember(json, name, emptyRoot(roots[name]!));
  return json;
}

/** The value at a path in JSON, or `undefined`. A list index may be a number or its token. */
export function valueAt(json: Json | undefined, path: Path): Json | undefined {
  let value = json;
  for (const segment of path) {
    if (value === null || typeof value !== "object") return undefined;
    if (isArray(value)) {
      const index = typeof segment === "number" ? segment : tokenToIndex(segment);
      value = index === null ? undefined : value[index];
    } else {
      value = Object.hasOwn(value, segment) ? value[String(segment)] : undefined;
    }
  }
  return value;
}

/**
 * The kind of a root that nobody declared, from what is visible in it: the first list item decides, else a key; `null`
 * while nothing is visible. Deleted and collected structs decide nothing.
 */
export function inferKind(type: SharedType): RootKind | null {
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (item.deleted) continue;
    const content = contentKind(item);
    if (content === "string" || content === "format" || content === "embed") return "text";
    return content === "type" && isXml(typeOf(item)) ? "xmlFragment" : "array";
  }
  for (const key of keysOf(type)) if (lastEntry(type, key)?.deleted === false) return "map";
  return null;
}

/** The kind of a nested type. */
export function nestedKind(type: SharedType): TypeKind {
  // Only roots can be without a class.
  return classOf(type) ?? "map";
}

/** Whether types of this kind are leaves even without a contradiction. */
export function isTextual(kind: TypeKind): kind is "text" | "richText" | "xmlText" {
  return kind === "text" || kind === "richText" || kind === "xmlText";
}

/** Where the keyed values of a type are in its JSON: in itself, or in its member `attrs`. */
export function keysAreAttributes(kind: TypeKind): boolean {
  return kind !== "map";
}

/** Where the list items of a type are in its JSON: in itself, or in its member `children`. */
export function itemsAreChildren(kind: TypeKind): boolean {
  return kind === "xmlElement" || kind === "xmlFragment";
}

/** Whether a list item with such content belongs under a type of this kind. */
export function admitsItem(kind: TypeKind, content: ContentKind, item: Item): boolean {
  switch (kind) {
    case "map":
    case "xmlHook":
      return false;
    case "array":
      return content !== "string" && content !== "embed" && content !== "format";
    case "xmlElement":
    case "xmlFragment":
      return content === "type" && isXml(typeOf(item));
    case "text":
    case "richText":
    case "xmlText":
      return content === "string" || content === "format" || content === "embed" || content === "type";
  }
}

/** Whether keyed values belong under a type of this kind. */
export function admitsKeys(kind: TypeKind): boolean {
  return kind !== "array" && kind !== "xmlFragment";
}

export function showsKeys(type: SharedType, view: View): boolean {
  if (!hasKeys(type)) return false;
  for (const key of keysOf(type)) if (view.entry(type, key) !== null) return true;
  return false;
}

/** The JSON of a shared type and all that is in it. */
export function projectType(type: SharedType, kind: TypeKind, view: View): Json {
  if (isTextual(kind)) return projectText(type, kind, view);
  if (showsContradiction(type, kind, view))
    return mixedForm(type, kind, readDelta(type, kind, view).delta, view);
  switch (kind) {
    case "map":
      return projectKeys(type, view);
    case "array":
      return projectList(type, view);
    case "xmlElement":
      return {
        $y: "xml",
        tag: tagName(type),
        attrs: projectKeys(type, view),
        children: projectList(type, view),
      };
    case "xmlFragment":
      return { $y: "frag", children: projectList(type, view) };
    case "xmlHook":
      return { $y: "hook", name: nameOf(type), attrs: projectKeys(type, view) };
  }
}

/** The members of an XML type's JSON beside its attributes and children. */
function formOf(type: SharedType, kind: TypeKind): JsonObject {
  switch (kind) {
    case "xmlElement":
      return { $y: "xml", tag: tagName(type) };
    case "xmlHook":
      return { $y: "hook", name: nameOf(type) };
    default:
      return { $y: "frag" };
  }
}

/** The value of a key, as its item holds it. */
export function projectEntry(item: Item, view: View): Json {
  switch (contentKind(item)) {
    case "string":
      return textOf(item).slice(-1);
    case "format":
      return tagStored(undefined);
    default: {
      const values = projectValues(item, view);
      return values[values.length - 1] ?? null;
    }
  }
}

/** The list elements that an item holds. */
export function projectValues(item: Item, view: View): Json[] {
  switch (contentKind(item)) {
    case "any":
    case "json":
      return valuesOf(item).map(value => projectStored(value, view));
    case "binary":
      return [projectStored(bytesOf(item), view)];
    case "embed":
      return [projectStored(embedOf(item), view)];
    case "type": {
      const type = typeOf(item);
      const read = () => projectType(type, nestedKind(type), view);
      return [view.remember === undefined ? read() : view.remember(type, read)];
    }
    case "subdocument": {
      const { guid, options } = subdocumentOf(item);
      return [{ $y: "doc", guid, opts: tagStored(options) }];
    }
    default:
      return [];
  }
}

function projectStored(value: unknown, view: View): Json {
  if (view.remember === undefined || typeof value !== "object" || value === null) return tagStored(value);
  return view.remember(value, () => tagStored(value));
}

/** The units of an item as a delta shows them: its text, or one object for each unit. */
export function projectInserts(item: Item, view: View): readonly (string | JsonObject)[] {
  switch (contentKind(item)) {
    case "string":
      return [textOf(item)];
    case "embed": {
      const embed = embedOf(item);
      const json = tagStored(embed);
      const isObject = typeof embed === "object" && embed !== null && !isArray(json);
      return [isObject ? (json as JsonObject) : { $y: "embed", v: json }];
    }
    case "type":
      return projectValues(item, view).map(v => ({ $y: "type", v }));
    default:
      return projectValues(item, view).map(v => ({ $y: "value", v }));
  }
}

/** The forms a text can have; it changes its form by being replaced as a whole. */
export type TextForm = "string" | "tagged" | "mixed";

/** The form of a text in which such content is visible. */
export function textForm(
  kind: TypeKind,
  { isPlain, isMixed, hasKeys }: { isPlain: boolean; isMixed: boolean; hasKeys: boolean },
): TextForm {
  if (isMixed) return "mixed";
  return kind === "text" && isPlain && !hasKeys ? "string" : "tagged";
}

function projectKeys(type: SharedType, view: View): JsonObject {
  const members: { [key: string]: Json } = {};
  for (const key of keysOf(type)) {
    const item = view.entry(type, key);
    if (item !== null) setMember(members, escapeKey(key), projectEntry(item, view));
  }
  return members;
}

function readRoot(doc: Y.Doc, name: string, { kind, view }: { kind: RootKind; view: View }): Json {
  const type = doc.share.get(name);
  if (type === undefined) return emptyRoot(kind);
  const read = () => projectType(type, kind, view);
  return view.remember === undefined ? read() : view.remember(type, read);
}

function readWithin(type: SharedType, kind: TypeKind, path: Path): Json | undefined {
  if (path.length === 0 || isTextual(kind) || showsContradiction(type, kind, now)) {
    return valueAt(projectType(type, kind, now), path);
  }
  const [first, second] = path;
  if (first === "attrs" && kind !== "map" && admitsKeys(kind)) {
    return second === undefined ? projectKeys(type, now) : readEntry(type, String(second), path.slice(2));
  }
  if (first === "children" && itemsAreChildren(kind)) {
    return second === undefined ? projectList(type, now) : readElement(type, second, path.slice(2));
  }
  if (kind === "array") return readElement(type, first!, path.slice(1));
  if (kind === "map") return readEntry(type, String(first), path.slice(1));
  // The form itself, without what is in it.
  if (first === "$y" || first === "tag" || first === "name") return valueAt(formOf(type, kind), path);
  return valueAt(projectType(type, kind, now), path);
}

/** A unit of an item, and what is left of the path that led there. */
export interface Step {
  readonly item: Item;
  readonly offset: number;
  readonly rest: Path;
}

/** The unit that the first segments of a path lead to. */
export function stepInto(type: SharedType, kind: TypeKind, [first, ...rest]: Path): Step | null {
  if (first === undefined) return null;
  if (kind === "array") return stepTo(elementAt(type, first), rest);
  if (kind === "map") return stepToEntry(type, first, rest);
  const [second, ...below] = rest;
  if (second === undefined) return null;
  if (first === "attrs") return stepToEntry(type, second, below);
  return first === "children" && itemsAreChildren(kind) ? stepTo(elementAt(type, second), below) : null;
}

function stepTo(element: { item: Item; offset: number } | null, rest: Path): Step | null {
  return element === null ? null : { ...element, rest };
}

function stepToEntry(type: SharedType, segment: string | number, rest: Path): Step | null {
  const item = entryAt(type, segment);
  return item === null ? null : { item, offset: item.length - 1, rest };
}

function entryAt(type: SharedType, segment: string | number): Item | null {
  const key = unescapeKey(String(segment));
  return key === null ? null : now.entry(type, key);
}

function readEntry(type: SharedType, name: string, rest: Path): Json | undefined {
  const item = entryAt(type, name);
  if (item === null) return undefined;
  return contentKind(item) === "type" ? readNested(item, rest) : valueAt(projectEntry(item, now), rest);
}

function readElement(type: SharedType, segment: string | number, rest: Path): Json | undefined {
  const element = elementAt(type, segment);
  if (element === null) return undefined;
  const { item, offset } = element;
  return contentKind(item) === "type"
    ? readNested(item, rest)
    : valueAt(projectValues(item, now)[offset], rest);
}

function elementAt(type: SharedType, segment: string | number): { item: Item; offset: number } | null {
  let index = typeof segment === "number" ? segment : tokenToIndex(segment);
  if (index === null) return null;
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    if (index < item.length) return { item, offset: index };
    index -= item.length;
  }
  return null;
}

function readNested(item: Item, rest: Path): Json | undefined {
  const type = typeOf(item);
  return readWithin(type, nestedKind(type), rest);
}

function projectList(type: SharedType, view: View): Json[] {
  const elements: Json[] = [];
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (item.countable && view.shows(item))
      for (const value of projectValues(item, view)) elements.push(value);
  }
  return elements;
}

function projectText(type: SharedType, kind: TypeKind, view: View): Json {
  const { delta, isPlain, isMixed } = readDelta(type, kind, view);
  switch (textForm(kind, { isPlain, isMixed, hasKeys: showsKeys(type, view) })) {
    case "string":
      return (delta[0]?.insert as string | undefined) ?? "";
    case "tagged":
      return { $y: kind === "xmlText" ? "xtext" : "text", delta, attrs: projectKeys(type, view) };
    case "mixed":
      return mixedForm(type, kind, delta, view);
  }
}

function readDelta(
  type: SharedType,
  kind: TypeKind,
  view: View,
): { delta: DeltaDocument; isPlain: boolean; isMixed: boolean } {
  const delta: DeltaInsert[] = [];
  const attributes = new Attributes();
  let isPlain = true;
  let isMixed = false;
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (!view.shows(item)) continue;
    const content = contentKind(item);
    if (!admitsItem(kind, content, item)) isMixed = true;
    if (content === "format") {
      const { key, value } = formatOf(item);
      attributes.set(escapeKey(key), tagStored(value));
      continue;
    }
    if (content !== "string" || !attributes.isEmpty) isPlain = false;
    for (const insert of projectInserts(item, view)) appendInsert(delta, insert, attributes.json);
  }
  return { delta, isPlain, isMixed };
}

/** Whether a type holds something that its kind does not admit. For texts, `projectType` tells. */
export function showsContradiction(type: SharedType, kind: TypeKind, view: View): boolean {
  if (!admitsKeys(kind) && showsKeys(type, view)) return true;
  for (let item = firstItem(type); item !== null; item = item.right) {
    if (view.shows(item) && !admitsItem(kind, contentKind(item), item)) return true;
  }
  return false;
}

function mixedForm(type: SharedType, kind: TypeKind, delta: DeltaDocument, view: View): JsonObject {
  return { $y: "mixed", kind, tag: tagName(type), delta, attrs: projectKeys(type, view) };
}

/** What an element or hook is called. Yjs has no names for roots, but a class that must have one. */
function tagName(type: SharedType): string {
  return itemOf(type) === null ? "" : nameOf(type);
}

function emptyRoot(kind: RootKind): Json {
  return projectType(emptyType(), kind, now);
}

function isXml(type: SharedType): boolean {
  const name = classOf(type);
  return name === "xmlElement" || name === "xmlText" || name === "xmlFragment" || name === "xmlHook";
}
