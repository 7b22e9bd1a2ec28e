/**
 * The `verso` command: its verbs, their flags, and how it ends.
 *
 * What was asked for goes to standard output, everything else to standard error.
 */
import { Command, CommanderError } from "commander";
import { eraseCommand } from "./erase.js";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { importCommand } from "./import.js";
import { logCommand } from "./log.js";
import { checkProofCommand, keygenCommand, proveCommand } from "./proof.js";
import { serveCommand } from "./serve.js";
import { tagCommand } from "./tag.js";
import { tokenCommand } from "./token.js";
import { validateCommand } from "./validate.js";
import { verifyCommand } from "./verify.js";

const program = new Command("verso")
  .description("Runs and inspects a Verso relay.")
  .configureHelp({ showGlobalOptions: true })
  .helpCommand(false)
  .addCommand(serveCommand())
  .addCommand(verifyCommand())
  .addCommand(validateCommand())
  .addCommand(logCommand())
  .addCommand(importCommand())
  .addCommand(tokenCommand())
  .addCommand(tagCommand())
  .addCommand(eraseCommand())
  .addCommand(proveCommand())
  .addCommand(checkProofCommand())
  .addCommand(keygenCommand());

// A reader such as `head` may leave before the end: what it did not ask for is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(ExitCode.ok);
});

endByThrowing(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what was wrong, or what was asked for.
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  } else {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    console.error(`verso: ${error instanceof Error ? error.message : String(error)}${code}`);
    process.exitCode = exitCodeOf(error);
  }
}

/** What ends a command ends above, where its exit code is found. */
function endByThrowing(command: Command): void {
  command.exitOverride();
  for (const part of command.commands) endByThrowing(part);
}
