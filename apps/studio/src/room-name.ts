/**
 * Which document the page shows: its id stands in the page's URL as a room name, `/#quiet-harbour-x7k2` or
 * `/?room=quiet-harbour-x7k2`; the first form stands above the second.
 */
import { checkDocumentId, documentIdFromPath } from "@verso/protocol";

export type RoomName =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly detail: string };

/** The room that a URL names, or `null` where it names none. */
export function roomNameOf({ hash, search }: Pick<URL, "hash" | "search">): RoomName | null {
  if (hash.length > 1) return toRoomName(documentIdFromPath(hash.slice(1)));
  const name = new URLSearchParams(search).get("room");
  return name === null || name === "" ? null : toRoomName(checkDocumentId(name));
}

/** The part of a URL that names a room, `#` included. */
export function hashOf(name: string): string {
  return `#${pathOf(name)}`;
}

/** A name as the path of a URL: slashes stand raw, as in the URLs of y-websocket. */
export function pathOf(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** A name that nobody has thought of before, and that one can say on the telephone. */
export function inventRoomName(random: () => number = Math.random): string {
  const pick = <T>(choices: ArrayLike<T>): T => choices[Math.floor(random() * choices.length)]!;
  const suffix = Array.from({ length: 4 }, () => pick(plainLetters)).join("");
  return `${pick(adjectives)}-${pick(places)}-${suffix}`;
}

function toRoomName(result: ReturnType<typeof checkDocumentId>): RoomName {
  return result.ok ? { ok: true, name: result.id } : { ok: false, detail: result.detail };
}

const adjectives = (
  "amber brisk calm clear distant early gentle golden green high late little mellow northern open pale quiet " +
  "silver slow still warm wide"
).split(" ");
const places = (
  "bay bridge brook cape cove delta dune field fjord forest garden glade grove harbour hill island lagoon lake " +
  "meadow orchard river shore valley"
).split(" ");
/** Without those that look or sound like others. */
const plainLetters = "abcdefghjkmnpqrstuvwxyz23456789";
