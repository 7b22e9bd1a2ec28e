/** What a commit has changed. */
import { type Change, decodeChange } from "@verso/bridge";
import type { Commit } from "@verso/storage";
import { droppedBase } from "./edit-base.js";

/** Throws `version-dropped` where retention has let go of it. */
export function changeOf({ sequence, change }: Commit): Change {
  if (change === undefined) throw droppedBase(sequence);
  return decodedChange(change);
}

/** Of no bytes: none. */
export function decodedChange(change: Uint8Array): Change {
  return change.length === 0 ? [] : decodeChange(change);
}
