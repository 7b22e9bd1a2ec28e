/** Which document the page shows: its room stands in the page's URL, as `?room=quiet-harbour-x7k2`. */

/** The room that the URL names; where it names none, one is invented and written there. */
export function roomOfPage(): string {
  const url = new URL(location.href);
  const named = url.searchParams.get("room");
  if (named !== null && isRoom(named)) return named;
  const room = inventRoom();
  url.searchParams.set("room", room);
  history.replaceState(null, "", url);
  return room;
}

/** The relay's kinds are `editors/<editor>/:room`, one segment: what has further ones is no document of an editor. */
function isRoom(name: string): boolean {
  return /^[\w.~-]{1,64}$/.test(name) && !/^\.+$/.test(name);
}

/** A name that nobody has thought of before, and that one can say on the telephone. */
function inventRoom(): string {
  const suffix = Array.from({ length: 4 }, () => anyOf([..."abcdefghjkmnpqrstuvwxyz23456789"])).join("");
  return `${anyOf(adjectives)}-${anyOf(places)}-${suffix}`;
}

const adjectives =
  "amber brisk calm clear early gentle golden green high late mellow open quiet silver still".split(" ");
const places =
  "bay bridge brook cove dune field fjord forest garden grove harbour hill island lake meadow".split(" ");

function anyOf<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}
