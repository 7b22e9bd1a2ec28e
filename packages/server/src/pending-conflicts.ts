/**
 * Conflicts of which both sides are kept until somebody resolves them: records of their document, which go with it when
 * it is erased.
 *
 * A record is the conflict as it was told, and the edit as it was asked for, so that it can still be made.
 */

import type { Patch } from "@verso/bridge";
import { type Conflict, conflict } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { z } from "zod";
import { ServerError } from "./errors.js";

/** An edit that waits, and what it is in conflict with. */
export interface PendingConflict {
  readonly conflict: Conflict;
  /** The version that the edit was made on. */
  readonly base: number;
  /** The edit, from the roots. */
  readonly patch: Patch;
}

export interface PendingConflicts {
  /** Keeps it under a name; durable when this resolves. Throws `conflicts-full`. */
  keep(documentId: string, name: string, pending: PendingConflict): Promise<void>;
  /** Throws `conflict-unknown`. */
  get(documentId: string, name: string): Promise<PendingConflict>;
  /** The oldest first. */
  list(documentId: string): Promise<PendingConflict[]>;
  forget(documentId: string, name: string): Promise<void>;
}

const mostPending = 1000;
const record = z.looseObject({
  kept: z.int(),
  base: z.int(),
  patch: z.array(z.looseObject({})),
  conflict,
});

export function createPendingConflicts(ledger: Ledger, now: () => number): PendingConflicts {
  const recordsOf = (documentId: string) => ledger.documentRecords(documentId, "conflicts");

  return {
    async keep(documentId, name, pending) {
      const records = recordsOf(documentId);
      let count = 0;
      for await (const _ of records.entries({ limit: mostPending })) count++;
      if (count >= mostPending) {
        throw new ServerError(
          "conflicts-full",
          `${mostPending} conflicts of this document wait to be resolved.`,
        );
      }
      await records.put(name, Buffer.from(JSON.stringify({ ...pending, kept: now() })));
    },
    async get(documentId, name) {
      const bytes = isName(name) ? await recordsOf(documentId).get(name) : undefined;
      if (bytes === undefined) throw new ServerError("conflict-unknown", `There is no conflict "${name}".`);
      return decode(bytes);
    },
    async list(documentId) {
      const all: ReturnType<typeof decode>[] = [];
      for await (const [, bytes] of recordsOf(documentId).entries()) all.push(decode(bytes));
      return all.sort((a, b) => a.kept - b.kept);
    },
    forget: (documentId, name) => recordsOf(documentId).delete(name),
  };
}

/** The names that conflicts are given: anybody may ask for one by any text. */
function isName(text: string): boolean {
  return z.uuid().safeParse(text).success;
}

function decode(bytes: Uint8Array): PendingConflict & { readonly kept: number } {
  const { kept, base, patch, conflict } = record.parse(JSON.parse(Buffer.from(bytes).toString()));
  // It is the relay's own record of a patch that was one.
  return { kept, base, patch: patch as unknown as Patch, conflict };
}
