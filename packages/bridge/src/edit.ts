/**
 * A change as one edit: what it does to each place of the JSON it begins at, and no longer how it got there.
 *
 * A change is a list of operations, each of which holds for what the ones before it leave. Two changes that begin at the
 * same JSON cannot be held against each other that way. Here each is a tree along that JSON: what is done to a key stands
 * at that key, what is done to a list or text are runs from its beginning to its end. Edits that follow one another are
 * joined two by two, neighbours first, so a change of n operations costs n log n.
 *
 * Keys that were written stay in the edit even if they end with the value they had: that they were written means
 * something to others who wrote them.
 */
import type { Change, Operation } from "./change.js";
import { applyDelta, parseDeltaDocument } from "./delta.js";
import { BridgeError } from "./errors.js";
import { isArray, isObject, type Json, jsonEqual, setMember } from "./json.js";
import type { Path } from "./pointer.js";
import type { RootKind } from "./read.js";
import { deltaPairOf, type RichRuns, richElements, richRunsOf } from "./rich-runs.js";
import { applyRuns, composeRuns, type Elements, eachRun, invertRuns, type Runs } from "./runs.js";

/** What is done to one value. */
export type Edit = SetEdit | MembersEdit | ListEdit | TextEdit | RichEdit;

/** The value is replaced; `undefined` where there is none. */
export interface SetEdit {
  readonly type: "set";
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly kind?: RootKind;
}

/** An object: what is done to its members. */
export interface MembersEdit {
  readonly type: "members";
  readonly members: ReadonlyMap<string, Edit>;
}

export interface ListEdit {
  readonly type: "list";
  readonly runs: ListRuns;
}

export interface TextEdit {
  readonly type: "text";
  readonly runs: TextRuns;
}

/** The delta of a formatted text: in the JSON, the member `delta` of the text. */
export interface RichEdit {
  readonly type: "rich";
  readonly runs: RichRuns;
}

export type ListRuns = Runs<readonly Json[], Edit>;
export type TextRuns = Runs<string, never>;

export const listElements: Elements<readonly Json[], Edit> = {
  lengthOf: values => values.length,
  slice: (values, from, to) => values.slice(from, to),
  concat: lists => (lists.length === 1 ? lists[0]! : lists.flat()),
  apply: (edit, values) =>
    values.map(value => {
      const after = applyEdit(edit, value);
      // An element goes by being deleted.
      return after === undefined ? refuse() : after;
    }),
  compose: (first, second) => composeEdits(first, second),
  invert: edit => invertEdit(edit),
  insertsGo: "before-deleted",
};

export const textElements: Elements<string, never> = {
  lengthOf: text => text.length,
  slice: (text, from, to) => text.slice(from, to),
  concat: texts => texts.join(""),
  apply: (_, text) => text,
  compose: () => null,
  invert: edit => edit,
  insertsGo: "after-deleted",
};

/** Throws `change-mismatch` if the operations contradict each other. */
export function editOfChange(change: Change): Edit {
  return editOfSpan(change, 0, change.length);
}

/**
 * The edit as a change: from the top downwards, so that the path of each operation is where it is after the whole change.
 */
export function changeOfEdit(edit: Edit, path: Path = []): Change {
  const change: Operation[] = [];
  writeEdit(edit, path, change);
  return change;
}

/** The value after the edit. Throws `change-mismatch` if the edit is not one of such a value. */
export function applyEdit(edit: Edit, json: Json | undefined): Json | undefined {
  switch (edit.type) {
    case "set":
      return edit.after;
    case "members": {
      if (!isObject(json)) return refuse();
      const result: { [key: string]: Json } = {};
      for (const key of Object.keys(json)) setMember(result, key, json[key]!);
      for (const [key, inner] of edit.members) {
        const value = applyEdit(inner, Object.hasOwn(json, key) ? json[key] : undefined);
        if (value === undefined) delete result[key];
        else setMember(result, key, value);
      }
      return result;
    }
    case "list":
      if (json === undefined || !isArray(json)) return refuse();
      return applyRuns(edit.runs, json, listElements);
    case "text":
      if (typeof json !== "string") return refuse();
      return applyRuns(edit.runs, json, textElements);
    case "rich":
      return applyDelta(parseDeltaDocument(json), deltaPairOf(edit.runs)?.delta ?? []);
  }
}

/** The targets of the edit, where they are before it. */
export function eachTarget(edit: Edit, path: Path, visit: (target: Path) => void): void {
  switch (edit.type) {
    case "set":
    case "text":
      visit(path);
      break;
    case "rich":
      visit(path.slice(0, -1));
      break;
    case "members":
      for (const [key, inner] of edit.members) eachTarget(inner, [...path, key], visit);
      break;
    case "list": {
      if (isStructural(edit)) visit(path);
      let index = 0;
      for (const run of edit.runs) {
        if (run.type === "keep") {
          if (run.edit !== null) eachTarget(run.edit, [...path, index], visit);
          index += run.length;
        } else if (run.type === "delete") {
          index += run.content.length;
        }
      }
    }
  }
}

