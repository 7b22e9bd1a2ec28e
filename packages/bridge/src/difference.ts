/**
 * Small differences between two texts, and between two lists.
 *
 * Both are found by Myers' algorithm, whose cost grows with the product of the lengths in the worst case. So a text is
 * compared line by line first, and then only what differs, unit by unit; and where the product is still too large,
 * the differing middle is replaced as a whole.
 */
import diff from "fast-diff";
import { commonPrefix, commonSuffix, type Delta, type DeltaOperation } from "./delta.js";

/** A stretch that both lists have, or that is replaced. */
export type Step = { readonly kept: number } | { readonly removed: number; readonly inserted: number };

/** How to get from one list to the other; elements are equal when their names are. */
export function compareLists(before: readonly string[], after: readonly string[]): Step[] {
  const max = Math.min(before.length, after.length);
  let first = 0;
  while (first < max && before[first] === after[first]) first++;
  let last = 0;
  while (last < max - first && before.at(-1 - last) === after.at(-1 - last)) last++;
  const steps: Step[] = [];
  keep(steps, first);
  const removed = before.slice(first, before.length - last);
  const inserted = after.slice(first, after.length - last);
  const letters = new Map<string, string>();
  const a = spell(removed, letters);
  const b = spell(inserted, letters);
  if (removed.length * inserted.length > MAX_PRODUCT || letters.size > ALPHABET) {
    replace(steps, removed.length, inserted.length);
  } else {
    for (const [how, word] of diff(a, b)) {
      if (how === diff.EQUAL) keep(steps, word.length);
      else replace(steps, how === diff.DELETE ? word.length : 0, how === diff.INSERT ? word.length : 0);
    }
  }
  keep(steps, last);
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

const MAX_PRODUCT = 4_000_000;
/** The code units from which letters are drawn: below the surrogates. */
const ALPHABET = 0xd800;

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

/** A word with one letter for each element, the same for equal ones. */
function spell(elements: readonly string[], letters: Map<string, string>): string {
  let word = "";
  for (const element of elements) {
    let letter = letters.get(element);
    if (letter === undefined) {
      letter = String.fromCharCode(letters.size);
      letters.set(element, letter);
    }
    word += letter;
  }
  return word;
}

function keep(steps: Step[], count: number): void {
  if (count > 0) steps.push({ kept: count });
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
