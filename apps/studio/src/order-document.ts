/**
 * An order as a Yjs document: its fields in the map `order`, its lines as maps in the array `lines`.
 *
 * What the form writes keeps the total in step with the lines, in the same transaction. `writeJson` writes whatever
 * it is given: what may stand in an order the relay says, not this page.
 */
import { type Doc, Map as YMap } from "yjs";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface OrderJson {
  readonly order: JsonObject;
  readonly lines: readonly Json[];
}

export type Line = YMap<unknown>;
export type Field = "customer" | "email" | "ordered" | "delivered" | "status";
export type LineField = "item" | "quantity" | "price";

export function fieldOf(doc: Doc, field: Field | "total"): unknown {
  return doc.getMap("order").get(field);
}

/** An empty text takes the field away. */
export function setField(doc: Doc, field: Exclude<Field, "status">, value: string): void {
  set(doc.getMap("order"), field, value === "" ? undefined : value);
}

/** A payment is approved as it is entered, where the user may approve, and the approval goes when the payment does. */
export function setStatus(doc: Doc, status: string, { mayApprove }: { mayApprove: boolean }): void {
  const order = doc.getMap("order");
  doc.transact(() => {
    set(order, "status", status);
    if (mayApprove) set(order, "approved", status === "paid" ? true : undefined);
  });
}

/** Those that are lines at all. */
export function linesOf(doc: Doc): Line[] {
  return doc
    .getArray("lines")
    .map(asLine)
    .filter(line => line !== null);
}

export function addLine(doc: Doc): void {
  doc.transact(() => {
    doc.getArray("lines").push([newLine({ item: "", quantity: 1, price: 0 })]);
    setTotal(doc);
  });
}

export function setLine(doc: Doc, line: Line, { field, value }: { field: LineField; value: Json }): void {
  doc.transact(() => {
    set(line, field, value);
    setTotal(doc);
  });
}

export function removeLine(doc: Doc, line: Line): void {
  doc.transact(() => {
    const lines = doc.getArray("lines");
    const index = lines.toArray().indexOf(line);
    if (index !== -1) lines.delete(index);
    setTotal(doc);
  });
}

export function readJson(doc: Doc): OrderJson {
  // What is in a document of this page came in as JSON.
  return {
    order: doc.getMap("order").toJSON() as JsonObject,
    lines: doc.getArray("lines").toJSON() as Json[],
  };
}

/** What a text says of an order, if that can be written into the two roots at all. */
export function parseOrder(
  text: string,
): { readonly ok: true; readonly json: OrderJson } | { ok: false; detail: string } {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: `This is not JSON: ${error.message}.` };
    throw error;
  }
  const { order, lines, ...others } = isObject(parsed) ? parsed : {};
  if (!isObject(order) || !isArray(lines) || Object.keys(others).length > 0) {
    return {
      ok: false,
      detail: 'A document has an object "order" and an array "lines", and nothing beside them.',
    };
  }
  return { ok: true, json: { order, lines } };
}

/** Makes the document say exactly this, changing no more than differs, in one transaction. */
export function writeJson(doc: Doc, { order, lines }: OrderJson): void {
  doc.transact(() => {
    writeMap(doc.getMap("order"), order);
    const array = doc.getArray("lines");
    for (const [i, json] of lines.entries()) {
      const line = asLine(array.get(i));
      if (line !== null && isObject(json)) writeMap(line, json);
      else if (i >= array.length || !isSame(array.get(i), json)) {
        if (i < array.length) array.delete(i);
        array.insert(i, [isObject(json) ? newLine(json) : json]);
      }
    }
    if (array.length > lines.length) array.delete(lines.length, array.length - lines.length);
  });
}

function setTotal(doc: Doc): void {
  const total = linesOf(doc).reduce(
    (sum, line) => sum + Number(line.get("quantity")) * Number(line.get("price")),
    0,
  );
  set(doc.getMap("order"), "total", total);
}

function writeMap(map: YMap<unknown>, json: JsonObject): void {
  for (const key of [...map.keys()]) if (!Object.hasOwn(json, key)) map.delete(key);
  for (const [key, value] of Object.entries(json)) set(map, key, value);
}

/** Writes nothing where nothing changes: each write to a key is one that others may conflict with. */
function set(map: YMap<unknown>, key: string, value: Json | undefined): void {
  if (value === undefined) {
    if (map.has(key)) map.delete(key);
  } else if (!map.has(key) || !isSame(map.get(key), value)) map.set(key, value);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function newLine(json: JsonObject): Line {
  return new YMap<unknown>(Object.entries(json));
}

function asLine(value: unknown): Line | null {
  return value instanceof YMap ? value : null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
