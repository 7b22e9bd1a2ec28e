/**
 * The ledger: for every document a chain of commits, its head and its snapshots, and one feed over all of them.
 *
 * It is the truth about the documents, and what is in memory elsewhere is a cache of it: a commit is acknowledged when it
 * is on the disk, and what a failure leaves in doubt is read again. All documents share one group commit, and one batch
 * holds everything that an append writes: commits, dedupe keys, head and feed entry. Beside the documents it keeps small
 * records for whoever runs the store.
 *
 * The bytes on disk are described where they are written: keys.ts, encoding.ts, format.ts, commit.ts, notes.ts, head.ts,
 * snapshot.ts, indexes.ts, records.ts and erasure.ts.
 */

import { setTimeout as timeout } from "node:timers/promises";
import type { RangeOptions, StorageBackend, StorageEntry } from "./backend.js";
import { type Commit, type CommitActor, readCommit } from "./commit.js";
import { createDocumentLog, type DocumentLog, type OwnedDocumentLog } from "./document-log.js";
import { createDocumentTurns } from "./document-turns.js";
import { eraseDocument, erasedError, findTombstone, finishErasures, type Tombstone } from "./erasure.js";
import { corruptedRecord, storageErrorCode } from "./errors.js";
import { checkFormat } from "./format.js";
import { gatherReads } from "./gathered-reads.js";
import { createGroupCommit, type Sleep, type StoreStatus } from "./group-commit.js";
import { type Head, readHead } from "./head.js";
import { type FeedEntry, readDedupeEntry, readFeedEntry } from "./indexes.js";
import {
  assertText,
  commitKey,
  dedupeKey,
  documentKey,
  feedKey,
  headKey,
  KEYSPACE,
  parseKey,
  sequenceOfCommit,
  snapshotKey,
  within,
} from "./keys.js";
import { type LoadedDocument, loadDocument } from "./load-document.js";
import { type InclusionProof, type ProveOptions, proveCommit } from "./proof.js";
import { createDocumentRecords, createRecords, type DocumentRecords, type Records } from "./records.js";
import {
  type DropIssuesOptions,
  type DropPartsOptions,
  type DropPartsResult,
  dropIssues,
  dropParts,
} from "./retention.js";
import { readSnapshot, type Snapshot } from "./snapshot.js";

export interface LedgerOptions {
  /** Opens the store; called again after each failure, when the store before is closed. */
  readonly open: () => Promise<StorageBackend>;
  /**
   * The time of commits, in whole milliseconds since 1970.
   * @default Date.now
   */
  readonly now?: () => number;
  /** Waits between attempts to open a store that failed. */
  readonly sleep?: Sleep;
  /**
   * How many snapshots of a document are kept: the latest, and older ones the sparser the older they are. A
   * version in between costs the commits from the nearest.
   * @default 64
   */
  readonly snapshotsKept?: number;
  /**
   * Longest document id, in bytes of UTF-8.
   * @default 1024
   */
  readonly maxDocumentIdBytes?: number;
  /**
   * Longest dedupe key, in bytes of UTF-8.
   * @default 1024
   */
  readonly maxDedupeKeyBytes?: number;
  /**
   * A batch takes no further append once it has so many records.
   * @default 1000
   */
  readonly maxBatchRecords?: number;
  /**
   * A batch takes no further append once it has so many bytes.
   * @default 1_048_576
   */
  readonly maxBatchBytes?: number;
}

/** A document as it was opened. */
export interface OpenedDocument {
  readonly log: DocumentLog;
  /** The latest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** The commits behind the latest snapshot, in order; each still has its update. */
  readonly tail: readonly Commit[];
}

export interface ReadOptions {
  /** First sequence. @default 1 */
  readonly from?: number;
  /** Last sequence. @default the last there is */
  readonly to?: number;
  readonly limit?: number;
  /** From the last to the first. */
  readonly reverse?: boolean;
}

/**
 * An open ledger. While `status` is `failed` every method fails with `unavailable`, except `subscribe` and `close`.
 * Document ids are any well-formed text that is not empty; other arguments are a `TypeError`.
 */