/** Whether elements come or go. */
export function isStructural({ runs }: ListEdit): boolean {
  return runs.some(({ type }) => type !== "keep");
}

const nothing: MembersEdit = { type: "members", members: new Map() };

function editOfSpan(change: Change, from: number, to: number): Edit {
  if (to - from === 0) return nothing;
  if (to - from === 1) return editOfOperation(change[from]!);
  const middle = (from + to) >> 1;
  return composeEdits(editOfSpan(change, from, middle), editOfSpan(change, middle, to));
}

function editOfOperation(operation: Operation): Edit {
  const { path } = operation;
  switch (operation.type) {
    case "set": {
      const { type, before, after, kind } = operation;
      return editAt(
        [...path, operation.key],
        kind === undefined ? { type, before, after } : { type, before, after, kind },
      );
    }
    case "insert":
    case "delete": {
      const { type, index, values } = operation;
      return editAt(path, { type: "list", runs: [...skip(index), { type, content: values }] });
    }
    case "textInsert":
    case "textDelete": {
      const type = operation.type === "textInsert" ? "insert" : "delete";
      return editAt(path, {
        type: "text",
        runs: [...skip(operation.index), { type, content: operation.text }],
      });
    }
    case "delta":
      return editAt([...path, "delta"], { type: "rich", runs: richRunsOf(operation) });
  }
}

function editAt(path: Path, edit: Edit): Edit {
  return path.reduceRight<Edit>(
    (inner, segment) =>
      typeof segment === "number"
        ? { type: "list", runs: [...skip(segment), { type: "keep", length: 1, edit: inner }] }
        : { type: "members", members: new Map([[segment, inner]]) },
    edit,
  );
}

function skip(length: number): { type: "keep"; length: number; edit: null }[] {
  return length === 0 ? [] : [{ type: "keep", length, edit: null }];
}

function composeEdits(first: Edit, second: Edit): Edit {
  if (second.type === "set") {
    if (first.type === "set") return { ...first, after: second.after };
    return { ...second, before: applyEdit(invertEdit(first), second.before) };
  }
  if (first.type === "set") return { ...first, after: applyEdit(second, first.after) };
  if (first.type === "members" && second.type === "members") {
    const members = new Map(first.members);
    for (const [key, edit] of second.members) {
      const earlier = members.get(key);
      members.set(key, earlier === undefined ? edit : composeEdits(earlier, edit));
    }
    return { type: "members", members };
  }
  if (first.type === "list" && second.type === "list") {
    return { type: "list", runs: composeRuns(first.runs, second.runs, listElements) };
  }
  if (first.type === "text" && second.type === "text") {
    return { type: "text", runs: composeRuns(first.runs, second.runs, textElements) };
  }
  if (first.type === "rich" && second.type === "rich") {
    return { type: "rich", runs: composeRuns(first.runs, second.runs, richElements) };
  }
  return refuse();
}

function invertEdit(edit: Edit): Edit {
  switch (edit.type) {
    case "set":
      return { ...edit, before: edit.after, after: edit.before };
    case "members":
      return {
        type: "members",
        members: new Map([...edit.members].map(([key, inner]) => [key, invertEdit(inner)])),
      };
    case "list":
      return { type: "list", runs: invertRuns(edit.runs, listElements) };
    case "text":
      return { type: "text", runs: invertRuns(edit.runs, textElements) };
    case "rich":
      return { type: "rich", runs: invertRuns(edit.runs, richElements) };
  }
}

function writeEdit(edit: Edit, path: Path, change: Operation[]): void {
  switch (edit.type) {
    case "set":
      writeSet(edit, path, change);
      break;
    case "members":
      for (const [key, inner] of edit.members) writeEdit(inner, [...path, key], change);
      break;
    case "list": {
      const inside: (readonly [index: number, edit: Edit])[] = [];
      eachRun(edit.runs, listElements, (run, index) => {
        if (run.type !== "keep") change.push({ type: run.type, path, index, values: run.content });
        else if (run.edit !== null) inside.push([index, run.edit]);
      });
      for (const [index, inner] of inside) writeEdit(inner, [...path, index], change);
      break;
    }
    case "text":
      eachRun(edit.runs, textElements, (run, index) => {
        if (run.type === "keep") return;
        const type = run.type === "insert" ? "textInsert" : "textDelete";
        change.push({ type, path, index, text: run.content });
      });
      break;
    case "rich": {
      const pair = deltaPairOf(edit.runs);
      if (pair !== null) change.push({ type: "delta", path: path.slice(0, -1), ...pair });
    }
  }
}

function writeSet({ before, after, kind }: SetEdit, path: Path, change: Operation[]): void {
  if (before === after || (before !== undefined && after !== undefined && jsonEqual(before, after))) return;
  const set = { type: "set", path: path.slice(0, -1), key: path[path.length - 1]!, before, after } as const;
  change.push(kind === undefined ? set : { ...set, kind });
}

function refuse(): never {
  throw new BridgeError("change-mismatch", "The change expects another value here.");
}
