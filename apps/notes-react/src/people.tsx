/** Who is here: oneself, and everybody else who has the note open, each of them once. */
import { type Other, shallow, useOthers, usePresence } from "@verso/react";
import { useEffect } from "react";
import { place } from "./client.js";
import { colorOf } from "./place.js";

export function People({ id }: { readonly id: `notes/${string}` }) {
  const [, update] = usePresence(id);
  const others = useOthers(id, namesOf, shallow);
  useEffect(() => update({ user: { name: place.name, color: place.color } }), [update]);
  return (
    <ul className="people" aria-label="Here now">
      {[place.name, ...others.filter(name => name !== place.name)].map(name => (
        <li key={name} className="avatar" style={{ background: colorOf(name) }} title={name}>
          <span aria-hidden>{name.slice(0, 1).toUpperCase()}</span>
          <span className="spoken">{name}</span>
        </li>
      ))}
    </ul>
  );
}

function namesOf(others: readonly Other[]): readonly string[] {
  const names = others.map(({ presence }) => (presence.user as { name?: unknown } | undefined)?.name);
  return [...new Set(names.filter(name => typeof name === "string" && name !== ""))] as string[];
}
