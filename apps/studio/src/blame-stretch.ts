/** Who wrote a unit of a text, and how far to both sides he wrote without anybody else. */
import type { Blame } from "@verso/protocol";

export type BlamedCommit = Blame["commits"][number];

export interface BlameStretch {
  readonly from: number;
  readonly to: number;
  /** By which this unit came; `null` where that is no longer kept. */
  readonly commit: BlamedCommit | null;
}

/** The stretch around a unit of the text that was blamed; `null` where that is no part of it. */
export function stretchAt({ pointer, parts, commits }: Blame, unit: number): BlameStretch | null {
  const ranges = parts.filter(part => part.type === "range").filter(part => part.pointer === pointer);
  const at = ranges.findIndex(({ from, to }) => from <= unit && unit < to);
  const range = ranges[at];
  if (range === undefined) return null;
  const commit = commitOf(range.by);
  let first = at;
  while (first > 0 && isSameAuthor(ranges[first - 1]!)) first--;
  let last = at;
  while (last < ranges.length - 1 && isSameAuthor(ranges[last + 1]!)) last++;
  return { from: ranges[first]!.from, to: ranges[last]!.to, commit };

  function commitOf(by: number | null): BlamedCommit | null {
    return commits.find(({ sequence }) => sequence === by) ?? null;
  }

  function isSameAuthor({ by }: { by: number | null }): boolean {
    return commitOf(by)?.user_id === commit?.user_id;
  }
}

/** The commit by which a value came; `null` where that is no longer kept, or the value is a root. */
export function commitOfValue({ by, commits }: Blame): BlamedCommit | null {
  return commits.find(({ sequence }) => sequence === by) ?? null;
}
