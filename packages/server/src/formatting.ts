/**
 * Yjs tidies up after remote changes of formatted texts: it deletes formats that no longer have any effect. It does so
 * in a transaction of its own behind that of the change, and so with an update of its own, and takes time that grows
 * with the square of what was deleted, seconds when somebody empties a long text. Every client does it as well. The
 * relay leaves it to them: what is deleted then changes nothing that can be seen.
 */
import type * as Y from "yjs";

/** From now on, this document is not tidied up. */
export function leaveFormatting(doc: Y.Doc): void {
  // Yjs has told its observers by now, and looks at the mark next.
  doc.on("afterTransaction", transaction => {
    transaction._needFormattingCleanup = false;
  });
}
