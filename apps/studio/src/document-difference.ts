/**
 * A document as it was, and what a patch has made of it since, laid one upon the other: what has gone, what has come,
 * and what stayed, member by member and in texts unit by unit.
 *
 * The patch is applied to a tree that keeps what it takes away: an entry knows what was there before and what is there
 * now, and a text keeps its deleted stretches in their places.
 */
import { type Json, jsonEqual, parsePointer } from "@verso/bridge";
import type { Difference } from "@verso/protocol";

export type Side = "before" | "after";

/** One side of the two, as one reads it: what is marked is on this side only. */
export type View =
  | { readonly kind: "value"; readonly json: Json; readonly isMarked: boolean }
  | { readonly kind: "text"; readonly stretches: readonly Stretch[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [key: string, view: View])[] }
  | { readonly kind: "array"; readonly elements: readonly View[] };

export interface Stretch {
  readonly text: string;
  readonly isMarked: boolean;
}

export interface DocumentDifference {
  readonly before: View;
  readonly after: View;
}

type Operation = Difference["patch"][number];

/** `patch` and `rfc6902_patch` lead from the JSON to that of another version. */
export function differenceOf(
  before: Json,
  { patch, rfc6902_patch }: Pick<Difference, "patch" | "rfc6902_patch">,
): DocumentDifference {
  const whole: Entry = { key: "", original: before, present: { type: "json", json: before }, isNew: false };
  // What has become of the formats of a text is not shown: such a text is replaced as a whole.
  const isKnown = patch.every(({ op }) => op !== "delta");
  for (const operation of isKnown ? patch : rfc6902_patch) apply(operation, whole);
  return { before: viewOf(whole, "before"), after: viewOf(whole, "after") };
}

interface Entry {
  readonly key: string;
  /** What was there before; `undefined` for what has come since. */
  readonly original: Json | undefined;
  /** What is there now; `null` for what has gone. */
  present: Node | null;
  /** Whether all that is there now has come since. */
  isNew: boolean;
}

type Node =
  | { readonly type: "json"; readonly json: Json }
  | { readonly type: "text"; readonly pieces: readonly Piece[] }
  | Container;

interface Container {
  readonly type: "object" | "array";
  /** Those that have gone stay in their places. */
  readonly entries: Entry[];
}

interface Piece {
  readonly text: string;
  readonly state: "kept" | "gone" | "new";
}

function apply(operation: Operation, whole: Entry): void {
  const names = parsePointer(operation.path).map(String);
  const last = names.pop();
  if (last === undefined) return put(whole, operation.value as Json);
  const { type, entries } = open(names.reduce(memberOf, whole));
  const at = type === "array" ? placeOf(entries, last) : entries.findIndex(entry => entry.key === last);
  const entry = entries[at];
  if (operation.op === "add" && (type === "array" || entry === undefined)) {
    const made: Entry = { key: last, original: undefined, present: null, isNew: true };
    put(made, operation.value as Json);
    entries.splice(at === -1 ? entries.length : at, 0, made);
    return;
  }
  if (entry === undefined) throw new Error(`Nothing is at ${operation.path}.`);
  switch (operation.op) {
    case "add":
    case "replace":
      return put(entry, operation.value as Json);
    case "remove":
      entry.present = null;
      if (entry.original === undefined) entries.splice(at, 1);
      return;
    case "str_ins":
      return editText(entry, { from: Number(operation.pos), inserted: String(operation.str) });
    case "str_del":
      return editText(entry, { from: Number(operation.pos), deleted: String(operation.str).length });
    default:
      throw new Error(`A difference has no operation "${operation.op}".`);
  }
}

function put(entry: Entry, json: Json): void {
  entry.present = { type: "json", json };
  entry.isNew = entry.original === undefined || !jsonEqual(entry.original, json);
}

function memberOf(parent: Entry, name: string): Entry {
  const { type, entries } = open(parent);
  const member = type === "array" ? entries[placeOf(entries, name)] : entries.find(({ key }) => key === name);
  if (member === undefined) throw new Error(`Nothing is at "${name}".`);
  return member;
}

/** Of the element that now has this index; -1 where there is none. */
function placeOf(entries: readonly Entry[], index: string): number {
  let alive = Number(index);
  return entries.findIndex(({ present }) => present !== null && alive-- === 0);
}

