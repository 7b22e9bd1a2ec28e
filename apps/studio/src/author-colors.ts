/** A colour for each author: that of somebody who is there, else always the same one for the same name. */
import type { LinkView } from "./link.js";
import { palette } from "./people.js";
import { readUser } from "./presence.js";

export function authorColor(author: string, links: readonly LinkView[]): string {
  for (const { awareness } of links) {
    for (const state of awareness.getStates().values()) {
      const user = readUser(state);
      if (user !== null && user.name.toLowerCase() === author.toLowerCase()) return user.color;
    }
  }
  let hash = 0;
  for (const letter of author) hash = (hash * 31 + letter.codePointAt(0)!) >>> 0;
  return palette[hash % palette.length]!;
}
