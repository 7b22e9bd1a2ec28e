/** `verso undo`, `redo`, `revert`, `undo-to` and `restore`: taking back what was done to a document. */
import type { HistoryEditResult } from "@verso/protocol";
import { Command } from "commander";
import { toDocumentId, toWholeNumber } from "./arguments.js";
import { describeSequences } from "./change-lines.js";
import {
  type ActorFlags,
  type HistoryFlags,
  openDocumentHistory,
  type TakeBack,
  withActor,
} from "./document-history.js";
import { CliError } from "./errors.js";
import { type Point, pointHelp, sequenceOf, toPoint } from "./point.js";
import { toLine } from "./terminal.js";

export function undoCommand(): Command {
  return verb("undo", "take back the latest edit in force of whoever acts").action(
    (document: string, flags: Flags) => run(document, { action: "undo" }, flags),
  );
}

export function redoCommand(): Command {
  return verb("redo", "take back the latest undo of whoever acts, unless he has edited since").action(
    (document: string, flags: Flags) => run(document, { action: "redo" }, flags),
  );
}

export function revertCommand(): Command {
  return verb("revert", "take back one commit of anybody; later edits stay")
    .argument("<sequence>", "sequence of the commit", toWholeNumber)
    .action((document: string, point: number, flags: Flags) =>
      run(document, { action: "revert", point }, flags),
    );
}

export function undoToCommand(): Command {
  return versionVerb(
    "undo-to",
    "take back everything behind a version, of everybody; the content is as then",
  );
}

export function restoreCommand(): Command {
  return versionVerb("restore", "write the content of a version as a new edit");
}

function versionVerb(action: "undo-to" | "restore", description: string): Command {
  return verb(action, description)
    .argument("[point]", `${pointHelp}; 0 is the empty document`, toPoint)
    .option("--tag <name>", "the version of this name, in place of a point")
    .action((document: string, given: Point | undefined, { tag, ...flags }: Flags & { tag?: string }) => {
      const point = tag === undefined ? given : { tag };
      if (point === undefined || (tag !== undefined && given !== undefined)) {
        throw new CliError("bad-request", "Give a point or --tag, and not both.");
      }
      return run(document, { action, point }, flags);
    });
}

function verb(name: TakeBack["action"], description: string): Command {
  return withActor(new Command(name))
    .description(description)
    .argument("<document>", "id of the document", toDocumentId)
    .option("--json", "what became of it as one JSON object");
}

interface Flags extends HistoryFlags, ActorFlags {
  readonly json?: boolean;
}

type Asked =
  | { readonly action: "undo" | "redo" }
  | { readonly action: "revert" | "undo-to" | "restore"; readonly point: Point };

async function run(document: string, asked: Asked, { json = false, ...flags }: Flags): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const result = await history.takeBack(
    "point" in asked
      ? { action: asked.action, sequence: await sequenceOf(history, asked.point) }
      : { action: asked.action },
  );
  if (json) return console.log(JSON.stringify(result));
  console.log(describe(asked.action, result));
  for (const each of result.unrestored) console.log(describeUnrestored(each));
}

function describe(action: TakeBack["action"], { revision_id, undoes }: HistoryEditResult): string {
  if (revision_id === null) return "nothing has changed";
  const of = undoes.length === 0 ? "" : ` of ${describeSequences(undoes)}`;
  return `${revision_id}  ${action}${of}`;
}

function describeUnrestored({ reason, key, content }: HistoryEditResult["unrestored"][number]): string {
  const what = content === null ? "something that is no text and no value" : JSON.stringify(content);
  const where = key === null ? "" : ` at the key ${JSON.stringify(key)}`;
  return toLine([{ text: `not restored, since ${reasons[reason]}: ${what}${where}` }]);
}

const reasons = {
  overwritten: "its key has a later value",
  "deleted-later": "it came back and was deleted again",
  "parent-gone": "what held it is gone",
} as const satisfies Record<HistoryEditResult["unrestored"][number]["reason"], string>;
