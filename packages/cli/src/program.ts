/** The verbs of the `verso` command and their flags. */
import { createRequire } from "node:module";
import { Command } from "commander";
import { activityCommand } from "./activity.js";
import { blameCommand } from "./blame.js";
import { connectCommand } from "./connect.js";
import { eraseCommand } from "./erase.js";
import { historyCommand } from "./history.js";
import { importCommand } from "./import.js";
import { getCommand, patchCommand, setCommand, watchCommand } from "./json-document.js";
import { logCommand } from "./log.js";
import { checkProofCommand, keygenCommand, proveCommand } from "./proof.js";
import { serveCommand } from "./serve.js";
import { tagCommand } from "./tag.js";
import { redoCommand, restoreCommand, revertCommand, undoCommand, undoToCommand } from "./take-back.js";
import { tokenCommand } from "./token.js";
import { validateCommand } from "./validate.js";
import { verifyCommand } from "./verify.js";
import { atCommand, diffCommand } from "./versions.js";

const { version }: { version: string } = createRequire(import.meta.url)("../package.json");

/** What ends a command throws, and a `CommanderError` when the command line is wrong or help was asked for. */
export function createProgram(): Command {
  const program = new Command("verso")
    .description("Runs and inspects a Verso relay.")
    .version(version, "--version", "print the version")
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .addCommand(serveCommand())
    .addCommand(verifyCommand())
    .addCommand(validateCommand())
    .addCommand(logCommand())
    .addCommand(importCommand())
    .addCommand(connectCommand())
    .addCommand(getCommand())
    .addCommand(setCommand())
    .addCommand(patchCommand())
    .addCommand(watchCommand())
    .addCommand(tokenCommand())
    .addCommand(historyCommand())
    .addCommand(atCommand())
    .addCommand(diffCommand())
    .addCommand(blameCommand())
    .addCommand(activityCommand())
    .addCommand(undoCommand())
    .addCommand(redoCommand())
    .addCommand(revertCommand())
    .addCommand(undoToCommand())
    .addCommand(restoreCommand())
    .addCommand(tagCommand())
    .addCommand(eraseCommand())
    .addCommand(proveCommand())
    .addCommand(checkProofCommand())
    .addCommand(keygenCommand());
  endByThrowing(program);
  return program;
}

function endByThrowing(command: Command): void {
  command.exitOverride();
  for (const part of command.commands) endByThrowing(part);
}
