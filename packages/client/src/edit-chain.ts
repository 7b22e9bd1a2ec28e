/**
 * The edits of one document that wait: each on top of the one before, the first on top of a version.
 *
 *     version ─ first ─ second ─ third
 *
 * A commit of somebody else passes under all of them. When the first is done, its commit takes its place, which may have
 * come out otherwise than it stood here. When it is refused, the others pass its undoing. So each is at any time where
 * what it was made for is; or nowhere, when that is gone.
 *
 * Pure. Edits that were kept are on older versions than those that were made later; the former are brought forward first.
 */
import type { EditMessage, StoredEdit, Version } from "./edit.js";
import { listsOf, wholePatch, withPatch } from "./edit.js";
import { toExplicit, undoing } from "./explicit-patch.js";
import type { Json, Patch } from "./json-patch.js";
import { overlap, pass } from "./rebase.js";

export type EditChain = readonly StoredEdit[];

/** A commit; its pointers are from the whole document. */
export interface Commit extends Version {
  readonly patch: Patch;
}

/** An edit of a document that is shown as `json`, which is `base` with the chain on top. */
export function onTopOf(
  chain: EditChain,
  { message, base, json }: { message: EditMessage; base: Version | null; json: Json },
): Omit<StoredEdit, "order"> {
  const standing = { base, patch: [], isContested: false };
  if (message.type !== "update_document") return { message, on: [], asItStands: false, standing, lists: [] };
  const whole = wholePatch(message.patch);
  const { patch, after } = toExplicit(json, whole);
  const lists = listsOf([...whole, ...patch], [json, after]);

  const on: string[] = [];
  /** Without those that were gone through; `null` when it is in what one of them has made. */
  let alone: Patch | null = patch;
  for (const below of chain.toReversed()) {
    const options = toOptions(lists, below.lists);
    if (base !== null && alone !== null && !overlap(alone, below.standing.patch ?? [], options)) continue;
    on.push(below.message.edit_id);
    alone = alone && (pass(alone, undone(below), options)?.ours ?? null);
  }
  const made = on.length === 0 ? whole : (alone ?? patch);
  return {
    message: withPatch(message, made, base),
    on,
    asItStands: alone === null,
    standing: { ...standing, patch },
    lists,
  };
}

/** The chain on top of a commit of somebody else; what stands on that already stays as it is. */
export function passUnder(chain: EditChain, commit: Commit): EditChain {
  return carry(chain, commit.patch, commit);
}

/** What is left of the chain on top of the commit that its first has become. */
export function commitFirst([first, ...others]: EditChain, commit: Commit): EditChain {
  if (first === undefined) return others;
  const founded = others.map(edit =>
    standsOn(edit, first) ? { ...without(edit, first), asItStands: true } : edit,
  );
  return carry(founded, correction(first, commit.patch), { ...commit, isOwn: true });
}

/** What is left of the chain when its first has come to nothing. */
export function withdrawFirst([first, ...others]: EditChain): EditChain {
  if (first === undefined) return others;
  const isCreation = first.message.type === "create_document";
  let under = undone(first);
  return others.map(edit => {
    const moved = over(edit, under);
    under = moved.under;
    // One that does not stand on it is not moved; nor one that was kept without it before a crash.
    if (!standsOn(edit, first)) return edit;
    const left = without(edit, first);
    if (isCreation) return { ...left, asItStands: true, standing: { ...edit.standing, patch: null } };
    // What others have removed is for the relay to judge.
    const isGone = edit.standing.patch !== null && moved.patch === null;
    return {
      ...left,
      asItStands: edit.asItStands || isGone,
      standing: { ...edit.standing, patch: moved.patch },
    };
  });
}

/** The chain on top of a version of which it is not known how it came about. */
export function strand(chain: EditChain, sequence: number): EditChain {
  return chain.map(edit => {
    const { base } = edit.standing;
    if (base === null || base.sequence >= sequence) return edit;
    return { ...edit, standing: { ...edit.standing, base: { ...base, sequence }, patch: null } };
  });
}

function standsOn({ on }: StoredEdit, { message }: StoredEdit): boolean {
  return on.includes(message.edit_id);
}

function without(edit: StoredEdit, { message }: StoredEdit): StoredEdit {
  return { ...edit, on: edit.on.filter(id => id !== message.edit_id) };
}

function undone({ standing }: StoredEdit): Patch {
  return undoing(standing.patch ?? []);
}

/** Edits on top of a version that has come about by `below`. */
function carry(
  chain: EditChain,
  below: Patch,
  { sequence, revision, isOwn = false }: Version & { readonly isOwn?: boolean },
): EditChain {
  let under = below;
  return chain.map(edit => {
    const { base, patch, isContested } = edit.standing;
    if (base !== null && base.sequence >= sequence) return edit;
    const isMet = !isOwn && overlap(patch ?? [], under, toOptions(edit.lists));
    const moved = over(edit, under);
    under = moved.under;
    const standing = {
      base: { sequence, revision },
      patch: moved.patch,
      isContested: isContested || isMet,
    };
    return { ...edit, standing };
  });
}

/** What an edit does once something has come under it, and what that is on top of the edit. */
function over(edit: StoredEdit, under: Patch): { readonly patch: Patch | null; readonly under: Patch } {
  const { patch } = edit.standing;
  const passed = patch && pass(patch, under, toOptions(edit.lists));
  // Gone, it is not under those that stood on it, either.
  return passed === null
    ? { patch: null, under: [...undone(edit), ...under] }
    : { patch: passed.ours, under: passed.theirs };
}

/** What leads from an edit as it stood to its commit. */
function correction({ standing, lists }: StoredEdit, committed: Patch): Patch {
  const patch = standing.patch ?? [];
  const isApart = (one: Patch[number], other: Patch) => !overlap([one], other, toOptions(lists));
  const more = committed.filter(operation => isApart(operation, patch));
  if (!standing.isContested) return more;
  const less = undoing(patch).filter(operation => isApart(operation, committed));
  return [...less, ...elsewhere(patch, committed), ...more];
}

/** The moves of what was inserted at another index than it stood at: of two at one place either may come first. */
function elsewhere(patch: Patch, committed: Patch): Patch {
  if (patch.length !== committed.length) return [];
  const moves = patch.flatMap(({ op, path }, index): Patch => {
    const other = committed[index]!;
    const isMoved =
      op === "add" && other.op === "add" && path !== other.path && holderOf(path) === holderOf(other.path);
    return isMoved ? [{ op: "move", from: path, path: other.path }] : [];
  });
  // Those that go back go one after the other, those that go forward the last one first.
  const [first] = moves;
  return first !== undefined && "from" in first && indexOf(first.from) < indexOf(first.path)
    ? moves.toReversed()
    : moves;
}

function holderOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf("/"));
}

function indexOf(pointer: string): number {
  return Number(pointer.slice(pointer.lastIndexOf("/") + 1));
}

function toOptions(...lists: (readonly string[])[]): { lists: ReadonlySet<string> } {
  return { lists: new Set(lists.flat()) };
}