export interface Ledger extends AsyncDisposable {
  readonly status: StoreStatus;
  /** Calls the listener after every change of `status`, until the function it returns is called. */
  subscribe(listener: () => void): () => void;
  /**
   * Opens a document for writing; one without commits is opened all the same and has no head. Its head, its latest
   * snapshot and the commits behind it are read and verified. A log of the document that is open already becomes stale,
   * and what it has in flight is waited for.
   *
   * @throws StorageError `corrupted`, with document and sequence, when they do not belong together; `erased`.
   */
  open(document: string): Promise<OpenedDocument>;
  /** `undefined` for a document without commits. */
  head(document: string): Promise<Head | undefined>;
  /** The heads of all documents, in the order of their ids' bytes. */
  documents(options?: { readonly after?: string; readonly limit?: number }): AsyncIterableIterator<Head>;
  /** Commits of a document; a gap between them is `corrupted`, or `erased`. Hashes are not verified. */
  read(document: string, options?: ReadOptions): AsyncIterableIterator<Commit>;
  /** The latest snapshot, or the latest that is not behind a sequence. */
  snapshot(document: string, options?: { readonly notAfter?: number }): Promise<Snapshot | undefined>;
  /** The sequences of all snapshots that are kept, ascending. */
  snapshots(document: string): Promise<number[]>;
  /** Where the feed is by now: what comes later stands behind it. */
  readonly feedSequence: number;
  /** The runs of commits of all documents behind a feed sequence, in order; nothing is skipped. */
  feed(options?: { readonly since?: number; readonly limit?: number }): AsyncIterableIterator<FeedEntry>;
  /** Sequence of the commit that bears the key. */
  findByDedupe(document: string, key: string): Promise<number | undefined>;
  /**
   * A proof that a commit belongs to a document's history, to be checked by `checkProof`; `undefined` when there is no
   * such commit up to the head.
   *
   * @throws StorageError `corrupted`, also when the store is not what the signed head stands for.
   */
  prove(document: string, sequence: number, options?: ProveOptions): Promise<InclusionProof | undefined>;
  /** Lets go of parts of old commits; their hashes stay, and the chain verifies. */
  dropParts(options: DropPartsOptions): Promise<DropPartsResult>;
  /**
   * Lets go of the issues of single commits and of the hashes of refused updates, which are no longer in their notes;
   * the chain verifies.
   */
  dropIssues(options: DropIssuesOptions): Promise<void>;
  /** The records of a namespace, which need not exist before. */
  records(namespace: string): Records;
  /** The records of a namespace of one document, which go with it when it is erased. */
  documentRecords(document: string, namespace: string): DocumentRecords;
  /**
   * Erases a document for good: commits, snapshots, dedupe keys, records, and its runs in the feed, which says instead that
   * it was erased. A log of it that is open becomes stale, and opening it again is `erased`. What a failure cuts off is
   * finished when the store is opened again. Erasing it again does nothing.
   *
   * @throws StorageError `unknown-outcome` when the store failed meanwhile: erase it again.
   */
  erase(document: string, by: { readonly actor: CommitActor }): Promise<Tombstone>;
  /** What is left of a document that was erased. */
  tombstone(document: string): Promise<Tombstone | undefined>;
  /** Finishes what is in flight and closes the store. */
  close(): Promise<void>;
}

/**
 * Opens the ledger in a store; an empty store becomes one.
 *
 * @throws StorageError what `open` throws; `corrupted` when the store holds something else; `unsupported-version`.
 */
