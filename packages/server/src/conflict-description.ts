/** A conflict as both sides are told of it. */
import { forwardPatch, type JsonObject, type Patch, type Roots } from "@verso/bridge";
import { type Conflict, type ConflictStrategy, clockOfStateVector, type VectorClock } from "@verso/protocol";
import type { Commit, Head } from "@verso/storage";
import type { Carriage } from "./carry-over.js";
import { changeOf } from "./commit-change.js";
import { dependenciesOf } from "./dependencies.js";
import { targetOf, toViewPatch, toViewPointer, viewOf } from "./json-view.js";

/** The document as it stands. */
interface Standing {
  readonly head: Head;
  readonly roots: Roots;
  readonly content: JsonObject;
  readonly stateVector: ReadonlyMap<number, number>;
}

export interface FoundConflict {
  readonly strategy: ConflictStrategy;
  /** All that were made since the base of the edit. */
  readonly commits: readonly Commit[];
  readonly carriage: Extract<Carriage, { readonly type: "conflict" }>;
  /** By which it is resolved, where it is kept. */
  readonly name: string | null;
  /** The edit, from the roots, and the clock of its base. */
  readonly yours: Patch;
  readonly clock: VectorClock;
}

export function describeConflict(
  { head, roots, content, stateVector }: Standing,
  { strategy, commits, carriage, name, yours, clock }: FoundConflict,
): Conflict {
  const theirs = commits.map(changeOf).flatMap(forwardPatch);
  const target = targetOf(roots, { patches: [yours, theirs], pointers: carriage.pointers });
  const shown = viewOf(head.document, content, { roots });
  const dependencies = dependenciesOf(commits);
  return {
    document_id: head.document,
    conflict_id: name,
    strategy,
    ...(target === "document" ? { target } : {}),
    pointers: carriage.pointers.map(pointer => toViewPointer(pointer, { roots, target })),
    theirs: [...toViewPatch(theirs, { roots, target })],
    yours: [...toViewPatch(yours, { roots, target })],
    vector_clocks: { yours: clock, theirs: clockOfStateVector(stateVector) },
    commits: carriage.changes.map(i => {
      const { sequence, revision, actor, time } = commits[i]!;
      return {
        sequence,
        revision_id: revision,
        user_id: actor.user,
        created_at: new Date(time).toISOString(),
        depends_on: [...(dependencies.get(sequence) ?? [])],
      };
    }),
    document: {
      sequence: head.sequence,
      revision_id: head.revision,
      title: shown.title,
      content: shown.content as Conflict["document"]["content"],
    },
  };
}
