/**
 * A long text that is edited many times: kept in pieces, so that an edit costs the length of a piece and the way from the
 * edit before, and not the length of the text.
 */
import type { TextOperation } from "./change.js";
import { BridgeError } from "./errors.js";

export interface TextPieces {
  /** Makes an edit. Throws `index-out-of-range` and `text-mismatch`, and is then half-way. */
  apply(operation: TextOperation): void;
  toString(): string;
}

/** UTF-16 units of a piece; up to twice as many after edits. */
const pieceLength = 1024;

export function createTextPieces(text: string): TextPieces {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieceLength) pieces.push(text.slice(at, at + pieceLength));
  let length = text.length;
  // The piece that was looked at last, and where it begins: the next edit is mostly close by.
  let current = 0;
  let start = 0;

  return {
    apply({ type, index, text: edited }) {
      if (index > length) {
        throw new BridgeError(
          "index-out-of-range",
          `There is no position ${index} in a text of ${length} units.`,
        );
      }
      seek(index);
      if (type === "textInsert") insert(index - start, edited);
      else remove(index - start, edited);
    },
    toString: () => pieces.join(""),
  };

  /** Goes to the piece that holds a position, or in which it is the end. */
  function seek(index: number): void {
    while (current > 0 && index < start) start -= pieces[--current]!.length;
    while (current < pieces.length - 1 && index > start + pieces[current]!.length) {
      start += pieces[current++]!.length;
    }
  }

  function insert(at: number, inserted: string): void {
    const piece = pieces[current] ?? "";
    const whole = piece.slice(0, at) + inserted + piece.slice(at);
    length += inserted.length;
    if (whole.length <= 2 * pieceLength) {
      pieces[current] = whole;
      return;
    }
    const parts: string[] = [];
    for (let from = 0; from < whole.length; from += pieceLength)
      parts.push(whole.slice(from, from + pieceLength));
    // One by one: a call takes only so many arguments.
    const rest = pieces.splice(current);
    for (const part of parts) pieces.push(part);
    for (const part of rest.slice(1)) pieces.push(part);
  }

  function remove(at: number, deleted: string): void {
    let from = at;
    for (let done = 0; done < deleted.length; from = 0) {
      const piece = pieces[current];
      if (piece === undefined) throw mismatch();
      const part = deleted.slice(done, done + piece.length - from);
      if (!piece.startsWith(part, from)) throw mismatch();
      const left = piece.slice(0, from) + piece.slice(from + part.length);
      done += part.length;
      length -= part.length;
      if (left === "") pieces.splice(current, 1);
      else pieces[current] = left;
      if (done === deleted.length) break;
      if (left !== "") {
        start += left.length;
        current++;
      }
    }
    // So that there is always one to look at, unless there is none at all.
    if (current >= pieces.length && current > 0) start -= pieces[--current]!.length;
  }
}

function mismatch(): BridgeError {
  return new BridgeError("text-mismatch", "The text at this position is not the one to be deleted.");
}
