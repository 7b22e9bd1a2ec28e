/**
 * A WebSocket as a session sees it.
 *
 * Frames are written straight to the TCP socket: they were encoded once for everybody. `ws` reads, answers pings and
 * does the closing handshake, and never leaves half a frame on the socket, so the two do not meet within one.
 */
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { Clock } from "./clock.js";
import type { Frames } from "./frames.js";
import type { Connection, Session } from "./session.js";

export interface WebSocketOptions {
  readonly clock: Clock;
  /** Whether messages are compressed, which `ws` must then do for each socket. */
  readonly deflate: boolean;
}

/** As much of a session as a WebSocket needs. */
type SocketSession = Pick<Session, "onMessage" | "onClose">;

/** Longest reason of a close frame, in bytes of UTF-8 (RFC 6455, 5.5). */
const longestReason = 123;
/** A peer that has not answered a ping for so long is gone, though its network never said so. */
const pingEvery = 30_000;

export function createConnection(
  webSocket: WebSocket,
  socket: Socket,
  { deflate }: WebSocketOptions,
): Connection {
  const backlog = deflate ? () => webSocket.bufferedAmount : () => socket.writableLength;
  let onDrain = () => {};
  // What is being compressed is not in the socket's buffer yet, so that one may run empty before the end.
  const compressed = () => {
    if (backlog() === 0) onDrain();
  };

  return {
    get backlog() {
      return backlog();
    },
    get bytesTaken() {
      return socket.bytesWritten - socket.writableLength;
    },
    onDrain(listener) {
      onDrain = listener;
      if (!deflate) socket.on("drain", listener);
    },
    send(frames: Frames) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      if (deflate) {
        for (const message of frames.messages) {
          webSocket.send(message, { binary: !frames.isText }, compressed);
        }
      } else socket.write(frames.bytes);
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
    close(code, reason) {
      webSocket.close(code, truncate(reason));
      // The peer's answer to it must be read, or the connection stays half closed for half a minute.
      webSocket.resume();
    },
  };
}

/** Hands everything that happens on the WebSocket to its session. */
export function attach(
  webSocket: WebSocket,
  session: SocketSession,
  {
    clock,
    text = false,
  }: Pick<WebSocketOptions, "clock"> & {
    /** Whether the session's messages are text, and not binary. @default false */
    readonly text?: boolean;
  },
): void {
  let answered = true;
  const ping = () => {
    if (!answered) return webSocket.terminate();
    answered = false;
    webSocket.ping();
    cancelPing = clock.after(pingEvery, ping);
  };
  let cancelPing = clock.after(pingEvery, ping);

  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    answered = true;
    session.onMessage(isBinary === text ? noMessage : toBytes(data));
  });
  webSocket.on("pong", () => {
    answered = true;
  });
  webSocket.on("close", (code, reason) => {
    cancelPing();
    session.onClose(code, String(reason));
  });
  // What breaks the protocol is answered by `ws` with the close code that RFC 6455 has for it.
  webSocket.on("error", () => session.onClose());
}

/** What is binary where the dialect is text, or text where it is binary, is no message; this is none either. */
const noMessage = new Uint8Array(0);

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function truncate(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= longestReason) return reason;
  return new TextDecoder().decode(bytes.subarray(0, longestReason)).replace(/\uFFFD+$/, "");
}
