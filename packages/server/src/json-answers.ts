/**
 * What has become of a request, as the messages of the JSON dialect say it. Pure.
 *
 * An answer that tells of a commit has a place among the updates of its document: whoever has asked for them hears of his
 * own edits once, as the answers, and in their order.
 */
import { forwardPatch, type Patch, type Roots, reversePatch } from "@verso/bridge";
import type { ChangeEvent, JsonServerMessage, VectorClock } from "@verso/protocol";
import type { Issue } from "@verso/validation";
import { withoutGaps } from "./changes.js";
import type { JsonEdit } from "./json-edits.js";
import { targetOf, toViewPatch, toViewPointer } from "./json-view.js";
import { refusalOf } from "./refusal.js";

export type JsonMessage<Type extends JsonServerMessage["type"]> = Extract<
  JsonServerMessage,
  { readonly type: Type }
>;

export interface JsonAnswer {
  /** Without the `id` of its request. */
  readonly message: JsonServerMessage;
  /** Not given where it is of no version. */
  readonly place?: AnswerPlace | undefined;
}

/** Where an answer stands among the updates of a document. */
export interface AnswerPlace {
  readonly sequence: number;
  /** Whether it tells of the commit, and does not come after those who do. */
  readonly tells: boolean;
  /** That of the version, if it is at hand. */
  readonly vectorClock?: VectorClock | undefined;
}

/** Why something is not done. */
export interface Fault {
  /** Never changes its meaning. */
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string | undefined;
}

/** A fault, thrown by what was to answer a request. */
export class JsonRefusal extends Error {
  constructor(readonly fault: Fault) {
    super(fault.detail);
  }
}

/** By what an edit that was made is answered. */
export type EditAnswer = "document_created" | "document_updated" | "document_deleted";

export interface AnsweredEdit {
  readonly documentId: string;
  /** Whose edit it was. */
  readonly user: string;
  readonly by: EditAnswer;
}

export function answerOfEdit(edit: JsonEdit, { documentId, user, by }: AnsweredEdit): JsonAnswer {
  switch (edit.type) {
    case "done": {
      const { sequence, vectorClock } = edit;
      const place = { sequence, tells: true, vectorClock };
      const at = { document_id: documentId, revision_id: edit.revision, sequence };
      if (by === "document_created") return { message: { type: by, ...at }, place };
      if (by === "document_deleted") return { message: { type: by, ...at, user_id: user }, place };
      const { roots, kind } = edit;
      const patches = [forwardPatch(edit.change), reversePatch(edit.change)] as const;
      const target = targetOf(roots, { patches });
      const change = {
        patch: toViewPatch(patches[0], { roots, target }),
        target,
        kind,
        created_at: new Date(edit.time).toISOString(),
      };
      return { message: updated({ documentId, user, ...edit, ...change }), place };
    }
    case "unchanged":
    // Nobody asks here for an edit that is made only if nothing has changed.
    case "mismatch":
      return unchanged({ documentId, user, ...edit });
    case "rejected":
      return rejected({ documentId, ...edit });
    case "conflict": {
      const { conflict } = edit;
      return {
        message: { type: "conflict", ...conflict },
        place: { sequence: conflict.document.sequence, tells: false },
      };
    }
  }
}

/** That everything is as it was asked for already. */
export function unchanged(version: {
  readonly documentId: string;
  readonly user: string;
  readonly sequence: number;
  readonly revision: string;
  readonly vectorClock: VectorClock;
}): JsonAnswer {
  return {
    message: updated({ ...version, patch: [], target: "content" }),
    place: { sequence: version.sequence, tells: false },
  };
}

/** That the document's kind does not allow it. */
export function rejected({
  documentId,
  sequence,
  issues,
  roots,
}: {
  readonly documentId: string;
  readonly sequence: number | null;
  readonly issues: readonly Issue[];
  readonly roots: Roots;
}): JsonAnswer {
  const target = targetOf(roots, { pointers: issues.map(({ pointer }) => pointer) });
  const message = {
    type: "rejected" as const,
    document_id: documentId,
    sequence: sequence ?? 0,
    issues: issues.map(issue => ({
      ...withoutGaps(issue),
      pointer: toViewPointer(issue.pointer, { roots, target }),
    })),
    ...(target === "document" ? { target } : {}),
  };
  return { message, place: sequence === null ? undefined : { sequence, tells: true } };
}

/**
 * A commit, as whoever has subscribed to the document hears of it; `null` where retention has let go of what it has
 * changed.
 */
export function messageOfChange(change: ChangeEvent, vectorClock: VectorClock): JsonServerMessage | null {
  const { document_id, sequence, revision_id, user_id, forward_patch } = change;
  switch (change.event_type) {
    case "create":
      return { type: "document_created", document_id, revision_id, sequence };
    case "delete":
      return { type: "document_deleted", document_id, revision_id, sequence, user_id };
    case "update":
      if (!Array.isArray(forward_patch)) return null;
      return {
        type: "document_updated",
        document_id,
        revision_id,
        sequence,
        vector_clock: vectorClock,
        user_id,
        patch: forward_patch,
        ...(change.target === undefined ? {} : { target: change.target }),
        kind: change.kind,
        created_at: change.created_at,
      };
  }
}

export function errorMessage({ code, detail, pointer }: Fault): JsonMessage<"error"> {
  return { type: "error", code, message: detail, ...(pointer === undefined ? {} : { pointer }) };
}

/** What an error is to whoever has asked; `null` for one that is the relay's own. */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof JsonRefusal) return error.fault;
  return refusalOf(error);
}

function updated({
  documentId,
  sequence,
  revision,
  vectorClock,
  user,
  patch,
  target,
  kind,
  created_at,
}: {
  readonly documentId: string;
  readonly sequence: number;
  readonly revision: string;
  readonly vectorClock: VectorClock;
  readonly user: string;
  readonly patch: Patch;
  readonly target: "content" | "document";
  readonly kind?: string;
  readonly created_at?: string;
}): JsonMessage<"document_updated"> {
  return {
    type: "document_updated",
    document_id: documentId,
    revision_id: revision,
    sequence,
    vector_clock: vectorClock,
    user_id: user,
    patch: [...patch],
    ...(target === "document" ? { target } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(created_at === undefined ? {} : { created_at }),
  };
}
