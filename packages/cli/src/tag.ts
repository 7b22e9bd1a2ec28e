/** `verso tag`: names for versions of a document. */
import type { Tag } from "@verso/protocol";
import { Command } from "commander";
import { toWholeNumber } from "./arguments.js";
import { CliError } from "./errors.js";
import { type PlaceFlags, placeOf, withPlace } from "./place.js";
import { openTags } from "./tags.js";

export function tagCommand(): Command {
  return withPlace(new Command("tag"))
    .description("name a version of a document; list the names or let go of one")
    .argument("<document>", "id of the document")
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
  const show = (shown: Tag) => console.log(json ? JSON.stringify(shown) : describe(shown));
  await using tags = await openTags(placeOf(flags, process.env), document);
  if (list) {
    for await (const each of tags.list()) show(each);
    return;
  }
  if (name === undefined) throw wrong("give a name, or --list");
  show(deletes ? await tags.delete(name) : await tags.create(name, sequence));
}

function describe({ name, revision_id, created_at, user_id }: Tag): string {
  return [name, revision_id, created_at, `by ${user_id}`].join("  ");
}

function wrong(detail: string): CliError {
  return new CliError("bad-request", `${detail}.`);
}
