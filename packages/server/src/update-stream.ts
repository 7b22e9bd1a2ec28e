/**
 * The updates of one document as one connection hears of them: every commit once, in the order of their sequences, its
 * own in their places among those of others.
 *
 *     commits of others ──▶ ┐
 *                           ├─▶ 4, 5, [6: the answer], 7 …
 *     answers to its own ─▶ ┘
 *
 * As long as an edit of the connection is under way, nothing is told that comes by itself: its answer says where it
 * stands, what comes before it is told first, and it is told in place of its commit. So what is held back is never more
 * than a page of what following reads, and a connection that reads slowly is read for as slowly.
 */
import type { ChangeEvent } from "@verso/protocol";
import type { Following, FollowingEnd } from "./following.js";
import type { Frames } from "./frames.js";
import type { AnswerPlace } from "./json-answers.js";
import { type JsonUpdates, type VersionClock, versionClock } from "./json-updates.js";

export interface UpdateStream {
  /** The last sequence that was told. */
  readonly told: number;
  /** An edit of the connection begins; until it is over, what comes is told by `reach` only. */
  hold(): void;
  release(): void;
  /**
   * Tells what comes before an answer, which must be sent when this resolves, before anything else happens, and is
   * followed by `answered`.
   */
  reach(place: AnswerPlace): Promise<void>;
  answered(place: AnswerPlace): void;
  /** Nothing is told from now on. */
  close(): void;
}

export interface UpdateStreamOptions {
  readonly documentId: string;
  /** The version that the connection has. */
  readonly from: VersionClock;
  readonly following: Pick<Following, "follow">;
  readonly updates: Pick<JsonUpdates, "of">;
  readonly send: (frames: Frames) => void;
  /** Resolves when there is room for more. */
  readonly room: () => Promise<void>;
  /** Told of a commit when it has been told. */
  readonly onTold: (change: ChangeEvent) => void;
  /** Nothing will come any more; not called after `close`. `dropped`: retention has let go of what comes next. */
  readonly onEnd: (end: FollowingEnd | { readonly type: "dropped" }) => void;
}

export function createUpdateStream(options: UpdateStreamOptions): UpdateStream {
  const { documentId, from, following, updates, send, room, onTold, onEnd } = options;
  let told = from.sequence;
  let clock = from;
  let held = 0;
  /** The last sequence that may be told while the stream is held. */
  let until = 0;
  let closed = false;
  let waiting: (() => void)[] = [];

  const stop = following.follow(
    { documentId, since: told },
    {
      async changed(changes) {
        for (const change of changes) await tell(change);
      },
      ended(end) {
        if (closed) return;
        close();
        onEnd(end);
      },
    },
  );

  return {
    get told() {
      return told;
    },
    hold() {
      held++;
    },
    release() {
      held--;
      changed();
    },
    async reach({ sequence, tells }) {
      const last = tells ? sequence - 1 : sequence;
      until = Math.max(until, last);
      changed();
      await when(() => told >= last);
    },
    answered({ sequence, tells, vectorClock }) {
      if (!tells || sequence <= told) return;
      told = sequence;
      if (vectorClock !== undefined) clock = versionClock(sequence, vectorClock);
      changed();
    },
    close() {
      stop();
      close();
    },
  };

  async function tell(change: ChangeEvent): Promise<void> {
    const { sequence } = change;
    await when(() => sequence <= told || held === 0 || sequence <= until);
    await room();
    // An edit may have begun meanwhile, and this be what it has come to.
    await when(() => sequence <= told || held === 0 || sequence <= until);
    if (closed || sequence <= told) return;
    const update = await updates.of(change, clock);
    await when(() => sequence <= told || held === 0 || sequence <= until);
    if (closed || sequence <= told) return;
    if (update === null) {
      stop();
      close();
      return onEnd({ type: "dropped" });
    }
    send(update.frames);
    told = sequence;
    clock = update.clock;
    onTold(change);
    changed();
  }

  async function when(holds: () => boolean): Promise<void> {
    while (!closed && !holds()) await new Promise<void>(resolve => waiting.push(resolve));
  }

  function changed(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  function close(): void {
    closed = true;
    changed();
  }
}
