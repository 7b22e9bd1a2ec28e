/**
 * The dialect of Hocuspocus: what stock `HocuspocusProvider`s of versions 3 and 4 send and expect, message by message.
 *
 * One WebSocket holds many documents. Every message begins with an address, by which the client tells them apart: the
 * name of the document, or that and an id of its own, `name NUL session`, where it has several providers for one. What
 * the relay says to a provider bears the address under which it came (lib0 variable-length integers; `bytes` is
 * length-prefixed):
 *
 *     0 sync, 1 awareness, 3 query awareness    as in the dialect of y-websocket
 *     2 auth             0 token: string(token), string(version of the provider, from 4 on)    client to server
 *                        0 (nothing)  asks for a token                                         server to client
 *                        1 permission denied: string(reason)                                   server to client
 *                        2 authenticated: string("read-write" or "readonly")                   server to client
 *     5 stateless        string(payload)
 *     7 close            (nothing) from a client, string(reason) from a server
 *     8 sync status      1 applied, 0 refused                                                  server to client
 *
 * Two messages concern the connection, have no address and are a single byte: 9 ping and 10 pong. What servers say among
 * themselves (4 and 6) is malformed here.
 *
 * Sources: @hocuspocus/provider 3.4.4 and 4.8.0, @hocuspocus/common 4.8.0.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { defaultFrameLimits } from "./limits.js";
import {
  decodeYMessage,
  encodeAwarenessMessage,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  type YMessage,
} from "./y-websocket.js";

/** What a client said. The byte arrays are views of the message: copy what outlives it. */
export type HocuspocusMessage =
  | { readonly type: "ping" | "pong" }
  | ({ readonly address: HocuspocusAddress } & HocuspocusClientMessage)
  | { readonly type: "malformed"; readonly detail: string };

/** What a client said to a document. */
export type HocuspocusClientMessage =
  | Exclude<YMessage, { readonly type: "malformed" }>
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "stateless"; readonly payload: string }
  | { readonly type: "close" };

export interface HocuspocusAddress {
  /** As it came, and as it is to be answered. */
  readonly text: string;
  /** The name in it, which may be no document id. */
  readonly document: string;
}

/** What a server says to a document of a client. */
export type HocuspocusServerMessage =
  | { readonly type: "sync-step-1"; readonly stateVector: Uint8Array }
  | { readonly type: "sync-step-2" | "update"; readonly update: Uint8Array }
  | { readonly type: "awareness"; readonly payload: Uint8Array }
  /** Asks for a token, which the client then sends in a message of its own. */
  | { readonly type: "token-wanted" }
  | { readonly type: "denied"; readonly reason: string }
  | { readonly type: "authenticated"; readonly scope: "read-write" | "readonly" }
  | { readonly type: "stateless"; readonly payload: string }
  | { readonly type: "close"; readonly reason: string }
  | { readonly type: "sync-status"; readonly applied: boolean };

const Channel = { auth: 2, stateless: 5, close: 7, syncStatus: 8, ping: 9, pong: 10 } as const;
const Auth = { token: 0, denied: 1, authenticated: 2 } as const;
/** Bytes that the session id in an address may have. */
const longestSession = 128;
const separator = "\0";

/** Reads one message of a client; never throws. */
export function decodeHocuspocus(
  message: Uint8Array,
  { documentIdBytes = defaultFrameLimits.documentIdBytes }: { documentIdBytes?: number } = {},
): HocuspocusMessage {
  if (message.length === 1) {
    if (message[0] === Channel.ping) return { type: "ping" };
    if (message[0] === Channel.pong) return { type: "pong" };
  }
  const decoder = decoding.createDecoder(message);
  try {
    const bytes = decoding.readVarUint8Array(decoder);
    if (bytes.length > documentIdBytes + longestSession) return malformed("the address is too long");
    const address = addressOf(utf8.decode(bytes));
    if (address.document === "") return malformed("the address names no document");
    const body = readBody(message.subarray(decoder.pos));
    return body.type === "malformed" ? body : { address, ...body };
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error));
  }
}

/** Writes one message to the provider at this address. */
export function encodeHocuspocus(address: string, message: HocuspocusServerMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarString(encoder, address);
  switch (message.type) {
    case "sync-step-1":
      encoding.writeUint8Array(encoder, encodeSyncStep1(message.stateVector));
      break;
    case "sync-step-2":
      encoding.writeUint8Array(encoder, encodeSyncStep2(message.update));
      break;
    case "update":
      encoding.writeUint8Array(encoder, encodeUpdate(message.update));
      break;
    case "awareness":
      encoding.writeUint8Array(encoder, encodeAwarenessMessage(message.payload));
      break;
    case "token-wanted":
      writeNumbers(encoder, Channel.auth, Auth.token);
      break;
    case "denied":
      writeNumbers(encoder, Channel.auth, Auth.denied);
      encoding.writeVarString(encoder, message.reason);
      break;
    case "authenticated":
      writeNumbers(encoder, Channel.auth, Auth.authenticated);
      encoding.writeVarString(encoder, message.scope);
      break;
    case "stateless":
      writeNumbers(encoder, Channel.stateless);
      encoding.writeVarString(encoder, message.payload);
      break;
    case "close":
      writeNumbers(encoder, Channel.close);
      encoding.writeVarString(encoder, message.reason);
      break;
    case "sync-status":
      writeNumbers(encoder, Channel.syncStatus, message.applied ? 1 : 0);
      break;
  }
  return encoding.toUint8Array(encoder);
}

/** Answers a ping. */
export function encodeHocuspocusPong(): Uint8Array {
  return Uint8Array.of(Channel.pong);
}

function addressOf(text: string): HocuspocusAddress {
  const end = text.indexOf(separator);
  return { text, document: end === -1 ? text : text.slice(0, end) };
}

type Body = HocuspocusClientMessage | { readonly type: "malformed"; readonly detail: string };

function readBody(bytes: Uint8Array): Body {
  const decoder = decoding.createDecoder(bytes);
  switch (decoding.readVarUint(decoder)) {
    case Channel.auth: {
      const step = decoding.readVarUint(decoder);
      if (step !== Auth.token) return malformed(`unknown auth message ${step}`);
      // The provider's version may follow; it says nothing that is of use here.
      return { type: "token", token: readString(decoder) };
    }
    case Channel.stateless:
      return ended(decoder, { type: "stateless", payload: readString(decoder) });
    case Channel.close:
      return ended(decoder, { type: "close" });
    default:
      return decodeYMessage(bytes);
  }
}

function ended(decoder: decoding.Decoder, body: Body): Body {
  const left = decoder.arr.length - decoder.pos;
  return left === 0 ? body : malformed(`${left} bytes after the message`);
}

function readString(decoder: decoding.Decoder): string {
  return utf8.decode(decoding.readVarUint8Array(decoder));
}

function writeNumbers(encoder: encoding.Encoder, ...numbers: readonly number[]): void {
  for (const number of numbers) encoding.writeVarUint(encoder, number);
}

function malformed(detail: string): { readonly type: "malformed"; readonly detail: string } {
  return { type: "malformed", detail };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
