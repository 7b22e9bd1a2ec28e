/**
 * Which kind a document is of: the configured pattern that its id matches.
 *
 * A pattern is an id in which a segment `:name` stands for any one segment; `*` alone matches every id. The pattern
 * with the most literal segments wins, and `*` last of all.
 */
import type { RootKind, Roots } from "@verso/bridge";

/** What a root can be declared as. */
export const rootKinds = [
  "map",
  "array",
  "text",
  "richText",
  "xmlFragment",
  "xmlText",
  "xmlElement",
] as const satisfies readonly RootKind[];

/** The roots that a ledger remembers for a document, as far as this version knows their kinds. */
export function knownRoots(remembered: ReadonlyMap<string, string> = new Map()): Roots {
  const roots: Record<string, RootKind> = {};
  for (const [name, stored] of remembered) {
    const kind = rootKinds.find(known => known === stored);
    if (kind !== undefined) roots[name] = kind;
  }
  return roots;
}

export interface Kind {
  readonly pattern: string;
  /** The roots that every document of this kind has. */
  readonly roots: Roots;
}

export interface Kinds {
  /** The kind of the document, or `null` when no pattern matches. */
  of(documentId: string): Kind | null;
}

export function createKinds(documents: Readonly<Record<string, { readonly roots: Roots }>>): Kinds {
  const kinds = Object.entries(documents)
    .map(([pattern, { roots }]) => ({ pattern, roots, segments: pattern.split("/") }))
    .sort((a, b) => literals(b.segments) - literals(a.segments));

  return {
    of(documentId) {
      const id = documentId.split("/");
      return kinds.find(({ pattern, segments }) => pattern === "*" || matches(segments, id)) ?? null;
    },
  };
}

function matches(pattern: readonly string[], id: readonly string[]): boolean {
  return (
    pattern.length === id.length && pattern.every((segment, i) => isParameter(segment) || segment === id[i])
  );
}

function literals(segments: readonly string[]): number {
  return segments.length === 1 && segments[0] === "*" ? -1 : segments.filter(s => !isParameter(s)).length;
}

function isParameter(segment: string): boolean {
  return segment.length > 1 && segment.startsWith(":");
}
