/**
 * A text under an overlay, plain or formatted.
 *
 * Edits of a patch are made as they are given; a new value as a whole becomes the difference from the old one.
 */
import { planTextEdits, planValue, type TextEditPlan, writeTextEdits } from "./build.js";
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
import { compareTexts } from "./difference.js";
import { BridgeError } from "./errors.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import { notContainer } from "./json-patch.js";
import { KeysNode } from "./overlay-keys.js";
import { type Context, FixedNode, Node, notEditable } from "./overlay-node.js";
import { projectType } from "./read.js";
import { now, type SharedType, type Transaction } from "./yjs.js";

export class TextNode extends Node {
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
