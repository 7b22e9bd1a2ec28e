/**
 * Reads everything in a store and reports what does not belong together.
 *
 * What belongs to documents lies in the same order of documents in each keyspace, so one walk over all of them side by side
 * sees each document whole and holds no more than one commit and one snapshot at a time. Then every feed entry is compared
 * with its commits, which know their place in the feed: when as many commits are found as there are, the two match one to
 * one. Of records only the seals are checked: what they mean is their owners' business. Bad data is reported and never thrown.
 */

import { compareBytes, type RangeOptions, type StorageBackend, type StorageEntry } from "./backend.js";
import type { Commit } from "./commit.js";
import { type Cursor, createCursor, documentOf, reportStranger } from "./cursor.js";
import { readTombstone } from "./erasure.js";
import { FORMAT_VERSION, readFormatVersion } from "./format.js";
import { type Head, readHead } from "./head.js";
import { readDedupeEntry } from "./indexes.js";
import { documentKey, FORMAT_KEY, KEYSPACE, type ParsedKey, parseKey } from "./keys.js";
import { readRecord } from "./records.js";
import { assembleSnapshot, type Snapshot } from "./snapshot.js";
import { createChain } from "./verify-chain.js";
import { reportOutsideFeed, verifyRun } from "./verify-feed.js";
import { attempt, type Report, type VerifyIssue } from "./verify-issue.js";

/** What was looked at. */
export interface VerifySummary {
  readonly documents: number;
  readonly commits: number;
  readonly snapshots: number;
  readonly dedupeKeys: number;
  readonly feedEntries: number;
  /** Records, beside the documents and of documents. */
  readonly records: number;
  /** Documents that were erased; they are not among `documents`. */
  readonly erased: number;
  readonly issues: number;
}

type ReplayAnswer = readonly Omit<VerifyIssue, "document">[] | undefined;

/**
 * A check of what the bytes of one document mean. It gets the document's commits in order, each snapshot right behind the
 * commit that it is of, and at last the head; what it answers or throws becomes an issue.
 */
export interface DocumentReplay {
  commit?(commit: Commit): Promise<ReplayAnswer> | ReplayAnswer;
  snapshot?(snapshot: Snapshot): Promise<ReplayAnswer> | ReplayAnswer;
  end?(head: Head | undefined): Promise<ReplayAnswer> | ReplayAnswer;
}

export interface VerifyOptions {
  /** Gets each issue as it is found, and is waited for. */
  readonly onIssue?: (issue: VerifyIssue) => void | Promise<void>;
  readonly replay?: (document: string) => DocumentReplay;
}

/**
 * Verifies a whole store.
 *
 * @throws StorageError `closed`, `unavailable`: when it is the store that fails and not its data.
 */
