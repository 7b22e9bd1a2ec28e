/** `verso tag`: names for versions of a document. */
import type { Tag } from "@verso/protocol";
import { Command } from "commander";
import { toDocumentId, toWholeNumber } from "./arguments.js";
import { CliError } from "./errors.js";
import { type PlaceFlags, placeOf, withPlace } from "./place.js";
import { openTags } from "./tags.js";
import { printTable, type Row } from "./terminal.js";

export function tagCommand(): Command {
  return withPlace(new Command("tag"))
    .description("name a version of a document; list the names or let go of one")
    .argument("<document>", "id of the document", toDocumentId)
    .argument("[name]", "name of the version")
    .argument("[sequence]", "sequence of the commit (default: the last)", toWholeNumber)
    .option("--list", "list the document's tags, by name")
    .option("--delete", "let go of the name; the commit stays")
    .option("--json", "one JSON object a line")
    .action(tagVersion);
}

interface TagFlags extends PlaceFlags {
  readonly list?: boolean;
  readonly delete?: boolean;
  readonly json?: boolean;
}

async function tagVersion(
  document: string,
  name: string | undefined,
  sequence: number | undefined,
  { list = false, delete: deletes = false, json = false, ...flags }: TagFlags,
): Promise<void> {
  if (list && (deletes || name !== undefined)) throw wrong("--list stands alone");
  if (deletes && sequence !== undefined) throw wrong("--delete takes a name and nothing more");
  await using tags = await openTags(placeOf(flags, process.env), document);
  if (list) return await show(tags.list(), { json });
  if (name === undefined) throw wrong("give a name, or --list");
  await show([deletes ? await tags.delete(name) : await tags.create(name, sequence)], { json });
}

async function show(tags: AsyncIterable<Tag> | Iterable<Tag>, { json }: { json: boolean }): Promise<void> {
  if (json) {
    for await (const tag of tags) console.log(JSON.stringify(tag));
  } else if ((await printTable(toRows(tags))) === 0) {
    console.error("no tags");
  }
}

async function* toRows(tags: AsyncIterable<Tag> | Iterable<Tag>): AsyncGenerator<Row> {
  for await (const { name, revision_id, created_at, user_id } of tags) {
    yield { columns: [name, revision_id, created_at, `by ${user_id}`].map(text => ({ text })) };
  }
}

function wrong(detail: string): CliError {
  return new CliError("bad-request", `${detail}.`);
}
