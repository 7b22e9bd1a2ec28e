/**
 * One socket to the relay at a time: authenticated, watched, and opened again when it is lost.
 *
 *     offline ──start──▶ connecting ──authenticated──▶ online
 *        ▲                 ▲      │                      │
 *        │ stop, denied    └─wait─┴────────lost──────────┘
 *
 * Answers find their requests by id. Everything is told in the order of the frames, at once, so that what an answer says
 * is known before the event behind it.
 */
import type { JsonClientMessage, JsonServerMessage } from "@verso/protocol";
import { type Cancel, type Clock, retryDelay } from "./clock.js";
import { ClientError } from "./errors.js";
import { unexpected } from "./expect.js";

export type ConnectionStatus = "offline" | "connecting" | "online" | "closed";

/** A request without its id, which the connection gives. */
export type Request = JsonClientMessage extends infer Message
  ? Message extends JsonClientMessage
    ? Omit<Message, "id">
    : never
  : never;

/** What of a WebSocket is used: that of browsers has it, that of Node.js 22, and that of `ws`. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface Connection {
  readonly status: ConnectionStatus;
  /** Connects, at once even when it would have waited. */
  start(): void;
  /** Goes offline, and stays there. */
  stop(): void;
  /** Sends a request over the connection there is; `answered` is not called when that is lost before the answer. */
  send(request: Request, answered: (answer: JsonServerMessage) => void): void;
  /**
   * The answer, whatever it says; `answered` is called as `send` does, which a promise cannot do. Rejects with `offline`,
   * `connection-lost` or `closed`.
   */
  request(request: Request, answered?: (answer: JsonServerMessage) => void): Promise<JsonServerMessage>;
  close(): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly userId: string;
  readonly token: () => string | Promise<string>;
  readonly open: (url: string) => WebSocketLike;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onStatus: (status: ConnectionStatus) => void;
  /** There is no connection, or no more, and it is tried again after so many milliseconds. */
  readonly onRetry: (delay: number) => void;
  /** What was not asked for. */
  readonly onEvent: (event: JsonServerMessage) => void;
  readonly onError: (error: ClientError) => void;
}

interface Waiting {
  readonly answered: (answer: JsonServerMessage) => void;
  readonly lost: (error: ClientError) => void;
}

/** Milliseconds of silence after which the relay is asked whether it is there, and for which it may think. */
const silence = 20_000;
const patience = 10_000;

