/** What a time line of commits shows: who made them, author by author, and which of them stand in a list. */
import type { ChangeEvent } from "@verso/protocol";

/** The commits that are read; those that are not are `undefined`. */
export interface Commits {
  readonly head: number;
  get(sequence: number): ChangeEvent | undefined;
}

/** A stretch of the line, from 0 to 1. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  /** Who made most of its commits; `null` where nothing is read. */
  readonly author: string | null;
}

/**
 * Marks from the first commit to the last, one for each commit or, where there are more than `most`, for equal stretches;
 * neighbours of one author are one mark.
 */
export function marksOf(commits: Commits, { most }: { most: number }): Mark[] {
  const { head } = commits;
  const count = Math.min(head, most);
  const marks: Mark[] = [];
  for (let n = 0; n < count; n++) {
    const author = mainAuthor(commits, {
      from: Math.floor((n * head) / count) + 1,
      to: Math.floor(((n + 1) * head) / count),
    });
    const last = marks.at(-1);
    const mark = { from: n / count, to: (n + 1) / count, author };
    if (last?.author === author) marks[marks.length - 1] = { ...last, to: mark.to };
    else marks.push(mark);
  }
  return marks;
}

/** Those of whom commits are read, with how many; the most diligent first. */
export function authorsOf(commits: Commits): (readonly [author: string, count: number])[] {
  const counts = new Map<string, number>();
  for (let sequence = 1; sequence <= commits.head; sequence++) {
    const author = commits.get(sequence)?.user_id;
    if (author !== undefined) counts.set(author, (counts.get(author) ?? 0) + 1);
  }
  return [...counts].sort(([one, n], [other, m]) => m - n || (one < other ? -1 : 1));
}

export interface Selection {
  /** The sequence in whose neighbourhood they are. */
  readonly around: number;
  /** `null` for everybody. */
  readonly author: string | null;
  readonly later: number;
  readonly earlier: number;
}

/** Up to so many commits later than a sequence, and so many that are it or earlier; the latest first. */
export function commitsAround(
  commits: Commits,
  { around, author, later, earlier }: Selection,
): ChangeEvent[] {
  const after: ChangeEvent[] = [];
  for (let sequence = around + 1; sequence <= commits.head && after.length < later; sequence++) {
    take(sequence, after);
  }
  const before: ChangeEvent[] = [];
  for (let sequence = around; sequence >= 1 && before.length < earlier; sequence--) take(sequence, before);
  return [...after.reverse(), ...before];

  function take(sequence: number, list: ChangeEvent[]): void {
    const commit = commits.get(sequence);
    if (commit !== undefined && (author === null || commit.user_id === author)) list.push(commit);
  }
}

function mainAuthor(commits: Commits, { from, to }: { from: number; to: number }): string | null {
  const counts = new Map<string, number>();
  let main: string | null = null;
  for (let sequence = from; sequence <= to; sequence++) {
    const author = commits.get(sequence)?.user_id;
    if (author === undefined) continue;
    const count = (counts.get(author) ?? 0) + 1;
    counts.set(author, count);
    if (main === null || count > counts.get(main)!) main = author;
  }
  return main;
}
