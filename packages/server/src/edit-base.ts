/**
 * On which version an edit was made, and what has happened since.
 *
 * A vector clock does not say what was deleted, so several versions in a row may have the same one: the earliest of them
 * is meant.
 */
import { clockOfStateVector, compareClocks, type VectorClock } from "@verso/protocol";
import type { Commit, Head, Ledger } from "@verso/storage";
import { updateRanges } from "@verso/validation";
import { ServerError } from "./errors.js";

/** The version that an edit was made on. */
export type Base =
  | { readonly revision: string }
  | { readonly sequence: number }
  /** The earliest version with this clock. */
  | { readonly vectorClock: VectorClock };

/** The present of a document. */
export interface Present {
  readonly head: Head;
  readonly stateVector: ReadonlyMap<number, number>;
}

/** The sequence of the base. Throws `base-unknown`, and `version-dropped` where it cannot be told any more. */
export async function sequenceOfBase(
  ledger: Ledger,
  base: Base,
  { head, stateVector }: Present,
): Promise<number> {
  if ("vectorClock" in base) return sequenceOfClock(ledger, base.vectorClock, { head, stateVector });
  const sequence = "sequence" in base ? base.sequence : Number.parseInt(base.revision, 10);
  if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence > head.sequence) throw unknownBase(base);
  if ("sequence" in base || base.revision === head.revision) return sequence;
  for await (const { revision } of ledger.read(head.document, { from: sequence, limit: 1 })) {
    if (revision === base.revision) return sequence;
  }
  throw unknownBase(base);
}

async function sequenceOfClock(
  ledger: Ledger,
  clock: VectorClock,
  { head, stateVector }: Present,
): Promise<number> {
  let found: number | null = null;
  for await (const { sequence, clock: then } of clocksBackwards(ledger, { head, stateVector })) {
    const order = compareClocks(then(), clock);
    if (order === "equal") found = sequence;
    else if (found !== null || order !== "after") break;
  }
  if (found === null || found === 0) throw unknownBase({ vectorClock: clock });
  return found;
}

/** The clock of a version that is there. */
export async function clockAt(ledger: Ledger, at: number, present: Present): Promise<VectorClock> {
  for await (const { sequence, clock } of clocksBackwards(ledger, present))
    if (sequence === at) return clock();
  throw new ServerError("base-unknown", `The document has no version ${at}.`);
}

/** The clocks of all versions, from the present to that of nothing; each is to be asked for before the next. */
export async function* clocksBackwards(
  ledger: Ledger,
  { head, stateVector }: Present,
): AsyncGenerator<{ readonly sequence: number; readonly clock: () => VectorClock }> {
  const units = new Map(stateVector);
  const clock = () => clockOfStateVector(units);
  yield { sequence: head.sequence, clock };
  for await (const { sequence, update } of ledger.read(head.document, { to: head.sequence, reverse: true })) {
    if (update === undefined) throw droppedBase(sequence);
    if (update.length > 0)
      for (const { client, from } of updateRanges(update).reverse()) units.set(client, from);
    yield { sequence: sequence - 1, clock };
  }
}

/** The commits behind a base, up to the present. */
export async function commitsSince(
  ledger: Ledger,
  base: number,
  { document, sequence }: Head,
): Promise<Commit[]> {
  const commits: Commit[] = [];
  for await (const commit of ledger.read(document, { from: base + 1, to: sequence })) commits.push(commit);
  return commits;
}

export function droppedBase(sequence: number): ServerError {
  return new ServerError("version-dropped", `What commit ${sequence} has changed is no longer kept.`);
}

function unknownBase(base: Base): ServerError {
  const name =
    "revision" in base ? base.revision : "sequence" in base ? String(base.sequence) : "with this clock";
  return new ServerError("base-unknown", `The document never had a version ${name}.`);
}
