/**
 * What happened to all documents, in one order: the feed of the ledger as change events, for whoever may read what.
 *
 * Feed sequences increase and have gaps. A page goes on where the one before has ended, so nothing is skipped, and
 * nothing comes twice. Commits of forks are left out: they are of no document until the fork is merged. Of a document
 * that was erased since nothing is left but that.
 */
import { type FeedChange, type FeedPage, forkOf } from "@verso/protocol";
import { type FeedEntry, type Ledger, StorageError } from "@verso/storage";
import { createRecentChanges, type RecentChanges } from "./recent-changes.js";

export interface FeedOptions {
  /** Only what came after this feed sequence. */
  readonly since: number;
  /** Changes of a page, at most. */
  readonly limit: number;
  /** Asked once for each document of a page. */
  readonly mayRead: (documentId: string) => Promise<boolean>;
  /** Whether documents are shown by all of their roots. @default false */
  readonly all?: boolean;
  /** Where changes are read that others read, too. @default the ledger alone */
  readonly recent?: Pick<RecentChanges, "after">;
}

/** Runs of commits that one page looks through: those that may not be read are not told. */
const runsLooked = 10_000;
/** Commits that are read at once. */
const commitsRead = 100;

/** A page, and where the next one begins: behind the last change that was looked at, told or not. */
export async function readFeed(ledger: Ledger, options: FeedOptions): Promise<FeedPage> {
  const { since, limit, all = false, recent = createRecentChanges(ledger) } = options;
  const changes: FeedChange[] = [];
  const permitted = new Map<string, boolean>();
  let next = since;
  for await (const run of ledger.feed({ since, limit: runsLooked })) {
    if (await mayRead(run.document)) {
      for await (const change of changesOf(run)) {
        changes.push(change);
        next = change.feed_sequence;
        if (changes.length === limit) return { changes, next };
      }
    }
    next = run.feedSequence;
  }
  return { changes, next };

  async function mayRead(documentId: string): Promise<boolean> {
    if (forkOf(documentId) !== null) return false;
    const known = permitted.get(documentId) ?? (await options.mayRead(documentId));
    permitted.set(documentId, known);
    return known;
  }

  async function* changesOf({
    document,
    erased,
    from,
    to,
    feedSequence,
  }: FeedEntry): AsyncGenerator<FeedChange> {
    if (erased) {
      yield* erasureOf(document, feedSequence);
      return;
    }
    try {
      for (let at = from - 1; at < to; ) {
        const read = await recent.after(document, { since: at, limit: Math.min(to - at, commitsRead), all });
        // It was erased meanwhile.
        if (read === null || read.length === 0) return;
        for (const change of read) {
          yield { ...change, feed_sequence: feedSequence - (to - change.sequence) };
        }
        at += read.length;
      }
    } catch (error) {
      // Its erasure comes later in the feed.
      if (!(error instanceof StorageError && error.code === "erased")) throw error;
    }
  }

  async function* erasureOf(document: string, feedSequence: number): AsyncGenerator<FeedChange> {
    const tombstone = await ledger.tombstone(document);
    if (tombstone === undefined) return;
    yield {
      feed_sequence: feedSequence,
      sequence: tombstone.sequence,
      document_id: document,
      event_type: "delete",
      kind: "erase",
      revision_id: null,
      user_id: tombstone.actor.user,
      forward_patch: null,
      reverse_patch: null,
      created_at: new Date(tombstone.time).toISOString(),
    };
  }
}
