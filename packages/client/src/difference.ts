/** The least that must be replaced to make one sequence of another, as far as that is worth looking for. */

/** `removed` elements from `from` on give place to those of the new sequence from `to` on, `inserted` of them. */
export interface Replacement {
  readonly from: number;
  readonly removed: number;
  readonly to: number;
  readonly inserted: number;
}

/**
 * The replacements from one text to another, in UTF-16 units and in order; none of them splits a surrogate pair.
 *
 * Texts that differ in very many places have one replacement, from the first to the last of them.
 */
export function textDifference(before: string, after: string): Replacement[] {
  const max = Math.min(before.length, after.length);
  let start = 0;
  while (start < max && before[start] === after[start]) start++;
  if (isSplit(before, start) || isSplit(after, start)) start--;
  let end = 0;
  while (end < max - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  if (isSplit(before, before.length - end) || isSplit(after, after.length - end)) end--;
  const old = [...before.slice(start, before.length - end)];
  const fresh = [...after.slice(start, after.length - end)];
  if (old.length + fresh.length === 0) return [];

  const replacements: Replacement[] = [];
  let from = start;
  let to = start;
  let [x, y] = [0, 0];
  for (const [keptX, keptY] of [...keptBy(old, fresh), [old.length, fresh.length] as const]) {
    const removed = lengthOf(old, x, keptX);
    const inserted = lengthOf(fresh, y, keptY);
    if (removed + inserted > 0) replacements.push({ from, removed, to, inserted });
    const kept = old[keptX]?.length ?? 0;
    from += removed + kept;
    to += inserted + kept;
    [x, y] = [keptX + 1, keptY + 1];
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

/** Steps that are looked for; the time and memory for them grow with the square. */
const mostSteps = 400;

/**
 * The pairs of indexes of equal elements that a shortest edit script keeps, in order; none when it has too many steps.
 * E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986).
 */
function keptBy(before: readonly string[], after: readonly string[]): (readonly [number, number])[] {
  /** For each number of steps, how far each diagonal is reached: `x` where `x - y` is the diagonal. */
  const trace: Map<number, number>[] = [];
  let reached = new Map([[1, 0]]);
  for (let steps = 0; steps <= mostSteps; steps++) {
    trace.push(reached);
    reached = new Map(reached);
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      let x = startOn(diagonal, steps, reached);
      while (x < before.length && before[x] !== undefined && before[x] === after[x - diagonal]) x++;
      reached.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length)
        return walkBack(trace, steps, before.length - after.length);
    }
  }
  return [];

  function walkBack(all: typeof trace, last: number, end: number): [number, number][] {
    const kept: [number, number][] = [];
    let diagonal = end;
    let x = before.length;
    for (let steps = last; steps >= 0; steps--) {
      const earlier = all[steps]!;
      const from = steps === 0 ? 0 : startOn(diagonal, steps, earlier);
      for (; x > from; x--) kept.push([x - 1, x - 1 - diagonal]);
      if (steps === 0) break;
      const down = goesDown(diagonal, steps, earlier);
      diagonal += down ? 1 : -1;
      x = earlier.get(diagonal)!;
    }
    return kept.reverse();
  }
}

function startOn(diagonal: number, steps: number, reached: ReadonlyMap<number, number>): number {
  return goesDown(diagonal, steps, reached) ? reached.get(diagonal + 1)! : reached.get(diagonal - 1)! + 1;
}

function goesDown(diagonal: number, steps: number, reached: ReadonlyMap<number, number>): boolean {
  if (diagonal === -steps) return true;
  return diagonal !== steps && reached.get(diagonal - 1)! < reached.get(diagonal + 1)!;
}

/** Whether a boundary lies between the two halves of a surrogate pair. */
function isSplit(text: string, boundary: number): boolean {
  return boundary > 0 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(boundary - 1, boundary + 1));
}

function lengthOf(letters: readonly string[], from: number, to: number): number {
  let length = 0;
  for (let i = from; i < to; i++) length += letters[i]!.length;
  return length;
}
