/** The stateless messages of Hocuspocus clients: what the code of an operator makes of them. */
import type { Actor } from "./actor.js";

/** What becomes of a stateless message. What it throws ends nobody's connection. */
export type OnStateless = (message: StatelessMessage) => void | Promise<void>;

/** What a Hocuspocus client has said to the others of its document; it is never judged and never stored. */
export interface StatelessMessage {
  readonly documentId: string;
  /** Who has sent it. */
  readonly actor: Actor;
  readonly payload: string;
  /** Sends a message to the client that has sent this one. */
  reply(payload: string): void;
  /** Sends a message to all Hocuspocus clients of the document, the one that has sent this included. */
  broadcast(payload: string): void;
}
