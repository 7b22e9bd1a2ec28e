/**
 * The `verso` command: how it runs, and how it ends.
 *
 * What was asked for goes to standard output, everything else to standard error.
 */
import { ClientError } from "@verso/client/json";
import { CommanderError } from "commander";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { createProgram } from "./program.js";

// A reader such as `head` may leave before the end: what it did not ask for is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(ExitCode.ok);
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has printed what was wrong, or what was asked for.
  if (!(error instanceof CommanderError)) {
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    console.error(`verso: ${message}${code === undefined ? "" : ` (${code})`}`);
  }
}

/** Of what a relay has refused, the code by which it says why. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof ClientError) return error.relayCode ?? error.code;
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
