/** The commits of one document, checked one after the other as they are read, against each other and against the head. */

import { compareBytes, type StorageEntry } from "./backend.js";
import { type Commit, createCommitCodec, NO_HASH, readCommit } from "./commit.js";
import type { Head } from "./head.js";
import type { Snapshot } from "./snapshot.js";
import { attempt, type Report, type VerifyIssue } from "./verify-issue.js";

export function createChain(document: string, head: Head | undefined, report: Report) {
  const codec = createCommitCodec(document);
  /** Hash of the commit before; `undefined` when it could not be read. */
  let previous: Uint8Array | undefined = NO_HASH;
  let before: Commit | undefined;
  let last = 0;
  let latestSnapshot = 0;
  const tail = { commits: 0, bytes: 0 };
  let deleted = 0;
  const issue = (
    code: VerifyIssue["code"],
    severity: VerifyIssue["severity"],
    detail: string,
    sequence: number | undefined = undefined,
  ) => report({ code, severity, detail, document, sequence });

  return {
    /** Sequence of the last commit that was added. */
    get last() {
      return last;
    },

    async add(entry: StorageEntry, sequence: number): Promise<Commit | undefined> {
      if (sequence !== last + 1) {
        await issue(
          "missing-reference",
          "critical",
          `commits ${last + 1} to ${sequence - 1} are missing`,
          last + 1,
        );
        previous = undefined;
      }
      last = sequence;
      const read = await attempt(report, { severity: "critical", document, sequence }, () =>
        readCommit(entry, { document, sequence }),
      );
      if (read === undefined) {
        previous = undefined;
        before = undefined;
        return undefined;
      }
      const { commit, record } = read;
      if (previous !== undefined && !codec.follows(record, previous)) {
        await issue(
          "hash-mismatch",
          "critical",
          "the hash is not the one that follows from the bytes",
          sequence,
        );
      }
      if (before !== undefined && commit.epoch < before.epoch) {
        await issue(
          "invalid-data",
          "high",
          `the epoch falls from ${before.epoch} to ${commit.epoch}`,
          sequence,
        );
      }
      if (before !== undefined && commit.feedSequence <= before.feedSequence) {
        await issue("invalid-data", "medium", "it comes before its predecessor in the feed", sequence);
      }
      if (sequence > (head?.snapshot ?? 0)) {
        tail.commits += 1;
        tail.bytes += commit.update?.length ?? 0;
        if (commit.update === undefined) {
          await issue(
            "missing-reference",
            "critical",
            "its update was dropped and no snapshot covers it",
            sequence,
          );
        }
      }
      if (commit.kind === "delete") deleted = sequence;
      else if (commit.kind !== "refused") deleted = 0;
      previous = commit.hash;
      before = commit;
      return commit;
    },

    /** `null` for one that saving left unfinished; `commit` is the one that was added last. */
    async addSnapshot(
      sequence: number,
      snapshot: Snapshot | null,
      commit: Commit | undefined,
    ): Promise<void> {
      if (snapshot === null) {
        await issue("orphaned-data", "low", "parts of a snapshot that was never finished", sequence);
        return;
      }
      latestSnapshot = sequence;
      if (commit?.sequence !== sequence) {
        if (last !== sequence)
          await issue("missing-reference", "high", "a snapshot of a commit that is not there", sequence);
      } else if (compareBytes(snapshot.hash, commit.hash) !== 0) {
        await issue("hash-mismatch", "high", "a snapshot of another commit", sequence);
      }
    },

    /** Compares what was added with the head. */
    async end(): Promise<void> {
      if (head === undefined) {
        await issue("missing-reference", "critical", "the document has no head that can be read");
        return;
      }
      const { sequence, snapshot } = head;
      if (sequence > last)
        await issue(
          "missing-reference",
          "critical",
          `commits ${last + 1} to ${sequence} are missing`,
          sequence,
        );
      if (sequence < last)
        await issue(
          "orphaned-data",
          "critical",
          `the head ends at ${sequence}, the commits at ${last}`,
          last,
        );
      if (sequence === last && previous !== undefined && compareBytes(previous, head.hash) !== 0) {
        await issue("hash-mismatch", "critical", "the head refers to another commit", sequence);
      }
      if (snapshot > latestSnapshot)
        await issue("missing-reference", "high", "the head's snapshot is not there", snapshot);
      if (snapshot < latestSnapshot)
        await issue("orphaned-data", "medium", "a snapshot behind the head's", latestSnapshot);
      if (sequence !== last || before === undefined) return;
      if (head.epoch !== before.epoch)
        await issue("invalid-data", "high", `the head is in epoch ${head.epoch}`, sequence);
      if ((head.deleted?.sequence ?? 0) !== deleted) {
        await issue(
          "invalid-data",
          "medium",
          "the head is wrong about whether the document is deleted",
          sequence,
        );
      }
      if (head.tail.commits !== tail.commits || head.tail.bytes !== tail.bytes) {
        await issue(
          "invalid-data",
          "low",
          "the head is wrong about how much lies behind its snapshot",
          sequence,
        );
      }
    },
  };
}
