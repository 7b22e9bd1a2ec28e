/** A client of one relay, for one user: any number of documents over one connection. */
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Replica } from "./document.js";
import type { Persistence, Tabs } from "./persistence.js";

export interface ClientOptions {
  /** The relay: `wss://host`, `https://host`, or what `/sync` is to be added to. */
  readonly url: string | URL;
  /** Who acts; a function is asked for every connection, and when the relay wants a fresh one. None: anonymous. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The name of an anonymous user. */
  readonly user?: string | undefined;
  /** What this client calls itself in the relay's log. @default "@verso/client" */
  readonly agent?: string | undefined;
  /** Where replicas are kept. @default in memory only */
  readonly persistence?: Persistence | undefined;
  /** How the tabs that share `persistence` find one another; not used without it. @default each tab for itself */
  readonly tabs?: Tabs | undefined;
  /** Whether to connect as soon as a document is open. @default true */
  readonly connect?: boolean | undefined;
  /** Milliseconds after which the relay is asked again for what is missing. @default 300_000 */
  readonly backgroundSync?: number | undefined;
  /** @default the environment's */
  readonly WebSocket?: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
  /** For the way through where WebSockets are blocked. @default the environment's */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** @default this machine's */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** What of a WebSocket is used: that of browsers has it, that of Node.js 22, and that of `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs once, after at least this many milliseconds; returns what stops it. */
  after(milliseconds: number, run: () => void): () => void;
}

export interface OpenOptions {
  /** Whose content, if it has any, counts as an edit made now. @default a new one */
  readonly doc?: Y.Doc | undefined;
  /** @default a new one of `doc` */
  readonly awareness?: Awareness | undefined;
}

export interface Client {
  /** Opens a document; while it is open, the same one again. */
  open(documentId: string, options?: OpenOptions): Replica;
  /** Connects, at once even when it would have waited, and after it was stopped. */
  connect(): void;
  /** Ends the connection until `connect`. */
  disconnect(): void;
  /** Closes every document and the connection. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
