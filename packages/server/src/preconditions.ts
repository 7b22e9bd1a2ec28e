/**
 * What a request asks of the version that it finds, and the headers in which it says so. The `ETag` of a version is its
 * revision.
 *
 * Source: RFC 9110, 13.
 */
import type { Head } from "@verso/storage";
import type { Request } from "express";
import type { z } from "zod";
import { HttpProblem, parse } from "./http-problem.js";
import type { EditRequest } from "./json-edits.js";

/** The headers of a request that this schema names. */
export function parseHeaders<T>(schema: z.ZodObject & z.ZodType<T>, request: Request): T {
  const sent = Object.keys(schema.shape).map(name => [name, request.get(name)] as const);
  return parse(schema, Object.fromEntries(sent.filter(([, value]) => value !== undefined)));
}

/** The version that an edit is made on, by `If-Match`: nothing may have changed since, unless a strategy says what then. */
export function baseOf(
  head: Head,
  {
    ifMatch,
    base,
    strategy,
  }: { readonly ifMatch: string | undefined } & {
    readonly base?: string | undefined;
    readonly strategy?: EditRequest["strategy"];
  },
): Pick<EditRequest, "base" | "exact"> {
  const revisions = ifMatch === undefined ? "*" : revisionsOf(ifMatch);
  if (base !== undefined) {
    if (revisions !== "*") throw new HttpProblem("bad-request", "Name the base once: there or in If-Match.");
    return { base: { revision: base } };
  }
  if (revisions === "*") return {};
  const revision = revisions.find(each => each === head.revision) ?? revisions[0];
  if (revision === undefined) throw mismatch(head);
  return { base: { revision }, exact: strategy === undefined };
}

/** Refuses what was meant for another version than the present. */
export function assertMatches(head: Head, ifMatch: string | undefined): void {
  const { base } = baseOf(head, { ifMatch });
  if (base !== undefined && !("revision" in base && base.revision === head.revision)) throw mismatch(head);
}

export function mismatch({ sequence, revision }: Pick<Head, "sequence" | "revision">): HttpProblem {
  const detail = `The document is at revision ${revision}.`;
  return new HttpProblem("revision-mismatch", detail, { sequence, revision_id: revision });
}

export function notThere(documentId: string): HttpProblem {
  return new HttpProblem("revision-mismatch", `There is no document "${documentId}" of that revision.`);
}

/** The strong tags of an `If-Match`: a weak one matches nothing. */
function revisionsOf(header: string): "*" | readonly string[] {
  if (header.trim() === "*") return "*";
  return header.split(",").flatMap(text => {
    const tag = /^\s*(W\/)?"([^"]*)"\s*$/.exec(text);
    if (tag === null) throw new HttpProblem("bad-request", `If-Match is "*" or a revision in quotes.`);
    return tag[1] === undefined ? [tag[2]!] : [];
  });
}
