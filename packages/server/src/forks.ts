/**
 * Forks, for writers who are not trusted: a copy of a document in which its proposer writes freely, and which somebody
 * who may write to the document merges or drops.
 *
 * In a fork nothing is judged but whether Yjs may have it. Everything that its parent asks is asked when it is merged,
 * of the whole, in one transaction: what is not accepted as it stands changes nothing, and the fork stays open to be
 * mended. The commit names the proposer, whose work it is; the rights that count are those of who merges, since it is
 * he who lets it in.
 */
import { randomBytes } from "node:crypto";
import { encodeChange, encodeInverse, observePatches, type Roots } from "@verso/bridge";
import { CloseCode } from "@verso/protocol";
import type { CommitActor, CommitDraft, Ledger } from "@verso/storage";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import type { Cell } from "./cell.js";
import type { Clock } from "./clock.js";
import type { Merging } from "./document.js";
import { deletedDocument } from "./errors.js";
import { type Merge, type MergeDependencies, mergeFork, rehearse } from "./fork-merge.js";
import { documentOf, type Fork, type ForkStore } from "./fork-store.js";
import type { Rooms } from "./rooms.js";

/** Of a document that was deleted nothing can be forked, reviewed or merged: that throws `document-deleted`. */
export interface Forks {
  get(id: string): Promise<Fork | undefined>;
  /** The forks of a document, oldest first. */
  list: ForkStore["list"];
  /** Forks a document as it is now; `undefined` when nothing was ever written to it. */
  fork(parent: string, options: ForkOptions): Promise<Fork | undefined>;
  /** What merging the fork now would do, if this actor did it; `null` when it is not open any more. */
  review(fork: Fork, options: { readonly by: Actor }): Promise<Review | null>;
  /** Merges the fork into its parent, all of it or nothing. */
  merge(fork: Fork, options: MergeOptions): Promise<MergeResult>;
  /** Closes the fork. What was written in it stays in the ledger and is served no more. */
  drop(fork: Fork, options: { readonly by: Actor }): Promise<DropResult>;
}

export interface ForkOptions {
  readonly proposer: Actor;
  readonly title?: string;
  readonly comment?: string;
}

export interface Review extends Merging {
  /** Of the fork's document. */
  readonly revision: string;
}

export interface MergeOptions {
  readonly by: Actor;
  /** The revision of the fork's document that was reviewed. @default whatever it is by then */
  readonly revision?: string | undefined;
}

export type MergeResult =
  | { readonly type: "merged"; readonly fork: Fork }
  /** Somebody was quicker. */
  | { readonly type: "not-open"; readonly fork: Fork }
  /** It was edited since that revision. */
  | { readonly type: "changed"; readonly revision: string }
  /** It may not be merged as it stands, or there is nothing to merge. */
  | { readonly type: "refused" | "unchanged"; readonly merging: Merging };

export type DropResult = { readonly type: "dropped" | "not-open"; readonly fork: Fork };

export interface ForksDependencies {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly store: ForkStore;
  readonly clock: Clock;
  /** Where costly merges are tried. */
  readonly trials: Pick<Cell, "try">;
}

