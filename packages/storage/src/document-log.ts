/**
 * One document, open for writing: the end of its chain.
 *
 * A commit is encoded and hashed when `append` is called, on the hash of the commit before it, which may still be in
 * flight; so several appends of one document can wait for the disk together, and the log keeps two heads: the one that is
 * durable, and the one that will be when everything in flight is. If something in flight fails, the second is a guess. The
 * log is then stale, says so, and is opened again.
 *
 * Only the latest log of a document may write. Opening a document again makes the one before it stale.
 */

import { type Appended, type AppendOptions, encodeAppend } from "./append.js";
import type { BatchOperation, StorageBackend, StorageEntry } from "./backend.js";
import { type Commit, type CommitDraft, createCommitCodec, readCommit } from "./commit.js";
import { corruptedRecord, StorageError } from "./errors.js";
import type { GroupCommit } from "./group-commit.js";
import { createHeadEncoder, type Head, readHead, type StoredHead } from "./head.js";
import { readDedupeEntry } from "./indexes.js";
import {
  assertText,
  commitKey,
  dedupeKey,
  headKey,
  KEYSPACE,
  parseKey,
  sequenceOfCommit,
  within,
} from "./keys.js";
import { encodeSnapshot, type SnapshotDraft, thinSnapshots } from "./snapshot.js";

export interface DocumentLog {
  readonly document: string;
  /** The head as it is on the disk; `undefined` while the document has no commits. */
  readonly head: Head | undefined;
  /**
   * Adds the drafts as commits, all or none, and resolves when they are durable, with one answer for each draft.
   *
   * Appends take effect in the order of the calls; one need not wait for the one before.
   *
   * @throws StorageError `unknown-outcome` when the store fails meanwhile, `conflict` when the log is stale: open the
   *   document again, and look drafts up by their dedupe keys. `unavailable` when nothing was tried; `closed`.
   */
  append(drafts: readonly CommitDraft[], options?: AppendOptions): Promise<readonly Appended[]>;
  /**
   * Keeps the state at a commit that is durable, and lets older snapshots go as far as there are too many.
   * `superseded`, and nothing is written, when a snapshot of this commit or a later one is there already.
   *
   * @throws StorageError as `append` does.
   */
  saveSnapshot(snapshot: SnapshotDraft): Promise<"saved" | "superseded">;
  /** Waits for what is in flight. */
  close(): Promise<void>;
}

export interface DocumentLogOptions {
  readonly document: string;
  readonly documentKey: Uint8Array;
  readonly head: StoredHead | undefined;
  readonly groupCommit: GroupCommit;
  readonly now: () => number;
  readonly nextFeedSequence: () => number;
  readonly snapshotsKept: number;
  readonly maxDedupeKeyBytes: number;
}

/** What the ledger does with a log that is none of its holder's business. */
export interface OwnedDocumentLog {
  readonly log: DocumentLog;
  /** Makes the log stale, then waits for what is in flight. */
  supersede(): Promise<void>;
  /** Refuses a store that was opened again and does not have what it had acknowledged. */
  check(backend: StorageBackend): Promise<void>;
}

