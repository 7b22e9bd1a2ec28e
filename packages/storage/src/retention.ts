/**
 * Letting go of the bytes of old commits.
 *
 * A dropped part leaves its SHA-256 behind, so the chain verifies as before. Commits themselves stay. Dropping goes from
 * the oldest on, in small batches; cut off in the middle it leaves a shorter history dropped, and nothing else.
 */

import type { BatchOperation, StorageBackend } from "./backend.js";
import { type CommitPart, readCommit, withoutParts } from "./commit.js";
import type { GroupCommit } from "./group-commit.js";
import { readHead } from "./head.js";
import { commitKey, headKey, sequenceOfCommit } from "./keys.js";

export interface DropPartsOptions {
  readonly document: string;
  /** Only commits before this sequence are touched. */
  readonly before: number;
  /** Only commits before the first that is of this time or later, in milliseconds since 1970. @default all */
  readonly olderThan?: number;
  /** First sequence that is looked at. @default where the parts are not dropped yet */
  readonly from?: number;
  readonly parts: readonly CommitPart[];
}

export type DropPartsResult =
  /** `next` is the first commit that was left as it is. */
  | { readonly outcome: "dropped"; readonly commits: number; readonly next: number }
  /** Updates can only go where a snapshot stands for them; the latest is at this sequence, 0 for none. */
  | { readonly outcome: "no-snapshot"; readonly latest: number };

export interface DropIssuesOptions {
  readonly document: string;
  readonly sequences: readonly number[];
}

const STEP = 200;
const NOTHING = { snapshot: 0, sequence: 0 };

export async function dropParts(
  groupCommit: GroupCommit,
  documentKey: Uint8Array,
  { document, before, parts, olderThan = Number.POSITIVE_INFINITY, from }: DropPartsOptions,
): Promise<DropPartsResult> {
  if (!Number.isSafeInteger(before) || before < 1) throw new TypeError("before is a sequence");
  if (from !== undefined && (!Number.isSafeInteger(from) || from < 1))
    throw new TypeError("from is a sequence");
  const backend = groupCommit.backend();
  const key = headKey(documentKey);
  const value = await backend.get(key);
  const { snapshot, sequence: last } = value === undefined ? NOTHING : readHead([key, value], document);
  if (parts.includes("update") && snapshot < before - 1) return { outcome: "no-snapshot", latest: snapshot };

  let commits = 0;
  const end = Math.min(before, last + 1);
  let next = from ?? (await firstWithParts(backend, documentKey, { document, before: end, parts }));
  let young = false;
  while (next < end && !young) {
    const operations: BatchOperation[] = [];
    const range = { gte: commitKey(documentKey, next), lt: commitKey(documentKey, end), limit: STEP };
    let read = 0;
    for await (const [commit, bytes] of backend.range(range)) {
      read += 1;
      const sequence = sequenceOfCommit(commit);
      young = readCommit([commit, bytes], { document, sequence }).commit.time >= olderThan;
      if (young) break;
      const without = withoutParts([commit, bytes], { document, sequence }, parts);
      if (without !== undefined) operations.push({ type: "put", key: commit, value: without });
      next = sequence + 1;
    }
    if (read === 0) break;
    if (operations.length > 0) await groupCommit.write(operations);
    commits += operations.length;
  }
  return { outcome: "dropped", commits, next };
}

/**
 * Of single commits, lets go of why they were judged and of the hash of what was sent. What else their notes hold, which
 * later history may need, stays. Commits that there are not are passed over.
 */
export async function dropIssues(
  groupCommit: GroupCommit,
  documentKey: Uint8Array,
  { document, sequences }: DropIssuesOptions,
): Promise<void> {
  for (let from = 0; from < sequences.length; from += STEP) {
    const operations: BatchOperation[] = [];
    for (const sequence of sequences.slice(from, from + STEP)) {
      const key = commitKey(documentKey, sequence);
      const value = await groupCommit.backend().get(key);
      if (value === undefined) continue;
      const without = withoutParts([key, value], { document, sequence }, ["issues"]);
      if (without !== undefined) operations.push({ type: "put", key, value: without });
    }
    if (operations.length > 0) await groupCommit.write(operations);
  }
}

/**
 * Where the parts are not dropped yet, or before: found by halving, since each is dropped from the beginning. A part that
 * never was there says nothing about where dropping got to.
 */
async function firstWithParts(
  backend: StorageBackend,
  documentKey: Uint8Array,
  { document, before, parts }: DropPartsOptions,
): Promise<number> {
  let low = 1;
  let high = before;
  while (low < high) {
    const sequence = Math.floor((low + high) / 2);
    const key = commitKey(documentKey, sequence);
    const value = await backend.get(key);
    const commit = value === undefined ? undefined : readCommit([key, value], { document, sequence }).commit;
    if (commit !== undefined && parts.every(part => commit[part] === undefined)) low = sequence + 1;
    else high = sequence;
  }
  return low;
}
