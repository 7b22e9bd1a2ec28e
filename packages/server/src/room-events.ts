/** What happens to documents in their rooms, for whoever follows them, and what an operator may want to know. */
import type { Issue } from "@verso/validation";
import type { Actor } from "./actor.js";

export interface RoomEvents {
  /** The ledger may hold more of the document than before, and it is durable. */
  appended(event: { documentId: string }): void;
  /** The document was erased, whether it was open or not. */
  erased(event: { documentId: string }): void;
  /** A push was refused, and its author's connection closed; `hash` is the SHA-256 of its bytes. */
  refused(event: { documentId: string; actor: Actor; code: string; detail: string; hash: string }): void;
  /** An edit was taken back, all of it or in part; `hash` is the SHA-256 of its bytes. */
  rejected(event: {
    documentId: string;
    actor: Actor;
    verdict: "refused" | "repaired";
    issues: readonly Issue[];
    hash: string;
  }): void;
  /** The document was discarded, and is read again from the ledger. */
  discarded(event: { documentId: string; cause: unknown }): void;
  /** The document was opened and does not satisfy its kind. Large ones are not looked at. */
  invalid(event: { documentId: string; issues: readonly Issue[] }): void;
  /** A snapshot could not be made, or what is old not be let go of; the next try comes with the next commits. */
  uncompacted(event: { documentId: string; cause: unknown }): void;
  /** The document cannot be opened; its sessions were closed and the room is of no further use. */
  failed(event: { documentId: string; cause: unknown }): void;
}
