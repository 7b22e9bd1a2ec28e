/**
 * The JSON of activity: `GET /api/documents/:id/activity?user=&from=&to=`, who has worked on a document and when.
 *
 * Commits of one user that follow each other closely are one session of work, whatever others do meanwhile.
 */
import { z } from "zod";
import { pageSize } from "./paging.js";

const time = z.iso.datetime({ offset: true }).transform(text => new Date(text));

export const activityQuery = z.object({
  user: z.string().max(1000).optional().describe("Only what this user did."),
  from: time.optional().describe("Only commits made from this time on."),
  to: time.optional().describe("Only commits made before this time."),
  idle: z.coerce
    .number()
    .positive()
    .max(100_000)
    .default(30)
    .describe("Minutes without a commit after which a session of work has ended."),
  since: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe("Only commits behind this sequence: `next` of the page before."),
  limit: pageSize,
});

const counted = z
  .int()
  .nonnegative()
  .nullable()
  .describe(
    "UTF-16 units of texts and elements of lists; `null` where the changes of some are no longer kept.",
  );

/** What one user did without a long pause. */
export const workSession = z.object({
  user_id: z.string(),
  tenant_id: z.string().optional(),
  from: z.iso.datetime().describe("The time of its first commit."),
  to: z.iso.datetime().describe("The time of its last commit."),
  first_sequence: z.int().positive(),
  last_sequence: z.int().positive(),
  commits: z
    .record(z.string(), z.int().positive())
    .describe("How many commits of each kind; commits of others in between do not count."),
  inserted: counted,
  deleted: counted,
  pointers: z
    .array(z.string())
    .describe(
      "Where it was: JSON Pointers of what was changed, the most often changed first, twenty at most.",
    ),
});

/** The sessions of work by their first commits, the earliest first. */
export const activityPage = z.object({
  sessions: z.array(workSession),
  next: z
    .int()
    .positive()
    .nullable()
    .describe(
      "Give it as `since` to read on; `null` on the last page. What goes on behind it is a session of its own there.",
    ),
});

export type WorkSession = z.infer<typeof workSession>;
export type ActivityPage = z.infer<typeof activityPage>;
