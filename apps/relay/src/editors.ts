/**
 * The kinds of documents that the editors' pages write: where each editor keeps its content, and what the gate lets into it.
 *
 * Rich text is what its editor can show: a format that is not here, pasted by a client that shows more, is refused.
 */
import { getSchema } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { type ConfigInput, prosemirror, richText, text } from "@verso/server";
import { Schema } from "prosemirror-model";
import { schema as basic } from "prosemirror-schema-basic";
import { addListNodes } from "prosemirror-schema-list";
import { z } from "zod";

type Kind = NonNullable<ConfigInput["documents"]>[string];

const plainText: Kind = {
  roots: { content: "text" },
  schema: z.object({ content: text({ maxLength: 20_000 }) }),
  strict: true,
};

const quill: Kind = {
  roots: { content: "richText" },
  schema: z.object({
    content: richText({
      marks: [
        "bold",
        "italic",
        "underline",
        "strike",
        "code",
        "link",
        "header",
        "list",
        "indent",
        "blockquote",
      ],
    }),
  }),
  strict: true,
};

/** The schema that the editor on the page has. */
const proseMirrorSchema = new Schema({
  nodes: addListNodes(basic.spec.nodes, "paragraph block*", "block"),
  marks: basic.spec.marks,
});

const proseMirror: Kind = {
  roots: { content: "xmlFragment" },
  schema: z.object({ content: prosemirror(proseMirrorSchema) }),
  strict: true,
};

const tiptap: Kind = {
  roots: { content: "xmlFragment" },
  schema: z.object({ content: prosemirror(getSchema([StarterKit])) }),
  strict: true,
};

export const editors: Readonly<Record<string, Kind>> = {
  "editors/textarea/:room": plainText,
  "editors/codemirror/:room": plainText,
  "editors/monaco/:room": plainText,
  "editors/quill/:room": quill,
  "editors/prosemirror/:room": proseMirror,
  "editors/tiptap/:room": tiptap,
  // Lexical's own root, which holds all else as embedded texts and maps.
  "editors/lexical/:room": { roots: { root: "xmlText" } },
};
