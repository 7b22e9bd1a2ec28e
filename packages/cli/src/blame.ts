/** `verso blame`: who has put there what is in a document, line by line. */
import { type Json, parsePointer, valueAt } from "@verso/bridge";
import type { Blame, DocumentContent } from "@verso/protocol";
import { Command } from "commander";
import { toDocumentId } from "./arguments.js";
import { describeSequences } from "./change-lines.js";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { type Point, pointHelp, sequenceOf, toVersion } from "./point.js";
import { printable, printTable, type Row } from "./terminal.js";

export function blameCommand(): Command {
  return withHistory(new Command("blame"))
    .description("tell who has put there what is in a document, and by which commits")
    .argument("<document>", "id of the document", toDocumentId)
    .argument("[pointer]", "JSON Pointer of a value, as /text (default: the whole document)", "")
    .option("--at <point>", `as of a version: ${pointHelp}`, toVersion)
    .option("--json", "as one JSON object")
    .action(printBlame);
}

interface Flags extends HistoryFlags {
  readonly at?: Point;
  readonly json?: boolean;
}

async function printBlame(
  document: string,
  pointer: string,
  { at, json = false, ...flags }: Flags,
): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const blame = await history.blame(pointer, at === undefined ? undefined : await sequenceOf(history, at));
  if (json) return console.log(JSON.stringify(blame));
  const { content } = await history.at(blame.sequence);
  const roots = pointer === "" ? blame.parts : [];
  if (roots.length === 0) await printTable(toRows(blame, content));
  // Nobody made the document and its roots, so what is told is who made what is in these.
  for (const root of roots) {
    const made = await history.blame(root.pointer, blame.sequence);
    if (made.parts.length > 0) console.log(printable(root.pointer));
    await printTable(toRows(made, content));
  }
}

function* toRows(blame: Blame, content: DocumentContent["content"]): Generator<Row> {
  const { pointer, by, parts, commits } = blame;
  const at = (place: string) => valueAt(content as Json, parsePointer(place));
  const row = (made: By | readonly By[], rest: { place?: string; content: string }) =>
    toRow(Array.isArray(made) ? made : [made], { ...rest, commits });
  if (parts.length === 0) {
    yield row(by, { place: pointer || "/", content: JSON.stringify(at(pointer)) });
  } else if (by !== null) {
    yield row(by, { content: pointer });
  }
  const runs: Run[] = [];
  for (const part of parts) {
    const value = at(part.pointer);
    if (part.type === "member") {
      yield row(part.by, { place: part.pointer, content: JSON.stringify(value) });
    } else if (Array.isArray(value)) {
      for (const [index, element] of value.slice(part.from, part.to).entries()) {
        const place = `${part.pointer}/${part.from + index}`;
        yield row(part.by, { place, content: JSON.stringify(element) });
      }
    } else {
      const user = commits.find(({ sequence }) => sequence === part.by)?.user_id;
      runs.push({ by: part.by, user, text: textOf(value).slice(part.from, part.to) });
    }
  }
  for (const { line, by, text } of toStretches(runs)) {
    yield row(by, { place: line === null ? "" : String(line), content: text });
  }
}

/** The sequence of a commit; `null` for nobody, and for what is no longer known. */
type By = number | null;

interface Run {
  readonly by: By;
  readonly user: string | undefined;
  readonly text: string;
}

/** What one user has put into one line, without anything of others in it: typing is a commit for each letter. */
interface Stretch {
  /** The number of the line that begins here. */
  readonly line: number | null;
  readonly user: string | undefined;
  readonly by: By[];
  text: string;
}

function toStretches(runs: readonly Run[]): Stretch[] {
  const stretches: Stretch[] = [];
  let line = 0;
  let begins = true;
  for (const { by, user, text } of runs) {
    for (const piece of text.split(/(?<=\n)/)) {
      let last = stretches.at(-1);
      if (begins || last === undefined || last.user !== user) {
        last = { line: begins ? ++line : null, user, by: [], text: "" };
        stretches.push(last);
      }
      last.by.push(by);
      last.text += piece.replace(/\r?\n$/, "");
      begins = piece.endsWith("\n");
    }
  }
  return stretches;
}

/** The units of a text; what is embedded in it is one of them, and shown by the character that Unicode has for it. */
function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  const delta = valueAt(value, ["delta"]);
  if (!Array.isArray(delta)) return "";
  return delta.map(step => valueAt(step, ["insert"])).reduce<string>(appendInsert, "");
}

function appendInsert(text: string, insert: Json | undefined): string {
  return text + (typeof insert === "string" ? insert : "\ufffc");
}

function toRow(
  by: readonly By[],
  { place, content, commits }: { place?: string; content: string; commits: Blame["commits"] },
): Row {
  const named = commits.filter(({ sequence }) => by.includes(sequence));
  const last = named.at(-1);
  return {
    columns: [
      { text: describeSequences(named.map(({ sequence }) => sequence)) || "-", style: "sequence" },
      { text: last?.user_id ?? "" },
      { text: last?.created_at ?? "" },
      ...(place === undefined ? [] : [{ text: place }]),
    ],
    rest: content === "" ? [] : [{ text: content }],
  };
}
