/**
 * Erasing a document for good, and with it its forks: they hold its content, and what was proposed for it.
 *
 * The forks go first, so that whatever stops it half-way leaves a document that can be erased again.
 */
import type { CommitActor, Ledger, Tombstone } from "@verso/storage";
import { createForkStore, documentOf } from "./fork-store.js";

export interface ErasureOptions {
  /** Who erases it. */
  readonly actor: CommitActor;
  /**
   * Erases one document.
   * @default that of the ledger, for where nobody has documents open
   */
  readonly erase?: Ledger["erase"] | undefined;
}

/**
 * Erases a document and its forks. Resolves when that is durable, with what is left of the document. A fork that is made
 * at the same moment may stay.
 */
export async function eraseDocument(
  ledger: Ledger,
  document: string,
  { actor, erase = ledger.erase }: ErasureOptions,
): Promise<Tombstone> {
  for await (const fork of createForkStore(ledger).list(document)) await erase(documentOf(fork), { actor });
  return erase(document, { actor });
}
