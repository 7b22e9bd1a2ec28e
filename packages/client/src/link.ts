/**
 * The connection to the relay, as a state machine: when to try, by which way, and when not any more.
 *
 *     idle ──wanted──▶ asking ──token──▶ connecting ──opened──▶ greeting ──welcome──▶ ready
 *      ▲                 ▲   │                │                    │                    │
 *      │ not wanted      │   │ by HTTP        └───────failed───────┴──────lost──────────┤
 *      └── any state     │   ▼                                                          ▼
 *                        │ posting ──answered, failed──▶ waiting ◀──────────────────────┘
 *                        └──────timer, woken───────────────┘            denied for good ──▶ stopped
 *
 * A batch over HTTP is a connection that ends with its answer: what is said while it is made up is its body.
 *
 * Sources: Brooker, Exponential Backoff And Jitter (full jitter), 2015; Nygard, Release It! (circuit breaker), 2007.
 */
import {
  type CloseCode,
  createFragments,
  decodeVersoBatch,
  decodeVersoServerMessage,
  encodeVersoBatch,
  encodeVersoClientMessage,
  type Fragments,
  fragmentsOf,
  isPermanent,
  type VersoClientMessage,
  type VersoFragment,
  type VersoMalformed,
  type VersoServerMessage,
} from "@verso/protocol";
import type { Closing, ReplicaEventOf } from "./document.js";

export type LinkState =
  | "idle"
  | "asking"
  | "connecting"
  | "greeting"
  | "ready"
  | "posting"
  | "waiting"
  | "stopped";

export type LinkInput =
  /** Connects as soon as anything wants to, at once when it would have waited, and after it was stopped. */
  | { readonly type: "connect" }
  | { readonly type: "disconnect" }
  | { readonly type: "token"; readonly token: string | null }
  | { readonly type: "token-failed"; readonly error: unknown }
  | { readonly type: "socket-opened" }
  | { readonly type: "socket-closed"; readonly code: number; readonly reason: string }
  | { readonly type: "frame"; readonly frame: Uint8Array }
  /** `answer` null: there was none, or not one of a relay. */
  | { readonly type: "posted"; readonly answer: Uint8Array | null }
  | { readonly type: "link-timer"; readonly timer: LinkTimer }
  /** The network or the page is back. */
  | { readonly type: "woken" };

/** `attempt` ends waiting; `patience` ends an attempt, `heartbeat` looks whether the other side is there. */
export type LinkTimer = "attempt" | "patience" | "heartbeat";

export type LinkOutput =
  /** Answered by `token` or `token-failed`. */
  | { readonly type: "want-token" }
  /** Answered by `socket-opened` and `socket-closed`. */
  | { readonly type: "connect-socket" }
  /** The socket is let go of: nothing of it is an input any more. */
  | { readonly type: "close-socket"; readonly code: number; readonly reason: string }
  | { readonly type: "send"; readonly frame: Uint8Array }
  /** Answered by `posted`. */
  | { readonly type: "post"; readonly body: Uint8Array }
  | { readonly type: "set-timer"; readonly timer: LinkTimer; readonly delay: number }
  | { readonly type: "cancel-timer"; readonly timer: LinkTimer }
  | { readonly type: "event"; readonly event: LinkEvent };

/** For all documents. */
export type LinkEvent =
  | { readonly type: "welcomed"; readonly user: string }
  | ReplicaEventOf<"connection-close" | "connection-error" | "authenticationFailed">;

export interface LinkHost {
  emit(output: LinkOutput): void;
  random(): number;
  /** Whether any document is to be connected. */
  isWanted(): boolean;
  /** Messages can be sent from now on; in a batch until this returns. */
  up(connection: { readonly isBatch: boolean }): void;
  message(message: DocumentMessage): void;
  /** What was sent and not answered may be lost. Says whether there is more to send. */
  down(): boolean;
}

/** What is about a document. */
export type DocumentMessage = Extract<VersoServerMessage, { readonly channel: number }>;

export interface LinkStatus {
  readonly connection: "disconnected" | "connecting" | "connected";
  readonly transport: "websocket" | "http" | null;
  readonly breaker: "closed" | "open" | "half-open";
  readonly stopped: Closing | null;
}

export interface Link {
  readonly state: LinkState;
  readonly status: LinkStatus;
  handle(input: LinkInput): void;
  send(message: VersoClientMessage): void;
  /** Looks again whether a connection is wanted; `soon` when there is something to send, `now` when somebody waits. */
  evaluate(options?: { readonly urge?: "soon" | "now" | null }): void;
  /** A document is synced: what went wrong before is over. */
  succeeded(): void;
}

export interface LinkOptions {
  readonly user: string | null;
  readonly agent: string;
}