export function createDocumentLog(options: DocumentLogOptions, onClose: () => void): OwnedDocumentLog {
  const { document, documentKey, groupCommit, now, nextFeedSequence, snapshotsKept, maxDedupeKeyBytes } =
    options;
  const codec = createCommitCodec(document);
  const keyOfHead = headKey(documentKey);
  const encodeHead = createHeadEncoder(keyOfHead);
  let durable = options.head;
  let staged = options.head;
  /** Why the log can no longer write. */
  let stale: StorageError | undefined;
  /** Resolves when everything that is staged has become durable or failed. */
  let settled: Promise<void> = Promise.resolve();
  /** Dedupe keys of commits in flight. */
  const inFlight = new Map<string, Appended>();
  /** Appends whose dedupe keys are being looked up, and the end of their line. */
  let lookingUp = 0;
  let line: Promise<unknown> = Promise.resolve();
  let snapshots: Promise<unknown> = Promise.resolve();
  /** Bytes of all updates that this log ever staged. */
  let stagedBytes = 0;

  const log: DocumentLog = {
    document,
    get head() {
      return durable;
    },
    async append(drafts, appendOptions = {}) {
      for (const { dedupe } of drafts) {
        if (dedupe !== undefined) assertText(dedupe, "a dedupe key", maxDedupeKeyBytes);
      }
      assertUsable();
      const deduped = drafts.some(({ dedupe }) => dedupe !== undefined);
      if (lookingUp === 0 && !deduped) return stage(drafts, new Map(), appendOptions);
      lookingUp += 1;
      const mine = line.then(async () => {
        try {
          const known = await lookUp(drafts);
          assertUsable();
          // Wrapped, or the line would wait for the disk.
          return { durable: stage(drafts, known, appendOptions) };
        } finally {
          lookingUp -= 1;
        }
      });
      line = mine.catch(() => undefined);
      return (await mine).durable;
    },
    saveSnapshot(draft) {
      const mine = snapshots.then(() => saveSnapshot(draft));
      snapshots = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      stale ??= new StorageError("closed", `the log of ${JSON.stringify(document)} is closed`, { document });
      await line;
      await settled;
      onClose();
    },
  };

  return {
    log,
    async supersede() {
      stale ??= conflict("it was opened again");
      await line;
      await snapshots;
      await settled;
    },
    check,
  };

  /** The commits that already bear the drafts' keys. */
  async function lookUp(drafts: readonly CommitDraft[]): Promise<Map<string, Appended>> {
    const known = new Map<string, Appended>();
    const unknown: string[] = [];
    for (const { dedupe } of drafts) {
      if (dedupe === undefined) continue;
      // What is in flight now may be durable, and no longer in flight, when the lookup is done.
      const appended = inFlight.get(dedupe);
      if (appended !== undefined) known.set(dedupe, appended);
      else unknown.push(dedupe);
    }
    if (unknown.length === 0) return known;
    return await groupCommit.read(async backend => {
      const keys = unknown.map(dedupe => dedupeKey(documentKey, dedupe));
      for (const [index, value] of (await backend.getMany(keys)).entries()) {
        if (value === undefined) continue;
        const { sequence } = readDedupeEntry([keys[index]!, value], document);
        const { revision, hash, time, feedSequence } = await readOne(backend, sequence);
        known.set(unknown[index]!, { sequence, revision, hash, time, feedSequence, duplicate: true });
      }
      return known;
    });
  }

  async function readOne(backend: StorageBackend, sequence: number): Promise<Commit> {
    const key = commitKey(documentKey, sequence);
    const value = await backend.get(key);
    if (value === undefined) throw corrupted(sequence, "is missing");
    return commitAt([key, value]);
  }

  function commitAt(entry: StorageEntry): Commit {
    return readCommit(entry, { document, sequence: sequenceOfCommit(entry[0]) }).commit;
  }

  /** Encodes the drafts behind the staged head and hands them to the group commit; synchronous up to there. */
  function stage(
    drafts: readonly CommitDraft[],
    known: ReadonlyMap<string, Appended>,
    appendOptions: AppendOptions,
  ): Promise<readonly Appended[]> {
    // Throws while the store is failed, when nothing is staged yet.
    groupCommit.backend();
    const { answers, added } = encodeAppend(staged, drafts, {
      ...appendOptions,
      document,
      documentKey,
      codec,
      known,
      time: now(),
      nextFeedSequence,
    });
    if (added === undefined) return allDurable(answers);
    const { operations, head, byDedupe, updateBytes } = added;
    stagedBytes += updateBytes;
    for (const [dedupe, appended] of byDedupe) inFlight.set(dedupe, appended);
    return write(operations, head).then(() => {
      for (const dedupe of byDedupe.keys()) inFlight.delete(dedupe);
      return answers;
    });
  }

  /** The answers, once the commits that they are of are durable: a draft may repeat one that is in flight. */
  async function allDurable(answers: readonly Appended[]): Promise<readonly Appended[]> {
    await settled;
    if (answers.some(({ sequence }) => sequence > (durable?.sequence ?? 0))) {
      throw new StorageError("unknown-outcome", "the store failed while the write was under way", {
        document,
      });
    }
    return answers;
  }

  async function saveSnapshot(draft: SnapshotDraft): Promise<"saved" | "superseded"> {
    const { sequence } = draft;
    assertUsable();
    if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence > (durable?.sequence ?? 0)) {
      throw new TypeError("a snapshot is of a commit that is durable");
    }
    if (sequence <= latest().snapshot) return "superseded";
    const { hash } = await groupCommit.read(backend => readOne(backend, sequence));
    const { chunks, description } = encodeSnapshot(documentKey, draft, { hash, time: now() });
    // One at a time: other documents' commits go in between.
    for (const chunk of chunks) {
      assertUsable();
      await groupCommit.write([chunk]);
    }

    // What is staged by now is read, once it is durable; what is staged from here on is counted.
    const until = latest().sequence;
    const bytesUntil = stagedBytes;
    await settled;
    const bytes = await groupCommit.read(backend => bytesOfUpdates(backend, { after: sequence, until }));
    const gone = await groupCommit.read(backend => snapshotKeysToDrop(backend, sequence));

    assertUsable();
    const before = latest();
    const head: StoredHead = {
      ...before,
      snapshot: sequence,
      tail: { commits: before.sequence - sequence, bytes: bytes + stagedBytes - bytesUntil },
    };
    await write([...gone.map(key => ({ type: "delete" as const, key })), description], head);
    return "saved";
  }

  async function bytesOfUpdates(
    backend: StorageBackend,
    { after, until }: { after: number; until: number },
  ): Promise<number> {
    let bytes = 0;
    const range = { gt: commitKey(documentKey, after), lte: commitKey(documentKey, until) };
    for await (const entry of backend.range(range)) bytes += commitAt(entry).update?.length ?? 0;
    return bytes;
  }

  /** What is not kept once there is a snapshot at `latest`, and what is left of attempts that were cut off. */
  async function snapshotKeysToDrop(backend: StorageBackend, latest: number): Promise<Uint8Array[]> {
    const present: { key: Uint8Array; sequence: number }[] = [];
    const complete = new Set([latest]);
    for await (const key of backend.keys(within(KEYSPACE.snapshot, documentKey))) {
      const parsed = parseKey(key);
      if (parsed?.keyspace !== "snapshot") continue;
      present.push({ key, sequence: parsed.sequence });
      if (parsed.chunk === 0) complete.add(parsed.sequence);
    }
    const ascending = [...complete].sort((a, b) => a - b);
    const kept = new Set(thinSnapshots(ascending, snapshotsKept));
    return present.filter(({ sequence }) => !kept.has(sequence)).map(({ key }) => key);
  }

  function latest(): StoredHead {
    if (staged === undefined) throw new TypeError("the document has no commits");
    return staged;
  }

  /** Writes the operations and the head behind them. */
  function write(operations: BatchOperation[], head: StoredHead): Promise<void> {
    staged = head;
    operations.push({ type: "put", key: keyOfHead, value: encodeHead(head) });
    const written = groupCommit.write(operations).then(
      () => {
        durable = head;
      },
      (error: unknown) => {
        stale ??= conflict("a write failed", error);
        throw error;
      },
    );
    settled = written.catch(() => undefined);
    return written;
  }

  async function check(backend: StorageBackend): Promise<void> {
    const value = await backend.get(keyOfHead);
    const found = value === undefined ? undefined : readHead([keyOfHead, value], document);
    const sequence = found?.sequence ?? 0;
    const acknowledged = durable?.sequence ?? 0;
    if (sequence < acknowledged || sequence > (staged?.sequence ?? 0)) {
      throw corrupted(acknowledged, `the store ends at ${sequence} after it was opened again`);
    }
    for (const head of [durable, found]) {
      if (head === undefined) continue;
      const { revision } = await readOne(backend, head.sequence);
      if (revision !== head.revision)
        throw corrupted(head.sequence, "is another one after the store was opened again");
    }
  }

  function corrupted(sequence: number, detail: string): StorageError {
    return corruptedRecord({ what: "commit", document, sequence }, detail);
  }

  function conflict(detail: string, cause?: unknown): StorageError {
    return new StorageError("conflict", `the log of ${JSON.stringify(document)} is stale: ${detail}`, {
      document,
      cause,
    });
  }

  function assertUsable(): void {
    if (stale !== undefined) throw stale;
  }
}
