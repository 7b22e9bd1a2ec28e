/** What has become of an edit of a program, as HTTP tells it. */
import { forwardPatch, type Roots } from "@verso/bridge";
import type { DocumentEdit } from "@verso/protocol";
import type { CommitKind } from "@verso/storage";
import type { Issue } from "@verso/validation";
import { withoutGaps } from "./changes.js";
import { HttpProblem } from "./http-problem.js";
import type { JsonEdit } from "./json-edits.js";
import { type Target, targetOf, toViewPatch, toViewPointer } from "./json-view.js";
import { mismatch } from "./preconditions.js";

export interface Asked {
  /** What it can have become a commit as; what was called by the same name before may have been something else. */
  readonly kinds: readonly CommitKind[];
  /** Where the pointers of what was asked for begin. @default "content" */
  readonly target?: Target | undefined;
}

/** What an edit has become. Throws an `HttpProblem` where it was not made. */
export function toDocumentEdit(documentId: string, edit: JsonEdit, { kinds, target }: Asked): DocumentEdit {
  switch (edit.type) {
    case "done": {
      const { kind, change, roots } = edit;
      if (!kinds.includes(kind)) {
        throw new HttpProblem("bad-request", `An edit of another kind had this name: it was a ${kind}.`);
      }
      const told = { document_id: documentId, ...placeOf(edit), kind };
      if (kind === "create" || kind === "delete") return { ...told, patch: null };
      const patch = forwardPatch(change);
      const shown = target === "document" ? target : targetOf(roots, { patches: [patch] });
      return {
        ...told,
        ...targetMember(shown),
        patch: [...toViewPatch(patch, { roots, target: shown })],
      };
    }
    case "unchanged":
      return { document_id: documentId, ...placeOf(edit), kind: null, patch: [] };
    case "rejected":
      throw refusal(edit, { target });
    case "conflict":
      throw new HttpProblem("conflict", "What it changes was changed since its base.", {
        conflict: edit.conflict,
      });
    case "mismatch":
      throw mismatch(edit);
  }
}

/** The problem that an edit is which the document's kind does not allow. */
export function refusal(
  {
    sequence,
    issues,
    roots,
  }: { readonly sequence: number | null; readonly issues: readonly Issue[]; readonly roots: Roots },
  { target }: Pick<Asked, "target"> = {},
): HttpProblem {
  const shown =
    target === "document" ? target : targetOf(roots, { pointers: issues.map(({ pointer }) => pointer) });
  const record = sequence === null ? "" : ` Commit ${sequence} is the record of that.`;
  return new HttpProblem("edit-refused", `The document's kind does not allow it.${record}`, {
    ...targetMember(shown),
    ...(sequence === null ? {} : { sequence }),
    issues: issues.map(issue => ({
      ...withoutGaps(issue),
      pointer: toViewPointer(issue.pointer, { roots, target: shown }),
    })),
  });
}

function placeOf({
  sequence,
  revision,
  vectorClock,
}: Extract<JsonEdit, { readonly type: "done" | "unchanged" }>) {
  return { sequence, revision_id: revision, vector_clock: { ...vectorClock } };
}

function targetMember(target: Target): Pick<DocumentEdit, "target"> {
  return target === "document" ? { target } : {};
}
