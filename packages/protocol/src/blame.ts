/**
 * The JSON of blame: `GET /api/documents/:id/blame?pointer=&at=`, who has put there what is at a pointer.
 *
 * Content that was deleted and came back by an undo, or because its deletion was refused, is still that of its first
 * author.
 */
import { z } from "zod";

export const blameQuery = z.object({
  pointer: z
    .string()
    .max(10_000)
    .default("")
    .describe("JSON Pointer (RFC 6901) from the roots; empty for the document."),
  at: z.coerce.number().int().positive().optional().describe("A sequence; the present if it is left out."),
});

const by = z
  .int()
  .positive()
  .nullable()
  .describe("Of a commit, `null` where what says it is no longer kept, and for the document and its roots.");

/** The value at a pointer: the commit that put it there, and those that put its parts there. */
export const blame = z.object({
  document_id: z.string(),
  sequence: z.int().positive(),
  revision_id: z.string(),
  pointer: z.string(),
  by,
  parts: z
    .array(
      z.discriminatedUnion("type", [
        z
          .object({ type: z.literal("member"), pointer: z.string(), by })
          .describe("A member of an object, or an attribute."),
        z
          .object({
            type: z.literal("range"),
            pointer: z.string(),
            from: z.int().nonnegative(),
            to: z.int().positive(),
            by,
          })
          .describe(
            "The elements of the list, or the UTF-16 units and embeds of the text at `pointer`, from `from` up to `to`.",
          ),
      ]),
    )
    .describe("In the order of the document. Parts of parts are blamed by their own pointers."),
  commits: z
    .array(
      z.object({
        sequence: z.int().positive(),
        revision_id: z.string(),
        user_id: z.string(),
        kind: z.string(),
        created_at: z.iso.datetime(),
      }),
    )
    .describe("Each commit that is named above, once, in order."),
});

export type Blame = z.infer<typeof blame>;
