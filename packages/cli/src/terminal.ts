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

/** Columns of the terminal, and as many as most have where there is none. */
export function terminalWidth(): number {
  return process.stdout.columns ?? 100;
}

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
  return text.replace(unsafe, character =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Control characters, line separators, and what turns the direction of writing. */
const unsafe = /(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
