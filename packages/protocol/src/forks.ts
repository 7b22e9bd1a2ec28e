/**
 * The JSON of forks, below `/api/documents/:id/forks`.
 *
 * A fork is a document of its own, which its proposer edits like every other, at `/yjs/<fork_document_id>`. It is
 * judged when it is merged, and not before.
 */
import { z } from "zod";
import { issue, patchOperation } from "./json-dialect.js";
import { pageSize, pageStart } from "./paging.js";

/** `POST …/forks`: what it is for, as far as anybody says. */
export const forkRequest = z.strictObject({
  title: z.string().max(200).default(""),
  comment: z.string().max(10_000).default(""),
});

/** A fork, as lists show it. */
export const forkDescription = z.object({
  id: z.string(),
  document_id: z.string().describe("The parent: what was forked, and what it is merged into."),
  fork_document_id: z.string().describe("What to open as a document to edit the fork."),
  user_id: z.string().describe("Who proposes it."),
  title: z.string(),
  comment: z.string(),
  created_at: z.iso.datetime(),
  base: z
    .object({ sequence: z.int().positive(), revision_id: z.string() })
    .describe("Where the parent stood then."),
  state: z.enum(["open", "merged", "dropped"]),
  closed: z
    .object({ user_id: z.string(), at: z.iso.datetime() })
    .nullable()
    .describe("Who merged or dropped it; `null` while it is open."),
  merged: z
    .object({ sequence: z.int().positive(), revision_id: z.string() })
    .nullable()
    .describe("The commit of the parent that it was merged as; `null` where it was not."),
});

/** `GET …/forks?after=&limit=` */
export const forkListQuery = z.object({
  after: pageStart.optional(),
  limit: pageSize,
});

/** `GET …/forks?after=&limit=`: one page of the forks of a document, oldest first. */
export const forkList = z.object({
  forks: z.array(forkDescription),
  next: z.string().nullable().describe("Give it as `after` to read on; `null` on the last page."),
});

/** `GET …/forks/:fork`: what merging it now would do to the parent; `null` once it is not open. */
export const forkReview = forkDescription.extend({
  review: z
    .object({
      revision_id: z.string().describe("Of the fork's document."),
      verdict: z
        .enum(["accepted", "repaired", "refused", "unchanged"])
        .describe("Only what is `accepted` is merged."),
      issues: z.array(issue),
      forward_patch: z
        .array(patchOperation)
        .describe("Leads from the parent as it is now to what it would be if the whole fork were taken."),
      reverse_patch: z.array(patchOperation),
    })
    .nullable()
    .describe("What merging it now would do to the parent; `null` once it is not open."),
});

/** `POST …/forks/:fork/merge` */
export const mergeRequest = z.strictObject({
  revision_id: z
    .string()
    .optional()
    .describe("The revision that was reviewed: with it, a fork that was edited since is not merged."),
});

export type ForkDescription = z.infer<typeof forkDescription>;
export type ForkList = z.infer<typeof forkList>;
export type ForkReview = z.infer<typeof forkReview>;
