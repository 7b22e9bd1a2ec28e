/** The feed against the commits: every entry names commits that name it, and every commit is in an entry. */

import type { StorageBackend, StorageEntry } from "./backend.js";
import { readCommit } from "./commit.js";
import { createCursor } from "./cursor.js";
import { findTombstone } from "./erasure.js";
import { readFeedEntry } from "./indexes.js";
import { commitKey, documentKey, feedKey, KEYSPACE, parseKey, within } from "./keys.js";
import { attempt, type Report, unreadable } from "./verify-issue.js";

const STEP = 256;

/** How many commits of the run are where it says. */
export async function verifyRun(
  backend: StorageBackend,
  entry: StorageEntry,
  { feedSequence, report }: { feedSequence: number; report: Report },
): Promise<number> {
  const run = await attempt(report, { severity: "medium" }, () => readFeedEntry(entry, feedSequence));
  if (run === undefined) return 0;
  const { document, from, to, erased } = run;
  const tombstone = () =>
    attempt(report, { severity: "high", document }, () => findTombstone(backend, document));
  if (erased) {
    if ((await tombstone()) !== undefined) return 0;
    const detail = `feed entry ${feedSequence} says that it was erased, and it has no tombstone`;
    await report({ code: "missing-reference", severity: "high", document, detail });
    return 0;
  }
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
  // An erasure that was cut off has taken some of them already.
  if (wrong !== undefined && (await tombstone()) === undefined) {
    const detail = `feed entry ${feedSequence} names commits ${from} to ${to}, not all of which are there and name it`;
    await report({ code: "missing-reference", severity: "medium", document, sequence: wrong, detail });
  }
  return matched;
}

/** Names the commits that the feed skips. */
export async function reportOutsideFeed(backend: StorageBackend, report: Report): Promise<void> {
  const commits = createCursor(backend, KEYSPACE.commit, async () => undefined);
  try {
    await commits.advance();
    for await (const { entry, key } of commits.takeWhile(() => true)) {
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
