/** `verso log`: the commits of a document in a folder as they are on record, with the patches in both directions. */
import { knownRoots, toChangeEvent } from "@verso/server";
import { StorageError } from "@verso/storage";
import { Command } from "commander";
import { operationsOf } from "./change-lines.js";
import { openFolder } from "./folder.js";
import { describeIssue } from "./issue-lines.js";

export function logCommand(): Command {
  return new Command("log")
    .description("list the commits of a document in a folder, with their patches in both directions")
    .argument("<folder>", "folder of the LevelDB store; its relay must not be running")
    .argument("<document>", "id of the document")
    .option("--json", "one JSON object a line")
    .action(log);
}

async function log(folder: string, document: string, { json = false }: { json?: boolean }): Promise<void> {
  await using ledger = await openFolder(folder);
  const head = await ledger.head(document);
  if (head === undefined) {
    throw new StorageError("not-found", `There is no document "${document}" in ${folder}.`, { document });
  }
  const roots = knownRoots(head.roots);
  for await (const commit of ledger.read(document)) {
    const event = toChangeEvent(document, commit, { roots, all: true });
    if (json) {
      console.log(JSON.stringify(event));
      continue;
    }
    console.log(`${event.revision_id}  ${event.created_at}  ${event.kind}  by ${event.user_id}`);
    for (const operation of operationsOf(event.forward_patch))
      console.log(`  > ${JSON.stringify(operation)}`);
    for (const operation of operationsOf(event.reverse_patch))
      console.log(`  < ${JSON.stringify(operation)}`);
    for (const issue of event.issues ?? []) console.log(`  ! ${describeIssue(issue)}`);
  }
}
