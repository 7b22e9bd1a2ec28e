/** `verso validate`: which documents of a store do not satisfy what their kinds ask. */
import { validateLedger } from "@verso/server";
import { openLedger, openLevelBackend } from "@verso/storage";
import { Command } from "commander";
import { configHelp, readConfiguration } from "./configuration.js";
import { ExitCode } from "./exit-code.js";
import { describeIssue } from "./issue-lines.js";

export function validateCommand(): Command {
  return new Command("validate")
    .description("list the documents that do not satisfy what their kinds ask; changes nothing")
    .argument("<folder>", "folder of the LevelDB store; its relay must not be running")
    .option("--config <file>", configHelp)
    .option("--json", "issues as one JSON object a line, and at last the summary")
    .action(validate);
}

interface Flags {
  readonly config?: string;
  readonly json?: boolean;
}

async function validate(folder: string, { config: file, json = false }: Flags): Promise<void> {
  const { kinds } = await readConfiguration(file);
  await using ledger = await openLedger({ open: () => openLevelBackend(folder, { createIfMissing: false }) });
  const summary = { documents: 0, invalid: 0, unknown: 0, issues: 0 };
  for await (const validity of validateLedger(ledger, kinds)) {
    summary.documents += 1;
    if (validity.type === "valid") continue;
    const { documentId: document } = validity;
    const issues = validity.type === "invalid" ? validity.issues : [matchesNone];
    if (validity.type === "invalid") summary.invalid += 1;
    else summary.unknown += 1;
    summary.issues += issues.length;
    for (const issue of issues) {
      console.log(json ? JSON.stringify({ document, ...issue }) : `${document}  ${describeIssue(issue)}`);
    }
  }
  const { documents, invalid, unknown, issues } = summary;
  if (json) console.log(JSON.stringify(summary));
  else {
    console.log(
      `${documents} documents: ${invalid || "none"} that do not satisfy their kinds, ` +
        `${unknown || "none"} of no kind, ${issues || "no"} issues`,
    );
  }
  if (invalid + unknown > 0) process.exitCode = ExitCode.failure;
}

const matchesNone = {
  pointer: "",
  code: "unknown-kind",
  message: "No kind of document is configured for this id.",
  severity: "error",
} as const;
