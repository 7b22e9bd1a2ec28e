/** The relay that `npm start` runs: everything by default, the kinds of documents that the studio shows, and the studio at `/`. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { closeOnSignal, createLogger, listen, monitorOn, readConfig, ServerError } from "@verso/server";
import { withStudio } from "./studio.js";

const pages = {
  "/": built("studio"),
  "/editors/": built("editors"),
  "/notes/": built("notes-react"),
  "/board/": built("board-svelte"),
};

try {
  // There are no flags; one that was given must not be ignored in silence.
  parseArgs();
  const config = withStudio(await readConfig({ environment: process.env }));
  const { stdout, stderr, env } = process;
  const isMonitored = env.MONITORING === "true";
  const logger = createLogger(config, { to: isMonitored ? stderr : stdout });
  const monitor = isMonitored ? { monitor: monitorOn(stdout) } : {};
  const relay = await listen(config, { pages, logger, ...monitor });
  closeOnSignal(relay, logger);
} catch (error) {
  const code = error instanceof ServerError ? ` (${error.code})` : "";
  // There is no logger before there is a configuration.
  console.error(`${error instanceof Error ? error.message : String(error)}${code}`);
  process.exitCode = 1;
}

/** The folder that the app is built into. */
function built(app: string): string {
  return fileURLToPath(new URL(`../../${app}/dist`, import.meta.url));
}
