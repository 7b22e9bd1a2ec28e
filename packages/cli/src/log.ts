/** `verso log`: the commits of a document, oldest first. */
import { toChangeEvent } from "@verso/server";
import { openLedger, openLevelBackend, StorageError } from "@verso/storage";
import { Command } from "commander";

export function logCommand(): Command {
  return new Command("log")
    .description("list the commits of a document")
    .argument("<folder>", "folder of the LevelDB store; its relay must not be running")
    .argument("<document>", "id of the document")
    .option("--json", "one JSON object a line")
    .action(log);
}

async function log(folder: string, document: string, { json = false }: { json?: boolean }): Promise<void> {
  await using ledger = await openLedger({ open: () => openLevelBackend(folder, { createIfMissing: false }) });
  if ((await ledger.head(document)) === undefined) {
    throw new StorageError("not-found", `There is no document "${document}" in ${folder}.`, { document });
  }
  for await (const commit of ledger.read(document)) {
    const event = toChangeEvent(document, commit);
    if (json) {
      console.log(JSON.stringify(event));
      continue;
    }
    console.log(`${event.revision_id}  ${event.created_at}  ${event.kind}  by ${event.user_id}`);
    for (const operation of event.forward_patch ?? []) console.log(`  > ${JSON.stringify(operation)}`);
    for (const operation of event.reverse_patch ?? []) console.log(`  < ${JSON.stringify(operation)}`);
    for (const { severity, pointer, code, message } of event.issues ?? []) {
      console.log(`  ! ${severity} ${code} at ${pointer || "/"}: ${message}`);
    }
  }
}
