/** A commit, as programs without a CRDT read it: what it changed in the JSON of its document, both ways. */
import { decodeChange, forwardPatch, reversePatch } from "@verso/bridge";
import type { ChangeEvent, EventType } from "@verso/protocol";
import type { Commit } from "@verso/storage";

export function toChangeEvent(documentId: string, commit: Commit): ChangeEvent {
  // Retention may have let go of it; the commit stays.
  const change = commit.change === undefined ? null : decodeChange(commit.change);
  const event = eventType(commit.kind);
  return {
    sequence: commit.sequence,
    document_id: documentId,
    event_type: event,
    kind: commit.kind,
    revision_id: commit.revision,
    user_id: commit.actor.user,
    forward_patch: change === null || event === "delete" ? null : [...forwardPatch(change)],
    reverse_patch: change === null || event === "create" ? null : [...reversePatch(change)],
    created_at: new Date(commit.time).toISOString(),
  };
}

/** Every kind of commit that neither begins nor ends a document updates it. */
function eventType(kind: Commit["kind"]): EventType {
  return kind === "create" || kind === "delete" ? kind : "update";
}
