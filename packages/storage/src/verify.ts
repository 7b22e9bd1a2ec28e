/**
 * Reads everything in a store and reports what does not belong together.
 *
 * Heads, commits, snapshots and dedupe keys lie in the same order of documents, so one walk over the four side by side
 * sees each document whole and holds no more than one commit and one snapshot at a time. Then every feed entry is compared
 * with its commits, which know their place in the feed: when as many commits are found as there are, the two match one to
 * one. Bad data is reported and never thrown.
 */

import { compareBytes, type RangeOptions, type StorageBackend, type StorageEntry } from "./backend.js";
import { type Commit, createCommitCodec, NO_HASH, readCommit } from "./commit.js";
import { StorageError } from "./errors.js";
import { FORMAT_VERSION, readFormatVersion } from "./format.js";
import { type Head, readHead } from "./head.js";
import { readDedupeEntry, readFeedEntry } from "./indexes.js";
import {
  commitKey,
  documentKey,
  FORMAT_KEY,
  feedKey,
  KEYSPACE,
  type ParsedKey,
  parseKey,
  within,
} from "./keys.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";

/** One thing that is wrong. */
export interface VerifyIssue {
  /**
   * - `missing-reference`: something refers to what is not there.
   * - `invalid-data`: two records contradict each other.
   * - `corrupted-entry`: bytes are not what was written.
   * - `version-mismatch`: the format is not the one this version reads.
   * - `hash-mismatch`: the chain does not hold.
   * - `orphaned-data`: nothing refers to it.
   */
  readonly code:
    | "missing-reference"
    | "invalid-data"
    | "corrupted-entry"
    | "version-mismatch"
    | "hash-mismatch"
    | "orphaned-data";
  /** `critical`: history is lost or not trustworthy. `low`: nothing is lost. */
  readonly severity: "low" | "medium" | "high" | "critical";
  readonly detail: string;
  readonly document?: string | undefined;
  readonly sequence?: number | undefined;
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
}

/** What was looked at. */
export interface VerifySummary {
  readonly documents: number;
  readonly commits: number;
  readonly snapshots: number;
  readonly dedupeKeys: number;
  readonly feedEntries: number;
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
  const count = { documents: 0, commits: 0, snapshots: 0, dedupeKeys: 0, feedEntries: 0, issues: 0 };
  const report: Report = async issue => {
    count.issues += 1;
    await onIssue(issue);
  };
  const cursor = (keyspace: number, values = true) => createCursor(backend, keyspace, { values, report });
  const heads = cursor(KEYSPACE.head);
  const commits = cursor(KEYSPACE.commit);
  const snapshots = cursor(KEYSPACE.snapshot, false);
  const dedupe = cursor(KEYSPACE.dedupe);
  const feed = cursor(KEYSPACE.feed);
  const cursors = [heads, commits, snapshots, dedupe, feed];
  try {
    // All begin before anything else is awaited, and so see the store at one moment.
    await Promise.all(cursors.map(each => each.advance()));
    await verifyFormat(backend, report);
    await reportStrangers(backend, report);

    for (;;) {
      const document = firstDocument([heads, commits, snapshots, dedupe]);
      if (document === undefined) break;
      count.documents += 1;
      await verifyDocument(document);
    }

    let matched = 0;
    for await (const { entry, key } of feed.within()) {
      count.feedEntries += 1;
      matched += await verifyRun(backend, entry, key.keyspace === "feed" ? key.feedSequence : 0, report);
    }
    if (matched !== count.commits && !feed.broken && !commits.broken)
      await reportOutsideFeed(backend, report);
    return count;
  } finally {
    for (const each of cursors) await each.close();
  }

  /** What a cursor could not read is not missing. */
  function everythingWasRead(): boolean {
    return !cursors.some(({ broken }) => broken);
  }

