/**
 * Following: hearing of every commit of a document, or of all documents, once it is durable, in order and exactly once.
 *
 *     room ─▶ appended ─▶ notice ─▶ follower ─▶ reads on from where it stands ─▶ listener ─▶ ready for more
 *
 * A notice says only that there is more. What there is a follower reads from the ledger, a page at a time, and the next
 * page when its listener is done with the one before: a slow listener costs no memory, however much happens, and misses
 * nothing.
 */
import type { ChangeEvent, FeedChange } from "@verso/protocol";
import { type Ledger, StorageError } from "@verso/storage";
import type { Cancel } from "./clock.js";
import { readFeed } from "./feed.js";
import { createRecentChanges } from "./recent-changes.js";
import type { RoomEvents } from "./room-events.js";

export interface Following {
  /** To be told of what rooms do. */
  readonly notices: Pick<RoomEvents, "appended" | "erased">;
  /** Follows one document; one that is deleted may be restored, and is followed on. */
  follow(document: Followed, listener: Listener<ChangeEvent>): Cancel;
  /** Follows all documents that may be read. */
  followAll(feed: FollowedFeed, listener: Listener<FeedChange>): Cancel;
  /** Ends all followings; whatever is to be followed from now on has ended as well. */
  close(): void;
}

export interface Followed {
  readonly documentId: string;
  /** Only what came after this sequence. */
  readonly since: number;
  /** Whether it is shown by all of its roots. @default false */
  readonly all?: boolean;
}

export interface FollowedFeed {
  /** Only what came after this feed sequence. */
  readonly since: number;
  /** Asked for every page anew. */
  readonly mayRead: (documentId: string) => Promise<boolean>;
  /** Whether documents are shown by all of their roots. @default false */
  readonly all?: boolean;
}

/** Nobody who has stopped following hears anything any more. */
export interface Listener<T> {
  /** What comes next, oldest first; never empty. More is read when the promise resolves. */
  changed(changes: readonly T[]): Promise<void> | void;
  /** Nothing will come any more. Not called for who has stopped following. */
  ended(end: FollowingEnd): void;
}

export type FollowingEnd =
  | { readonly type: "erased" }
  /** The relay shuts down. */
  | { readonly type: "closed" }
  /** It cannot be read on, or the listener has failed. */
  | { readonly type: "failed"; readonly cause: unknown };

interface Page<T> {
  readonly changes: readonly T[];
  /** Where the next page begins. */
  readonly next: number;
}

interface Follower {
  notice(): void;
  end(end: FollowingEnd): void;
}

/** Changes that a listener is given at once, at most. */
const pageSize = 100;

export function createFollowing(ledger: Ledger): Following {
  const recent = createRecentChanges(ledger);
  const byDocument = new Map<string, Set<Follower>>();
  const ofAll = new Set<Follower>();
  let isClosed = false;

  return {
    notices: {
      appended({ documentId }) {
        recent.outdate(documentId);
        notify(documentId);
      },
      erased({ documentId }) {
        recent.forget(documentId);
        notify(documentId);
      },
    },
    follow({ documentId, since, all }, listener) {
      const followers = byDocument.get(documentId) ?? new Set();
      byDocument.set(documentId, followers);
      const read = async (from: number): Promise<Page<ChangeEvent> | FollowingEnd> => {
        const changes = await recent.after(documentId, { since: from, limit: pageSize, all }).catch(error => {
          // What is half gone.
          if (error instanceof StorageError && error.code === "erased") return null;
          throw error;
        });
        if (changes === null && (await ledger.tombstone(documentId)) !== undefined) return { type: "erased" };
        return { changes: changes ?? [], next: changes?.at(-1)?.sequence ?? from };
      };
      return start(followers, { since, read, listener }, () => {
        if (followers.size === 0 && byDocument.get(documentId) === followers) byDocument.delete(documentId);
      });
    },
    followAll({ since, mayRead, all = false }, listener) {
      const read = (from: number) => readFeed(ledger, { since: from, limit: pageSize, mayRead, all, recent });
      return start(ofAll, { since, read, listener }, () => {});
    },
    close() {
      isClosed = true;
      for (const followers of [...byDocument.values(), ofAll]) {
        for (const follower of followers) follower.end({ type: "closed" });
      }
    },
  };

  function notify(documentId: string): void {
    for (const followers of [byDocument.get(documentId) ?? [], ofAll]) {
      for (const follower of followers) follower.notice();
    }
  }

  /** One who reads on whenever there is more, until he is stopped. */
  function start<T>(
    followers: Set<Follower>,
    {
      since,
      read,
      listener,
    }: {
      readonly since: number;
      readonly read: (since: number) => Promise<Page<T> | FollowingEnd>;
      readonly listener: Listener<T>;
    },
    onStop: () => void,
  ): Cancel {
    let stopped = false;
    /** Whether there may be more than was there when the last reading began. */
    let noticed = true;
    let wake = () => {};
    const follower: Follower = {
      notice() {
        noticed = true;
        wake();
      },
      end(end) {
        if (stopped) return;
        stop();
        listener.ended(end);
      },
    };
    followers.add(follower);
    void follow().catch(cause => follower.end({ type: "failed", cause }));
    return stop;

    function stop(): void {
      stopped = true;
      followers.delete(follower);
      onStop();
      wake();
    }

    async function follow(): Promise<void> {
      // Nobody hears anything before he knows how to stop it.
      await Promise.resolve();
      if (isClosed) return follower.end({ type: "closed" });
      for (let at = since; !stopped; ) {
        if (!noticed) {
          await new Promise<void>(resolve => {
            wake = resolve;
          });
          if (stopped) return;
        }
        noticed = false;
        const page = await read(at);
        if (stopped) return;
        if ("type" in page) return follower.end(page);
        // A page may be short, and may have passed over what is not to be told.
        if (page.next !== at) noticed = true;
        at = page.next;
        if (page.changes.length > 0) await listener.changed(page.changes);
      }
    }
  }
}
