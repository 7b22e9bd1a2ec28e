/**
 * What a turn makes of the pushes that it took: which become commits, and what becomes of the others.
 *
 * The pushes of one author are one transaction and one commit, or one each where they are judged, unless very many wait
 * (`crowd`). That reorders
 * authors, which is harmless unless one depends on another: a browser tab hears of another tab's edit before the
 * relay does, and may build on it within the same turn. Such a push is put off until the others have been applied, so
 * it is refused only when nobody in this turn brings what it needs.
 */
import type { TrialResult } from "./cell.js";
import type { Accepted, Admission, Author, Document, Push } from "./document.js";

export interface QueuedPush<A extends Author> extends Push {
  readonly author: A;
}

/** Why a push may not enter. */
export interface Refusal {
  readonly type: "barred" | "compensate" | "too-large" | "forbidden";
  readonly code: string;
  readonly detail: string;
}

export interface TurnResult<A extends Author> {
  /** In the order in which they were applied. */
  readonly accepted: readonly { readonly author: A; readonly accepted: Accepted }[];
  /** The pushes with names that are done with, as `Admission` tells of them. */
  readonly named: Admission["named"];
  /** Pushes that may not enter. Those of the same author behind each were not looked at, and are gone as well. */
  readonly refused: readonly {
    readonly author: A;
    readonly push: Push;
    readonly behind: readonly Push[];
    readonly reason: Refusal;
  }[];
  /**
   * Authors who must be asked for everything that they hold, since a push builds on what is not here, or not all of
   * it was taken.
   */
  readonly lacking: ReadonlySet<A>;
  /** Pushes that build on what is not here, and are gone. */
  readonly unfounded: readonly Push[];
  /** Pushes that wait for a trial of the first of them. */
  readonly trials: readonly {
    readonly author: A;
    readonly pushes: QueuedPush<A>[];
    /** New structs in the first of them. */
    readonly structs: number;
  }[];
  /** What there was no time for. */
  readonly left: readonly QueuedPush<A>[];
  /** Whose pushes spoilt the document, which must then be discarded; what was accepted before is void as well. */
  readonly spoilt: {
    readonly author: A;
    readonly pushes: readonly Push[];
    readonly cause: unknown;
  } | null;
}

export function admitPushes<A extends Author>(
  document: Document,
  pushes: readonly QueuedPush<A>[],
  outOfTime: () => boolean,
): TurnResult<A> {
  const accepted: { author: A; accepted: Accepted }[] = [];
  const named: { push: Push; accepted: Accepted | null }[] = [];
  const refused: { author: A; push: Push; behind: Push[]; reason: Refusal }[] = [];
  const lacking = new Set<A>();
  const unfounded: Push[] = [];
  const trials: { author: A; pushes: QueuedPush<A>[]; structs: number }[] = [];
  const left: QueuedPush<A>[] = [];

  const crowded = pushes.length >= crowd;
  let waiting = byAuthor(pushes);
  while (waiting.size > 0) {
    const putOff = new Map<A, QueuedPush<A>[]>();
    let progress = false;
    for (const [author, group] of waiting) {
      if (accepted.length > 0 && outOfTime()) {
        left.push(...group);
        continue;
      }
      let admission: Admission;
      try {
        admission = document.admit(group, author, { outOfTime, crowded });
      } catch (cause) {
        const spoilt = { author, pushes: group, cause };
        return { accepted, named, refused, lacking, unfounded, trials, left, spoilt };
      }
      if (admission.taken > 0) progress = true;
      if (admission.leftOut) lacking.add(author);
      for (const each of admission.accepted) accepted.push({ author, accepted: each });
      named.push(...admission.named);
      const rest = group.slice(admission.taken);
      const push = rest[0];
      if (admission.stopped === null || push === undefined) continue;
      switch (admission.stopped.type) {
        case "barred":
        case "compensate":
        case "too-large":
        case "forbidden":
          refused.push({ author, push, behind: rest.slice(1), reason: admission.stopped });
          break;
        case "resync":
          putOff.set(author, rest);
          break;
        case "trial":
          trials.push({ author, pushes: rest, structs: admission.stopped.structs });
          break;
        case "time":
          left.push(...rest);
          break;
      }
    }
    if (!progress) {
      // What they need is not in this turn. The author will send it all again; what else he sent may stand alone.
      for (const [author, rest] of putOff) {
        lacking.add(author);
        unfounded.push(...rest.splice(0, 1));
        if (rest.length === 0) putOff.delete(author);
      }
    }
    waiting = putOff;
  }
  return { accepted, named, refused, lacking, unfounded, trials, left, spoilt: null };
}

/** Pushes of one turn from which those of each author are judged together. */
const crowd = 32;

/** What a trial says of an update, as a reason not to let it in; `null` when there is none. */
export function refusalOf(result: TrialResult): Refusal | null {
  switch (result.type) {
    case "passed":
      return null;
    case "too-slow":
      return { type: "too-large", code: "update-too-costly", detail: "applying it takes too long" };
    case "failed":
      return { type: "barred", code: "update-failed", detail: "it cannot be applied" };
  }
}

function byAuthor<A extends Author>(pushes: readonly QueuedPush<A>[]): Map<A, QueuedPush<A>[]> {
  const groups = new Map<A, QueuedPush<A>[]>();
  for (const push of pushes) {
    const group = groups.get(push.author);
    if (group === undefined) groups.set(push.author, [push]);
    else group.push(push);
  }
  return groups;
}