  async function verifyDocument(document: string): Promise<void> {
    const replayed = replay(document);
    let head: Head | undefined;
    for await (const { entry } of heads.within(document)) {
      head = await attempt(report, { severity: "critical", document }, () => readHead(entry, document));
    }
    const chain = createChain(document, head, report);
    for await (const { entry, key } of commits.within(document)) {
      count.commits += 1;
      const sequence = key.keyspace === "commit" ? key.sequence : 0;
      const commit = await chain.add(entry, sequence);
      if (commit !== undefined) await ask(() => replayed.commit?.(commit), sequence);
      await verifySnapshots(sequence, commit);
    }
    await verifySnapshots(Number.POSITIVE_INFINITY, undefined);
    if (everythingWasRead()) await chain.end();
    for await (const { entry } of dedupe.within(document)) {
      count.dedupeKeys += 1;
      const known = await attempt(report, { severity: "medium", document }, () =>
        readDedupeEntry(entry, document),
      );
      if (known === undefined || (known.sequence >= 1 && known.sequence <= chain.last)) continue;
      if (!everythingWasRead()) continue;
      const detail = `a dedupe key names commit ${known.sequence}, which is not there`;
      await report({
        code: "missing-reference",
        severity: "medium",
        document,
        sequence: known.sequence,
        detail,
      });
    }
    await ask(() => replayed.end?.(head));

    /** The snapshots up to a commit; all but its own are of commits that are not there. */
    async function verifySnapshots(until: number, commit: Commit | undefined): Promise<void> {
      for (;;) {
        const key = snapshots.at(document)?.key;
        if (key?.keyspace !== "snapshot" || key.sequence > until) return;
        const { sequence } = key;
        await snapshots.skip(other => other.keyspace === "snapshot" && other.sequence === sequence, document);
        count.snapshots += 1;
        const place = { document, documentKey: documentKey(document), sequence };
        const reading = { severity: "high", document, sequence } as const;
        const snapshot = await attempt(
          report,
          reading,
          async () => (await readSnapshot(backend, place)) ?? null,
        );
        if (snapshot === undefined) continue;
        if (everythingWasRead()) await chain.addSnapshot(sequence, snapshot, commit);
        if (snapshot !== null) await ask(() => replayed.snapshot?.(snapshot), sequence);
      }
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

type Report = (issue: VerifyIssue) => Promise<void>;

/** Checks the commits of one document one after the other. */
function createChain(document: string, head: Head | undefined, report: Report) {
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

/** How many commits of the run are where it says. */
async function verifyRun(
  backend: StorageBackend,
  entry: StorageEntry,
  feedSequence: number,
  report: Report,
): Promise<number> {
  const run = await attempt(report, { severity: "medium" }, () => readFeedEntry(entry, feedSequence));
  if (run === undefined) return 0;
  const { document, from, to } = run;
  const key = documentKey(document);
  let matched = 0;
  let wrong: number | undefined;
  for (let start = from; start <= to; start += STEP) {
    const keys: Uint8Array[] = [];
    for (let sequence = start; sequence <= Math.min(to, start + STEP - 1); sequence++)
      keys.push(commitKey(key, sequence));
    const values = await backend.getMany(keys);
    for (const [index, value] of values.entries()) {
      const sequence = start + index;
      const found =
        value === undefined ? undefined : feedSequenceOf([keys[index]!, value], { document, sequence });
      if (found === feedSequence - (to - sequence)) matched += 1;
      else wrong ??= sequence;
    }
    // A damaged count must not make this read for ever.
    if (values.every(value => value === undefined)) break;
  }
  if (wrong !== undefined) {
    const detail = `feed entry ${feedSequence} names commits ${from} to ${to}, not all of which are there and name it`;
    await report({ code: "missing-reference", severity: "medium", document, sequence: wrong, detail });
  }
  return matched;
}

/** Names the commits that the feed skips. */
async function reportOutsideFeed(backend: StorageBackend, report: Report): Promise<void> {
  const commits = createCursor(backend, KEYSPACE.commit, { values: true, report: async () => undefined });
  try {
    await commits.advance();
    for await (const { entry, key } of commits.within()) {
      if (key.keyspace !== "commit") continue;
      const { document, sequence } = key;
      const feedSequence = feedSequenceOf(entry, { document, sequence });
      if (feedSequence === undefined || (await isInFeed(backend, { document, sequence, feedSequence })))
        continue;
      const detail = `the feed has no entry for it at ${feedSequence}`;
      await report({ code: "missing-reference", severity: "medium", document, sequence, detail });
    }
  } finally {
    await commits.close();
  }
}

async function isInFeed(
  backend: StorageBackend,
  { document, sequence, feedSequence }: { document: string; sequence: number; feedSequence: number },
): Promise<boolean> {
  for await (const entry of backend.range({
    ...within(KEYSPACE.feed),
    gte: feedKey(feedSequence),
    limit: 1,
  })) {
    const key = parseKey(entry[0]);
    if (key?.keyspace !== "feed") return false;
    try {
      const run = readFeedEntry(entry, key.feedSequence);
      return (
        run.document === document &&
        run.from <= sequence &&
        run.feedSequence - (run.to - sequence) === feedSequence
      );
    } catch (error) {
      return unreadable(error);
    }
  }
  return false;
}

function feedSequenceOf(
  entry: StorageEntry,
  place: { document: string; sequence: number },
): number | undefined {
  try {
    return readCommit(entry, place).commit.feedSequence;
  } catch (error) {
    // The walk over the commits has reported it.
    unreadable(error);
    return undefined;
  }
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
  const known = [KEYSPACE.head, KEYSPACE.commit, KEYSPACE.snapshot, KEYSPACE.dedupe, KEYSPACE.feed];
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

async function reportStranger(key: Uint8Array, report: Report): Promise<void> {
  const detail = `no ledger writes the key ${Buffer.from(key.subarray(0, 64)).toString("hex")}`;
  await report({ code: "orphaned-data", severity: "low", detail });
}

interface CursorItem {
  readonly key: ParsedKey;
  /** Without its value when only keys are read. */
  readonly entry: StorageEntry;
}

/** A place in the keys of one kind. */
interface Cursor {
  /** Reading failed, and what is behind was not seen. */
  readonly broken: boolean;
  readonly current: CursorItem | undefined;
  /** The current item, if it is of the document. */
  at(document: string): CursorItem | undefined;
  advance(): Promise<void>;
  /** Advances while the current item is of the document and the test holds. */
  skip(test: (key: ParsedKey) => boolean, document: string): Promise<void>;
  /** Walks to the end of the document, or of everything. */
  within(document?: string): AsyncGenerator<CursorItem>;
  close(): Promise<void>;
}

function createCursor(
  backend: StorageBackend,
  keyspace: number,
  { values, report }: { values: boolean; report: Report },
): Cursor {
  const entries = values ? backend.range(within(keyspace)) : undefined;
  const keys = values ? undefined : backend.keys(within(keyspace));
  let current: CursorItem | undefined;
  let broken = false;
  const cursor: Cursor = {
    get broken() {
      return broken;
    },
    get current() {
      return current;
    },
    at: document => (current !== undefined && documentOf(current.key) === document ? current : undefined),
    async advance() {
      current = undefined;
      while (current === undefined) {
        let entry: StorageEntry | undefined;
        try {
          if (entries !== undefined) entry = (await entries.next()).value ?? undefined;
          else {
            const key: Uint8Array | undefined = (await keys?.next())?.value ?? undefined;
            entry = key === undefined ? undefined : [key, NO_VALUE];
          }
        } catch (error) {
          broken = true;
          await reportUnreadable(error, report, { severity: "critical" });
        }
        if (entry === undefined) return;
        const key = parseKey(entry[0]);
        if (key === undefined) await reportStranger(entry[0], report);
        else current = { key, entry };
      }
    },
    async skip(test, document) {
      for (let item = cursor.at(document); item !== undefined && test(item.key); item = cursor.at(document)) {
        await cursor.advance();
      }
    },
    async *within(document) {
      while (current !== undefined && (document === undefined || documentOf(current.key) === document)) {
        yield current;
        await cursor.advance();
      }
    },
    async close() {
      await entries?.return?.();
      await keys?.return?.();
    },
  };
  return cursor;
}

const NO_VALUE = new Uint8Array(0);
const STEP = 256;

function documentOf(key: ParsedKey): string | undefined {
  return "document" in key ? key.document : undefined;
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

type Place = Pick<VerifyIssue, "severity" | "document" | "sequence">;

/** What is read, or `undefined` when it cannot be and that was reported. */
async function attempt<T>(report: Report, place: Place, read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    await reportUnreadable(error, report, place);
    return undefined;
  }
}

async function reportUnreadable(error: unknown, report: Report, place: Place): Promise<void> {
  unreadable(error);
  await report({
    code: "corrupted-entry",
    detail: error instanceof Error ? error.message : String(error),
    ...place,
  });
}

/** Lets through what is the data's fault, and throws what is the store's. */
function unreadable(error: unknown): false {
  if (error instanceof StorageError && (error.code === "corrupted" || error.code === "read-failed"))
    return false;
  throw error;
}