export function createForks({ ledger, rooms, store, clock, trials }: ForksDependencies): Forks {
  /** What closes a fork stands in one line for each. */
  const lines = new Map<string, Promise<unknown>>();

  return {
    get: store.get,
    list: store.list,

    async fork(parent, { proposer, title = "", comment = "" }) {
      const origin = await rooms.get(parent).view(({ head, roots, stateVector, answer }) => {
        if (head === undefined) return undefined;
        if (head.deleted !== undefined) throw deletedDocument(parent);
        return { head, roots, stateVector: stateVector(), updates: answer(everything) };
      });
      if (origin === undefined) return undefined;
      const { head, roots, stateVector, updates } = origin;
      const { user, authenticated, tenant } = proposer;
      const fork: Fork = {
        id: newId(clock.now()),
        parent,
        proposer: { user, authenticated, tenant: tenant ?? null },
        title,
        comment,
        created: clock.now(),
        base: {
          sequence: head.sequence,
          revision: head.revision,
          stateVector: Buffer.from(stateVector).toString("base64"),
        },
        state: "open",
        closed: null,
        merged: null,
      };
      // The content first: a document that no record tells of is served to nobody.
      const { log } = await ledger.open(documentOf(fork));
      try {
        const draft = firstCommit(updates, { roots, actor: proposer });
        await log.append([draft], { roots: new Map(Object.entries(roots)) });
      } finally {
        await log.close();
      }
      await store.put(fork);
      return fork;
    },

    async review(fork, { by }) {
      if (fork.state !== "open") return null;
      const { merge, revision } = await prepare(fork, by);
      return { ...(await rehearse(merge, into(fork))), revision };
    },

    merge: ({ id }, { by, revision: reviewed }) =>
      inLine(id, async fork => {
        if (fork.state !== "open") return { type: "not-open", fork };
        const { merge, revision } = await prepare(fork, by);
        if (reviewed !== undefined && reviewed !== revision) return { type: "changed", revision };
        const merging = await mergeFork(merge, into(fork));
        if (merging.commit === null) {
          return { type: merging.verdict === "unchanged" ? "unchanged" : "refused", merging };
        }
        const { sequence, revision: revisionInParent } = merging.commit;
        const merged: Fork = {
          ...fork,
          state: "merged",
          closed: closedBy(by),
          merged: { sequence, revision: revisionInParent },
        };
        await close(merged);
        return { type: "merged", fork: merged };
      }),

    drop: ({ id }, { by }) =>
      inLine(id, async fork => {
        if (fork.state !== "open") return { type: "not-open", fork };
        const dropped: Fork = { ...fork, state: "dropped", closed: closedBy(by) };
        await close(dropped);
        return { type: "dropped", fork: dropped };
      }),
  };

  function into({ parent }: Fork): MergeDependencies {
    return { room: () => rooms.get(parent), trials };
  }

  /** Everything that was written in the fork. */
  function prepare(fork: Fork, by: Actor): Promise<{ merge: Merge; revision: string }> {
    const base = Buffer.from(fork.base.stateVector, "base64");
    return rooms.get(documentOf(fork)).view(({ head, answer }) => ({
      revision: head?.revision ?? "",
      merge: { fork: fork.id, proposer: ownerOf(fork), by, update: merged(answer(base)) },
    }));
  }

  async function close(fork: Fork): Promise<void> {
    await store.put(fork);
    await rooms.closeRoom(documentOf(fork), CloseCode.deleted, `fork-not-open: the fork was ${fork.state}`);
  }

  function closedBy({ user, tenant }: Actor): Fork["closed"] {
    return { user, tenant: tenant ?? null, at: clock.now() };
  }

  /** Runs when what was begun before with this fork has ended, with the fork as it is then. */
  function inLine<T>(id: string, run: (fork: Fork) => Promise<T>): Promise<T> {
    const before = lines.get(id) ?? Promise.resolve();
    const result = before
      .catch(() => undefined)
      .then(async () => {
        const fork = await store.get(id);
        if (fork === undefined) throw new TypeError(`there is no fork ${id}`);
        return run(fork);
      });
    lines.set(id, result);
    const done = () => {
      if (lines.get(id) === result) lines.delete(id);
    };
    result.then(done, done);
    return result;
  }
}

const everything = Y.encodeStateVector(new Y.Doc());

/** Ids in the order of their creation. */
function newId(now: number): string {
  return `${now.toString(36).padStart(9, "0")}-${randomBytes(12).toString("hex")}`;
}

function ownerOf({ proposer: { tenant, ...proposer } }: Fork): Merge["proposer"] {
  return { ...proposer, tenant: tenant ?? undefined };
}

function merged(updates: readonly Uint8Array[]): Uint8Array {
  const [only] = updates;
  return updates.length === 1 && only !== undefined ? only : Y.mergeUpdates([...updates]);
}

/** The parent's content, as that with which the fork begins. */
function firstCommit(
  updates: readonly Uint8Array[],
  { roots, actor }: { roots: Roots; actor: CommitActor },
): CommitDraft {
  const doc = new Y.Doc();
  let draft: CommitDraft | null = null;
  const observer = observePatches(doc, { roots }, span => {
    const { change } = span;
    draft = {
      actor,
      kind: "create",
      change: encodeChange(change),
      inverse: encodeInverse(span.inverse()),
    };
  });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  observer.close();
  const update = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  if (draft === null) return { actor, kind: "create", update };
  return { ...(draft as CommitDraft), update };
}
