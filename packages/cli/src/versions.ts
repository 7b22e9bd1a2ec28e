/** `verso at` and `verso diff`: what a document was, and what has changed since. */
import { Command, Option } from "commander";
import { toDocumentId } from "./arguments.js";
import { describeOperation } from "./change-lines.js";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { type Point, pointHelp, sequenceOf, toPoint, toVersion } from "./point.js";
import { printable, toLine } from "./terminal.js";

export function atCommand(): Command {
  return withHistory(new Command("at"))
    .description("print a document as it was")
    .argument("<document>", "id of the document", toDocumentId)
    .argument("[point]", `${pointHelp} (default: the last commit)`, toVersion)
    .option("--json", "with revision and times, as one JSON object on one line")
    .action(printVersion);
}

async function printVersion(
  document: string,
  point: Point | undefined,
  { json = false, ...flags }: HistoryFlags & { json?: boolean },
): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const isTag = typeof point === "object" && "tag" in point;
  const version = await history.at(isTag ? await history.tagged(point.tag) : point);
  if (json) return console.log(JSON.stringify(version));
  // The same JSON: what is escaped stands in strings.
  for (const line of JSON.stringify(version.content, null, 2).split("\n")) console.log(printable(line));
}

export function diffCommand(): Command {
  return withHistory(new Command("diff"))
    .description("list what changed from one version of a document to another, which may be the earlier one")
    .argument("<document>", "id of the document", toDocumentId)
    .argument("<from>", `${pointHelp}; 0 is the empty document`, toPoint)
    .argument("[to]", "likewise (default: the last commit)", toPoint)
    .option("--patch", "as a patch in RFC 6902 alone")
    .addOption(
      new Option("--json", "all of it as one JSON object, with patches in both dialects").conflicts("patch"),
    )
    .action(printDifference);
}

interface DiffFlags extends HistoryFlags {
  readonly patch?: boolean;
  readonly json?: boolean;
}

async function printDifference(
  document: string,
  from: Point,
  to: Point | undefined,
  { patch = false, json = false, ...flags }: DiffFlags,
): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const difference = await history.diff(await sequenceOf(history, from), await sequenceOf(history, to));
  if (json) return console.log(JSON.stringify(difference));
  if (patch) return console.log(JSON.stringify(difference.rfc6902_patch));
  for (const operation of difference.list) console.log(toLine(describeOperation(operation)));
  if (difference.list.length === 0) console.error("nothing has changed");
}
