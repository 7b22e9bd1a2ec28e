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
import { followRun, type InsertedRun, movedRuns } from "./inserted-run.js";
import type { Json, PlainPatch } from "./json-patch.js";
import { overlap, pass } from "./rebase.js";

export type EditChain = readonly StoredEdit[];

/** A commit; its pointers are from the whole document. */
export interface Commit extends Version {
  readonly patch: PlainPatch;
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
  const lists = listsOf(patch, [json, after]);

  const on = new Set<string>();
  /** Without those that were gone through; `null` when it is in what one of them has made. */
  let alone: PlainPatch | null = patch;
  for (const below of chain.toReversed()) {
    const { edit_id: id } = below.message;
    const options = toOptions([...lists, ...below.lists]);
    const isOn = on.has(id) || base === null || alone === null;
    if (!isOn && !overlap(alone!, below.standing.patch ?? [], options)) continue;
    // What moves the other moves what is in it.
    for (const each of [id, ...below.on]) on.add(each);
    alone = alone && (pass(alone, undone(below), options)?.ours ?? null);
  }
  return {
    message: withPatch(message, on.size === 0 ? whole : (alone ?? patch), base),
    on: chain.map(edit => edit.message.edit_id).filter(id => on.has(id)),
    asItStands: alone === null,
    standing: { ...standing, patch },
    lists,
  };
}

/** The chain on top of a commit of somebody else; what stands on that already stays as it is. */
export function passUnder(chain: EditChain, commit: Commit): EditChain {
  return carry(chain, commit.patch, commit);
}

/**
 * What is left of the chain on top of the commit that its first has become, or on top of the version at which it has
 * turned out to change nothing.
 */
export function commitFirst([first, ...others]: EditChain, commit: Commit): EditChain {
  if (first === undefined) return others;
  const chain = carry(others, correction(first, commit.patch), { ...commit, first });
  const isOn = ({ order }: StoredEdit) => others.some(edit => edit.order === order && standsOn(edit, first));
  return movedRuns(first.standing.patch ?? [], commit.patch).reduce(
    (moved: EditChain, run) => followed(moved, { run, isOn }),
    chain,
  );
}

/** The chain where what its first has inserted is. */
function followed(
  chain: EditChain,
  { run, isOn }: { readonly run: InsertedRun; readonly isOn: (edit: StoredEdit) => boolean },
): EditChain {
  let now: InsertedRun | undefined = run;
  return chain.map(edit => {
    const { patch } = edit.standing;
    if (now === undefined || patch === null) return edit;
    const moved = followRun(patch, now);
    // It may be in an element that the edit moves, or removes.
    const place = { op: "test", path: now.path, value: null } as const;
    const path = pass(patch, [place], toOptions(edit.lists))?.theirs[0]?.path;
    now = path === undefined ? undefined : { ...moved.run, path };
    return isOn(edit) ? { ...edit, standing: { ...edit.standing, patch: moved.patch } } : edit;
  });
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

function undone({ standing }: StoredEdit): PlainPatch {
  return undoing(standing.patch ?? []);
}

/** Edits on top of a version that has come about by `below`, which corrects what the `first` of them had led to. */
function carry(
  chain: EditChain,
  below: PlainPatch,
  { sequence, revision, first }: Version & { readonly first?: StoredEdit },
): EditChain {
  let under = below;
  return chain.map(edit => {
    const { base, isContested } = edit.standing;
    const isOnFirst = first !== undefined && standsOn(edit, first);
    const isThere = base !== null && base.sequence >= sequence;
    // What was kept behind it before a crash has passed it.
    if (!isOnFirst && isThere) return edit;
    const isMet =
      isContested ||
      (first === undefined && overlap(edit.standing.patch ?? [], under, toOptions(edit.lists)));
    const moved = over(edit, under);
    under = moved.under;
    const standing = {
      base: isThere ? base : { sequence, revision },
      patch: moved.patch,
      isContested: isMet,
    };
    return isOnFirst ? { ...without(edit, first), asItStands: true, standing } : { ...edit, standing };
  });
}

/** What an edit does once something has come under it, and what that is on top of the edit. */
function over(
  edit: StoredEdit,
  under: PlainPatch,
): { readonly patch: PlainPatch | null; readonly under: PlainPatch } {
  const { patch } = edit.standing;
  const passed = patch && pass(patch, under, toOptions(edit.lists));
  // Gone, it is not under those that stood on it, either.
  return passed === null
    ? { patch: null, under: [...undone(edit), ...under] }
    : { patch: passed.ours, under: passed.theirs };
}

/** What leads from an edit as it stood to its commit. */
function correction({ standing, lists }: StoredEdit, committed: PlainPatch): PlainPatch {
  const patch = standing.patch ?? [];
  const apart = (some: PlainPatch, from: PlainPatch) =>
    some.filter(operation => !overlap([operation], from, toOptions(lists)));
  const less = standing.isContested ? apart(undoing(patch), committed) : [];
  return [...less, ...apart(committed, patch)];
}

const optionsOf = new WeakMap<readonly string[], { readonly lists: ReadonlySet<string> }>();

/** Asked for again with every commit. */
function toOptions(lists: readonly string[]): { readonly lists: ReadonlySet<string> } {
  const options = optionsOf.get(lists) ?? { lists: new Set(lists) };
  optionsOf.set(lists, options);
  return options;
}