export async function verifyLedger(
  backend: StorageBackend,
  { onIssue = () => undefined, replay = () => ({}) }: VerifyOptions = {},
): Promise<VerifySummary> {
  const count = {
    documents: 0,
    commits: 0,
    snapshots: 0,
    dedupeKeys: 0,
    feedEntries: 0,
    records: 0,
    erased: 0,
    issues: 0,
  };
  const report: Report = async issue => {
    count.issues += 1;
    await onIssue(issue);
  };
  const cursor = (keyspace: number) => createCursor(backend, keyspace, report);
  const heads = cursor(KEYSPACE.head);
  const commits = cursor(KEYSPACE.commit);
  const snapshots = cursor(KEYSPACE.snapshot);
  const dedupe = cursor(KEYSPACE.dedupe);
  const feed = cursor(KEYSPACE.feed);
  const records = cursor(KEYSPACE.record);
  const tombstones = cursor(KEYSPACE.tombstone);
  const documentRecords = cursor(KEYSPACE.documentRecord);
  const ofDocuments = [heads, tombstones, commits, snapshots, dedupe, documentRecords];
  const cursors = [...ofDocuments, feed, records];
  try {
    // All begin before anything else is awaited, and so see the store at one moment.
    await Promise.all(cursors.map(each => each.advance()));
    await attempt(report, { severity: "critical" }, () => verifyFormat(backend, report));
    await attempt(report, { severity: "critical" }, () => reportStrangers(backend, report));

    for (;;) {
      const document = firstDocument(ofDocuments);
      if (document === undefined) break;
      const { current } = tombstones;
      if (current?.key.keyspace === "tombstone" && current.key.document === document) {
        count.erased += 1;
        await verifyErased(document);
      } else {
        count.documents += 1;
        await verifyDocument(document);
      }
    }

    let matched = 0;
    for await (const { entry, key } of feed.takeWhile(() => true)) {
      count.feedEntries += 1;
      const feedSequence = key.keyspace === "feed" ? key.feedSequence : 0;
      const verified = await attempt(report, { severity: "critical" }, () =>
        verifyRun(backend, entry, { feedSequence, report }),
      );
      matched += verified ?? 0;
    }
    if (matched !== count.commits && everythingWasRead()) {
      await attempt(report, { severity: "critical" }, () => reportOutsideFeed(backend, report));
    }
    for await (const { entry } of records.takeWhile(() => true)) {
      count.records += 1;
      await attempt(report, { severity: "high" }, () => readRecord(entry));
    }
    return count;
  } finally {
    for (const each of cursors) await each.close();
  }

  /** What a cursor could not read is not missing. */
  function everythingWasRead(): boolean {
    return !cursors.some(({ broken }) => broken);
  }

  /** What is left of a document with a tombstone, which is nothing once its erasure is done. */
  async function verifyErased(document: string): Promise<void> {
    const own = (key: ParsedKey) => documentOf(key) === document;
    let done = false;
    for await (const { entry } of tombstones.takeWhile(own)) {
      const read = await attempt(report, { severity: "high", document }, () =>
        readTombstone(entry, document),
      );
      done = read?.done === true;
    }
    let left = 0;
    for (const each of ofDocuments) {
      for await (const { key } of each.takeWhile(own)) {
        left += 1;
        if (key.keyspace !== "head") continue;
        const detail = "it was erased, and has a head";
        await report({ code: "invalid-data", severity: "critical", document, detail });
      }
    }
    if (!done || left === 0) return;
    const detail = `it was erased, and ${left} entries of it are there`;
    await report({ code: "orphaned-data", severity: "high", document, detail });
  }

  async function verifyDocument(document: string): Promise<void> {
    const replayed = replay(document);
    const own = (key: ParsedKey) => documentOf(key) === document;
    let head: Head | undefined;
    for await (const { entry } of heads.takeWhile(own)) {
      head = await attempt(report, { severity: "critical", document }, () => readHead(entry, document));
    }
    const chain = createChain(document, head, report);
    for await (const { entry, key } of commits.takeWhile(own)) {
      count.commits += 1;
      const sequence = key.keyspace === "commit" ? key.sequence : 0;
      const commit = await chain.add(entry, sequence);
      if (commit !== undefined) await ask(() => replayed.commit?.(commit), sequence);
      await verifySnapshots(sequence, commit);
    }
    await verifySnapshots(Number.POSITIVE_INFINITY, undefined);
    if (everythingWasRead()) await chain.end();
    for await (const { entry } of dedupe.takeWhile(own)) {
      count.dedupeKeys += 1;
      await verifyDedupe(entry);
    }
    let recordsOfIt = 0;
    for await (const { entry } of documentRecords.takeWhile(own)) {
      count.records += 1;
      recordsOfIt += 1;
      await attempt(report, { severity: "high", document }, () => readRecord(entry));
    }
    if (recordsOfIt > 0 && head === undefined && chain.last === 0 && everythingWasRead()) {
      const detail = "records of a document that is not there";
      await report({ code: "orphaned-data", severity: "low", document, detail });
    }
    await ask(() => replayed.end?.(head));

    /** The snapshots up to a commit; all but its own are of commits that are not there. */
    async function verifySnapshots(until: number, commit: Commit | undefined): Promise<void> {
      for (;;) {
        const key = snapshots.current?.key;
        if (key?.keyspace !== "snapshot" || key.document !== document || key.sequence > until) return;
        const { sequence } = key;
        count.snapshots += 1;
        const pieces = () =>
          snapshots.takeWhile(
            other => own(other) && other.keyspace === "snapshot" && other.sequence === sequence,
          );
        const entries = mapped(pieces(), ({ entry }) => entry);
        // `null` for one that saving left unfinished.
        const snapshot = await attempt(
          report,
          { severity: "high", document, sequence },
          async () => (await assembleSnapshot(entries, { document, sequence })) ?? null,
        );
        for await (const _ of pieces()); // What is left of one that could not be read.
        if (snapshot === undefined || !everythingWasRead()) continue;
        await chain.addSnapshot(sequence, snapshot, commit);
        if (snapshot !== null) await ask(() => replayed.snapshot?.(snapshot), sequence);
      }
    }

    async function verifyDedupe(entry: StorageEntry): Promise<void> {
      const known = await attempt(report, { severity: "medium", document }, () =>
        readDedupeEntry(entry, document),
      );
      if (known === undefined || !everythingWasRead()) return;
      const { sequence } = known;
      if (sequence >= 1 && sequence <= chain.last) return;
      const detail = `a dedupe key names commit ${sequence}, which is not there`;
      await report({ code: "missing-reference", severity: "medium", document, sequence, detail });
    }

    async function ask(answer: () => Promise<ReplayAnswer> | ReplayAnswer, sequence?: number): Promise<void> {
      let issues: ReplayAnswer;
      try {
        issues = await answer();
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        issues = [{ code: "invalid-data", severity: "critical", sequence, detail }];
      }
      for (const issue of issues ?? []) await report({ ...issue, document });
    }
  }
}

