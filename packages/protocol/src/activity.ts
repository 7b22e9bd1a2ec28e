/**
 * The JSON of activity: `GET /api/documents/:id/activity?user=&from=&to=`, who has worked on a document and when.
 *
 * Commits of one user that follow each other closely are one session of work, whatever others do meanwhile.
 */
import { z } from "zod";

const time = z.iso.datetime({ offset: true }).transform(text => new Date(text));

export const activityQuery = z.object({
  /** Only what this user did. */
  user: z.string().max(1000).optional(),
  /** Only commits made from this time on, and before that one. */
  from: time.optional(),
  to: time.optional(),
  /** Minutes without a commit after which a session of work has ended. */
  idle: z.coerce.number().positive().max(100_000).default(30),
  /** Only commits behind this sequence: `next` of the page before. */
  since: z.coerce.number().int().nonnegative().default(0),
  /** Sessions of work. */
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** What one user did without a long pause. */
export const workSession = z.object({
  user_id: z.string(),
  tenant_id: z.string().optional(),
  /** The times of its first and its last commit, and their sequences. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  first_sequence: z.int().positive(),
  last_sequence: z.int().positive(),
  /** How many commits of each kind; commits of others in between do not count. */
  commits: z.record(z.string(), z.int().positive()),
  /** UTF-16 units of texts and elements of lists; `null` where the changes of some are no longer kept. */
  inserted: z.int().nonnegative().nullable(),
  deleted: z.int().nonnegative().nullable(),
  /** Where it was: JSON Pointers of what was changed, the most often changed first, twenty at most. */
  pointers: z.array(z.string()),
});

/** The sessions of work by their first commits, the earliest first. */
export const activityPage = z.object({
  sessions: z.array(workSession),
  /** Give it as `since` to read on; `null` on the last page. What goes on behind it is a session of its own there. */
  next: z.int().positive().nullable(),
});

export type WorkSession = z.infer<typeof workSession>;
export type ActivityPage = z.infer<typeof activityPage>;
