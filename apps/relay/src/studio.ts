/** What the relay of the studio asks of documents, where a configuration says nothing of its own. */
import { isDeepStrictEqual } from "node:util";
import { board } from "@verso/board-svelte/kind";
import { note } from "@verso/notes-react/kind";
import { type Config, checkConfig } from "@verso/server";
import { editors } from "./editors.js";
import { label } from "./label.js";
import { order, orderUsers } from "./order.js";
import { readings } from "./readings.js";

/** The configuration with the kinds of the studio's pages and their users in it, unless it has kinds of its own. */
export function withStudio(config: Config): Config {
  const defaults = checkConfig({});
  if (!isDeepStrictEqual(config.documents, defaults.documents)) return config;
  const { documents } = checkConfig({
    documents: {
      "*": {},
      "label/:id": label,
      "order/:id": order,
      "readings/:id": readings,
      "board/:id": board,
      "notes/:id": note,
      ...editors,
    },
  });
  return { ...config, documents, auth: config.auth === defaults.auth ? orderUsers : config.auth };
}
