/**
 * When a Hocuspocus client is told that a change of its is durable.
 *
 * Its provider shows `unsyncedChanges`: set to 1 when it asks with a step 1, 1 more for each update that it sends, 1 less
 * for each sync status that says "applied". So it must hear of every update once, and once of the step 2 that settles its
 * step 1, and neither before it is durable: then 0 means that all is in the ledger. What was let go of here, for want of
 * what it builds on or with a document that is read again, stays open until the step 2 that brings it again.
 *
 * An edit that was taken back is "applied": it and what took it back are durable, its author has both, and nothing is left
 * to wait for. "Refused" is said to those who may not write, and of what closes the document for the client; it is a
 * change that the provider goes on counting.
 */
import type { PushOutcome } from "./turn.js";

export interface SyncStatuses {
  /** The client has asked with a step 1, and has forgotten what it counted before. */
  begun(): void;
  /** It was asked with a step 1, so a step 2 will come. */
  asked(): void;
  /** A step 2 has come. Returns what must hear what becomes of it. */
  stepTwo(): (outcome: PushOutcome) => void;
  /** The same of an update. */
  update(): (outcome: PushOutcome) => void;
}

export interface SyncStatusesOptions {
  /** Whether the client may write. */
  readonly mayWrite: () => boolean;
  readonly send: (applied: boolean) => void;
}

export function createSyncStatuses({ mayWrite, send }: SyncStatusesOptions): SyncStatuses {
  /** Changes that the client counts, and that the next step 2 settles. */
  let open = 0;
  /** Step 2s that are to come because they were asked for. */
  let awaited = 0;
  /** How often the client has begun. */
  let beginnings = 0;

  return {
    begun() {
      beginnings++;
      open = 1;
    },
    asked() {
      awaited++;
    },
    stepTwo() {
      // What nobody asked for is a change like any other.
      if (awaited === 0) return settle(1);
      awaited--;
      const settled = open;
      open = 0;
      return settle(settled);
    },
    update: () => settle(1),
  };

  function settle(count: number): (outcome: PushOutcome) => void {
    const beginning = beginnings;
    return outcome => {
      // It counts from 1 again, for a step 2 that brings all of this.
      if (beginning !== beginnings) return;
      const applied = isApplied(outcome, mayWrite());
      if (applied === null) open += count;
      else for (let left = count; left > 0; left--) send(applied);
    };
  }
}

/** `null` when it must come again. */
function isApplied(outcome: PushOutcome, mayWrite: boolean): boolean | null {
  switch (outcome.type) {
    case "acknowledged":
      return true;
    case "rejected":
      return mayWrite;
    case "refused":
      return false;
    case "lacking":
    case "discarded":
      return null;
  }
}
