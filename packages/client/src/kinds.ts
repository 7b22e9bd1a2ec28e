/**
 * Kinds of documents, as a relay's configuration names them: by a pattern that the document's id matches.
 *
 * In a pattern a segment `:name` stands for any one segment of the id; `*` alone matches every id. The pattern with the most
 * literal segments wins, and `*` last of all. The types follow the same rules, as far as they know the id.
 */
import { type MutableJsonObject, parsePointer, type Roots } from "@verso/bridge";
import type { z } from "zod";
import type { TextAt } from "./new-values.js";

export interface Kind {
  /** The kinds of its roots, which Yjs does not send. @default what is seen in them */
  readonly roots?: Roots | undefined;
  /** Of the whole document: an object with a member for each root. Types it here; the relay judges by its own. */
  readonly schema?: z.ZodType | undefined;
  /** JSON Pointers, with `*` for any one segment, at which a new string becomes a shared text. */
  readonly texts?: readonly string[] | undefined;
}

export type Kinds = Readonly<Record<string, Kind>>;

/** What the JSON of a document with this id is; any, where its kind is not known or has no schema. */
export type DocumentOf<K extends Kinds, Id extends string> = [KindOf<keyof K & string, Id>] extends [never]
  ? MutableJsonObject
  : SchemaOf<K[KindOf<keyof K & string, Id>]>;

type SchemaOf<K> = K extends { readonly schema: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : MutableJsonObject;

/** The pattern that says what the id is: itself, else any that it matches, else `*`. */
type KindOf<Pattern extends string, Id extends string> = Id extends Pattern
  ? Id
  : [MatchOf<Exclude<Pattern, "*">, Id>] extends [never]
    ? Extract<Pattern, "*">
    : MatchOf<Exclude<Pattern, "*">, Id>;

type MatchOf<Pattern extends string, Id extends string> = Pattern extends string
  ? Matches<Pattern, Id> extends true
    ? Pattern
    : never
  : never;

type Matches<Pattern extends string, Id extends string> = Pattern extends `${infer First}/${infer Rest}`
  ? Id extends `${infer IdFirst}/${infer IdRest}`
    ? First extends `:${string}` | IdFirst
      ? Matches<Rest, IdRest>
      : false
    : false
  : Id extends `${string}/${string}`
    ? false
    : Pattern extends `:${string}` | Id
      ? true
      : false;

/** The kind that a document's id matches, `{}` when there is none. */
export function kindOf(kinds: Kinds, documentId: string): Kind {
  const id = documentId.split("/");
  let best: readonly [literals: number, kind: Kind] = [-2, {}];
  for (const [pattern, kind] of Object.entries(kinds)) {
    const segments = pattern.split("/");
    const isMatch =
      segments.length === id.length && segments.every((each, i) => isOpen(each) || each === id[i]);
    if (pattern !== "*" && !isMatch) continue;
    const literals = pattern === "*" ? -1 : segments.filter(each => !isOpen(each)).length;
    if (literals > best[0]) best = [literals, kind];
  }
  return best[1];
}

/** Throws a `BridgeError` with the code `invalid-pointer` for a pattern that is none. */
export function textsOf({ texts = [] }: Kind): TextAt {
  const patterns = texts.map(parsePointer);
  return path =>
    patterns.some(
      pattern =>
        pattern.length === path.length && pattern.every((each, i) => each === "*" || each === path[i]),
    );
}

function isOpen(segment: string): boolean {
  return segment.length > 1 && segment.startsWith(":");
}
