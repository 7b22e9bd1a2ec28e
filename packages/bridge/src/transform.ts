/**
 * Operational transformation: two changes that begin at the same JSON, each as it is to be applied after the other.
 *
 * Whoever applies theirs and then yours, and whoever applies yours and then theirs, ends at the same JSON (the property
 * TP1 of the literature). What becomes of what meets:
 *
 * - Both set a key: what the side that wins has set stands, the other's is dropped. Equal ones are one.
 * - One sets or removes a value in which the other edits something: the edit inside is dropped, whoever wins.
 * - One deletes a list element that the other edits or sets: that is dropped, whoever wins.
 * - Both insert at one place of a list or text: first comes what the side that loses inserts, then the other's.
 * - What either deletes from a list or text is deleted; what the other inserts within it stays.
 * - Both give the same characters the same attribute: that of the side that wins stands.
 *
 * Merging two Y.Docs comes to the same wherever nothing is in conflict, whoever wins. Where something is, it does if the
 * side with the higher client id wins: Yjs too lets its value stand, and puts what it inserts last. The exceptions are
 * what Yjs knows and a change does not show:
 *
 * - A removed key loses in Yjs against one that is set, whatever the ids; one that was set and then removed does not. Here
 *   a removal is a value like any other.
 * - Where one transaction both deletes and inserts, its change does not tell on which side of the deleted the new is. It
 *   is taken to be after deleted characters and before deleted list elements, which is where Y.Text and Y.Array insert.
 * - What is written again with an equal value, or inserted again as it was deleted, is no change, and no conflict; in Yjs
 *   the old is gone, and with it what others do inside of it.
 * - A plain text that gets its first format, embed or attribute is set as a whole, and so a key that both set, where Yjs
 *   has what both have done; likewise a root that nobody declared and that appears on both sides.
 * - What is inserted within a stretch that the other side formats gets that format in Yjs, and not here; of formats that
 *   overlap, Yjs may keep others.
 */
import type { Change, Operation } from "./change.js";
import {
  applyEdit,
  changeOfEdit,
  type Edit,
  eachTarget,
  editOfChange,
  isStructural,
  type ListEdit,
  listElements,
  type MembersEdit,
  type SetEdit,
  textElements,
} from "./edit.js";
import { BridgeError } from "./errors.js";
import { isObject, type Json, type JsonObject, jsonEqual } from "./json.js";
import { forwardPatch, type Patch } from "./patch.js";
import { type ChangeOfPatchOptions, changeOfPatch } from "./patch-change.js";
import { type Path, toPointer } from "./pointer.js";
import { type RichRuns, richElements, transformAttributes } from "./rich-runs.js";
import { type Runs, transformRuns } from "./runs.js";

export type Side = "yours" | "theirs";

export interface Transformed {
  /** Yours, as it is to be applied after theirs. */
  readonly yours: Change;
  /** Theirs, as it is to be applied after yours. */
  readonly theirs: Change;
  /** Every two edits that are in conflict; none if each side could have been made without knowing of the other. */
  readonly touched: readonly Touch[];
  /** What of yours is lost, as a change of the JSON at which both begin; without the attributes of characters. */
  readonly dropped: Change;
}

/** Two edits in conflict. */
export interface Touch {
  /**
   * - `key`: both set this key, to different values.
   * - `ancestor`: theirs sets or removes something that yours is inside of.
   * - `inside`: yours sets or removes something that theirs is inside of.
   * - `list`: both insert into this list or delete from it.
   * - `text`: both edit this text.
   */
  readonly reason: "key" | "ancestor" | "inside" | "list" | "text";
  /** JSON Pointer to what yours edits, in the JSON at which both begin. */
  readonly base: string;
  /** The same after theirs; `null` if theirs has taken its place away. */
  readonly head: string | null;
  /** JSON Pointer to what theirs edits, in the JSON at which both begin. */
  readonly theirs: string;
}

/**
 * Carries two changes that begin at the same JSON over each other.
 *
 * They come out with their operations joined: one for each key, and for each run of a list or text. Throws
 * `change-mismatch` where the changes expect different kinds of values; values are compared when a change is applied.
 */
