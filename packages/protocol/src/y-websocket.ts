/**
 * The dialect of y-websocket: what stock `WebsocketProvider`s send and expect, message by message.
 *
 * One WebSocket message holds one of these (lib0 variable-length integers; `bytes` is length-prefixed):
 *
 *     0 sync        0 step 1: bytes(state vector) | 1 step 2: bytes(update) | 2 update: bytes(update)
 *     1 awareness   bytes(awareness update)
 *     2 auth        0 permission denied: string(reason)        server to client only
 *     3 query awareness
 *
 * The document is named by the URL. Source: y-websocket 3.1 `src/y-websocket.js`, y-protocols 1.0.7 `PROTOCOL.md`.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** What a client said. The byte arrays are views of the message: copy what outlives it. */
export type YMessage =
  | { readonly type: "sync-step-1"; readonly stateVector: Uint8Array }
  | { readonly type: "sync-step-2"; readonly update: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "awareness"; readonly payload: Uint8Array }
  | { readonly type: "query-awareness" }
  | { readonly type: "malformed"; readonly detail: string };

const Channel = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const;
const Sync = { step1: 0, step2: 1, update: 2 } as const;

/** Reads one message of a client; never throws. */
export function decodeYMessage(message: Uint8Array): YMessage {
  const decoder = decoding.createDecoder(message);
  try {
    const decoded = readMessage(decoder);
    if (decoded.type !== "malformed" && decoding.hasContent(decoder)) {
      return malformed(`${message.length - decoder.pos} bytes after the message`);
    }
    return decoded;
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error));
  }
}

/** Asks the other side for what the owner of this state vector lacks. */
export function encodeSyncStep1(stateVector: Uint8Array): Uint8Array {
  return encodeBytes(Channel.sync, Sync.step1, stateVector);
}

/** Answers a step 1. A stock client calls itself synced when it has read one, whatever it holds. */
export function encodeSyncStep2(update: Uint8Array): Uint8Array {
  return encodeBytes(Channel.sync, Sync.step2, update);
}

/** Tells of a change. */
export function encodeUpdate(update: Uint8Array): Uint8Array {
  return encodeBytes(Channel.sync, Sync.update, update);
}

/** Tells who is present; the payload is an awareness update, see `encodeAwareness`. */
export function encodeAwarenessMessage(payload: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, Channel.awareness);
  encoding.writeVarUint8Array(encoder, payload);
  return encoding.toUint8Array(encoder);
}

/** Says why the connection is about to be closed; a stock client prints it. */
export function encodePermissionDenied(reason: string): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, Channel.auth);
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarString(encoder, reason);
  return encoding.toUint8Array(encoder);
}

function readMessage(decoder: decoding.Decoder): YMessage {
  const channel = decoding.readVarUint(decoder);
  switch (channel) {
    case Channel.sync: {
      const step = decoding.readVarUint(decoder);
      switch (step) {
        case Sync.step1:
          return { type: "sync-step-1", stateVector: decoding.readVarUint8Array(decoder) };
        case Sync.step2:
          return { type: "sync-step-2", update: decoding.readVarUint8Array(decoder) };
        case Sync.update:
          return { type: "update", update: decoding.readVarUint8Array(decoder) };
        default:
          return malformed(`unknown sync message ${step}`);
      }
    }
    case Channel.awareness:
      return { type: "awareness", payload: decoding.readVarUint8Array(decoder) };
    case Channel.queryAwareness:
      return { type: "query-awareness" };
    default:
      return malformed(`unknown message ${channel}`);
  }
}

function encodeBytes(channel: number, step: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, channel);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

function malformed(detail: string): YMessage {
  return { type: "malformed", detail };
}
