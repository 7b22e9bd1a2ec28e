/** What the HTTP API answers with when something cannot be done. */
import { z } from "zod";
import { issue } from "./json-dialect.js";
import { conflict } from "./json-messages.js";

/** The body of every failed request, as `application/problem+json` (RFC 9457). */
export const problem = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  /** One of `problemStatus`. */
  code: z.string().describe("Never changes its meaning, unlike the words beside it."),
  detail: z.string(),
  issues: z
    .array(issue)
    .optional()
    .describe("What is wrong with what was sent or is to be merged, where that is the problem."),
  target: z
    .literal("document")
    .optional()
    .describe("Given when the pointers of the issues begin at `{ title, content }`, and not at the content."),
  sequence: z
    .int()
    .nonnegative()
    .optional()
    .describe("`edit-refused`: of the commit that is the record of it. `revision-mismatch`: of the present."),
  revision_id: z.string().optional().describe("`revision-mismatch`: that of the present."),
  pointer: z
    .string()
    .optional()
    .describe("JSON Pointer to what is wrong with what was sent: into it, or as a patch names the place."),
  conflict: conflict.optional().describe("`conflict`: both sides of it, where it is one of edits."),
});

export type Problem = z.infer<typeof problem>;
