/**
 * What a program holds of a document that is open: the `Y.Doc` its editors work on, who else is there, and how far it is
 * from the relay. How it gets there is the core's business.
 */
import type { VersoIssue } from "@verso/protocol";
import type { ObservableV2 } from "lib0/observable";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { ClientError } from "./errors.js";
import type { OutboxRecord } from "./persistence.js";

/** Why the relay, or the client, gave a document or a connection up. Codes are the WebSocket close codes of the relay. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** An object that is replaced when anything in it changes, and never changed. */
export interface ReplicaStatus {
  /** `connected` when the relay, directly or through the leading tab, has opened the document. */
  readonly connection: "disconnected" | "connecting" | "connected";
  /** By which way; `http` is the batch route, taken where WebSockets are blocked. */
  readonly transport: "websocket" | "http" | null;
  /** `open` while many attempts in a row have failed and none is made, `half-open` during the next one. */
  readonly breaker: "closed" | "open" | "half-open";
  /** Whether what is kept on this device is in the document. */
  readonly loaded: boolean;
  /** Whether the document has had, since it is connected, all that the relay had; `unsyncedChanges` is the other way. */
  readonly synced: boolean;
  /** Whether the relay takes edits of this user; true until it says otherwise. */
  readonly writable: boolean;
  /** The document's generation; 0 while it is not known. */
  readonly epoch: number;
  /** The last commit up to which everything is here; 0 while it is not known. */
  readonly sequence: number;
  /** Whether this tab speaks with the relay for all tabs. */
  readonly leads: boolean;
  /** Set when it will not be tried again: a token that is not accepted, a document that is forbidden or erased, … */
  readonly stopped: Closing | null;
}

/** A local transaction that the relay has taken back, in whole or in part. Its compensation is in the document by now. */
export interface Rejection {
  readonly clientSequence: number;
  /** The relay's commit of it. */
  readonly sequence: number;
  /** `repaired`: only a part was taken back. */
  readonly verdict: "refused" | "repaired";
  readonly issues: readonly VersoIssue[];
  /** When the transaction was made, in milliseconds since 1970 by the clock of this device. */
  readonly madeAt: number;
}

/** The names and shapes that users of y-websocket's and Hocuspocus's providers know, and what only a relay can tell. */
export type ReplicaEvents = {
  /** The connection, in y-websocket's shape. */
  status: (event: { readonly status: ReplicaStatus["connection"] }) => void;
  /** Anything in `status` has changed. */
  "status-change": (status: ReplicaStatus) => void;
  sync: (isSynced: boolean) => void;
  synced: (isSynced: boolean) => void;
  unsyncedChanges: (count: number) => void;
  /** A connection was lost; it is tried again. */
  "connection-close": (event: Closing) => void;
  /** No connection could be made, or no token; it is tried again. */
  "connection-error": (error: unknown) => void;
  /** It is not tried again. */
  closed: (event: Closing) => void;
  authenticated: (event: { readonly user: string; readonly scope: "read-write" | "readonly" }) => void;
  authenticationFailed: (event: { readonly reason: string }) => void;
  rejected: (rejection: Rejection) => void;
  /**
   * The document began anew on the relay. `doc` stays as it is and is connected no more, `unsent` will not be sent, and
   * what was kept of the old epoch stays beside the new one. Close the document and open it again, with another `doc`.
   */
  epoch: (event: {
    readonly epoch: number;
    readonly previous: number;
    readonly unsent: readonly OutboxRecord[];
  }) => void;
  /** The document was erased: nothing of it may be kept, and on this device nothing is. */
  erased: () => void;
  /** The document is served by another relay, with which a client of its own can be made. */
  moved: (event: { readonly url: string }) => void;
  /** This device does not keep what is told it; the document goes on, from memory. */
  "storage-error": (error: ClientError) => void;
};

/** One of these events, with what its listeners are given. */
export type ReplicaEventOf<Name extends keyof ReplicaEvents> = {
  [Each in Name]: { readonly type: Each; readonly args: Parameters<ReplicaEvents[Each]> };
}[Name];

/** One document that is open. It connects by itself; `close` ends that, and leaves `doc` to whoever holds it. */
export interface Replica extends Pick<ObservableV2<ReplicaEvents>, "on" | "once" | "off"> {
  readonly documentId: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly status: ReplicaStatus;
  /** Local transactions, of all tabs of this device, that the relay has not answered. */
  readonly unsyncedChanges: number;
  readonly hasUnsyncedChanges: boolean;
  /** Resolves when what is kept on this device is in the document, before any network; also when it cannot be read. */
  readonly whenLoaded: Promise<void>;
  /** Resolves when the document is synced for the first time; never rejects. */
  readonly whenSynced: Promise<void>;
  /** Calls back after every change of `status` and `unsyncedChanges`. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /** Asks the relay now for what is missing here, connecting when it would have waited; resolves when it was answered. */
  syncNow(): Promise<void>;
  /** Keeps what was not sent for the next start. Resolves when everything is stored. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
