/**
 * Yjs tidies up after remote changes of formatted texts: it deletes formats that no longer have any effect. It takes
 * time that grows with the square of what was deleted, seconds when somebody empties a long text, and every client
 * does it as well. A relay can leave it to them: what is deleted then changes nothing that can be seen.
 */
import type * as Y from "yjs";

/** From now on, transactions for which `leave` holds when they end are not tidied up after. */
export function leaveFormatting(doc: Y.Doc, leave: () => boolean): void {
  // Yjs has told its observers by now, and looks at the mark next.
  doc.on("afterTransaction", transaction => {
    if (leave()) transaction._needFormattingCleanup = false;
  });
}
