/**
 * The kinds of documents that the editors' pages write: where each editor keeps its content, and what the gate lets into it.
 *
 * Rich text is what its editor can show: a format that is not here, pasted by a client that shows more, is refused.
 */
import { type ConfigInput, richText, text } from "@verso/server";
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

export const editors: Readonly<Record<string, Kind>> = {
  "editors/textarea/:room": plainText,
  "editors/codemirror/:room": plainText,
  "editors/monaco/:room": plainText,
  "editors/quill/:room": quill,
  "editors/prosemirror/:room": { roots: { content: "xmlFragment" } },
  "editors/tiptap/:room": { roots: { content: "xmlFragment" } },
  // Lexical's own root, which holds all else as embedded texts and maps.
  "editors/lexical/:room": { roots: { root: "xmlText" } },
};
