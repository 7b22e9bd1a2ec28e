/** Where a place in a text is after somebody else's edit of it. */
import type { YTextEvent } from "yjs";

/** What is inserted exactly there comes behind it; what was deleted around it leaves it where that was. */
export function movedIndex(index: number, delta: YTextEvent["delta"]): number {
  let at = 0;
  let moved = index;
  for (const { retain = 0, insert = "", delete: deleted = 0 } of delta) {
    at += retain;
    if (at >= moved) break;
    // An embedded object counts as one letter; a text of letters has none.
    const inserted = typeof insert === "string" ? insert.length : 1;
    at += inserted;
    moved = Math.max(at, moved + inserted - deleted);
  }
  return moved;
}
