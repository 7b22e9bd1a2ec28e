/**
 * JSON Pointer (RFC 6901), and the paths it stands for.
 *
 * Inside this package a place is a `Path`: member names as strings, list indexes as numbers. Pointers are its text.
 */
import { BridgeError } from "./errors.js";

/** Where something is in a document's JSON: member names and list indexes, from the roots downwards. */
export type Path = readonly (string | number)[];

/** The pointer of a path: `["a/b", 0]` is `/a~1b/0`. */
export function toPointer(path: Path): string {
  let pointer = "";
  for (const segment of path) pointer += `/${escapeSegment(segment)}`;
  return pointer;
}

/** The pointer of a member or element of what `pointer` points to. */
export function childPointer(pointer: string, segment: string | number): string {
  return `${pointer}/${escapeSegment(segment)}`;
}

/** The reference tokens of a pointer, unescaped. Throws `invalid-pointer`. */
export function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (pointer[0] !== "/" || /~(?![01])/.test(pointer)) {
    const message = "A pointer begins with a slash; in its tokens a tilde is ~0 and a slash ~1.";
    throw new BridgeError("invalid-pointer", message, { pointer });
  }
  return pointer.slice(1).split("/").map(unescapeToken);
}

/** The list index that a token stands for, or `null`: no sign, no leading zero, nothing but digits. */
export function tokenToIndex(token: string): number | null {
  return /^(?:0|[1-9][0-9]*)$/.test(token) ? Number(token) : null;
}

/** The keys through which a pointer could reach the prototypes of JavaScript objects. */
export function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

function escapeSegment(segment: string | number): string {
  if (typeof segment === "number") return String(segment);
  return segment.includes("~") || segment.includes("/")
    ? segment.replaceAll("~", "~0").replaceAll("/", "~1")
    : segment;
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
