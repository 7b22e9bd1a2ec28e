/** A commit, as programs without a CRDT read it: what it changed in the JSON of its document, both ways. */
import {
  applyChange,
  type Change,
  decodeChange,
  emptyDocument,
  forwardPatch,
  type JsonObject,
  type MutableJsonObject,
  type Patch,
  type Roots,
  reversePatch,
} from "@verso/bridge";
import type { ChangeEvent, EventType, Rejection, WholeDocument } from "@verso/protocol";
import type { Commit, CommitIssue } from "@verso/storage";
import { targetOf, toViewPatch, toViewPointer, type Viewpoint, viewOf } from "./json-view.js";

export interface ShownBy {
  /** The roots that the document has now. */
  readonly roots: Roots;
  /** Whether it is shown by all of them, also when one is `document`. @default false */
  readonly all?: boolean;
}

/** The change of a commit that begins a document leads there from nothing, and of one that ends it from there to nothing. */
export function toChangeEvent(
  documentId: string,
  commit: Commit,
  { roots, all = false }: ShownBy,
): ChangeEvent {
  const event = eventType(commit.kind);
  const { dependsOn, madeAt, merged, undoes } = commit.notes;
  const change = changeOf(commit);
  const patches = change === null || event !== "update" ? [] : [forwardPatch(change), reversePatch(change)];
  const { viewpoint, issues } = issuesIn(commit, { roots: all ? {} : roots, patches });
  const [forward = null, reverse = null] = patches.map(patch => [...toViewPatch(patch, viewpoint)]);
  const whole =
    change === null || event === "update"
      ? null
      : viewOf(documentId, wholeOf(change, event, roots), viewpoint);
  return {
    sequence: commit.sequence,
    document_id: documentId,
    event_type: event,
    kind: commit.kind,
    revision_id: commit.revision,
    user_id: commit.actor.user,
    ...targetMember(viewpoint),
    forward_patch: event === "create" ? (whole as WholeDocument | null) : forward,
    reverse_patch: event === "delete" ? (whole as WholeDocument | null) : reverse,
    ...(commit.kind === "refused" ? { refused: true } : {}),
    ...(undoes.length === 0 ? {} : { undoes: [...undoes] }),
    ...(dependsOn.length === 0 ? {} : { depends_on: [...dependsOn] }),
    ...(issues.length === 0 ? {} : { issues }),
    ...(merged === undefined ? {} : { merged: { fork: merged.fork, user_id: merged.user } }),
    created_at: new Date(commit.time).toISOString(),
    ...(madeAt === undefined ? {} : { made_at: new Date(madeAt).toISOString() }),
  };
}

/** What was taken back in a commit, or `null` where nothing was. */
export function toRejection(
  documentId: string,
  commit: Commit,
  { roots, all = false }: ShownBy,
): Rejection | null {
  const { refusedUpdate } = commit.notes;
  if (refusedUpdate === undefined) return null;
  const { viewpoint, issues } = issuesIn(commit, { roots: all ? {} : roots, patches: [] });
  return {
    sequence: commit.sequence,
    document_id: documentId,
    verdict: commit.kind === "refused" ? "refused" : "repaired",
    user_id: commit.actor.user,
    session_id: commit.actor.session ?? "",
    ...targetMember(viewpoint),
    issues,
    update_hash: Buffer.from(refusedUpdate).toString("hex"),
    created_at: new Date(commit.time).toISOString(),
  };
}

/** `null` when retention has let go of it; the commit stays. */
function changeOf({ change }: Commit): Change | null {
  if (change === undefined) return null;
  return change.length === 0 ? [] : decodeChange(change);
}

/** Issues as they are shown beside the patches, and from where both are: all pointers of an event begin at one place. */
function issuesIn(
  { notes: { issues } }: Commit,
  { roots, patches }: { readonly roots: Roots; readonly patches: readonly Patch[] },
): { readonly viewpoint: Viewpoint; readonly issues: Rejection["issues"] } {
  const target = targetOf(roots, { patches, pointers: issues.map(({ pointer }) => pointer) });
  const viewpoint = { roots, target };
  const shown = issues.map(issue => ({
    ...withoutGaps(issue),
    pointer: toViewPointer(issue.pointer, viewpoint),
  }));
  return { viewpoint, issues: shown };
}

function targetMember({ target }: Viewpoint): Pick<ChangeEvent, "target"> {
  return target === "document" ? { target } : {};
}

/** All roots behind the change that begins a document, or before the one that ends it. */
function wholeOf(change: Change, event: "create" | "delete", roots: Roots): JsonObject {
  const isCreate = event === "create";
  const appearing = new Set(
    change.flatMap(each => (isCreate && each.type === "set" && each.kind !== undefined ? [each.key] : [])),
  );
  const others = Object.entries(roots).filter(([name]) => !appearing.has(name));
  const json = emptyDocument(Object.fromEntries(others)) as MutableJsonObject;
  applyChange(json, change, isCreate ? "forward" : "reverse");
  return json;
}

export function withoutGaps({ rule, ...issue }: CommitIssue): Rejection["issues"][number] {
  return rule === undefined ? issue : { ...issue, rule };
}

/** Every kind of commit that neither begins nor ends a document updates it. */
function eventType(kind: Commit["kind"]): EventType {
  return kind === "create" || kind === "delete" ? kind : "update";
}
