/** `verso erase`: a document goes for good. */
import { type Erasure, erasure } from "@verso/protocol";
import { describeErasure, eraseDocument } from "@verso/server";
import { StorageError } from "@verso/storage";
import { Command } from "commander";
import { toDocumentId } from "./arguments.js";
import { CliError } from "./errors.js";
import { openFolder } from "./folder.js";
import { type Place, type PlaceFlags, placeOf, withPlace } from "./place.js";
import { createRelayApi } from "./relay-api.js";
import { toLine } from "./terminal.js";

export function eraseCommand(): Command {
  return withPlace(new Command("erase"))
    .description("erase a document for good: its whole history goes, and it can never be written to again")
    .argument("<document>", "id of the document", toDocumentId)
    .option("--json", "what is left of it, as one JSON object")
    .action(erase);
}

async function erase(
  document: string,
  { json = false, ...flags }: PlaceFlags & { json?: boolean },
): Promise<void> {
  const erased = await eraseAt(placeOf(flags, process.env), document);
  const { sequence, erased_at, user_id } = erased;
  if (json) return console.log(JSON.stringify(erased));
  const commits = sequence === 1 ? "1 commit" : `${sequence} commits`;
  console.log(toLine([{ text: `${document}  erased with its ${commits}  ${erased_at}  by ${user_id}` }]));
}

async function eraseAt(place: Place, document: string): Promise<Erasure> {
  switch (place.type) {
    case "relay": {
      const path = `/api/documents/${encodeURIComponent(document)}?erase=true`;
      return createRelayApi(place).request("DELETE", path, { parse: json => erasure.parse(json) });
    }
    case "folder": {
      await using ledger = await openFolder(place.folder);
      const head = await ledger.head(document).catch(error => {
        // One that is damaged can be erased as well.
        if (error instanceof StorageError && error.code === "corrupted") return null;
        throw error;
      });
      if (head === undefined && (await ledger.tombstone(document)) === undefined) {
        throw new CliError("not-found", `There is no document "${document}" in ${place.folder}.`);
      }
      return describeErasure(await eraseDocument(ledger, document, { actor: { user: "operator" } }));
    }
  }
}
