/**
 * What an append writes: pure, from the head before and the drafts to the operations and the head behind.
 *
 * One batch holds it all: for each new commit its record and, where it bears one, its dedupe key; then the head and one
 * entry of the feed for the whole run.
 */

import type { BatchOperation } from "./backend.js";
import { type CommitCodec, type CommitDraft, NO_HASH } from "./commit.js";
import type { Head, StoredHead } from "./head.js";
import { encodeDedupeEntry, encodeFeedEntry } from "./indexes.js";
import { commitKey, dedupeKey, feedKey } from "./keys.js";

/** What became of a draft. */
export interface Appended {
  readonly sequence: number;
  /** `<sequence>-<first 12 hex digits of the hash>` */
  readonly revision: string;
  readonly hash: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly feedSequence: number;
  /** The draft's dedupe key was known: this is the commit that bears it, and nothing was added. */
  readonly duplicate: boolean;
}

/** Changes of the head that go with the commits of an append. */
export interface AppendOptions {
  /** The epoch from these commits on; never lower than the head's. */
  readonly epoch?: number;
  /** Replaces the head's roots. */
  readonly roots?: ReadonlyMap<string, string>;
  /** Replaces the head's metadata. */
  readonly metadata?: ReadonlyMap<string, string>;
}

export interface EncodedAppend {
  /** One for each draft. */
  readonly answers: readonly Appended[];
  /** Nothing when every draft is a duplicate. */
  readonly added:
    | {
        /** Everything but the head. */
        readonly operations: BatchOperation[];
        readonly head: StoredHead;
        /** The new commits that bear a dedupe key. */
        readonly byDedupe: ReadonlyMap<string, Appended>;
        readonly updateBytes: number;
      }
    | undefined;
}

export interface AppendContext {
  readonly document: string;
  readonly documentKey: Uint8Array;
  readonly codec: CommitCodec;
  /** The commits that bear dedupe keys of these drafts already. */
  readonly known: ReadonlyMap<string, Appended>;
  readonly time: number;
  readonly nextFeedSequence: () => number;
}

const FIRST_EPOCH = 1;
const NO_ENTRIES: ReadonlyMap<string, string> = new Map();

/** @throws TypeError when a draft or an option is wrong. */
export function encodeAppend(
  before: StoredHead | undefined,
  drafts: readonly CommitDraft[],
  context: AppendContext & AppendOptions,
): EncodedAppend {
  const { document, documentKey, codec, known, time, nextFeedSequence } = context;
  const { epoch = before?.epoch ?? FIRST_EPOCH, roots, metadata } = context;
  if (!Number.isSafeInteger(epoch) || epoch < (before?.epoch ?? FIRST_EPOCH)) {
    throw new TypeError("an epoch is a whole number, from 1, and never falls");
  }
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new TypeError("the clock gives whole milliseconds since 1970");
  }

  const operations: BatchOperation[] = [];
  const answers: Appended[] = [];
  const byDedupe = new Map<string, Appended>();
  let first: Appended | undefined;
  let last: Appended | undefined;
  let latest: CommitDraft | undefined;
  let deleted: Head["deleted"] = before?.deleted;
  let updateBytes = 0;
  for (const draft of drafts) {
    const { dedupe, kind } = draft;
    const same = dedupe === undefined ? undefined : (known.get(dedupe) ?? byDedupe.get(dedupe));
    if (same !== undefined) {
      answers.push({ ...same, duplicate: true });
      continue;
    }
    const sequence: number = (last ?? before)?.sequence ?? 0;
    const previous: Uint8Array = (last ?? before)?.hash ?? NO_HASH;
    const appended = append(draft, sequence + 1, previous);
    answers.push(appended);
    first ??= appended;
    last = appended;
    latest = draft;
    updateBytes += draft.update?.length ?? 0;
    if (kind === "delete") deleted = { sequence: appended.sequence, time, actor: draft.actor };
    else if (kind !== "refused") deleted = undefined;
  }
  if (first === undefined || last === undefined || latest === undefined) return { answers, added: undefined };

  const updated = { time, actor: latest.actor };
  const head: StoredHead = {
    document,
    epoch,
    sequence: last.sequence,
    revision: last.revision,
    hash: last.hash,
    created: before?.created ?? { time, actor: drafts[0]!.actor },
    updated,
    deleted,
    roots: roots ?? before?.roots ?? NO_ENTRIES,
    metadata: metadata ?? before?.metadata ?? NO_ENTRIES,
    snapshot: before?.snapshot ?? 0,
    tail: {
      commits: (before?.tail.commits ?? 0) + last.sequence - first.sequence + 1,
      bytes: (before?.tail.bytes ?? 0) + updateBytes,
    },
    unknown: before?.unknown ?? Buffer.alloc(0),
  };
  const key = feedKey(last.feedSequence);
  const value = encodeFeedEntry(key, { document, from: first.sequence, to: last.sequence });
  operations.push({ type: "put", key, value });
  return { answers, added: { operations, head, byDedupe, updateBytes } };

  function append(draft: CommitDraft, sequence: number, previous: Uint8Array): Appended {
    const feedSequence = nextFeedSequence();
    const commit = commitKey(documentKey, sequence);
    const { value, hash, hex } = codec.encode(commit, draft, {
      previous,
      epoch,
      sequence,
      time,
      feedSequence,
    });
    operations.push({ type: "put", key: commit, value });
    const revision = `${sequence}-${hex.slice(0, 12)}`;
    const appended: Appended = { sequence, revision, hash, time, feedSequence, duplicate: false };
    if (draft.dedupe !== undefined) {
      const dedupe = dedupeKey(documentKey, draft.dedupe);
      operations.push({ type: "put", key: dedupe, value: encodeDedupeEntry(dedupe, appended) });
      byDedupe.set(draft.dedupe, appended);
    }
    return appended;
  }
}
