/**
 * What a document may be called, and how its id is read from a URL path.
 *
 * An id is any text of 1 to `documentIdBytes` bytes of UTF-8 without control characters, whose `/`-separated
 * segments are neither empty nor `.` nor `..`: it can be printed in a log, shown in a URL, and never leaves a
 * folder, even where a backend uses it as a path.
 *
 * The first segment `~fork` is reserved: `~fork/<fork>` is the document of a fork, whose name the relay has chosen.
 */
import { defaultFrameLimits } from "./limits.js";

export type DocumentIdResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly detail: string };

const reserved = "~fork";

/** The id of the document that is edited in a fork. */
export function forkDocumentId(fork: string): string {
  return `${reserved}/${fork}`;
}

/** The fork whose document has this id, or `null` when it is no fork's. */
export function forkOf(documentId: string): string | null {
  return /^~fork\/([0-9a-z]{9}-[0-9a-f]{24})$/.exec(documentId)?.[1] ?? null;
}

/** Checks an id that is already decoded and was chosen by a client, so it is no fork's. */
export function checkDocumentId(
  id: string,
  { maxBytes = defaultFrameLimits.documentIdBytes }: { maxBytes?: number } = {},
): DocumentIdResult {
  if (id === "") return refuse("is empty");
  if (id.length > maxBytes || new TextEncoder().encode(id).length > maxBytes) {
    return refuse(`is longer than ${maxBytes} bytes`);
  }
  if (/\p{Cs}/u.test(id)) return refuse("holds half of a surrogate pair");
  if (/\p{Cc}/u.test(id)) return refuse("holds a control character");
  if (id.includes("\\")) return refuse("holds a backslash");
  for (const segment of id.split("/")) {
    if (segment === "") return refuse("has an empty segment");
    if (segment === "." || segment === "..") return refuse(`has a segment "${segment}"`);
  }
  if (id === reserved || id.startsWith(`${reserved}/`))
    return refuse(`begins with "${reserved}", which is reserved`);
  return { ok: true, id };
}

/** Checks an id that is already decoded and may be that of a fork. */
export function readDocumentId(id: string, options: { maxBytes?: number } = {}): DocumentIdResult {
  return forkOf(id) === null ? checkDocumentId(id, options) : { ok: true, id };
}

/**
 * Reads an id, which may be that of a fork, from the rest of a URL path, percent-decoded exactly once.
 *
 * Slashes may stand raw, as stock clients send them. Give the path as it came over the wire: a URL parser would
 * already have resolved `..`.
 */
export function documentIdFromPath(path: string, options: { maxBytes?: number } = {}): DocumentIdResult {
  let id: string;
  try {
    id = decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return refuse("has a bad percent escape");
    throw error;
  }
  return readDocumentId(id, options);
}

function refuse(detail: string): DocumentIdResult {
  return { ok: false, detail: `The document id ${detail}.` };
}