/** The members of what is there now, opened where nobody has been there before. */
function open(entry: Entry): Container {
  const { present } = entry;
  if (present?.type === "object" || present?.type === "array") return present;
  const json = present?.type === "json" ? present.json : null;
  if (typeof json !== "object" || json === null) throw new Error(`"${entry.key}" has no members.`);
  const container: Container = {
    type: Array.isArray(json) ? "array" : "object",
    entries: Object.entries(json).map(([key, value]: [string, Json]) => ({
      key,
      original: entry.isNew ? undefined : value,
      present: { type: "json", json: value },
      isNew: entry.isNew,
    })),
  };
  entry.present = container;
  return container;
}

/** Positions count what is there now. */
function editText(
  entry: Entry,
  { from, deleted = 0, inserted = "" }: { from: number; deleted?: number; inserted?: string },
): void {
  const { present } = entry;
  const pieces: Piece[] = [];
  let position = 0;
  let isInserted = inserted === "";
  for (const piece of present?.type === "text"
    ? present.pieces
    : [{ text: textOf(present), state: kept(entry) }]) {
    if (piece.state === "gone") {
      pieces.push(piece);
      continue;
    }
    const cuts = [from - position, from + deleted - position].map(cut =>
      Math.min(Math.max(cut, 0), piece.text.length),
    );
    const [start, end] = cuts as [number, number];
    add(piece.text.slice(0, start), piece.state);
    if (!isInserted && from <= position + piece.text.length) {
      add(inserted, "new");
      isInserted = true;
    }
    if (piece.state === "kept") add(piece.text.slice(start, end), "gone");
    add(piece.text.slice(end), piece.state);
    position += piece.text.length;
  }
  if (!isInserted) add(inserted, "new");
  entry.present = { type: "text", pieces };

  function add(text: string, state: Piece["state"]): void {
    const last = pieces.at(-1);
    if (text === "") return;
    if (last?.state === state) pieces[pieces.length - 1] = { text: last.text + text, state };
    else pieces.push({ text, state });
  }
}

function kept({ isNew }: Entry): Piece["state"] {
  return isNew ? "new" : "kept";
}

function textOf(node: Node | null): string {
  if (node?.type === "json" && typeof node.json === "string") return node.json;
  throw new Error("This is no text.");
}

function viewOf(entry: Entry, side: Side): View {
  const { original, present, isNew } = entry;
  // What was replaced is on each side another.
  const isSame = original !== undefined && present !== null && !isNew;
  if (side === "before" && !isSame) return { kind: "value", json: original ?? null, isMarked: true };
  if (present === null) throw new Error("What has gone is on the other side only.");
  if (isNew) return { kind: "value", json: jsonOf(present), isMarked: true };
  switch (present.type) {
    case "json":
      return { kind: "value", json: present.json, isMarked: false };
    case "text":
      return { kind: "text", stretches: present.pieces.flatMap(piece => stretchOf(piece, side)) };
    case "object":
      return {
        kind: "object",
        members: present.entries.filter(isOn[side]).map(member => [member.key, viewOf(member, side)]),
      };
    case "array":
      return {
        kind: "array",
        elements: present.entries.filter(isOn[side]).map(element => viewOf(element, side)),
      };
  }
}

const isOn: Readonly<Record<Side, (entry: Entry) => boolean>> = {
  before: ({ original }) => original !== undefined,
  after: ({ present }) => present !== null,
};

function stretchOf({ text, state }: Piece, side: Side): Stretch[] {
  if (state === (side === "before" ? "new" : "gone")) return [];
  return [{ text, isMarked: state !== "kept" }];
}

function jsonOf(node: Node): Json {
  switch (node.type) {
    case "json":
      return node.json;
    case "text":
      return node.pieces.map(({ text, state }) => (state === "gone" ? "" : text)).join("");
    case "object": {
      const members = node.entries.flatMap(({ key, present }) =>
        present === null ? [] : [[key, jsonOf(present)]],
      );
      return Object.fromEntries(members);
    }
    case "array":
      return node.entries.flatMap(({ present }) => (present === null ? [] : [jsonOf(present)]));
  }
}