export async function openLedger({
  open,
  now = Date.now,
  sleep = (milliseconds, signal) => timeout(milliseconds, undefined, { signal }),
  snapshotsKept = 64,
  maxDocumentIdBytes = 1024,
  maxDedupeKeyBytes = 1024,
  maxBatchRecords = 1000,
  maxBatchBytes = 1024 * 1024,
}: LedgerOptions): Promise<Ledger> {
  const logs = new Set<OwnedDocumentLog>();
  /** The latest opening of each document that is open. */
  const openings = new Map<string, Promise<OwnedDocumentLog | undefined>>();
  /** For what writes to a document beside its log. */
  const inTurn = createDocumentTurns();
  let feedSequence = 0;
  const groupCommit = await createGroupCommit({
    open,
    check,
    sleep,
    maxOperations: maxBatchRecords,
    maxBytes: maxBatchBytes,
  });

  const readOne = gatherReads(groupCommit);

  const ledger: Ledger = {
    get status() {
      return groupCommit.status;
    },
    get feedSequence() {
      return feedSequence;
    },
    subscribe: listener => groupCommit.subscribe(listener),
    async open(document) {
      const key = keyOf(document);
      const before = openings.get(document) ?? Promise.resolve(undefined);
      const opening = before.then(async previous => {
        await previous?.supersede();
        if (previous !== undefined) logs.delete(previous);
        return begin(document, key);
      });
      const owned = opening.then(
        begun => begun.owned,
        () => undefined,
      );
      openings.set(document, owned);
      try {
        const { loaded, owned: mine } = await opening;
        return { log: mine.log, snapshot: loaded.snapshot, tail: loaded.tail };
      } catch (error) {
        if (openings.get(document) === owned) openings.delete(document);
        throw error;
      }
    },
    head: document => groupCommit.read(backend => readHeadOf(backend, document)),
    documents: ({ after, limit = Number.POSITIVE_INFINITY } = {}) =>
      walk(
        { ...within(KEYSPACE.head), ...(after === undefined ? {} : { gt: headKey(keyOf(after)) }), limit },
        (entry, parsed) => (parsed?.keyspace === "head" ? readHead(entry, parsed.document) : undefined),
      ),
    read,
    snapshot: (document, { notAfter = Number.MAX_SAFE_INTEGER } = {}) =>
      groupCommit.read(backend => readSnapshotOf(backend, document, assertSequence(notAfter))),
    snapshots: document =>
      groupCommit.read(async backend => {
        const latest = (await readHeadOf(backend, document))?.snapshot ?? 0;
        const found: number[] = [];
        for await (const sequence of snapshotsUpTo(backend, { document, last: latest })) found.push(sequence);
        return found.reverse();
      }),
    feed: ({ since = 0, limit = Number.POSITIVE_INFINITY } = {}) =>
      walk({ ...within(KEYSPACE.feed), gt: feedKey(assertSequence(since)), limit }, (entry, parsed) => {
        if (parsed?.keyspace !== "feed") return undefined;
        const run = readFeedEntry(entry, parsed.feedSequence);
        return { ...run, from: Math.max(run.from, run.to - (run.feedSequence - since) + 1) };
      }),
    async findByDedupe(document, key) {
      assertText(key, "a dedupe key", maxDedupeKeyBytes);
      const entry = dedupeKey(keyOf(document), key);
      const value = await readOne(entry);
      return value === undefined ? undefined : readDedupeEntry([entry, value], document).sequence;
    },
    prove: (document, sequence, options) =>
      groupCommit.read(backend => {
        const place = { document, documentKey: keyOf(document), sequence: assertSequence(sequence) };
        return proveCommit(backend, place, options);
      }),
    records: namespace => createRecords(groupCommit, namespace),
    documentRecords: (document, namespace) =>
      createDocumentRecords(groupCommit, {
        documentKey: keyOf(document),
        namespace,
        exclusively: write =>
          inTurn(document, () =>
            groupCommit.read(async backend => {
              const tombstone = await findTombstone(backend, document);
              if (tombstone !== undefined) throw erasedError(tombstone);
              return write(backend);
            }),
          ),
      }),
    async erase(document, { actor }) {
      keyOf(document);
      const before = openings.get(document) ?? Promise.resolve(undefined);
      const erasing = before.then(async previous => {
        await previous?.supersede();
        if (previous !== undefined) logs.delete(previous);
        return inTurn(document, () => groupCommit.read(backend => erase(backend, document, actor)));
      });
      const owned = erasing.then(
        () => undefined,
        () => undefined,
      );
      openings.set(document, owned);
      try {
        return await erasing;
      } finally {
        if (openings.get(document) === owned) openings.delete(document);
      }
    },
    tombstone: document =>
      groupCommit.read(backend => {
        keyOf(document);
        return findTombstone(backend, document);
      }),
    dropParts: options =>
      inTurn(options.document, () =>
        groupCommit.read(() => dropParts(groupCommit, keyOf(options.document), options)),
      ),
    dropIssues: options =>
      inTurn(options.document, () =>
        groupCommit.read(() => dropIssues(groupCommit, keyOf(options.document), options)),
      ),
    close: () => groupCommit.close(),
    [Symbol.asyncDispose]: () => groupCommit.close(),
  };
  return ledger;

  async function begin(
    document: string,
    key: Uint8Array,
  ): Promise<{ loaded: LoadedDocument; owned: OwnedDocumentLog }> {
    const loaded = await groupCommit.read(backend => loadDocument(backend, { document, documentKey: key }));
    const owned = createDocumentLog(
      {
        document,
        documentKey: key,
        head: loaded.head,
        groupCommit,
        now,
        nextFeedSequence: () => ++feedSequence,
        snapshotsKept,
        maxDedupeKeyBytes,
      },
      async () => {
        logs.delete(owned);
        if ((await openings.get(document)) === owned) openings.delete(document);
      },
    );
    logs.add(owned);
    return { loaded, owned };
  }

  async function erase(backend: StorageBackend, document: string, actor: CommitActor): Promise<Tombstone> {
    const known = await findTombstone(backend, document);
    if (known !== undefined) return known;
    // A damaged document can be erased as well.
    const head = await readHeadOf(backend, document).catch(error => {
      if (storageErrorCode(error) !== "corrupted") throw error;
    });
    const tombstone = { document, sequence: head?.sequence ?? 0, time: now(), actor };
    await eraseDocument(backend, {
      tombstone,
      feedSequence: ++feedSequence,
      write: groupCommit.write,
    });
    return tombstone;
  }

  async function* read(
    document: string,
    {
      from = 1,
      to = Number.MAX_SAFE_INTEGER,
      limit = Number.POSITIVE_INFINITY,
      reverse = false,
    }: ReadOptions = {},
  ): AsyncIterableIterator<Commit> {
    const key = keyOf(document);
    const first = Math.max(assertSequence(from), 1);
    let expected = reverse ? undefined : first;
    const range = { gte: commitKey(key, first), lte: commitKey(key, assertSequence(to)), limit, reverse };
    try {
      for await (const entry of groupCommit.backend().range(range)) {
        const sequence = sequenceOfCommit(entry[0]);
        if (expected !== undefined && sequence !== expected) {
          const tombstone = await findTombstone(groupCommit.backend(), document);
          if (tombstone !== undefined) throw erasedError(tombstone);
          throw corruptedRecord({ what: "commit", document, sequence: expected }, "is missing");
        }
        expected = sequence + (reverse ? -1 : 1);
        yield readCommit(entry, { document, sequence }).commit;
      }
    } catch (error) {
      throw groupCommit.readingError(error);
    }
  }

  async function readHeadOf(backend: StorageBackend, document: string): Promise<Head | undefined> {
    const key = headKey(keyOf(document));
    const value = await backend.get(key);
    return value === undefined ? undefined : readHead([key, value], document);
  }

  async function readSnapshotOf(
    backend: StorageBackend,
    document: string,
    notAfter: number,
  ): Promise<Snapshot | undefined> {
    const read = (sequence: number) =>
      readSnapshot(backend, { document, documentKey: keyOf(document), sequence });
    const latest = (await readHeadOf(backend, document))?.snapshot ?? 0;
    if (latest === 0) return undefined;
    if (latest <= notAfter) {
      const snapshot = await read(latest);
      if (snapshot !== undefined) return snapshot;
      // Unless a later one has taken its place a moment ago, it ought to be there.
      const now = (await readHeadOf(backend, document))?.snapshot;
      if (now !== latest) return await readSnapshotOf(backend, document, notAfter);
      throw corruptedRecord({ what: "snapshot", document, sequence: latest }, "is missing");
    }
    for await (const sequence of snapshotsUpTo(backend, { document, last: notAfter })) {
      const snapshot = await read(sequence);
      if (snapshot !== undefined) return snapshot;
    }
    return undefined;
  }

  /** The sequences of snapshots, the latest first. */
  async function* snapshotsUpTo(
    backend: StorageBackend,
    { document, last }: { readonly document: string; readonly last: number },
  ): AsyncIterableIterator<number> {
    const { gte } = within(KEYSPACE.snapshot, keyOf(document));
    const range = { gte: gte!, lte: snapshotKey(keyOf(document), last, 0), reverse: true };
    for await (const found of backend.keys(range)) {
      const parsed = parseKey(found);
      // Without chunk 0 it is what saving one left behind that was cut off.
      if (parsed?.keyspace === "snapshot" && parsed.chunk === 0) yield parsed.sequence;
    }
  }

  /** What a walk finds, read; keys that are none of a ledger's are left to `verifyLedger`. */
  async function* walk<T>(
    range: RangeOptions,
    read: (entry: StorageEntry, key: ReturnType<typeof parseKey>) => T | undefined,
  ): AsyncIterableIterator<T> {
    const entries = groupCommit.backend().range(range);
    try {
      for await (const entry of entries) {
        const item = read(entry, parseKey(entry[0]));
        if (item !== undefined) yield item;
      }
    } catch (error) {
      throw groupCommit.readingError(error);
    }
  }

  function keyOf(document: string): Buffer {
    return documentKey(document, maxDocumentIdBytes);
  }

  async function check(backend: StorageBackend): Promise<void> {
    await checkFormat(backend, now);
    for await (const key of backend.keys({ ...within(KEYSPACE.feed), reverse: true, limit: 1 })) {
      const parsed = parseKey(key);
      if (parsed?.keyspace === "feed") feedSequence = Math.max(feedSequence, parsed.feedSequence);
    }
    await finishErasures(backend, operations => backend.batch(operations, { durable: true }));
    for (const owned of logs) await owned.check(backend);
  }
}

function assertSequence(sequence: number): number {
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new TypeError("a sequence is a whole number");
  return sequence;
}
