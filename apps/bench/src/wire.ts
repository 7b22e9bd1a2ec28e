/**
 * What the subjects speak, as far as a load needs it.
 *
 * - `y`: y-websocket; sync step 1, step 2 and updates as messages of kind 0.
 * - `hocuspocus`: the same behind the name of the document, a token first, and an answer to every update that says
 *   whether it was taken.
 * - `raw`: no synchronisation; whatever one client sends, the others get. Updates are sent as in `y`.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { encodeFrame } from "./frame.js";
import { openSocket, type Socket } from "./socket.js";

export type Dialect = "y" | "hocuspocus" | "raw";

/** A document on a running server. Its name is of less than 128 ASCII characters. */
export interface Address {
  readonly dialect: Dialect;
  readonly port: number;
  readonly path: string;
  readonly document: string;
}

export type Message =
  | { readonly type: "step-1"; readonly vector: Uint8Array }
  | { readonly type: "step-2" | "update"; readonly update: Uint8Array }
  | { readonly type: "acknowledgement"; readonly accepted: boolean }
  | { readonly type: "other" };

export interface ConnectOptions {
  /** Gets every message but those of `raw`, which are no messages of any dialect. */
  readonly onMessage?: (message: Message) => void;
  /** Gets the bytes of every message. Views are valid until the call returns. */
  readonly onPayload?: (payload: Buffer) => void;
}

export interface Connection {
  readonly socket: Socket;
  sendUpdate(update: Uint8Array): void;
  /** Sends a step 1; the server answers with what this state lacks. */
  askFor(vector: Uint8Array): void;
  /** From now on a step 1 of the server is answered with what this gives for its state vector, not with nothing. */
  answerWith(state: (vector: Uint8Array) => Uint8Array): void;
  /** Why the connection is closed; null while it is open. */
  readonly closedBecause: string | null;
  close(): void;
}

const SYNC = 0;
const AUTHENTICATION = 2;
const SYNC_REPLY = 4;
const SYNC_STATUS = 8;
const HOCUSPOCUS_PING = 9;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;
const KEEP_ALIVE_MS = 20_000;
const ANSWER_MS = 60_000;

const emptyVector = Y.encodeStateVector(new Y.Doc());
const emptyUpdate = Y.encodeStateAsUpdate(new Y.Doc());

/** Connects, and resolves once the server has answered with a step 2; with `raw` once the socket is open. */
export function connect(
  address: Address,
  { onMessage, onPayload }: ConnectOptions = {},
): Promise<Connection> {
  const { dialect, port, path, document } = address;
  return new Promise((resolve, reject) => {
    let closedBecause: string | null = null;
    let isSynced = false;
    let state: (vector: Uint8Array) => Uint8Array = () => emptyUpdate;
    let keepAlive: NodeJS.Timeout | undefined;
    const patience = setTimeout(() => {
      reject(new Error(`No answer from ${path} within ${ANSWER_MS / 1000} s.`));
      socket.close();
    }, ANSWER_MS);

    const socket = openSocket({
      port,
      path,
      onOpen() {
        for (const message of greeting(address)) socket.send(message);
        const ping = keepAliveMessage(address);
        if (ping !== null) keepAlive = setInterval(() => socket.send(ping), KEEP_ALIVE_MS).unref();
        if (dialect === "raw") synced();
      },
      onMessage(payload) {
        onPayload?.(payload);
        if (dialect === "raw") return;
        // Who only writes need not read what others write.
        if (isSynced && onMessage === undefined && !isStep1(payload)) return;
        const message = decodeMessage(dialect, payload);
        onMessage?.(message);
        if (message.type === "step-1") socket.send(syncMessage(address, STEP_2, state(message.vector)));
        if (message.type === "step-2" && !isSynced) synced();
      },
      onClose(reason) {
        closedBecause = reason;
        clearInterval(keepAlive);
        clearTimeout(patience);
        reject(new Error(`No connection to ${path}: ${reason}.`));
      },
    });

    function isStep1(payload: Buffer): boolean {
      const at = dialect === "hocuspocus" ? 1 + document.length : 0;
      return payload[at] === SYNC && payload[at + 1] === STEP_1;
    }

    function synced(): void {
      isSynced = true;
      clearTimeout(patience);
      resolve({
        socket,
        sendUpdate: update => socket.send(updateMessage(address, update)),
        answerWith(given) {
          state = given;
        },
        askFor: vector => socket.send(syncMessage(address, STEP_1, vector)),
        get closedBecause() {
          return closedBecause;
        },
        close: () => socket.close(),
      });
    }
  });
}

/** Opens many connections, a hundred at a time. */
export async function connectAll<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const opened = new Array<T>(count);
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) {
      const index = next++;
      opened[index] = await open(index);
    }
  }
  await Promise.all(Array.from({ length: Math.min(100, count) }, work));
  return opened;
}

/** The frames with which a client that has nothing asks for a document. */
export function greetingFrames(address: Address): Buffer {
  return Buffer.concat(greeting(address).map(message => encodeFrame(message, { isMasked: true })));
}

/** The frame that keeps an idle client connected, where the protocol's own pings do not. */
export function keepAliveFrame(address: Address): Buffer {
  const message = keepAliveMessage(address);
  return message === null ? Buffer.alloc(0) : encodeFrame(message, { isMasked: true });
}

export function updateMessage(address: Address, update: Uint8Array): Uint8Array {
  return syncMessage(address, UPDATE, update);
}

export function decodeMessage(dialect: Dialect, payload: Uint8Array): Message {
  const decoder = decoding.createDecoder(payload);
  if (dialect === "hocuspocus") decoding.readVarString(decoder);
  const kind = decoding.readVarUint(decoder);
  if (kind === SYNC || kind === SYNC_REPLY) {
    const step = decoding.readVarUint(decoder);
    const bytes = decoding.readVarUint8Array(decoder);
    if (step === STEP_1) return { type: "step-1", vector: bytes };
    return { type: step === STEP_2 ? "step-2" : "update", update: bytes };
  }
  if (dialect === "hocuspocus" && kind === SYNC_STATUS) {
    return { type: "acknowledgement", accepted: decoding.readVarUint(decoder) === 1 };
  }
  return { type: "other" };
}

function greeting(address: Address): Uint8Array[] {
  if (address.dialect === "raw") return [];
  const ask = syncMessage(address, STEP_1, emptyVector);
  if (address.dialect === "y") return [ask];
  const token = encode(address, encoder => {
    encoding.writeVarUint(encoder, AUTHENTICATION);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, "token");
    encoding.writeVarString(encoder, "4.0.0");
  });
  return [token, ask];
}

function keepAliveMessage(address: Address): Uint8Array | null {
  if (address.dialect !== "hocuspocus") return null;
  return encode(address, encoder => encoding.writeVarUint(encoder, HOCUSPOCUS_PING));
}

function syncMessage(address: Address, step: number, bytes: Uint8Array): Uint8Array {
  return encode(address, encoder => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, bytes);
  });
}

function encode({ dialect, document }: Address, write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(encoder => {
    if (dialect === "hocuspocus") encoding.writeVarString(encoder, document);
    write(encoder);
  });
}
