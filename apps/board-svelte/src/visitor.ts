/**
 * Who looks at which board: `/board/?room=spring-plan&name=Ada`.
 *
 * Where the URL names no room one is invented, and put there; a name that it does not give is this window's own.
 */
import type { Presence } from "@verso/client/binding";
import { recall, remember } from "./browser-memory.js";
import { limits } from "./kind.js";

export interface Person {
  readonly name: string;
  /** `#rrggbb`; white text is readable on it. */
  readonly color: string;
}

export interface Visitor {
  readonly room: string;
  readonly me: Person;
}

export function visitorOf(location: Location): Visitor {
  const url = new URL(location.href);
  const room = url.searchParams.get("room")?.trim() || inventRoom();
  const name = url.searchParams.get("name")?.trim().slice(0, limits.owner) || recall("name") || anyOf(names);
  remember("name", name);
  url.searchParams.set("room", room);
  history.replaceState(null, "", url);
  return { room, me: { name, color: colorOf(name) } };
}

/** Whoever shows himself as a user; anything can stand in a presence, other programs write theirs. */
export function personOf({ user }: Presence): Person | null {
  if (typeof user !== "object" || user === null || !("name" in user) || !("color" in user)) return null;
  const { name, color } = user;
  const isPerson = typeof name === "string" && typeof color === "string" && CSS.supports("color", color);
  return isPerson ? { name, color } : null;
}

/** The same for the same name, wherever it is shown. */
export function colorOf(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return palette[hash % palette.length] ?? "#0069a8";
}

/** Okabe and Ito's colours, darkened until white text on them has a contrast of at least 4.5. */
const palette = ["#0069a8", "#b54708", "#00735c", "#a13f78", "#5546b5", "#856000"];

const names =
  "Badger Beaver Crane Finch Hare Heron Ibex Kestrel Lynx Marten Otter Puffin Raven Robin Swift".split(" ");
const places =
  "bay bridge brook cove dune field fjord garden glade harbour hill island lake meadow river".split(" ");

function inventRoom(): string {
  return `${anyOf(places)}-${anyOf(places)}-${Math.floor(Math.random() * 36 ** 4).toString(36)}`;
}

function anyOf(choices: readonly string[]): string {
  return choices[Math.floor(Math.random() * choices.length)] ?? "";
}
