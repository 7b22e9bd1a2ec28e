/**
 * A client of one relay, for one user: all its documents over one connection.
 *
 * The ring around the core: sockets, timers, HTTP and the page's events become its inputs, its outputs are done here, in
 * their order, and nothing is decided.
 */
import { versoSubprotocol } from "@verso/protocol";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { type CoreInput, type CoreOutput, createCore } from "./core.js";
import type { Replica } from "./document.js";
import { ClientError } from "./errors.js";
import type { LinkTimer } from "./link.js";
import { memoryPersistence } from "./memory-persistence.js";
import { type OpenDocument, openDocument } from "./open-document.js";
import type { Persistence, Tabs } from "./persistence.js";
import { addressAt, askToken, type TokenSource } from "./relay-access.js";

export interface ClientOptions {
  /** The relay: `wss://host`, `https://host`, or what `/sync` is to be added to. */
  readonly url: string | URL;
  /** Who acts; a function is asked for every connection, and when the relay wants a fresh one. None: anonymous. */
  readonly token?: TokenSource;
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
  /**
   * Calls back when the network or the page is back; returns what ends that. @default the page's `online` and
   * `visibilitychange`
   */
  readonly onWake?: ((woken: () => void) => () => void) | undefined;
}

/** What of a WebSocket is used: that of browsers has it, that of Node.js 22, and that of `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  /** 1 while it is open; nothing is sent in another state. @default 1 */
  readonly readyState?: number;
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
  isOpen(documentId: string): boolean;
  /** When the relay is tried again, in milliseconds since 1970; `null` while no attempt waits for its time. */
  readonly nextAttempt: number | null;
  /** Connects, at once even when it would have waited or was stopped. What was closed for good is to be opened again. */
  connect(): void;
  /** Ends the connection until `connect`. */
  disconnect(): void;
  /** Closes every document and the connection. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function createClient({
  url,
  token,
  user,
  agent = "@verso/client",
  persistence,
  tabs,
  connect = true,
  backgroundSync = 300_000,
  WebSocket = globalThis.WebSocket,
  fetch = globalThis.fetch,
  clock = systemClock,
  random = Math.random,
  onWake = onPageWake,
}: ClientOptions): Client {
  const batchUrl = addressAt(url, "sync").href;
  const socketUrl = batchUrl.replace(/^http/, "ws");
  const core = createCore({ random, agent, user: user ?? null });
  const kept = persistence ?? memoryPersistence();
  const documents = new Map<string, OpenDocument>();
  const timers = new Map<LinkTimer, () => void>();
  const inputs: CoreInput[] = [];
  let isHandling = false;
  let socket: WebSocketLike | null = null;
  let nextAttempt: number | null = null;
  let closing: Promise<void> | null = null;

  handle({ type: connect ? "connect" : "disconnect" });
  const stopWaking = onWake(() => handle({ type: "woken" }));
  let stopLooking = clock.after(backgroundSync, lookAgain);

  return {
    open(documentId, { doc, awareness = null } = {}) {
      if (closing !== null) throw new ClientError("closed", "The client is closed.");
      return documents.get(documentId) ?? open(documentId, { doc, awareness });
    },
    isOpen: documentId => documents.has(documentId),
    get nextAttempt() {
      return nextAttempt;
    },
    connect: () => handle({ type: "connect" }),
    disconnect: () => handle({ type: "disconnect" }),
    close,
    [Symbol.asyncDispose]: close,
  };

  function open(
    documentId: string,
    { doc = new Y.Doc(), awareness }: { doc: Y.Doc | undefined; awareness: Awareness | null },
  ): OpenDocument {
    // What it says while it is made is handled when it can be found.
    const wasHandling = isHandling;
    isHandling = true;
    const document = openDocument({
      documentId,
      doc,
      awareness,
      persistence: kept,
      // Tabs number their transactions by the store that they share.
      tabs: persistence === undefined ? null : (tabs ?? null),
      now: () => clock.now(),
      after: (milliseconds, run) => clock.after(milliseconds, run),
      handle,
      closed: () => documents.delete(documentId),
    });
    documents.set(documentId, document);
    isHandling = wasHandling;
    drain();
    return document;
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    stopWaking();
    stopLooking();
    await Promise.all([...documents.values()].map(document => document.close()));
    handle({ type: "disconnect" });
  }

  function lookAgain(): void {
    stopLooking = clock.after(backgroundSync, lookAgain);
    handle({ type: "look-again" });
  }

  function handle(input: CoreInput): void {
    inputs.push(input);
    drain();
  }

  /** One input after the other: what happens while outputs are done waits. */
  function drain(): void {
    if (isHandling) return;
    isHandling = true;
    const failures: unknown[] = [];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const output of core.handle(input)) {
        try {
          perform(output);
        } catch (error) {
          // A listener of the program has thrown: that is told to whoever called, and costs the rest nothing.
          failures.push(error);
        }
      }
    }
    isHandling = false;
    if (failures.length > 0) throw failures[0];
  }

  function perform(output: CoreOutput): void {
    switch (output.type) {
      case "document":
        return documents.get(output.documentId)?.perform(output.output);
      case "event":
        for (const document of documents.values()) document.happened(output.event);
        return;
      case "want-token":
        return void giveToken();
      case "connect-socket":
        return connectSocket();
      case "close-socket":
        return dropSocket(output.code, output.reason);
      case "send":
        // One that is closing takes nothing, and a browser would complain; that it has closed is told soon.
        if ((socket?.readyState ?? 1) !== 1) return;
        return socket?.send(output.frame as Uint8Array<ArrayBuffer>);
      case "post":
        return void post(output.body as Uint8Array<ArrayBuffer>);
      case "set-timer":
        return setTimer(output.timer, output.delay);
      case "cancel-timer":
        if (output.timer === "attempt") nextAttempt = null;
        return timers.get(output.timer)?.();
    }
  }

  function setTimer(timer: LinkTimer, delay: number): void {
    timers.get(timer)?.();
    // What fires cancels itself in the core, before it does anything else.
    timers.set(
      timer,
      clock.after(delay, () => handle({ type: "link-timer", timer })),
    );
    if (timer === "attempt") nextAttempt = clock.now() + delay;
  }

  async function giveToken(): Promise<void> {
    let given: string | null;
    try {
      given = await askToken(token);
    } catch (error) {
      return handle({ type: "token-failed", error });
    }
    handle({ type: "token", token: given });
  }

  function connectSocket(): void {
    if (WebSocket === undefined) throw new TypeError("There is no WebSocket here: give one as an option.");
    const opened = new WebSocket(socketUrl, [versoSubprotocol]);
    socket = opened;
    opened.binaryType = "arraybuffer";
    const isCurrent = () => socket === opened;
    opened.onopen = () => {
      if (isCurrent()) handle({ type: "socket-opened" });
    };
    opened.onmessage = ({ data }: { readonly data: unknown }) => {
      if (isCurrent()) handle({ type: "frame", frame: bytesOf(data) });
    };
    opened.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (!isCurrent()) return;
      socket = null;
      handle({ type: "socket-closed", code, reason: String(reason) });
    };
    // What it says is never more than that it closes, which is told as well.
    opened.onerror = () => {};
  }

  function dropSocket(code: number, reason: string): void {
    const dropped = socket;
    socket = null;
    dropped?.close(code, reason);
  }

  async function post(body: Uint8Array<ArrayBuffer>): Promise<void> {
    let answer: Uint8Array | null = null;
    try {
      const response = await fetch(batchUrl, {
        method: "POST",
        headers: { "content-type": "application/vnd.verso.batch" },
        body,
        signal: AbortSignal.timeout(postPatience),
      });
      if (response.ok) answer = new Uint8Array(await response.arrayBuffer());
    } catch {
      // No answer is what the core is told; it tries again.
      answer = null;
    }
    handle({ type: "posted", answer });
  }
}

/** Milliseconds in which a batch is to be answered. */
const postPatience = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** What of a page is listened to; elsewhere there is nothing of it. */
interface Page {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
  readonly visibilityState?: string;
  readonly document?: Page;
}

function onPageWake(woken: () => void): () => void {
  const page: Page = globalThis;
  const shown = () => {
    if (page.document?.visibilityState === "visible") woken();
  };
  page.addEventListener?.("online", woken);
  page.document?.addEventListener?.("visibilitychange", shown);
  return () => {
    page.removeEventListener?.("online", woken);
    page.document?.removeEventListener?.("visibilitychange", shown);
  };
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  // A text is no message of this dialect, which the core finds.
  return new Uint8Array();
}
