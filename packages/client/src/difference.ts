/** The least that must be replaced to make one sequence of another, as far as that is worth looking for. */
import { type SimpleDiff, simpleDiffString } from "lib0/diff";

/**
 * The replacements from one text to another, in UTF-16 units of the first and in order; none of them splits a surrogate
 * pair.
 *
 * Texts that differ in very many places have one replacement, from the first to the last of them.
 */
export function textDifference(before: string, after: string): SimpleDiff<string>[] {
  const { index, remove, insert } = simpleDiffString(before, after);
  const old = [...before.slice(index, index + remove)];
  const fresh = [...insert];
  const replacements: SimpleDiff<string>[] = [];
  let at = index;
  let [x, y] = [0, 0];
  for (const kept of [...keptRuns(old, fresh), { x: old.length, y: fresh.length, length: 0 }]) {
    const removed = old.slice(x, kept.x).join("");
    const inserted = fresh.slice(y, kept.y).join("");
    if (removed !== inserted) replacements.push({ index: at, remove: removed.length, insert: inserted });
    [x, y] = [kept.x + kept.length, kept.y + kept.length];
    at += removed.length + old.slice(kept.x, x).join("").length;
  }
  return replacements;
}

/** The indexes of a longest ascending subsequence of numbers that are all different; negative ones are left out. */
export function longestAscent(numbers: readonly number[]): number[] {
  /** For each length, the index at which the ascent of that length ends that ends lowest. */
  const ends: number[] = [];
  const before: (number | undefined)[] = [];
  numbers.forEach((number, index) => {
    if (number < 0) return;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]!]! < number) low = middle + 1;
      else high = middle;
    }
    before[index] = ends[low - 1];
    ends[low] = index;
  });
  const ascent: number[] = [];
  for (let index = ends.at(-1); index !== undefined; index = before[index]) ascent.push(index);
  return ascent.reverse();
}

/** Equal elements that stand behind one another in both sequences, from `x` in the one and `y` in the other. */
interface Run {
  readonly x: number;
  readonly y: number;
  readonly length: number;
}

/** How far a diagonal, on which `x - y` is the same, is reached, and what was kept on the way there, the last run first. */
interface Reached {
  readonly x: number;
  readonly kept: { readonly run: Run; readonly earlier: Reached["kept"] } | null;
}

/** Steps that are looked for; the time for them grows with the square. */
const mostSteps = 400;

/**
 * What a shortest edit script keeps, in order; nothing when it has too many steps.
 * E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986).
 */
function keptRuns(before: readonly string[], after: readonly string[]): Run[] {
  const reached = new Map<number, Reached>([[1, { x: 0, kept: null }]]);
  for (let steps = 0; steps <= mostSteps; steps++) {
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const inserting = reached.get(diagonal + 1);
      const removing = reached.get(diagonal - 1);
      const inserts = removing === undefined || (inserting !== undefined && removing.x < inserting.x);
      const start = inserts ? inserting!.x : removing.x + 1;
      let { kept } = inserts ? inserting! : removing;
      let x = start;
      while (x < before.length && before[x] === after[x - diagonal]) x++;
      if (x > start) kept = { run: { x: start, y: start - diagonal, length: x - start }, earlier: kept };
      reached.set(diagonal, { x, kept });
      if (x >= before.length && x - diagonal >= after.length) return inOrder(kept);
    }
  }
  return [];
}

function inOrder(last: Reached["kept"]): Run[] {
  const runs: Run[] = [];
  for (let kept = last; kept !== null; kept = kept.earlier) runs.push(kept.run);
  return runs.reverse();
}
