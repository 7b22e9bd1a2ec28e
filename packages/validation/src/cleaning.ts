/**
 * Cleaning of what was accepted, by pointer patterns: texts that hold HTML, for instance.
 *
 * A text that cannot be cleaned is refused. What a cleaner changes is written back in the same transaction.
 */
import { type Change, type Json, type Path, toPointer } from "@verso/bridge";
import { PatternTree, parsePattern } from "./pattern.js";
import type { Sanitizer } from "./sanitize.js";
import { type DocumentReader, type Touch, touchesOf } from "./touch.js";
import type { Issue } from "./verdict.js";

/** By pointer pattern, in which `*` stands for any one segment; what is no string or plain text is left alone. */
export type Sanitizers = Readonly<Record<string, Sanitizer>>;

export interface Cleaned {
  /** What must be written back, by pointer. */
  readonly texts: readonly { readonly pointer: string; readonly text: string }[];
  readonly issues: readonly Issue[];
}

export interface Cleaning {
  readonly patterns: readonly string[];
  /** Cleans what a change touched. */
  clean(change: Change, document: DocumentReader): Cleaned;
}

export function createCleaning(sanitizers: Sanitizers): Cleaning {
  const tree = new PatternTree<Sanitizer>();
  for (const [pattern, sanitizer] of Object.entries(sanitizers)) tree.add(parsePattern(pattern), sanitizer);

  return {
    patterns: Object.keys(sanitizers),
    clean(change, document) {
      const texts = new Map<string, string>();
      const issues: Issue[] = [];
      if (tree.empty) return { texts: [], issues };
      for (const path of touchesOf(change).flatMap(placesOf)) {
        if (!tree.leadsFrom(path)) continue;
        const value = document.value(path);
        for (const sanitizer of tree.at(path)) cleanText(path, value, sanitizer);
        for (const below of tree.below(path, value)) {
          cleanText(below.path, document.value(below.path), below.value);
        }
      }
      return { texts: Array.from(texts, ([pointer, text]) => ({ pointer, text })), issues };

      function cleanText(path: Path, value: Json | undefined, sanitizer: Sanitizer): void {
        const pointer = toPointer(path);
        const text = texts.get(pointer) ?? value;
        if (typeof text !== "string") return;
        try {
          const cleaned = sanitizer(text);
          if (cleaned !== text) texts.set(pointer, cleaned);
        } catch {
          // What it threw may quote the text; that it threw is all that counts.
          issues.push({
            pointer,
            code: "not-sanitized",
            message: "This text cannot be cleaned.",
            severity: "error",
          });
        }
      }
    },
  };
}

function placesOf({ path, kind, came }: Touch): Path[] {
  if (kind !== "list" || came === undefined) return [path];
  return came.flatMap(({ index, count }) =>
    Array.from({ length: count }, (_, offset) => [...path, index + offset]),
  );
}
