/** Who writes in this window: two people, each with a name and a colour for carets. */
import { recall, remember } from "./browser-memory.js";

export interface Person {
  readonly name: string;
  /** `#rrggbb`; white text is readable on it. */
  readonly color: string;
}

export const longestName = 24;

/** The two people of this window; the same ones after a reload. */
export function peopleOfWindow(): [Person, Person] {
  const people = parse(recall("window", key)) ?? draw();
  keepPeople(people);
  return people;
}

/** Keeps the people, one of them renamed perhaps, for the next reload. */
export function keepPeople(people: readonly [Person, Person]): void {
  remember("window", key, JSON.stringify(people));
}

const key = "people";

const names = (
  "Badger Beaver Crane Curlew Dormouse Finch Hare Heron Ibex Jackdaw Kestrel Lynx Marten Merlin Otter Plover " +
  "Puffin Raven Robin Siskin Stoat Swift Vole Wren"
).split(" ");

/**
 * Pairs that people with any of the usual colour blindnesses tell apart.
 *
 * Source: Okabe and Ito, Color Universal Design, darkened until white text has a contrast of at least 4.5.
 */
const colorPairs: readonly (readonly [string, string])[] = [
  ["#0069a8", "#b54708"],
  ["#00735c", "#a13f78"],
  ["#5546b5", "#856000"],
];

/** The colours of those of whom none is known. */
export const palette: readonly string[] = colorPairs.flat();

function draw(): [Person, Person] {
  const first = anyOf(names);
  const second = anyOf(names.filter(name => name !== first));
  const [one, other] = anyOf(colorPairs);
  return [
    { name: first, color: one },
    { name: second, color: other },
  ];
}

function anyOf<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}

function parse(text: string | null): [Person, Person] | null {
  const people: unknown = text === null ? null : JSON.parse(text);
  if (!Array.isArray(people)) return null;
  const [one, other]: unknown[] = people;
  return isPerson(one) && isPerson(other) ? [one, other] : null;
}

function isPerson(value: unknown): value is Person {
  const { name, color } = (value ?? {}) as Partial<Record<keyof Person, unknown>>;
  return typeof name === "string" && typeof color === "string" && /^#[0-9a-f]{6}$/.test(color);
}