export function transformChange(
  yours: Change,
  theirs: Change,
  { wins }: { readonly wins: Side },
): Transformed {
  const story: Story = { wins, touched: [], dropped: [] };
  const edits = { yours: editOfChange(yours), theirs: editOfChange(theirs) };
  const after = transformEdits(edits, { base: [], head: [] }, story);
  return {
    yours: after.yours === null ? [] : changeOfEdit(after.yours),
    theirs: after.theirs === null ? [] : changeOfEdit(after.theirs),
    touched: story.touched,
    dropped: story.dropped,
  };
}

export interface TransformPatchOptions extends ChangeOfPatchOptions {
  /** The JSON at which the patch begins, and the first of those it is carried over. */
  readonly base: JsonObject;
  readonly wins: Side;
}

export interface TransformedPatch {
  /** The patch for the JSON after those it was carried over, in the extended dialect. */
  readonly patch: Patch;
  readonly change: Change;
  readonly touched: readonly Touch[];
  /** What of the patch is lost, as a patch of the base; without the attributes of characters. */
  readonly dropped: Patch;
}

/**
 * Carries a patch over all that has happened since its base: over changes, or over patches in the extended dialect.
 *
 * A `test` is run on the base, and says nothing of the head. Throws what `changeOfPatch` throws, for the patch and for
 * those it is carried over.
 */
export function transformPatch(
  patch: Patch,
  over: readonly Patch[] | readonly Change[],
  { base, wins, ...options }: TransformPatchOptions,
): TransformedPatch {
  const yours = changeOfPatch(base, patch, options).change;
  const { textAt } = options;
  const theirs = isChanges(over)
    ? over.flat()
    : changeOfPatch(base, over.flat(), textAt && { textAt }).change;
  const transformed = transformChange(yours, theirs, { wins });
  return {
    patch: forwardPatch(transformed.yours),
    change: transformed.yours,
    touched: transformed.touched,
    dropped: forwardPatch(transformed.dropped),
  };
}

function isChanges(over: readonly Patch[] | readonly Change[]): over is readonly Change[] {
  return over.every(operations => operations.every(operation => "type" in operation));
}

interface Sides<T> {
  readonly yours: T;
  readonly theirs: T;
}

/** Where something is before both changes, and after theirs. */
interface Place {
  readonly base: Path;
  readonly head: Path | null;
}

/** How it is decided, and what is told of it. */
interface Story {
  readonly wins: Side;
  readonly touched: Touch[];
  readonly dropped: Operation[];
}

function transformEdits({ yours, theirs }: Sides<Edit>, place: Place, story: Story): Sides<Edit | null> {
  if (yours.type === "set" && theirs.type === "set") return transformSets({ yours, theirs }, place, story);
  if (yours.type === "set") {
    tellInside(theirs, place, story);
    return { yours: { ...yours, before: applyEdit(theirs, yours.before) }, theirs: null };
  }
  if (theirs.type === "set") {
    tellLost(yours, place.base, story);
    return { yours: null, theirs: { ...theirs, before: applyEdit(yours, theirs.before) } };
  }
  if (yours.type === "members" && theirs.type === "members") {
    return transformMembers({ yours, theirs }, place, story);
  }
  if (yours.type === "list" && theirs.type === "list") return transformLists({ yours, theirs }, place, story);
  if (yours.type === "text" && theirs.type === "text") {
    tellText({ yours: yours.runs, theirs: theirs.runs }, place, story);
    const runs = transformRuns({ yours: yours.runs, theirs: theirs.runs, wins: story.wins }, textElements, {
      both: edits => edits,
      lost: () => {},
    });
    return { yours: { type: "text", runs: runs.yours }, theirs: { type: "text", runs: runs.theirs } };
  }
  if (yours.type === "rich" && theirs.type === "rich") {
    return transformRich({ yours: yours.runs, theirs: theirs.runs }, place, story);
  }
  throw new BridgeError("change-mismatch", "The two changes do not begin at the same JSON.", {
    pointer: toPointer(place.base),
  });
}

