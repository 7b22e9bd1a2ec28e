/**
 * Erasing a document: everything of it goes, and a tombstone keeps it from coming back.
 *
 * ```
 * tombstone value := sequence of the last commit, time (varuints) actor (block of fields, as in commit.ts)
 *                    done (1: 00 or 01) fields seal
 * ```
 *
 * The first batch is the erasure: it puts the tombstone, takes the head away, and tells the feed. What it leaves is swept
 * in small batches, so that other documents' commits go in between, and at last the tombstone says that it is done. Cut
 * off in between, the sweep goes on when the store is opened again. It is not done before the bytes have left the medium,
 * as far as the backend can see to that.
 */

import type { BatchOperation, StorageBackend, StorageEntry } from "./backend.js";
import { type CommitActor, decodeActorFields, encodeActorFields, readCommit } from "./commit.js";
import { ByteWriter, sealed, unseal } from "./encoding.js";
import { StorageError } from "./errors.js";
import { encodeErasureEntry } from "./indexes.js";
import { documentKey, feedKey, headKey, KEYSPACE, parseKey, tombstoneKey, within } from "./keys.js";

/** That a document was erased, when and by whom. */
export interface Tombstone {
  readonly document: string;
  /** The sequence that its last commit had; 0 when it had none. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly actor: CommitActor;
}

/** A tombstone, and whether everything behind it is swept. */
interface StoredTombstone extends Tombstone {
  readonly done: boolean;
}

type Write = (operations: readonly BatchOperation[]) => Promise<void>;

/** Keys of one batch of the sweep. */
const STEP = 200;

/** Erases a document. When it resolves, nothing of it is left but the tombstone and what the feed says. */
export async function eraseDocument(
  backend: StorageBackend,
  {
    tombstone,
    feedSequence,
    write,
  }: { readonly tombstone: Tombstone; readonly feedSequence: number; readonly write: Write },
): Promise<void> {
  const { document } = tombstone;
  const feed = feedKey(feedSequence);
  await write([
    putTombstone({ ...tombstone, done: false }),
    { type: "delete", key: headKey(documentKey(document)) },
    { type: "put", key: feed, value: encodeErasureEntry(feed, document) },
  ]);
  await sweep(backend, tombstone, write);
}

/** Goes on with erasures that were cut off. */
export async function finishErasures(backend: StorageBackend, write: Write): Promise<void> {
  const unfinished: Tombstone[] = [];
  for await (const entry of backend.range(within(KEYSPACE.tombstone))) {
    const parsed = parseKey(entry[0]);
    if (parsed?.keyspace !== "tombstone") continue;
    const tombstone = readTombstone(entry, parsed.document);
    if (!tombstone.done) unfinished.push(tombstone);
  }
  for (const tombstone of unfinished) await sweep(backend, tombstone, write);
}

async function sweep(backend: StorageBackend, tombstone: Tombstone, write: Write): Promise<void> {
  const { document } = tombstone;
  const key = documentKey(document);
  const { commit, snapshot, dedupe, documentRecord } = KEYSPACE;
  for (const keyspace of [commit, snapshot, dedupe, documentRecord]) {
    for (;;) {
      const gone: BatchOperation[] = [];
      const range = { ...within(keyspace, key), limit: STEP };
      if (keyspace === commit) {
        for await (const entry of backend.range(range)) gone.push(...commitAndFeedEntry(entry, document));
      } else {
        for await (const each of backend.keys(range)) gone.push({ type: "delete", key: each });
      }
      if (gone.length === 0) break;
      await write(gone);
    }
    const { gte, lt } = within(keyspace, key);
    await backend.purge?.(gte!, lt!);
  }
  await write([putTombstone({ ...tombstone, done: true })]);
}

/** A run of the feed stands under the number of its last commit, and all its numbers are the document's. */
function commitAndFeedEntry(entry: StorageEntry, document: string): BatchOperation[] {
  const parsed = parseKey(entry[0]);
  const sequence = parsed?.keyspace === "commit" ? parsed.sequence : 0;
  const operations: BatchOperation[] = [{ type: "delete", key: entry[0] }];
  try {
    const { feedSequence } = readCommit(entry, { document, sequence }).commit;
    operations.push({ type: "delete", key: feedKey(feedSequence) });
  } catch (error) {
    // What cannot be read is erased all the same; its run, if it ends one, stays and names what is not there.
    if (!(error instanceof StorageError && error.code === "corrupted")) throw error;
  }
  return operations;
}

/** @throws StorageError `corrupted` */
export async function findTombstone(
  backend: StorageBackend,
  document: string,
): Promise<Tombstone | undefined> {
  const key = tombstoneKey(documentKey(document));
  const value = await backend.get(key);
  return value === undefined ? undefined : readTombstone([key, value], document);
}

/** @throws StorageError `corrupted` */
export function readTombstone(entry: StorageEntry, document: string): StoredTombstone {
  return unseal(entry, { what: "tombstone", document }, reader => ({
    document,
    sequence: reader.varuint(),
    time: reader.varuint(),
    actor: decodeActorFields(reader.block()),
    done: reader.byte() === 1,
  }));
}

function putTombstone({ document, sequence, time, actor, done }: StoredTombstone): BatchOperation {
  const key = tombstoneKey(documentKey(document));
  const value = new ByteWriter().varuint(sequence).varuint(time).block(encodeActorFields(actor));
  return { type: "put", key, value: sealed(key, value.byte(done ? 1 : 0).view()) };
}

export function erasedError({ document, time }: Tombstone): StorageError {
  const when = new Date(time).toISOString();
  return new StorageError("erased", `${JSON.stringify(document)} was erased at ${when}`, { document });
}
