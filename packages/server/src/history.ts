/**
 * The history of documents: what they were, and taking back what was done to them.
 *
 * Everything is read from the ledger, and nothing is kept beside it.
 */
import type { JsonObject } from "@verso/bridge";
import type { Head, Ledger } from "@verso/storage";
import type { Cell } from "./cell.js";
import { ServerError } from "./errors.js";
import type { Kind } from "./kinds.js";
import type { Rooms } from "./rooms.js";
import { createVersions, type Difference, type Present } from "./versions.js";

export interface HistoryOptions {
  readonly ledger: Ledger;
  readonly rooms: Pick<Rooms, "get">;
  readonly compactions: Pick<Cell, "compact">;
  readonly kindOf: (documentId: string) => Kind | Promise<Kind>;
}

/** A document as of one commit. */
export interface Version {
  readonly sequence: number;
  readonly revision: string;
  readonly epoch: number;
  /** Milliseconds since 1970: when the document began, and when this commit was made. */
  readonly created: number;
  readonly updated: number;
  readonly content: JsonObject;
}

/**
 * Throws a `ServerError`: `version-unknown` for a document, a sequence or a time without a commit, and
 * `version-dropped` where retention has let go of what is needed.
 */
export interface History {
  /** The document as of a sequence, or as of a time: that is its last commit then. */
  at(documentId: string, point: number | Date): Promise<Version>;
  /** The Yjs document as of a sequence, as one update; for reading, and not to be written on. */
  state(documentId: string, sequence: number): Promise<Uint8Array>;
  /** The net of what changed between two sequences, in either order; 0 is the empty document. */
  diff(documentId: string, from: number, to: number): Promise<Difference>;
}

export function createHistory({ ledger, rooms, compactions, kindOf }: HistoryOptions): History {
  const versions = createVersions({ ledger, compactions, kindOf });

  return {
    async at(documentId, point) {
      const present = await presentOf(documentId);
      const { head } = present;
      const sequence = typeof point === "number" ? point : await versions.sequenceAt(point.getTime(), head);
      if (sequence === 0) throw unknown(documentId);
      const content = await versions.content(sequence, present);
      const { revision, epoch, time } = await versions.commit(sequence, head);
      return { sequence, revision, epoch, created: head.created.time, updated: time, content };
    },
    async state(documentId, sequence) {
      return await versions.state(sequence, await headOf(documentId));
    },
    async diff(documentId, from, to) {
      return await versions.difference(from, to, await headOf(documentId));
    },
  };

  async function headOf(documentId: string): Promise<Head> {
    const head = await ledger.head(documentId);
    if (head === undefined) throw unknown(documentId);
    return head;
  }

  async function presentOf(documentId: string): Promise<Present> {
    return await rooms.get(documentId).view(({ head, content }) => {
      if (head === undefined) throw unknown(documentId);
      const now = content();
      return { head, content: () => now };
    });
  }
}

function unknown(documentId: string): ServerError {
  return new ServerError("version-unknown", `There was no document "${documentId}" then.`);
}