/** Milliseconds that a connection may take to be made, and a side may be silent when it was asked. */
const patience = 10_000;
const longestWait = 30_000;
const shortestWait = 250;
/** Failures in a row after which HTTP is tried, and after which the circuit counts as open. */
const failuresBeforeHttp = 3;
const failuresBeforeOpen = 5;
/** Milliseconds between batches, with something to send and without, and batches after which a WebSocket is tried again. */
const batchPause = 250;
const batchInterval = 5_000;
const batchesPerSocket = 12;
const unauthorized: typeof CloseCode.unauthorized = 4401;
const fragmentLimits = { frameBytes: 2 ** 30, fragments: 2 ** 16, batches: 64 };

export function createLink({ user, agent }: LinkOptions, host: LinkHost): Link {
  let state: LinkState = "idle";
  let isOn = true;
  let stopped: Closing | null = null;
  let failures = 0;
  /** HTTP is the way since a batch was answered, until a WebSocket works. */
  let isByHttp = false;
  let way: "socket" | "batch" = "socket";
  let batchesLeft = 0;
  let isSoon = false;
  let token: string | null = null;
  let denial: { readonly code: string; readonly reason: string } | null = null;
  let heartbeat = patience;
  let hasHeard = true;
  let fragments: Fragments = createFragments(fragmentLimits);
  let messagesSent = 0;
  /** What is sent, while a batch is made up or its answer is read. */
  let batch: VersoClientMessage[] | null = null;

  return {
    get state() {
      return state;
    },
    get status(): LinkStatus {
      const isTrying = state !== "waiting" && state !== "idle" && state !== "stopped";
      const isConnecting = isTrying || state === "waiting";
      return {
        connection:
          state === "ready" || isByHttp ? "connected" : isConnecting ? "connecting" : "disconnected",
        transport: isByHttp ? "http" : state === "ready" ? "websocket" : null,
        breaker: failures < failuresBeforeOpen ? "closed" : isTrying ? "half-open" : "open",
        stopped,
      };
    },
    handle,
    send,
    evaluate,
    succeeded() {
      failures = 0;
    },
  };

  function handle(input: LinkInput): void {
    switch (input.type) {
      case "connect":
        isOn = true;
        stopped = null;
        if (state === "stopped") state = "idle";
        return evaluate({ urge: "now" });
      case "disconnect":
        isOn = false;
        return evaluate();
      case "woken":
        if (state === "ready") look(patience);
        return evaluate({ urge: "now" });
      case "token":
        if (state === "asking") useToken(input.token);
        else if (state === "ready" && input.token !== null) send({ type: "token", token: input.token });
        return;
      case "token-failed":
        tell({ type: "connection-error", args: [input.error] });
        if (state === "asking") tryLater();
        return;
      case "socket-opened":
        if (state !== "connecting") return;
        state = "greeting";
        return send({ type: "hello", token, user, agent });
      case "socket-closed":
        if (isOnSocket()) socketClosed(input);
        return;
      case "frame":
        if (isOnSocket()) receive(input.frame);
        return;
      case "posted":
        if (state === "posting") posted(input.answer);
        return;
      case "link-timer":
        return timerFired(input.timer);
    }
  }

  function evaluate({ urge = null }: { urge?: "soon" | "now" | null } = {}): void {
    if (state === "stopped") return;
    if (!isOn || !host.isWanted()) {
      if (state !== "idle") rest("idle", { code: 1000, reason: "" });
      return;
    }
    if (state === "idle") attempt("socket");
    else if (state === "waiting" && urge === "now") attempt("socket");
    // What is to be sent at once has a socket; a batch may gather some more.
    else if (state === "waiting" && urge === "soon" && isByHttp && !isSoon) wait(batchPause);
  }

  function attempt(by: "socket" | "batch"): void {
    host.emit({ type: "cancel-timer", timer: "attempt" });
    way = by;
    state = "asking";
    host.emit({ type: "want-token" });
  }

  function useToken(given: string | null): void {
    token = given;
    denial = null;
    if (way === "batch") return post();
    state = "connecting";
    host.emit({ type: "set-timer", timer: "patience", delay: patience });
    host.emit({ type: "connect-socket" });
  }

  function receive(frame: Uint8Array): void {
    hasHeard = true;
    const message = decode(frame);
    if (message?.type === "malformed") lose({ code: 1002, reason: message.detail });
    else if (message !== null) take(message);
  }

  /** Null for a fragment that is not the last of its message. */
  function decode(frame: Uint8Array): Exclude<VersoServerMessage, VersoFragment> | VersoMalformed | null {
    const message = decodeVersoServerMessage(frame);
    if (message.type !== "fragment") return message;
    const whole = fragments.take(message);
    if (!(whole instanceof Uint8Array)) return whole;
    const inner = decodeVersoServerMessage(whole);
    return inner.type === "fragment" ? { type: "malformed", detail: "a fragment in fragments" } : inner;
  }

  function take(message: Exclude<VersoServerMessage, VersoFragment>): void {
    switch (message.type) {
      case "welcome":
        return welcome(message);
      case "denied":
        denial = { code: message.code, reason: `${message.code}: ${message.message}` };
        return;
      case "token-wanted":
        return host.emit({ type: "want-token" });
      case "pong":
        return;
      default:
        if (state === "ready" || state === "posting") host.message(message);
    }
  }

  function welcome({ user, heartbeat: interval }: Extract<VersoServerMessage, { type: "welcome" }>): void {
    tell({ type: "welcomed", user });
    if (state !== "greeting") return;
    state = "ready";
    isByHttp = false;
    heartbeat = interval;
    host.emit({ type: "cancel-timer", timer: "patience" });
    look(heartbeat);
    host.up({ isBatch: false });
  }

  /** Says something, and that this is the time by which the other side is to be heard. */
  function look(within: number): void {
    hasHeard = false;
    send({ type: "ping", nonce: messagesSent });
    host.emit({ type: "set-timer", timer: "heartbeat", delay: within });
  }

  function timerFired(timer: LinkTimer): void {
    if (timer === "attempt" && state === "waiting") {
      attempt(isByHttp && batchesLeft > 0 ? "batch" : "socket");
    } else if (timer === "heartbeat" && state === "ready") {
      if (hasHeard) look(heartbeat);
      else lose({ code: 1006, reason: "The relay is silent." });
    } else if (timer === "patience" && (state === "connecting" || state === "greeting")) {
      lose({ code: 1006, reason: "The relay does not answer." });
    }
  }

  function socketClosed({ code, reason }: Closing): void {
    if (!isPermanent(code)) return lose({ code, reason });
    if (code === unauthorized) denied(denial?.reason ?? reason);
    stop({ code, reason: denial?.reason ?? reason });
  }

  function lose(closing: Closing): void {
    rest("waiting", closing);
    tell({ type: "connection-close", args: [closing] });
    if (isByHttp || failures + 1 >= failuresBeforeHttp) {
      failures++;
      attempt("batch");
    } else tryLater();
  }

  function tryLater(): void {
    const longest = Math.min(longestWait, shortestWait * 2 ** failures++);
    wait(host.random() * longest);
  }

  function wait(delay: number): void {
    state = "waiting";
    isSoon = delay <= batchPause;
    host.emit({ type: "set-timer", timer: "attempt", delay });
  }

  function stop(closing: Closing): void {
    rest("stopped", closing);
    stopped = closing;
    tell({ type: "connection-close", args: [closing] });
  }

  /** Lets go of whatever there is. */
  function rest(next: "idle" | "waiting" | "stopped", closing: Closing): void {
    const wasOnSocket = isOnSocket();
    const wasUp = state === "ready" || state === "posting";
    state = next;
    if (next !== "waiting") isByHttp = false;
    fragments = createFragments(fragmentLimits);
    for (const timer of ["attempt", "patience", "heartbeat"] as const)
      host.emit({ type: "cancel-timer", timer });
    if (wasOnSocket) host.emit({ type: "close-socket", code: 1000, reason: closing.reason });
    if (wasUp) host.down();
  }

  function post(): void {
    state = "posting";
    batch = [{ type: "hello", token, user, agent }];
    host.up({ isBatch: true });
    const body = encodeVersoBatch(batch.map(encodeVersoClientMessage));
    batch = null;
    host.emit({ type: "post", body });
  }

  function posted(answer: Uint8Array | null): void {
    const isAnswered = answer !== null && readBatch(answer);
    const hasMore = host.down();
    // There is no close code in a batch that says whether to come again.
    if (denial !== null && denial.code !== "unavailable" && denial.code !== "internal") {
      denied(denial.reason);
      return stop({ code: unauthorized, reason: denial.reason });
    }
    if (!isAnswered || denial !== null) {
      isByHttp = false;
      return tryLater();
    }
    batchesLeft = isByHttp && batchesLeft > 0 ? batchesLeft - 1 : batchesPerSocket;
    isByHttp = true;
    wait(hasMore ? batchPause : batchInterval);
  }

  /** Says whether it was the answer of a relay. */
  function readBatch(answer: Uint8Array): boolean {
    // Bytes that end too soon are those of something that stands before the relay.
    const frames = decodeVersoBatch(answer) ?? [];
    // What would be sent upon the answer waits for the next batch.
    batch = [];
    const isAnswer = frames.length > 0 && frames.every(takeOf);
    batch = null;
    return isAnswer;
  }

  function takeOf(frame: Uint8Array): boolean {
    const message = decode(frame);
    if (message !== null && message.type !== "malformed") take(message);
    return message?.type !== "malformed";
  }

  function send(message: VersoClientMessage): void {
    if (batch !== null) return void batch.push(message);
    if (state !== "greeting" && state !== "ready") return;
    for (const frame of fragmentsOf(encodeVersoClientMessage(message), ++messagesSent))
      host.emit({ type: "send", frame });
  }

  function denied(reason: string): void {
    tell({ type: "authenticationFailed", args: [{ reason }] });
  }

  function tell(event: LinkEvent): void {
    host.emit({ type: "event", event });
  }

  function isOnSocket(): boolean {
    return state === "connecting" || state === "greeting" || state === "ready";
  }
}
