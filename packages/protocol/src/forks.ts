/**
 * The JSON of forks, below `/api/documents/:id/forks`.
 *
 * A fork is a document of its own, which its proposer edits like every other, at `/yjs/<fork_document_id>`. It is
 * judged when it is merged, and not before.
 */
import { z } from "zod";
import { issue, patchOperation } from "./json-dialect.js";

/** `POST …/forks`: what it is for, as far as anybody says. */
export const forkRequest = z.strictObject({
  title: z.string().max(200).default(""),
  comment: z.string().max(10_000).default(""),
});

/** A fork, as lists show it. */
export const forkDescription = z.object({
  id: z.string(),
  /** The parent: what was forked, and what it is merged into. */
  document_id: z.string(),
  /** What to open as a document to edit the fork. */
  fork_document_id: z.string(),
  /** Who proposes it. */
  user_id: z.string(),
  title: z.string(),
  comment: z.string(),
  created_at: z.iso.datetime(),
  /** Where the parent stood then. */
  base: z.object({ sequence: z.int().positive(), revision_id: z.string() }),
  state: z.enum(["open", "merged", "dropped"]),
  /** Who merged or dropped it; `null` while it is open. */
  closed: z.object({ user_id: z.string(), at: z.iso.datetime() }).nullable(),
  /** The commit of the parent that it was merged as; `null` where it was not. */
  merged: z.object({ sequence: z.int().positive(), revision_id: z.string() }).nullable(),
});

/** `GET …/forks?after=&limit=`: one page of the forks of a document, oldest first. */
export const forkList = z.object({
  forks: z.array(forkDescription),
  /** Give it as `after` to read on; `null` on the last page. */
  next: z.string().nullable(),
});

/** `GET …/forks/:fork`: what merging it now would do to the parent; `null` once it is not open. */
export const forkReview = forkDescription.extend({
  review: z
    .object({
      /** Of the fork's document. */
      revision_id: z.string(),
      /** Only what is `accepted` is merged. */
      verdict: z.enum(["accepted", "repaired", "refused", "unchanged"]),
      issues: z.array(issue),
      /** Leads from the parent as it is now to what it would be if the whole fork were taken. */
      forward_patch: z.array(patchOperation),
      reverse_patch: z.array(patchOperation),
    })
    .nullable(),
});

/** `POST …/forks/:fork/merge` */
export const mergeRequest = z.strictObject({
  /** The revision that was reviewed: with it, a fork that was edited since is not merged. */
  revision_id: z.string().optional(),
});

export type ForkDescription = z.infer<typeof forkDescription>;
export type ForkList = z.infer<typeof forkList>;
export type ForkReview = z.infer<typeof forkReview>;