export function createConnection({
  url,
  userId,
  token,
  open,
  clock,
  random,
  ...on
}: ConnectionOptions): Connection {
  let status: ConnectionStatus = "offline";
  let socket: WebSocketLike | null = null;
  let waiting = new Map<string | number, Waiting>();
  let lastId = 0;
  let attempt = 0;
  let cancelRetry: Cancel = () => {};
  let cancelWatch: Cancel = () => {};

  return {
    get status() {
      return status;
    },

    start() {
      if (status === "closed") throw new ClientError("closed", "The client is closed.");
      cancelRetry();
      attempt = 0;
      if (socket === null) connect();
    },

    stop() {
      if (status !== "closed") end("offline");
    },

    send: (request, answered) => ask(request, { answered, lost: () => {} }),

    request(request, answered) {
      return new Promise((resolve, lost) => {
        const told = (answer: JsonServerMessage) => {
          answered?.(answer);
          resolve(answer);
        };
        if (status === "closed") lost(new ClientError("closed", "The client is closed."));
        else if (status !== "online")
          lost(new ClientError("offline", "There is no connection to the relay."));
        else ask(request, { answered: told, lost });
      });
    },

    close() {
      end("closed");
    },
  };

  function connect(): void {
    setStatus("connecting");
    const opened = open(url);
    socket = opened;
    const isCurrent = () => socket === opened;
    opened.onopen = () => void authenticate(isCurrent);
    opened.onmessage = ({ data }: { readonly data: unknown }) => {
      if (isCurrent()) receive(data);
    };
    opened.onclose = ({ code }: { readonly code: number }) => {
      if (isCurrent()) lost(code);
    };
    // What it says is never more than that it closes, which is told as well.
    opened.onerror = () => {};
    watch();
  }

  async function authenticate(isCurrent: () => boolean): Promise<void> {
    let auth_token: string;
    try {
      auth_token = await token();
    } catch (cause) {
      if (!isCurrent()) return;
      on.onError(new ClientError("denied", "There is no token.", { cause }));
      drop();
      return;
    }
    if (!isCurrent()) return;
    ask({ type: "authenticate", user_id: userId, auth_token }, { answered: authenticated, lost: () => {} });
  }

  function authenticated(answer: JsonServerMessage): void {
    if (answer.type === "auth_success") {
      attempt = 0;
      return setStatus("online");
    }
    const isTold = answer.type === "auth_error" || answer.type === "error";
    if (isTold && answer.code === "unavailable") return drop();
    end("offline");
    on.onError(
      isTold ? new ClientError("denied", answer.message, { relayCode: answer.code }) : unexpected(answer),
    );
  }

  function receive(data: unknown): void {
    const message = toMessage(data);
    if (message === null) {
      on.onError(new ClientError("protocol", "What the relay has sent is no message."));
      return drop();
    }
    watch();
    const { id } = message;
    // An authentication that failed may be told of without the id of who asked.
    const isAuthentication = message.type === "auth_error" && status === "connecting";
    const asked = isAuthentication ? [...waiting.keys()][0] : id;
    const request = asked === undefined ? undefined : waiting.get(asked);
    if (asked === undefined || request === undefined) return on.onEvent(message);
    waiting.delete(asked);
    request.answered(message);
  }

  function ask(request: Request, waits: Waiting): void {
    if (socket === null)
      return waits.lost(new ClientError("offline", "There is no connection to the relay."));
    const id = ++lastId;
    waiting.set(id, waits);
    socket.send(JSON.stringify({ ...request, id }));
  }

  /** A connection can be gone without anybody saying so. */
  function watch(): void {
    cancelWatch();
    cancelWatch = clock.after(silence, () => {
      cancelWatch = clock.after(patience, drop);
      if (status === "online") ask({ type: "ping" }, { answered: () => {}, lost: () => {} });
    });
  }

  function drop(): void {
    detach();
    lost();
  }

  function lost(code?: number): void {
    detach();
    if (code !== undefined && isPermanent(code)) {
      setStatus("offline");
      on.onError(new ClientError("denied", `The relay has closed the connection for good (${code}).`));
    } else {
      setStatus("connecting");
      const delay = retryDelay(attempt++, random);
      cancelRetry = clock.after(delay, connect);
      on.onRetry(delay);
    }
    fail(new ClientError("connection-lost", "The connection was lost before the answer."));
  }

  function end(next: "offline" | "closed"): void {
    cancelRetry();
    detach();
    setStatus(next);
    fail(
      next === "closed"
        ? new ClientError("closed", "The client is closed.")
        : new ClientError("connection-lost", "The connection was ended before the answer."),
    );
  }

  /** Lets go of the socket; whatever it still says is about nothing. */
  function detach(): void {
    cancelWatch();
    const old = socket;
    socket = null;
    old?.close(1000);
  }

  function fail(error: ClientError): void {
    const unanswered = waiting;
    waiting = new Map();
    for (const request of unanswered.values()) request.lost(error);
  }

  function setStatus(next: ConnectionStatus): void {
    if (next === status) return;
    status = next;
    on.onStatus(next);
  }
}

/** The rule of close codes: 4400 to 4499 will not get better by trying again. */
function isPermanent(code: number): boolean {
  return code >= 4400 && code < 4500;
}

function toMessage(data: unknown): JsonServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const message: unknown = JSON.parse(data);
    const isMessage = typeof message === "object" && message !== null && "type" in message;
    return isMessage ? (message as JsonServerMessage) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
