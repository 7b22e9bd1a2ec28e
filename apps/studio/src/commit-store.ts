/**
 * The commits of a document in this window, as far as they are read: the new ones as they come, the old ones page by
 * page, first those around the sequence that is looked at, then the newest, one request at a time.
 */
import type { ChangeEvent } from "@verso/protocol";

export interface CommitStore {
  /** The latest sequence that is known; 0 while there is none. */
  readonly head: number;
  get(sequence: number): ChangeEvent | undefined;
  /** Takes in what the relay has told of itself, oldest first. */
  add(commits: readonly ChangeEvent[]): void;
  /**
   * Reads what is around a sequence, which may be another before each request, and then the others, until the signal.
   * Throws what a reading throws.
   */
  read(around: () => number, signal: AbortSignal): Promise<void>;
}

export interface CommitStoreOptions {
  readonly readCommits: (
    range: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ) => Promise<readonly ChangeEvent[]>;
  /** Called whenever there are more. */
  readonly onChange: () => void;
  /** How many are read in one request. */
  readonly pageSize: number;
  /** How many of the newest are read without being asked for. @default 5,000 */
  readonly most?: number;
}

export function createCommitStore({
  readCommits,
  onChange,
  pageSize,
  most = 5_000,
}: CommitStoreOptions): CommitStore {
  const commits = new Map<number, ChangeEvent>();
  const pagesRead = new Set<number>();
  let head = 0;

  return {
    get head() {
      return head;
    },
    get: sequence => commits.get(sequence),
    add(added) {
      if (added.length === 0) return;
      for (const commit of added) commits.set(commit.sequence, commit);
      head = Math.max(head, added.at(-1)!.sequence);
      onChange();
    },
    async read(around, signal) {
      for (;;) {
        const from = nextPage(around());
        if (from === null) return;
        const to = Math.min(from + pageSize - 1, head);
        for (const commit of await readCommits({ from, to }, signal)) commits.set(commit.sequence, commit);
        // A page that was not full is not asked for again: what comes later is told.
        pagesRead.add(from);
        onChange();
        if (signal.aborted) return;
      }
    },
  };

  /** The first sequence of the page to be read next; `null` when all is there. */
  function nextPage(around: number): number | null {
    for (let from = pageOf(around), n = 0; ; from = pageOf(head) - pageSize * n++) {
      if (from < 1 || (n > 0 && head - from >= most)) return null;
      if (isMissing(from)) return from;
    }
  }

  function isMissing(from: number): boolean {
    if (pagesRead.has(from)) return false;
    for (let sequence = from; sequence < from + pageSize && sequence <= head; sequence++) {
      if (!commits.has(sequence)) return true;
    }
    return false;
  }

  function pageOf(sequence: number): number {
    return sequence - ((sequence - 1) % pageSize);
  }
}
