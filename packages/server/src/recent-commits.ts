/**
 * The last commits of an open document, kept in memory: a patch that was made a moment ago need not ask the ledger what
 * has changed since.
 */
import type { Appended, CommitDraft } from "@verso/storage";

export interface RecentCommit {
  readonly sequence: number;
  readonly revision: string;
  /** Encoded, as the ledger has it. */
  readonly change: Uint8Array;
  readonly update: Uint8Array;
}

export interface RecentCommits {
  add(appended: Appended, draft: CommitDraft): void;
  /** The commit of this sequence, if it is here. */
  get(sequence: number): RecentCommit | undefined;
  /** The commits behind this sequence, in order; `null` where not all of them are here. */
  since(sequence: number): readonly RecentCommit[] | null;
  /** Keeps the state of an older version, from which later ones are not far. */
  keepState(sequence: number, state: Uint8Array): void;
  /** Updates that make the document as of a sequence, to be applied in order; `null` where they are not here. */
  updatesTo(sequence: number): readonly Uint8Array[] | null;
}

const mostCommits = 256;
const mostBytes = 256 * 1024;

export function createRecentCommits(): RecentCommits {
  let commits: RecentCommit[] = [];
  let bytes = 0;
  let kept: { readonly sequence: number; readonly state: Uint8Array } | null = null;

  return {
    add({ sequence, revision, duplicate }, { change = nothing, update = nothing }) {
      if (duplicate) return;
      const last = commits.at(-1);
      if (last !== undefined && sequence !== last.sequence + 1) commits = [];
      commits.push({ sequence, revision, change, update });
      bytes += change.length + update.length;
      // In halves, so that letting go costs nothing worth mentioning.
      if (commits.length > mostCommits || bytes > mostBytes) {
        commits = commits.slice(Math.ceil(commits.length / 2));
        bytes = commits.reduce((sum, { change, update }) => sum + change.length + update.length, 0);
      }
    },
    get: sequence => commits[sequence - (commits[0]?.sequence ?? 0)],
    since(sequence) {
      const last = commits.at(-1)?.sequence ?? 0;
      if (last === sequence && commits.length > 0) return [];
      const from = sequence + 1 - (commits[0]?.sequence ?? Number.POSITIVE_INFINITY);
      return from < 0 ? null : commits.slice(from);
    },
    keepState(sequence, state) {
      kept = { sequence, state };
    },
    updatesTo(sequence) {
      if (kept === null || sequence < kept.sequence) return null;
      if (sequence === kept.sequence) return [kept.state];
      const from = kept.sequence + 1 - (commits[0]?.sequence ?? Number.POSITIVE_INFINITY);
      const to = sequence + 1 - (commits[0]?.sequence ?? 0);
      if (from < 0 || to > commits.length) return null;
      const updates = commits.slice(from, to).map(({ update }) => update);
      return [kept.state, ...updates.filter(({ length }) => length > 0)];
    },
  };
}

const nothing = new Uint8Array(0);
