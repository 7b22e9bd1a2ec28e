/** `verso verify`: whether everything in a store is as it was written, and means what it says. */
import { createKinds, createReplay, readConfig } from "@verso/server";
import { type VerifyIssue, verifyFolder } from "@verso/storage";
import { Command } from "commander";
import { ExitCode } from "./exit-code.js";

export function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "check a store: every hash, every reference, and every patch in both directions; changes nothing",
    )
    .argument("<folder>", "folder of the LevelDB store; its relay must not be running")
    .option("--config <file>", "configuration file: look also for documents that do not satisfy their kinds")
    .option("--json", "issues as one JSON object a line, and at last the summary")
    .action(verify);
}

interface Flags {
  readonly config?: string;
  readonly json?: boolean;
}

async function verify(folder: string, { config: file, json = false }: Flags): Promise<void> {
  const config = file === undefined ? null : await readConfig({ file, environment: process.env });
  const kinds = config === null ? null : createKinds(config.documents);
  const summary = await verifyFolder(folder, {
    replay: document => createReplay({ kind: kinds?.of(document) }),
    onIssue: issue => console.log(json ? JSON.stringify(issue) : describe(issue)),
  });
  if (json) console.log(JSON.stringify(summary));
  else {
    const { documents, commits, snapshots, issues } = summary;
    console.log(
      `${documents} documents, ${commits} commits, ${snapshots} snapshots: ${issues || "no"} issues`,
    );
  }
  if (summary.issues > 0) process.exitCode = ExitCode.verificationFailed;
}

function describe({ severity, code, document, sequence, detail }: VerifyIssue): string {
  const place = [document, sequence].filter(part => part !== undefined).join(" ");
  return `${severity.padEnd(8)}  ${code.padEnd(17)}  ${place === "" ? "" : `${place}: `}${detail}`;
}
