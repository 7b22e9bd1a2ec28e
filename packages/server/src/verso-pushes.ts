/**
 * Pushes of the Verso dialect, each of which is made once, however often it is sent, on whatever socket.
 *
 * A push is named by its author, the replica and the replica's own sequence. The commit that it became bears that name in
 * the ledger; so whoever sends it again, after a lost connection or a restart of the relay, gets the answer that it got.
 */
import type { Ledger } from "@verso/storage";
import type { Issue } from "@verso/validation";
import type { Actor } from "./actor.js";
import { createEditLine } from "./edit-line.js";
import { nameOf } from "./leases.js";
import type { PushOutcome } from "./room.js";

export interface PushIdentity {
  readonly actor: Actor;
  readonly replicaId: string;
  readonly clientSequence: number;
}

/**
 * Makes a push when it is its turn; `make` is given the key under which the ledger is to know it. One that was made before
 * is answered as it was then, and one that is under way as that will be.
 */
export type VersoPushes = (
  documentId: string,
  identity: PushIdentity,
  make: (dedupe: string) => Promise<PushOutcome>,
) => Promise<PushOutcome>;

export function createVersoPushes(ledger: Pick<Ledger, "findByDedupe" | "read">): VersoPushes {
  const once = createEditLine<PushOutcome>(answerOf, { dialect: "verso" });

  return (documentId, { actor, replicaId, clientSequence }, make) => {
    // Whom nobody has vouched for has no name of his own; the replica's must do.
    const name = JSON.stringify([actor.authenticated ? nameOf(actor) : null, replicaId, clientSequence]);
    // There is a key, since there is a name.
    return once(documentId, name, key => make(key!));
  };

  async function answerOf(documentId: string, key: string): Promise<PushOutcome | null> {
    const sequence = await ledger.findByDedupe(documentId, key);
    if (sequence === undefined) return null;
    for await (const { kind, notes } of ledger.read(documentId, { from: sequence, limit: 1 })) {
      const verdict = kind === "refused" ? "refused" : notes.refusedUpdate ? "repaired" : "accepted";
      const issues = verdict === "accepted" ? [] : (notes.issues as readonly Issue[]);
      return { type: "committed", sequence, verdict, issues };
    }
    return null;
  }
}
