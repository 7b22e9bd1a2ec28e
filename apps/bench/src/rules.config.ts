/** The configuration of the relay that judges: a text with a schema and rights, and a rule for what stands beside it. */
import { type ConfigInput, rule, text } from "@verso/server";
import { z } from "zod";
import { TEXT } from "./load.js";

const config: ConfigInput = {
  documents: {
    "*": {
      roots: { [TEXT]: "text", title: "text" },
      schema: z.object({ [TEXT]: text({ maxLength: 50_000_000 }), title: text({ maxLength: 200 }) }),
      permissions: { [`/${TEXT}`]: { insert: () => true, delete: () => true } },
      rules: [
        rule({
          name: "one-line",
          reads: ["/title"],
          check: ([title]) => !String(title).includes("\n") || "has several lines",
        }),
      ],
    },
  },
};
export default config;
