/** Changes, as parts of lines for people. */
import { type ForeignOperation, toPointer } from "@verso/bridge";
import type { ChangeEvent } from "@verso/protocol";
import type { Piece } from "./terminal.js";

/** An operation of a patch in words, as `readOperation` of `@verso/bridge` and the API tell it. */
export interface ToldOperation {
  readonly place: string;
  readonly parts: readonly { readonly kind: "inserted" | "deleted" | "note"; readonly text: string }[];
}

/** A patch as operations; one that is a whole document adds its roots. */
export function operationsOf(patch: ChangeEvent["forward_patch"]): readonly ForeignOperation[] {
  if (patch === null) return [];
  if (Array.isArray(patch)) return patch;
  return Object.entries(patch.content).map(([name, value]) => ({
    op: "add",
    path: toPointer([name]),
    value,
  }));
}

/** Where, and behind a plus what comes there, behind a minus what goes. */
export function describeOperation({ place, parts }: ToldOperation): Piece[] {
  return [{ text: place }, ...parts.flatMap(part => [{ text: " " }, describePart(part)])];
}

function describePart({ kind, text }: ToldOperation["parts"][number]): Piece {
  switch (kind) {
    case "inserted":
      return { text: `+ ${text}`, style: "inserted" };
    case "deleted":
      return { text: `- ${text}`, style: "deleted" };
    case "note":
      return { text };
  }
}

/** Sequences in ascending order, those that follow each other as one: `1, 3-5`. */
export function describeSequences(sequences: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const sequence of sequences) {
    const last = ranges.at(-1);
    if (last?.to === sequence - 1) last.to = sequence;
    else ranges.push({ from: sequence, to: sequence });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
