/**
 * Small differences between two texts, and between two lists.
 *
 * Myers' algorithm finds the smallest, but its cost grows with the product of the lengths in the worst case. So long
 * lists are first parted at the elements that occur once in both and are in the same order (patience diff), and long
 * texts are compared line by line before they are compared unit by unit. What is still too long then is replaced as a
 * whole: a patch from outside must not cost more than its length allows.
 */
import diff from "fast-diff";
import { commonPrefix, commonSuffix, type Delta, type DeltaOperation } from "./delta.js";

/** A stretch that both lists have, or one that is replaced by another. */
export type Step = { readonly kept: number } | { readonly removed: number; readonly inserted: number };

/** How to get from one list to the other; elements are equal when their names are. */
export function compareLists(before: readonly string[], after: readonly string[]): Step[] {
  const steps: Step[] = [];
  compareStretch(before, after, steps);
  return steps;
}

/** The delta from one text to another; it splits no surrogate pair. */
export function compareTexts(before: string, after: string): Delta {
  const delta: DeltaOperation[] = [];
  const [from, to] = [linesOf(before), linesOf(after)];
  let line = 0;
  let newLine = 0;
  for (const step of compareLists(from, to)) {
    if ("kept" in step) {
      retain(delta, textLength(from.slice(line, line + step.kept)));
      line += step.kept;
      newLine += step.kept;
    } else {
      const removed = from.slice(line, line + step.removed).join("");
      const inserted = to.slice(newLine, newLine + step.inserted).join("");
      compareUnits(removed, inserted, delta);
      line += step.removed;
      newLine += step.inserted;
    }
  }
  const last = delta[delta.length - 1];
  if (last !== undefined && "retain" in last) delta.pop();
  return delta;
}

const MAX_PRODUCT = 1_000_000;

function compareStretch(before: readonly string[], after: readonly string[], steps: Step[]): void {
  const max = Math.min(before.length, after.length);
  let first = 0;
  while (first < max && before[first] === after[first]) first++;
  let last = 0;
  while (last < max - first && before.at(-1 - last) === after.at(-1 - last)) last++;
  const removed = before.slice(first, before.length - last);
  const inserted = after.slice(first, after.length - last);
  keep(steps, first);
  if (removed.length * inserted.length <= MAX_PRODUCT) compareAll(removed, inserted, steps);
  else compareBetweenAnchors(removed, inserted, steps);
  keep(steps, last);
}

/** Myers' algorithm, on words with one letter for each element. */
function compareAll(before: readonly string[], after: readonly string[], steps: Step[]): void {
  const letters = new Map<string, string>();
  for (const [how, word] of diff(spell(before, letters), spell(after, letters))) {
    if (how === diff.EQUAL) keep(steps, word.length);
    else replace(steps, how === diff.DELETE ? word.length : 0, how === diff.INSERT ? word.length : 0);
  }
}

function compareBetweenAnchors(before: readonly string[], after: readonly string[], steps: Step[]): void {
  let from = 0;
  let to = 0;
  for (const anchor of anchorsOf(before, after)) {
    compareStretch(before.slice(from, anchor.before), after.slice(to, anchor.after), steps);
    keep(steps, 1);
    from = anchor.before + 1;
    to = anchor.after + 1;
  }
  if (from === 0) replace(steps, before.length, after.length);
  else compareStretch(before.slice(from), after.slice(to), steps);
}

interface Anchor {
  readonly before: number;
  readonly after: number;
}

/** The most elements that occur once in both lists and are in the same order. */
function anchorsOf(before: readonly string[], after: readonly string[]): Anchor[] {
  const places = new Map<string, { before: number; after: number; count: number }>();
  before.forEach((element, index) => {
    const place = places.get(element);
    if (place === undefined) places.set(element, { before: index, after: -1, count: 0 });
    else place.before = -1;
  });
  after.forEach((element, index) => {
    const place = places.get(element);
    if (place !== undefined) Object.assign(place, { after: index, count: place.count + 1 });
  });
  const common = [...places.values()].filter(place => place.before >= 0 && place.count === 1);
  return longestAscent(common);
}

/** The longest part of the anchors, which are in the order of `before`, that is also in the order of `after`. */
function longestAscent(anchors: readonly Anchor[]): Anchor[] {
  /** For each length, the ascent of that length that ends lowest; each knows the anchor before its last. */
  const ends: { readonly anchor: Anchor; readonly rest: (typeof ends)[number] | undefined }[] = [];
  for (const anchor of anchors) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]!.anchor.after < anchor.after) low = middle + 1;
      else high = middle;
    }
    ends[low] = { anchor, rest: ends[low - 1] };
  }
  const ascent: Anchor[] = [];
  for (let end = ends[ends.length - 1]; end !== undefined; end = end.rest) ascent.push(end.anchor);
  return ascent.reverse();
}

function compareUnits(before: string, after: string, delta: DeltaOperation[]): void {
  const first = commonPrefix(before, after);
  const last = commonSuffix(before.slice(first), after.slice(first));
  const removed = before.slice(first, before.length - last);
  const inserted = after.slice(first, after.length - last);
  retain(delta, first);
  if (removed.length * inserted.length > MAX_PRODUCT) edit(delta, removed.length, inserted);
  else {
    for (const [how, text] of diff(removed, inserted)) {
      if (how === diff.EQUAL) retain(delta, text.length);
      else edit(delta, how === diff.DELETE ? text.length : 0, how === diff.INSERT ? text : "");
    }
  }
  retain(delta, last);
}

/** A word with one letter for each element, the same for equal ones; letters never form surrogate pairs. */
function spell(elements: readonly string[], letters: Map<string, string>): string {
  let word = "";
  for (const element of elements) {
    let letter = letters.get(element);
    if (letter === undefined) {
      letter = String.fromCharCode(letters.size + (letters.size < 0xd800 ? 0 : 0x800));
      letters.set(element, letter);
    }
    word += letter;
  }
  return word;
}

function keep(steps: Step[], count: number): void {
  if (count === 0) return;
  const last = steps[steps.length - 1];
  if (last !== undefined && "kept" in last) steps[steps.length - 1] = { kept: last.kept + count };
  else steps.push({ kept: count });
}

function replace(steps: Step[], removed: number, inserted: number): void {
  if (removed === 0 && inserted === 0) return;
  const last = steps[steps.length - 1];
  if (last === undefined || "kept" in last) steps.push({ removed, inserted });
  else steps[steps.length - 1] = { removed: last.removed + removed, inserted: last.inserted + inserted };
}

function retain(delta: DeltaOperation[], length: number): void {
  if (length === 0) return;
  const last = delta[delta.length - 1];
  if (last !== undefined && "retain" in last) delta[delta.length - 1] = { retain: last.retain + length };
  else delta.push({ retain: length });
}

function edit(delta: DeltaOperation[], removed: number, inserted: string): void {
  if (inserted !== "") delta.push({ insert: inserted });
  if (removed > 0) delta.push({ delete: removed });
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function textLength(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
