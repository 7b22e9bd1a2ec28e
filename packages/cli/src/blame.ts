/** `verso blame`: who has put there what is in a document, line by line. */
import { type Json, parsePointer, valueAt } from "@verso/bridge";
import type { Blame, DocumentContent } from "@verso/protocol";
import { Command } from "commander";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { type Point, pointHelp, sequenceOf, toPoint } from "./point.js";
import { terminalWidth, toLine } from "./terminal.js";

export function blameCommand(): Command {
  return withHistory(new Command("blame"))
    .description("tell who has put there what is in a document, and by which commit")
    .argument("<document>", "id of the document")
    .argument("[pointer]", "JSON Pointer of a value, as /text (default: the whole document)", "")
    .option("--at <point>", `as of a version: ${pointHelp}`, toPoint)
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
  for (const line of toLines(blame, Array.from(toRows(blame, content)))) console.log(line);
}

interface Row {
  readonly by: number | null;
  /** A pointer or, in a text, the number of the line that begins here. */
  readonly place: string;
  readonly content: string;
}

function* toRows({ pointer, by, parts }: Blame, content: DocumentContent["content"]): Generator<Row> {
  const at = (place: string) => valueAt(content as Json, parsePointer(place));
  if (parts.length === 0 || by !== null) {
    yield { by, place: pointer || "/", content: parts.length === 0 ? JSON.stringify(at(pointer)) : "" };
  }
  let line = 1;
  let begins = true;
  for (const part of parts) {
    const value = at(part.pointer);
    if (part.type === "member") {
      yield { by: part.by, place: part.pointer, content: JSON.stringify(value) };
    } else if (Array.isArray(value)) {
      for (let index = part.from; index < part.to; index++) {
        const place = `${part.pointer}/${index}`;
        yield { by: part.by, place, content: JSON.stringify(value[index]) };
      }
    } else {
      for (const run of textOf(value)
        .slice(part.from, part.to)
        .split(/(?<=\n)/)) {
        yield { by: part.by, place: begins ? String(line) : "", content: run.replace(/\n$/, "") };
        begins = run.endsWith("\n");
        if (begins) line++;
      }
    }
  }
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

function toLines({ commits }: Blame, rows: readonly Row[]): string[] {
  const bySequence = new Map(commits.map(commit => [commit.sequence, commit]));
  const columns = rows.map(({ by, place, content }) => {
    const commit = by === null ? undefined : bySequence.get(by);
    const { user_id: user = "", created_at: time = "" } = commit ?? {};
    return { sequence: by === null ? "-" : String(by), user, time, place, content };
  });
  const widest = (name: keyof (typeof columns)[number]) =>
    Math.max(0, ...columns.map(row => row[name].length));
  const [sequenceWidth, userWidth] = [widest("sequence"), widest("user")];
  const [timeWidth, placeWidth] = [widest("time"), widest("place")];
  return columns.map(({ sequence, user, time, place, content }) => {
    const author = `${user.padEnd(userWidth)}  ${time.padEnd(timeWidth)}`;
    const pieces = [
      { text: sequence.padStart(sequenceWidth), style: "sequence" as const },
      { text: `  ${author}  ${place.padEnd(placeWidth)}  ${content}` },
    ];
    return toLine(pieces, { width: terminalWidth() });
  });
}
