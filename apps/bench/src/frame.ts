/** WebSocket frames (RFC 6455, 5.2), for clients that write them past a library, for relays and for tests. */

export interface FrameOptions {
  /** Whether a client sends it. The mask is zero, so that the payload stays as it is. @default false */
  readonly isMasked?: boolean;
  /** @default BINARY */
  readonly opcode?: number;
  /** Whether the message ends with this frame. @default true */
  readonly isLast?: boolean;
}

export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export function encodeFrame(
  payload: Uint8Array,
  { isMasked = false, opcode = BINARY, isLast = true }: FrameOptions = {},
): Buffer {
  const size = payload.length;
  const sizeBytes = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const headerSize = 2 + sizeBytes + (isMasked ? 4 : 0);
  const frame = Buffer.allocUnsafe(headerSize + size);
  frame[0] = (isLast ? 0x80 : 0) | opcode;
  frame[1] = (isMasked ? 0x80 : 0) | (sizeBytes === 0 ? size : sizeBytes === 2 ? 126 : 127);
  if (sizeBytes === 2) frame.writeUInt16BE(size, 2);
  if (sizeBytes === 8) frame.writeBigUInt64BE(BigInt(size), 2);
  frame.fill(0, 2 + sizeBytes, headerSize);
  frame.set(payload, headerSize);
  return frame;
}
