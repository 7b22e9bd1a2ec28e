/** Sets and tables of ids: what is kept of them are ranges, since ids come in runs. */
import type { IdRange } from "./invert.js";

/** A set of ids. */
export class IdSet {
  readonly #ranges = new SortedRanges<IdRange>();

  add(range: IdRange): void {
    for (const { found, clock, length } of [...this.#ranges.stretches(range)]) {
      if (found === undefined) this.#ranges.insert({ client: range.client, clock, length });
    }
  }

  /** Takes out what is in the set of a range, and gives it. */
  take(range: IdRange): IdRange[] {
    const taken: IdRange[] = [];
    for (const { found, clock, length } of [...this.#ranges.stretches(range)]) {
      if (found === undefined) continue;
      const end = clock + length;
      const rest = found.clock + found.length - end;
      this.#ranges.remove(found);
      if (found.clock < clock) this.#ranges.insert({ ...found, length: clock - found.clock });
      if (rest > 0) this.#ranges.insert({ ...found, clock: end, length: rest });
      taken.push({ client: range.client, clock, length });
    }
    return taken;
  }

  get isEmpty(): boolean {
    return this.#ranges.isEmpty;
  }

  has(client: number, clock: number): boolean {
    return this.#ranges.stretch({ client, clock, length: 1 }).found !== undefined;
  }

  [Symbol.iterator](): Iterator<IdRange> {
    return this.#ranges[Symbol.iterator]();
  }

  /** The parts of a range that are in the set, and those that are not, in turn. */
  *split(
    range: IdRange,
  ): Generator<{ readonly isMember: boolean; readonly clock: number; readonly length: number }> {
    for (const { found, clock, length } of this.#ranges.stretches(range)) {
      yield { isMember: found !== undefined, clock, length };
    }
  }
}

/** Disjoint ranges, found by the ids in them. */
export class SortedRanges<T extends IdRange> {
  readonly #clients = new Map<number, T[]>();

  insert(range: T): void {
    const ranges = this.#clients.get(range.client);
    if (ranges === undefined) this.#clients.set(range.client, [range]);
    else ranges.splice(lastAtOrBefore(ranges, range.clock) + 1, 0, range);
  }

  /** Takes out a range that was inserted, as it was. */
  remove(range: T): void {
    const ranges = this.#clients.get(range.client) ?? [];
    const at = lastAtOrBefore(ranges, range.clock);
    if (ranges[at] !== range) throw new TypeError("This range is not there.");
    ranges.splice(at, 1);
    if (ranges.length === 0) this.#clients.delete(range.client);
  }

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  /** The known range that holds the first unit, or `undefined`; and for how many units that is so. */
  stretch({ client, clock, length }: IdRange): { readonly found: T | undefined; readonly length: number } {
    const ranges = this.#clients.get(client) ?? [];
    const at = lastAtOrBefore(ranges, clock);
    const range = ranges[at];
    if (range !== undefined && clock < range.clock + range.length) {
      return { found: range, length: Math.min(length, range.clock + range.length - clock) };
    }
    const next = ranges[at + 1];
    return { found: undefined, length: next === undefined ? length : Math.min(length, next.clock - clock) };
  }

  *[Symbol.iterator](): Generator<T> {
    for (const ranges of this.#clients.values()) yield* ranges;
  }

  /** A range in parts, each within one known range or outside of all. */
  *stretches({ client, clock, length }: IdRange) {
    for (let from = clock, end = clock + length; from < end; ) {
      const part = this.stretch({ client, clock: from, length: end - from });
      yield { ...part, clock: from };
      from += part.length;
    }
  }
}

function lastAtOrBefore(ranges: readonly IdRange[], clock: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.clock <= clock) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
