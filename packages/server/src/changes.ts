/** A commit, as programs without a CRDT read it: what it changed in the JSON of its document, both ways. */
import { decodeChange, forwardPatch, reversePatch } from "@verso/bridge";
import type { ChangeEvent, EventType, Rejection } from "@verso/protocol";
import type { Commit, CommitIssue } from "@verso/storage";

export function toChangeEvent(documentId: string, commit: Commit): ChangeEvent {
  // Retention may have let go of it; the commit stays.
  const change = commit.change === undefined ? null : decodeChange(commit.change);
  const event = eventType(commit.kind);
  const { issues, merged, undoes } = commit.notes;
  return {
    sequence: commit.sequence,
    document_id: documentId,
    event_type: event,
    kind: commit.kind,
    revision_id: commit.revision,
    user_id: commit.actor.user,
    forward_patch: change === null || event === "delete" ? null : [...forwardPatch(change)],
    reverse_patch: change === null || event === "create" ? null : [...reversePatch(change)],
    ...(commit.kind === "refused" ? { refused: true } : {}),
    ...(undoes.length === 0 ? {} : { undoes: [...undoes] }),
    ...(issues.length === 0 ? {} : { issues: issues.map(withoutGaps) }),
    ...(merged === undefined ? {} : { merged: { fork: merged.fork, user_id: merged.user } }),
    created_at: new Date(commit.time).toISOString(),
  };
}

/** What was taken back in a commit, or `null` where nothing was. */
export function toRejection(documentId: string, commit: Commit): Rejection | null {
  const { issues, refusedUpdate } = commit.notes;
  if (refusedUpdate === undefined) return null;
  return {
    sequence: commit.sequence,
    document_id: documentId,
    verdict: commit.kind === "refused" ? "refused" : "repaired",
    user_id: commit.actor.user,
    session_id: commit.actor.session ?? "",
    issues: issues.map(withoutGaps),
    update_hash: Buffer.from(refusedUpdate).toString("hex"),
    created_at: new Date(commit.time).toISOString(),
  };
}

export function withoutGaps({ rule, ...issue }: CommitIssue): Rejection["issues"][number] {
  return rule === undefined ? issue : { ...issue, rule };
}

/** Every kind of commit that neither begins nor ends a document updates it. */
function eventType(kind: Commit["kind"]): EventType {
  return kind === "create" || kind === "delete" ? kind : "update";
}
