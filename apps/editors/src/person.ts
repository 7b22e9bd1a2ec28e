/**
 * Who writes on this page: the user of the relay, with a colour for the caret.
 *
 * `?name=` in the URL says who; without it, it is always the same one in this browser, who was drawn once.
 */
import { recall, remember } from "./browser-memory.js";

export interface Person {
  readonly name: string;
  /** `#rrggbb`, by the name; white text is readable on it. */
  readonly color: string;
}

export function personOfPage(): Person {
  const named = new URLSearchParams(location.search).get("name")?.trim() ?? "";
  if (/^\P{Cc}{1,24}$/u.test(named)) return personOf(named);
  const name = recall(key) ?? anyOf(names);
  remember(key, name);
  return personOf(name);
}

/** Somebody else, of another colour. */
export function inventPerson(than: Person): Person {
  return anyOf(names.map(personOf).filter(({ color }) => color !== than.color));
}

const key = "verso-editors:name";

const names =
  "Badger Beaver Crane Curlew Finch Hare Heron Ibex Lynx Marten Merlin Otter Puffin Raven Robin Stoat".split(
    " ",
  );

/**
 * People with any of the usual colour blindnesses tell them apart.
 *
 * Source: Okabe and Ito, Color Universal Design, darkened until white text has a contrast of at least 4.5.
 */
const palette = ["#0069a8", "#b54708", "#00735c", "#a13f78", "#5546b5", "#856000"] as const;

function personOf(name: string): Person {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) >>> 0;
  return { name, color: palette[hash % palette.length]! };
}

function anyOf<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}