function transformSets({ yours, theirs }: Sides<SetEdit>, place: Place, story: Story): Sides<Edit | null> {
  const [mine, other] = [yours.after, theirs.after];
  const isEqual = mine === undefined || other === undefined ? mine === other : jsonEqual(mine, other);
  if (!isEqual || hasBothInYjs(yours)) tell("key", place, place.base, story);
  if (isEqual) return { yours: null, theirs: null };
  if (story.wins === "yours") return { yours: { type: "set", before: other, after: mine }, theirs: null };
  for (const operation of changeOfEdit(yours, place.base)) story.dropped.push(operation);
  return { yours: null, theirs: { type: "set", before: mine, after: other } };
}

/** Whether two such sets, even equal ones, are edits of one shared type, which has the contents of both. */
function hasBothInYjs({ before, after, kind }: SetEdit): boolean {
  return (
    kind !== undefined || (before !== undefined && after !== undefined && (isLeaf(before) || isLeaf(after)))
  );
}

/** Whether it is a shared type that is shown as a whole, and replaced when its form changes. */
function isLeaf(json: Json): boolean {
  return isObject(json) && (json.$y === "text" || json.$y === "xtext" || json.$y === "mixed");
}

function transformMembers({ yours, theirs }: Sides<MembersEdit>, place: Place, story: Story): Sides<Edit> {
  const after = { yours: new Map(yours.members), theirs: new Map(theirs.members) };
  for (const [key, edit] of yours.members) {
    const other = theirs.members.get(key);
    if (other === undefined) continue;
    const edits = transformEdits({ yours: edit, theirs: other }, child(place, key), story);
    for (const side of ["yours", "theirs"] as const) {
      const transformed = edits[side];
      if (transformed === null) after[side].delete(key);
      else after[side].set(key, transformed);
    }
  }
  return {
    yours: { type: "members", members: after.yours },
    theirs: { type: "members", members: after.theirs },
  };
}

function transformLists({ yours, theirs }: Sides<ListEdit>, place: Place, story: Story): Sides<Edit> {
  if (isStructural(yours) && isStructural(theirs)) tell("list", place, place.base, story);
  const lists = { yours: yours.runs, theirs: theirs.runs, wins: story.wins };
  const runs = transformRuns(lists, listElements, {
    both: (edits, at) => transformEdits(edits, element(place, at), story),
    lost(edit, whose, at) {
      const here = element(place, at);
      if (whose === "yours") tellLost(edit, here.base, story);
      else tellInside(edit, here, story);
    },
  });
  return { yours: { type: "list", runs: runs.yours }, theirs: { type: "list", runs: runs.theirs } };
}

function transformRich(texts: Sides<RichRuns>, { base, head }: Place, story: Story): Sides<Edit> {
  // The place is that of the text's member `delta`; operations and pointers name the text.
  tellText(texts, { base: base.slice(0, -1), head: head?.slice(0, -1) ?? null }, story);
  const runs = transformRuns({ ...texts, wins: story.wins }, richElements, {
    both: edits => transformAttributes(edits, story.wins),
    lost: () => {},
  });
  return { yours: { type: "rich", runs: runs.yours }, theirs: { type: "rich", runs: runs.theirs } };
}

function tellText<C, E>({ yours, theirs }: Sides<Runs<C, E>>, place: Place, story: Story): void {
  // Without runs: what was inserted has been deleted again.
  if (yours.length > 0 && theirs.length > 0) tell("text", place, place.base, story);
}

/** Theirs is inside of what yours sets or deletes. */
function tellInside(theirs: Edit, place: Place, story: Story): void {
  eachTarget(theirs, place.base, target => tell("inside", place, target, story));
}

/** Yours is inside of what theirs sets or deletes. */
function tellLost(yours: Edit, base: Path, story: Story): void {
  eachTarget(yours, base, target => tell("ancestor", { base: target, head: null }, base, story));
  for (const operation of changeOfEdit(yours, base)) story.dropped.push(operation);
}

function tell(reason: Touch["reason"], { base, head }: Place, theirs: Path, story: Story): void {
  story.touched.push({
    reason,
    base: toPointer(base),
    head: head === null ? null : toPointer(head),
    theirs: toPointer(theirs),
  });
}

function child({ base, head }: Place, key: string): Place {
  return { base: [...base, key], head: head === null ? null : [...head, key] };
}

function element({ base, head }: Place, at: { readonly base: number; readonly head: number | null }): Place {
  return {
    base: [...base, at.base],
    head: head === null || at.head === null ? null : [...head, at.head],
  };
}
