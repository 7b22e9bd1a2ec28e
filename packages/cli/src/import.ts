/** `verso import`: makes an existing Yjs document a new document of a store. */
import { checkDocumentId, type ImportedDocument, importedDocument } from "@verso/protocol";
import { importDocument } from "@verso/server";
import { Command, Option } from "commander";
import { toDocumentId } from "./arguments.js";
import { configHelp, readConfiguration } from "./configuration.js";
import { CliError, type CliErrorCode } from "./errors.js";
import { openFolder } from "./folder.js";
import { describeIssue, indented } from "./issue-lines.js";
import { type Place, type PlaceFlags, placeOf, withPlace } from "./place.js";
import { createRelayApi } from "./relay-api.js";
import { readSource } from "./source.js";

export function importCommand(): Command {
  return withPlace(new Command("import"))
    .description("make an existing Yjs document a new document")
    .argument(
      "<source>",
      "a file or an http(s) URL with one update in V1, or the ws(s) URL of a y-websocket room",
    )
    .argument("<document>", "id of the document, which must not exist", toDocumentId)
    .option("--allow-invalid", "also when it does not satisfy its kind; the issues then stand in its commit")
    .addOption(new Option("--config <file>", `with --data: ${configHelp}`).conflicts("url"))
    .addOption(
      new Option("--user <id>", "with --data: who imports; a relay knows by the token")
        .default("operator")
        .conflicts("url"),
    )
    .option("--json", "what became of it as one JSON object")
    .action(run);
}

interface Flags extends PlaceFlags {
  readonly allowInvalid?: boolean;
  readonly config?: string;
  readonly user: string;
  readonly json?: boolean;
}

async function run(source: string, documentId: string, flags: Flags): Promise<void> {
  const update = await readSource(source);
  const place = placeOf(flags, process.env);
  const imported =
    place.type === "relay"
      ? await importAtRelay(documentId, update, { place, flags })
      : await importIntoFolder(documentId, update, { ...flags, folder: place.folder });
  if (flags.json) return console.log(JSON.stringify(imported));
  console.log(`${imported.id}  ${imported.revision_id}`);
  for (const issue of imported.issues) console.error(describeIssue(issue));
}

/** Milliseconds for a large document to arrive, to be judged, and to be on the disk. */
const patience = 180_000;

function importAtRelay(
  documentId: string,
  update: Uint8Array,
  { place, flags }: { place: Place & { type: "relay" }; flags: Flags },
): Promise<ImportedDocument> {
  const path = `/api/admin/documents/${encodeURIComponent(documentId)}/import?allow_invalid=${flags.allowInvalid === true}`;
  const parse = (json: unknown) => importedDocument.parse(json);
  return createRelayApi(place).request("POST", path, { body: update, parse, patience });
}

async function importIntoFolder(
  documentId: string,
  update: Uint8Array,
  { folder, config: file, user, allowInvalid }: Flags & { folder: string },
): Promise<ImportedDocument> {
  const { config, kinds } = await readConfiguration(file);
  const { limits, documentBytes, frameLimits } = config;
  const checked = checkDocumentId(documentId, { maxBytes: frameLimits.documentIdBytes });
  if (!checked.ok) throw new CliError("bad-request", checked.detail);
  const actor = { user, session: "", roles: [] };
  await using ledger = await openFolder(folder, { creating: true });
  const options = { ledger, kinds, limits, documentBytes, actor, allowInvalid };
  const result = await importDocument(checked.id, update, options);
  if (result.type !== "imported") {
    const message = `The document was not imported: ${result.detail} [${result.type}]${indented(result.issues)}`;
    throw new CliError(codes[result.type], message);
  }
  const { sequence, revision, issues } = result;
  return { id: checked.id, sequence, revision_id: revision, issues: [...issues] };
}

const codes = {
  "unknown-kind": "denied",
  "document-exists": "document-exists",
  "update-refused": "refused",
  "too-large": "refused",
  "invalid-document": "refused",
} as const satisfies Record<string, CliErrorCode>;
