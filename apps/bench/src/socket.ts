/**
 * A WebSocket client as cheap as can be, because a load that is dearer than what it measures measures itself.
 *
 * Masks with zeros, takes payloads out of the socket's own buffers without copying, and writes frames that the caller
 * may have joined beforehand. It trusts the server: only unfragmented messages, no close handshake.
 */
import { connect } from "node:net";
import { BINARY, CLOSE, encodeFrame, PING, PONG } from "./frame.js";

export interface SocketOptions {
  readonly port: number;
  readonly path: string;
  readonly onOpen: () => void;
  /** The payload of a message; valid until the call returns. */
  readonly onMessage: (payload: Buffer) => void;
  /** Called once, also when the connection never opened; the reason is for people. */
  readonly onClose: (reason: string) => void;
}

export interface Socket {
  /** Sends one message. */
  send(payload: Uint8Array): void;
  /** Writes masked frames, one or many. */
  write(frames: Uint8Array): void;
  close(): void;
}

export function openSocket({ port, path, onOpen, onMessage, onClose }: SocketOptions): Socket {
  const reader = new FrameReader((opcode, payload) => {
    if (opcode === BINARY) onMessage(payload);
    else if (opcode === PING) write(encodeFrame(payload, { isMasked: true, opcode: PONG }));
    else if (opcode === CLOSE) {
      reason = `the server closed it, ${closeReason(payload)}`;
      tcp.end();
    }
  });
  let reason = "it ended without a close";
  let head: Buffer | null = Buffer.alloc(0);

  const tcp = connect({ host: "127.0.0.1", port, noDelay: true });
  tcp.on("connect", () => {
    tcp.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
  });
  tcp.on("data", chunk => {
    if (head === null) {
      reader.read(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    if (!head.subarray(0, end).includes(" 101 ")) {
      reason = `the server refused the upgrade: ${head.subarray(0, head.indexOf("\r\n"))}`;
      tcp.destroy();
      return;
    }
    const rest = head.subarray(end + 4);
    head = null;
    onOpen();
    reader.read(rest);
  });
  tcp.on("error", error => {
    reason = error.message;
  });
  tcp.on("close", () => onClose(reason));

  function write(frames: Uint8Array): void {
    if (!tcp.destroyed) tcp.write(frames);
  }

  return {
    send: payload => write(encodeFrame(payload, { isMasked: true })),
    write,
    close: () => tcp.destroy(),
  };
}

/** The code of a close and what the server says to it. */
function closeReason(payload: Buffer): string {
  return payload.length < 2
    ? "without a code"
    : `code ${payload.readUInt16BE(0)} ${payload.subarray(2)}`.trim();
}

/** Takes the frames of a server out of a stream, wherever it was cut. */
class FrameReader {
  readonly #onFrame: (opcode: number, payload: Buffer) => void;
  /** The beginning of a header. */
  #rest: Buffer | null = null;
  /** The pieces of a payload that has not come whole. */
  #pieces: Buffer[] = [];
  #missing = 0;
  #opcode = 0;

  constructor(onFrame: (opcode: number, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  read(piece: Buffer): void {
    let chunk = piece;
    if (this.#missing > 0) {
      this.#pieces.push(chunk.subarray(0, this.#missing));
      if (chunk.length < this.#missing) {
        this.#missing -= chunk.length;
        return;
      }
      chunk = chunk.subarray(this.#missing);
      this.#missing = 0;
      const payload = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#onFrame(this.#opcode, payload);
    }
    if (this.#rest !== null) {
      chunk = Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
    }
    let at = 0;
    while (at < chunk.length) {
      const header = headerAt(chunk, at);
      if (header === null) {
        this.#rest = chunk.subarray(at);
        return;
      }
      const opcode = chunk[at]! & 15;
      const begin = at + header.length;
      const end = begin + header.size;
      if (end > chunk.length) {
        this.#opcode = opcode;
        this.#pieces = [chunk.subarray(begin)];
        this.#missing = end - chunk.length;
        return;
      }
      this.#onFrame(opcode, chunk.subarray(begin, end));
      at = end;
    }
  }
}

function headerAt(chunk: Buffer, at: number): { readonly length: number; readonly size: number } | null {
  const available = chunk.length - at;
  if (available < 2) return null;
  const size = chunk[at + 1]! & 127;
  if (size < 126) return { length: 2, size };
  if (size === 126) return available < 4 ? null : { length: 4, size: chunk.readUInt16BE(at + 2) };
  return available < 10 ? null : { length: 10, size: Number(chunk.readBigUInt64BE(at + 2)) };
}
