/** What the relay asks of a note: a title, a few tags, each of them once, and of the body what its editor can make. */
import { getSchema } from "@tiptap/core";
import { StarterKit } from "@tiptap/starter-kit";
import { prosemirror, rule, slug } from "@verso/validation";
import { z } from "zod";

const tagsOnce = rule({
  name: "tags-once",
  reads: ["/note/tags/*"],
  check: ([tags]) =>
    tags
      .filter(({ value }, at) => tags.findIndex(other => other.value === value) < at)
      .map(({ pointer }) => ({ pointer, message: "The note has this tag already." })),
});

export const note = {
  roots: { note: "map", body: "xmlFragment" },
  texts: ["/note/title"],
  // A body without a paragraph every editor would give one of its own, as soon as somebody looks at it.
  initial: {
    note: {},
    body: { $y: "frag", children: [{ $y: "xml", tag: "paragraph", attrs: {}, children: [] }] },
  },
  schema: z.object({
    note: z.object({
      title: z
        .string()
        .min(1, "A note has a title.")
        .max(60, "A title has 60 characters at most.")
        .optional(),
      tags: z.array(slug().max(20)).max(8, "A note has 8 tags at most.").optional(),
    }),
    body: prosemirror(getSchema([StarterKit])),
  }),
  rules: [tagsOnce],
} as const;
