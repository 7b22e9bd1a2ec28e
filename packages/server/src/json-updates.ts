/**
 * The commits of documents as those hear of them who have subscribed: made once, however many they are.
 *
 * A commit does not say which vector clock it has led to. That is found along the commits: each brings some units of
 * some clients, so the clock of a version follows from that of an earlier one.
 */
import { type ChangeEvent, clockOfStateVector, type VectorClock } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { updateRanges } from "@verso/validation";
import { type Frames, textFrame } from "./frames.js";
import { messageOfChange } from "./json-answers.js";

/** The clock of a version, as a state vector. */
export interface VersionClock {
  readonly sequence: number;
  readonly units: ReadonlyMap<number, number>;
}

export interface Update {
  readonly frames: Frames;
  readonly clock: VersionClock;
}

export interface JsonUpdates {
  /**
   * A commit as it is told, from the clock of any version before it; `null` when retention has let go of what it takes.
   */
  of(change: ChangeEvent, before: VersionClock): Promise<Update | null>;
  /**
   * The clock of an earlier version than that of the present; `null` when it is too far back to tell all that has
   * happened since, or retention has let go of that.
   */
  clockBefore(documentId: string, sequence: number, present: VersionClock): Promise<VersionClock | null>;
}

/** Commits that are told to who comes back; who has missed more gets the document. */
const mostMissed = 1000;

export function createJsonUpdates(ledger: Pick<Ledger, "read">): JsonUpdates {
  // All who follow a document are handed the same changes.
  const made = new WeakMap<ChangeEvent, Promise<Update | null>>();

  return {
    of(change, before) {
      let update = made.get(change);
      if (update === undefined) {
        update = make(change, before);
        made.set(change, update);
        // What has failed may succeed for the next.
        update.catch(() => made.delete(change));
      }
      return update;
    },
    async clockBefore(documentId, sequence, present) {
      if (present.sequence - sequence > mostMissed) return null;
      const units = new Map(present.units);
      const range = { from: sequence + 1, to: present.sequence, reverse: true };
      for await (const { update, change } of ledger.read(documentId, range)) {
        if (update === undefined || change === undefined) return null;
        for (const { client, from } of rangesOf(update).reverse()) units.set(client, from);
      }
      return { sequence, units };
    },
  };

  async function make(change: ChangeEvent, before: VersionClock): Promise<Update | null> {
    const { document_id: documentId, sequence } = change;
    const units = new Map(before.units);
    for await (const { update } of ledger.read(documentId, { from: before.sequence + 1, to: sequence })) {
      if (update === undefined) return null;
      for (const { client, to } of rangesOf(update)) units.set(client, to);
    }
    const message = messageOfChange(change, clockOfStateVector(units));
    return message && { frames: textFrame(JSON.stringify(message)), clock: { sequence, units } };
  }
}

/** The clock of a version that somebody was told as a vector clock. */
export function versionClock(sequence: number, clock: VectorClock): VersionClock {
  const units = new Map(Object.entries(clock).map(([client, count]) => [Number(client), count]));
  return { sequence, units };
}

function rangesOf(update: Uint8Array): ReturnType<typeof updateRanges> {
  return update.length === 0 ? [] : updateRanges(update);
}
