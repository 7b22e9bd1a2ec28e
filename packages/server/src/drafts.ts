/** What the ledger is to keep of a change that the document has accepted. */
import { encodeRevertNote } from "@verso/bridge";
import type { CommitDraft } from "@verso/storage";
import type { Accepted } from "./document.js";

/** What made the change, and what else is to be noted of it. */
export type DraftHead = Pick<CommitDraft, "actor" | "kind" | "notes" | "dedupe">;

export function toDraft(accepted: Accepted, head: DraftHead): CommitDraft {
  const { update, changeBytes: change, inverseBytes: inverse } = accepted;
  const notes = { ...notesOf(accepted), ...head.notes };
  return { ...head, update, change, inverse, ...(Object.keys(notes).length === 0 ? {} : { notes }) };
}

/** How it was judged, and whose client ids it has bound. */
function notesOf({ verdict, refusedUpdate, leases }: Accepted): NonNullable<CommitDraft["notes"]> {
  const judged = verdict !== null && (verdict.issues.length > 0 || verdict.wrote) ? verdict : null;
  const { restorations, withdrawn } = judged?.reversion ?? { restorations: [], withdrawn: [] };
  return {
    ...(judged === null ? {} : { issues: judged.issues }),
    ...(judged !== null && restorations.length + withdrawn.length > 0
      ? { reversion: encodeRevertNote(judged.reversion) }
      : {}),
    ...(refusedUpdate === null ? {} : { refusedUpdate }),
    ...(leases.length === 0 ? {} : { leases }),
  };
}
