/** Where the name of a document leads, for whoever asks: whether there may be such a document, and who may open it. */
import { CloseCode, forkOf } from "@verso/protocol";
import { type Ledger, StorageError } from "@verso/storage";
import { closeCodeOf, type Entry } from "./door.js";
import type { Kinds } from "./kinds.js";
import { erasedReason } from "./room.js";

export type Place = Admitted | TurnedAway;
export type Admitted = Extract<Entry, { readonly ok: true }> & { readonly documentId: string };
export interface TurnedAway {
  readonly ok: false;
  readonly code: CloseCode;
  readonly reason: string;
}

export interface EntranceOptions {
  readonly ledger: Pick<Ledger, "tombstone">;
  readonly kinds: Pick<Kinds, "of">;
}

/** Settles whether a document can be opened; `ask` says who wants that, and is only called if there may be such a one. */
export type Entrance = (documentId: string, ask: () => Promise<Entry>) => Promise<Place>;

export function createEntrance({ ledger, kinds }: EntranceOptions): Entrance {
  return async (documentId, ask) => {
    if (forkOf(documentId) === null && kinds.of(documentId) === null) {
      const reason = "forbidden-document: no kind of document is configured for it";
      return { ok: false, code: CloseCode.forbidden, reason };
    }
    const entry = await ask();
    if (!entry.ok)
      return { ok: false, code: closeCodeOf(entry.code), reason: `${entry.code}: ${entry.detail}` };
    if (await isErased(documentId)) return { ok: false, code: CloseCode.deleted, reason: erasedReason };
    return { ...entry, documentId };
  };

  /** While the store cannot say, the room that waits for it will find out. */
  async function isErased(documentId: string): Promise<boolean> {
    try {
      return (await ledger.tombstone(documentId)) !== undefined;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }
}
