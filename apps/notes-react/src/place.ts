/** Where the page is: which note it shows, and who looks at it, from its URL `/notes/?room=…&name=…`. */

export interface Place {
  readonly room: string;
  /** The user, as the relay knows him. */
  readonly name: string;
  /** Of his caret; white text is readable on it. */
  readonly color: string;
}

/** What the URL does not say is drawn, and written into it. */
export function findPlace(): Place {
  const url = new URL(location.href);
  const room = url.searchParams.get("room") || crypto.randomUUID().slice(0, 8);
  const name = url.searchParams.get("name") || anyOf(names);
  url.searchParams.set("room", room);
  url.searchParams.set("name", name);
  history.replaceState(null, "", url);
  return { room, name, color: colorOf(name) };
}

/** The same for everybody who sees him. */
export function colorOf(name: string): string {
  const sum = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7);
  return colors[sum % colors.length] ?? "#0069a8";
}

const names = ["Crane", "Finch", "Heron", "Ibex", "Kestrel", "Lynx", "Otter", "Puffin", "Robin", "Wren"];

/** Okabe and Ito's, darkened until white text has a contrast of at least 4.5. */
const colors = ["#0069a8", "#b54708", "#00735c", "#a13f78", "#5546b5", "#856000"];

function anyOf(choices: readonly string[]): string {
  return choices[Math.floor(Math.random() * choices.length)] ?? "";
}
