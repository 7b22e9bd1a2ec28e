/**
 * Takes what was written in a fork into its parent: judged on a copy, and only if that accepts it, made.
 *
 * Both happen in one turn of the parent's room, so nothing can come between. It is no client's push: the ids in it are
 * of others by nature, and it waits in nobody's queue. But it is what somebody wrote whom nobody trusts, so the
 * firewall reads it, and what may be costly is tried in a worker first.
 */
import { updateRanges } from "@verso/validation";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import type { Cell } from "./cell.js";
import { type Merging, notMerged, type Push } from "./document.js";
import { deletedDocument, ServerError } from "./errors.js";
import { mergeKey } from "./fork-store.js";
import type { Owner } from "./leases.js";
import type { Edit, Editable, Room } from "./room.js";
import { refusalOf } from "./turn.js";

/** What was written in a fork. */
export interface Merge {
  readonly fork: string;
  /** Whose work it is. */
  readonly proposer: Owner;
  /** Who decides, and by whose rights it is judged. */
  readonly by: Actor;
  /** Everything that was written in it. */
  readonly update: Uint8Array;
}

export interface Merged extends Merging {
  /** `null` unless it was accepted. */
  readonly commit: { readonly sequence: number; readonly revision: string } | null;
}

export interface MergeDependencies {
  /** The room of the parent. */
  readonly room: () => Room;
  readonly trials: Pick<Cell, "try">;
}

/** What merging would come to. Nothing changes. Throws `document-deleted`. */
export function rehearse(merge: Merge, dependencies: MergeDependencies): Promise<Merging> {
  return attempt(merge, { ...dependencies, keep: false });
}

/** Merges as one commit if it is accepted as the parent is then; else nothing changes. Throws `document-deleted`. */
export function mergeFork(merge: Merge, dependencies: MergeDependencies): Promise<Merged> {
  return attempt(merge, { ...dependencies, keep: true });
}

/** It must be tried on a copy of this first. */
interface Costly {
  readonly state: readonly Uint8Array[];
  readonly structs: number;
}

async function attempt(
  merge: Merge,
  { room, trials, keep }: MergeDependencies & { keep: boolean },
): Promise<Merged> {
  const push: Push = { update: merge.update, fullState: true, tried: false };
  for (;;) {
    const result = await room().edit<Merged | Costly | ServerError>(current => {
      const { head } = current;
      if (head?.deleted !== undefined) return { type: "none", result: deletedDocument(head.document) };
      return settle(current, { merge, push, keep });
    });
    if (result instanceof ServerError) throw result;
    if (!("state" in result)) return result;
    const refusal = refusalOf(await trials.try({ ...result, update: push.update }));
    if (refusal !== null) return { ...notMerged(refusal), commit: null };
    push.tried = true;
  }
}

function settle(
  { document, leases }: Editable,
  { merge, push, keep }: { merge: Merge; push: Push; keep: boolean },
): Edit<Merged | Costly> {
  const { fork, proposer, by } = merge;
  const rehearsed = document.rehearse(push, by);
  if ("type" in rehearsed) {
    const { structs } = rehearsed;
    return { type: "none", result: { state: document.answer(everything).updates, structs } };
  }
  if (!keep || rehearsed.verdict !== "accepted") {
    return { type: "none", result: { ...rehearsed, commit: null } };
  }
  const merging = document.merge(push, by);
  if ("type" in merging || merging.verdict !== "accepted" || merging.accepted === null) {
    throw new Error("A merge was accepted on a copy of the document, and not on the document.");
  }
  // In his fork nobody else has written.
  const bound = leases.grant(proposer, updateRanges(push.update));
  return {
    type: "commit",
    accepted: { ...merging.accepted, leases: bound },
    commit: {
      actor: proposer,
      kind: "update",
      notes: { merged: { fork, user: by.user, tenant: by.tenant } },
      dedupe: mergeKey(fork),
    },
    result: ({ sequence, revision }) => ({ ...merging, commit: { sequence, revision } }),
  };
}

const everything = Y.encodeStateVector(new Y.Doc());
