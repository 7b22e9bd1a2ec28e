/**
 * The JSON of named versions: `GET` and `POST /api/documents/:id/tags`, `DELETE /api/documents/:id/tags/:name`.
 *
 * A tag is a name for a commit. Names are unique within a document, and a tag never moves: it is deleted and made anew.
 */
import { z } from "zod";
import { pageSize, pageStart } from "./paging.js";

const name = z
  .string()
  .min(1)
  .max(200)
  // What is seen in a list must be what is asked for.
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "a name is text without control characters")
  .refine(text => text.trim() === text, "a name neither begins nor ends with a space");

/** `POST /api/documents/:id/tags` */
export const tagRequest = z.strictObject({
  name,
  sequence: z.int().positive().optional().describe("Sequence of the commit; the last one if it is left out."),
});

export const tag = z.object({
  name: z.string(),
  sequence: z.int().positive(),
  revision_id: z.string(),
  created_at: z.iso.datetime().describe("When it was tagged."),
  user_id: z.string().describe("Who has tagged it."),
});

/** `GET /api/documents/:id/tags?after=&limit=` */
export const tagListQuery = z.object({
  after: pageStart.optional(),
  limit: pageSize,
});

/** `GET /api/documents/:id/tags?after=&limit=`: one page of tags, in the order of the names. */
export const tagList = z.object({
  tags: z.array(tag),
  next: z.string().nullable().describe("Give it as `after` to read on; `null` on the last page."),
});

export type TagRequest = z.input<typeof tagRequest>;
export type Tag = z.output<typeof tag>;
export type TagList = z.output<typeof tagList>;
