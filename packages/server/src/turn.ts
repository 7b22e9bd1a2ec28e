/**
 * What a turn makes of the pushes that it took: which become commits, and what becomes of the others.
 *
 * The pushes of one author are one transaction and one commit, or one each where they are judged, unless very many wait
 * (`crowd`), and always where they have names. That reorders authors, which is harmless unless one depends on another: a
 * browser tab hears of another tab's edit before the relay does, and may build on it within the same turn. Such a push is
 * put off until the others have been applied, so it is refused only when nobody in this turn brings what it needs.
 */
import type { Issue } from "@verso/validation";
import type { TrialResult } from "./cell.js";
import type { Accepted, Admission, Author, Document, Push, PushName, Taken } from "./document.js";

export interface QueuedPush<A extends Author> extends Push {
  readonly author: A;
  /** Told once what became of it; `null` from then on, and where nobody asks. */
  answered: ((outcome: PushOutcome) => void) | null;
}

/** What became of a push. */
export type PushOutcome =
  /** All of it is durable: in the commit of this sequence, or by the time of it where it brought nothing new. */
  | { readonly type: "acknowledged"; readonly sequence: number }
  /** It is in this commit, and so is what took it back, or a part of it. Its author has been handed that. */
  | {
      readonly type: "rejected";
      readonly sequence: number;
      readonly verdict: "refused" | "repaired";
      readonly issues: readonly Issue[];
    }
  /** It builds on what is not here, or a part of it was not taken. Its author is asked for everything. */
  | { readonly type: "lacking" }
  /** It may not enter, and its author is closed. */
  | { readonly type: "refused"; readonly code: string; readonly detail: string }
  /** It was let go of with the document. Unless the room has ended its author is asked for everything. */
  | { readonly type: "discarded" };

/** Why a push may not enter. */
export interface Refusal {
  readonly type: "barred" | "compensate" | "too-large" | "forbidden";
  readonly code: string;
  readonly detail: string;
}

interface AcceptedPush<A extends Author> {
  readonly author: A;
  readonly accepted: Accepted;
  /** Of the push that it is, where that has one. */
  readonly name: PushName | undefined;
}

export interface TurnResult<A extends Author> {
  /** In the order in which they were applied. */
  readonly accepted: readonly AcceptedPush<A>[];
  /** Pushes that may not enter. Later pushes of the same author were not looked at. */
  readonly refused: readonly {
    readonly author: A;
    readonly push: QueuedPush<A>;
    readonly reason: Refusal;
  }[];
  /** Pushes that are done with, and what became of each. */
  readonly taken: readonly (Taken & { readonly push: QueuedPush<A> })[];
  /** Pushes that build on what is not here, and are gone. */
  readonly unfounded: readonly QueuedPush<A>[];
  /**
   * Authors who must be asked for everything that they hold, since a push builds on what is not here, or not all of
   * it was taken.
   */
  readonly lacking: ReadonlySet<A>;
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
    readonly pushes: readonly QueuedPush<A>[];
    readonly cause: unknown;
  } | null;
}

export function admitPushes<A extends Author>(
  document: Document,
  pushes: readonly QueuedPush<A>[],
  outOfTime: () => boolean,
): TurnResult<A> {
  const accepted: AcceptedPush<A>[] = [];
  const refused: { author: A; push: QueuedPush<A>; reason: Refusal }[] = [];
  const taken: (Taken & { push: QueuedPush<A> })[] = [];
  const unfounded: QueuedPush<A>[] = [];
  const lacking = new Set<A>();
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
        return { accepted, refused, taken, unfounded, lacking, trials, left, spoilt };
      }
      if (admission.taken.length > 0) progress = true;
      admission.taken.forEach((each, i) => {
        if (each.leftOut) lacking.add(author);
        taken.push({ ...each, push: group[i]! });
      });
      const names = new Map(admission.taken.map((each, i) => [each.accepted, group[i]!.name]));
      for (const each of admission.accepted) accepted.push({ author, accepted: each, name: names.get(each) });
      const rest = group.slice(admission.taken.length);
      const push = rest[0];
      if (admission.stopped === null || push === undefined) continue;
      switch (admission.stopped.type) {
        case "barred":
        case "compensate":
        case "too-large":
        case "forbidden":
          refused.push({ author, push, reason: admission.stopped });
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
        const [first] = rest.splice(0, 1);
        if (first !== undefined) unfounded.push(first);
        if (rest.length === 0) putOff.delete(author);
      }
    }
    waiting = putOff;
  }
  return { accepted, refused, taken, unfounded, lacking, trials, left, spoilt: null };
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