async function* mapped<T, U>(items: AsyncIterable<T>, map: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield map(item);
}

async function verifyFormat(backend: StorageBackend, report: Report): Promise<void> {
  const value = await backend.get(FORMAT_KEY);
  if (value === undefined) {
    for await (const _ of backend.keys({ limit: 1 })) {
      const detail = "the record of the format is missing";
      await report({ code: "missing-reference", severity: "high", detail });
    }
    return;
  }
  const version = await attempt(report, { severity: "high" }, () => readFormatVersion([FORMAT_KEY, value]));
  if (version === undefined || version === FORMAT_VERSION) return;
  const detail = `the format is ${version}, and ${FORMAT_VERSION} is what can be read here`;
  await report({ code: "version-mismatch", severity: "critical", detail });
}

/** Keys in the gaps between the kinds, and beside the format. */
async function reportStrangers(backend: StorageBackend, report: Report): Promise<void> {
  const { meta: _, ...kinds } = KEYSPACE;
  const known = Object.values(kinds);
  const gaps: RangeOptions[] = [{ lt: Buffer.of(known[0]!) }];
  for (const [index, keyspace] of known.entries()) {
    const next = known[index + 1];
    gaps.push({ gte: Buffer.of(keyspace + 1), ...(next === undefined ? {} : { lt: Buffer.of(next) }) });
  }
  for (const gap of gaps) {
    for await (const key of backend.keys(gap)) {
      if (parseKey(key)?.keyspace !== "format") await reportStranger(key, report);
    }
  }
}

/** The document that comes first among those where the cursors stand. */
function firstDocument(cursors: readonly Cursor[]): string | undefined {
  let first: string | undefined;
  for (const { current } of cursors) {
    const document = current === undefined ? undefined : documentOf(current.key);
    if (document === undefined || document === first) continue;
    if (first === undefined || compareBytes(documentKey(document), documentKey(first)) < 0) first = document;
  }
  return first;
}
