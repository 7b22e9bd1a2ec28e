/**
 * Which kind a document is of: the configured pattern that its id matches.
 *
 * A pattern is an id in which a segment `:name` stands for any one segment; `*` alone matches every id. The pattern
 * with the most literal segments wins, and `*` last of all.
 */
import { emptyDocument, type JsonObject, type Path, type RootKind, type Roots } from "@verso/bridge";
import { type ConflictStrategy, forkOf } from "@verso/protocol";
import {
  createJudge,
  type Judge,
  type KindRules,
  PatternTree,
  parsePattern,
  ValidationError,
} from "@verso/validation";
import { ServerError } from "./errors.js";

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
  /** What it asks of every transaction; `null` when nothing. */
  readonly judge: Judge | null;
  /** What the relay writes into a new document, as its first commit. */
  readonly initial: JsonObject | null;
  /** Whether a new string that a program writes there is to be a shared text. */
  readonly textAt: (path: Path) => boolean;
  /** What becomes of programs' patches that were made unseen, where nothing else is said. */
  readonly jsonConflicts: ConflictStrategy;
  /** Of a fork: the client ids that had written to its parent. */
  readonly forkedFrom?: ReadonlySet<number>;
}

export interface Kinds {
  /** The kind of the document, or `null` when no pattern matches; none matches the document of a fork. */
  of(documentId: string): Kind | null;
}

/** What a configuration says of a kind. */
export interface KindConfig extends KindRules {
  readonly roots: Roots;
  readonly initial?: JsonObject | undefined;
  readonly texts?: readonly string[] | undefined;
  readonly jsonConflicts?: ConflictStrategy | undefined;
}

export interface KindsOptions {
  /** Hears what a rule threw; it may quote the document. */
  readonly onRuleFailure?: (rule: string, cause: unknown) => void;
}

/** Throws `config-invalid` for a kind by which nothing can be judged. */
export function createKinds(
  documents: Readonly<Record<string, KindConfig>>,
  options: KindsOptions = {},
): Kinds {
  const kinds = Object.entries(documents)
    .map(([pattern, kind]) => ({
      pattern,
      roots: kind.roots,
      textAt: textsOf(pattern, kind),
      jsonConflicts: kind.jsonConflicts ?? "merge",
      ...judgeOf(pattern, kind, options),
      segments: pattern.split("/"),
    }))
    .sort((a, b) => literals(b.segments) - literals(a.segments));

  return {
    of(documentId) {
      if (forkOf(documentId) !== null) return null;
      const id = documentId.split("/");
      return kinds.find(({ pattern, segments }) => pattern === "*" || matches(segments, id)) ?? null;
    },
  };
}

function judgeOf(
  pattern: string,
  kind: KindConfig,
  { onRuleFailure: failed }: KindsOptions,
): Pick<Kind, "judge" | "initial"> {
  const { roots, initial = null, schema, permissions, rules, conflicts, sanitize } = kind;
  const asked = [schema, permissions, conflicts, rules, sanitize].some(each => each !== undefined);
  const invalid = (place: string, cause: unknown) => invalidKind(pattern, place, cause);
  for (const name of Object.keys(initial ?? {})) {
    if (!Object.hasOwn(roots, name)) throw invalid(`initial.${name}`, new Error("no such root is declared"));
  }
  if (!asked) return { judge: null, initial };
  if (Object.keys(roots).length === 0) {
    throw invalid("roots", new Error("What is judged must be known: the kind declares no roots."));
  }
  let judge: Judge;
  try {
    judge = createJudge(kind, failed === undefined ? {} : { failed });
  } catch (cause) {
    throw invalid(cause instanceof ValidationError ? cause.path : "rules", cause);
  }
  if (initial === null) return { judge, initial };
  const begun = { ...emptyDocument(roots), ...initial };
  const [fault] = judge.judgeDocument(begun, relayActor).filter(({ severity }) => severity === "error");
  if (fault !== undefined) throw invalid(`initial${fault.pointer}`, new Error(fault.message));
  return { judge, initial };
}

function textsOf(pattern: string, { texts = [] }: KindConfig): Kind["textAt"] {
  const tree = new PatternTree<true>();
  texts.forEach((text, i) => {
    try {
      tree.add(parsePattern(text), true);
    } catch (cause) {
      throw invalidKind(pattern, `texts.${i}`, cause);
    }
  });
  return path => tree.at(path).length > 0;
}

function invalidKind(pattern: string, place: string, cause: unknown): ServerError {
  return new ServerError(
    "config-invalid",
    `The kind "${pattern}" is not valid: ${cause instanceof Error ? cause.message : String(cause)}`,
    { path: `documents.${pattern}.${place}`, cause },
  );
}

/** In whose name the relay writes what nobody has asked for. */
export const relayActor = { user: "relay", session: "", roles: [] } as const;

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
