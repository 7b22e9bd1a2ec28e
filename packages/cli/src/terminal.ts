/**
 * Lines for people, on standard output.
 *
 * What users and documents say may hold anything: what a terminal would take for a command is shown and not sent.
 * Colours are for a terminal that has them, and not where NO_COLOR is set.
 */
import { styleText } from "node:util";

export interface Piece {
  readonly text: string;
  readonly style?: "inserted" | "deleted" | "sequence" | "fault";
}

/** A line of a table: its columns stand below those of other lines, and the rest takes what room it needs. */
export interface Row {
  readonly columns: readonly Piece[];
  readonly rest?: readonly Piece[];
}

/** Columns of the terminal; what goes into a file or to another program is not cut. */
function terminalWidth(): number {
  return process.stdout.columns ?? Number.POSITIVE_INFINITY;
}

/** Prints rows as they come, some at a time, and says how many there were. */
export async function printTable(rows: AsyncIterable<Row> | Iterable<Row>): Promise<number> {
  let count = 0;
  let page: Row[] = [];
  const print = () => {
    for (const line of toTable(page, { width: terminalWidth() })) console.log(line);
    page = [];
  };
  for await (const row of rows) {
    count++;
    if (page.push(row) === rowsAligned) print();
  }
  print();
  return count;
}

const rowsAligned = 1000;

/** Sequences stand to the right of their column, and all else to the left. */
function toTable(rows: readonly Row[], { width }: { readonly width: number }): string[] {
  const widths: number[] = [];
  for (const { columns } of rows) {
    for (const [index, { text }] of columns.entries()) {
      const { length } = printable(text);
      // One that is very wide would push all others aside.
      if (length <= widestColumn) widths[index] = Math.max(widths[index] ?? 0, length);
    }
  }
  return rows.map(({ columns, rest = [] }) => {
    const isLast = (index: number) => index === columns.length - 1 && rest.length === 0;
    const pieces = columns.flatMap((piece, index): Piece[] => {
      const shown = printable(piece.text);
      const room = widths[index] ?? 0;
      if (piece.style === "sequence") {
        const text = shown.padStart(room);
        return isLast(index) ? [{ ...piece, text }] : [{ ...piece, text }, { text: "  " }];
      }
      return [{ ...piece, text: isLast(index) ? shown : `${shown.padEnd(room)}  ` }];
    });
    return toLine([...pieces, ...rest], { width });
  });
}

const widestColumn = 40;

/** The pieces as one line, cut to a width in characters if one is given. */
export function toLine(pieces: readonly Piece[], { width = Number.POSITIVE_INFINITY } = {}): string {
  const shown = pieces.map(({ text, style }) => ({ characters: Array.from(printable(text)), style }));
  const isCut = shown.reduce((sum, { characters }) => sum + characters.length, 0) > width;
  let left = isCut ? width - 1 : width;
  let line = "";
  for (const { characters, style } of shown) {
    const text = characters.slice(0, left).join("");
    left -= Math.min(left, characters.length);
    line += style === undefined ? text : styleText(colors[style], text, { stream: process.stdout });
  }
  return isCut ? `${line}…` : line;
}

const colors = {
  inserted: "green",
  deleted: "red",
  sequence: "yellow",
  fault: "magenta",
} as const satisfies Record<NonNullable<Piece["style"]>, Parameters<typeof styleText>[0]>;

/** Text as a terminal shows it on one line and does nothing else. */
export function printable(text: string): string {
  return text.replace(unsafe, character => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Control characters, line separators, and what turns the direction of writing. */
const unsafe = /(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
