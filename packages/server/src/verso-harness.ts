/** Those who speak the Verso dialect with a relay, on real sockets and message by message. */
import { once } from "node:events";
import {
  createFragments,
  decodeVersoServerMessage,
  encodeVersoClientMessage,
  fragmentsOf,
  type VersoClientMessage,
  type VersoServerMessage,
  versoSubprotocol,
} from "@verso/protocol";
import { WebSocket } from "ws";
import * as Y from "yjs";

export type Told<Type extends VersoServerMessage["type"]> = Extract<VersoServerMessage, { type: Type }>;

export interface VersoGuest {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** What it was told and `next` has not given out yet, oldest first. */
  readonly news: readonly VersoServerMessage[];
  /** Everything that it was told. */
  readonly told: readonly VersoServerMessage[];
  send(...messages: VersoClientMessage[]): void;
  sendBytes(bytes: Uint8Array): void;
  /** The next message of this type; those before it are gone. */
  next<Type extends VersoServerMessage["type"]>(type: Type): Promise<Told<Type>>;
  /** Resolves when everything is told that the relay has to say by now. */
  settled(): Promise<void>;
  open(documentId: string, options?: Partial<OpenOptions>): Promise<VersoReplica>;
}

export interface OpenOptions {
  readonly channel: number;
  readonly doc: Y.Doc;
  readonly replicaId: string;
}

/** A document on a channel, kept up to date by what is told. */
export interface VersoReplica {
  readonly channel: number;
  readonly doc: Y.Doc;
  readonly opened: Told<"opened">;
  /** Makes a change and pushes it; gives the message, to be sent again. */
  push(clientSequence: number, change: (doc: Y.Doc) => void): VersoClientMessage & { type: "push" };
  text(): string;
}

/** Connects one that has said nothing yet. */
export async function connectVerso(url: string): Promise<VersoGuest> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/sync`, [versoSubprotocol]);
  const told: VersoServerMessage[] = [];
  const news: VersoServerMessage[] = [];
  const replicas = new Map<number, VersoReplica>();
  const fragments = createFragments({ frameBytes: 2 ** 26, fragments: 1024, batches: 16 });
  let batch = 0;
  let nonce = 1;
  let heard = () => {};
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.once("close", (code, reason) => {
      resolve({ code, reason: String(reason) });
      heard();
    }),
  );
  socket.on("message", (data: Buffer) => hear(new Uint8Array(data)));

  function hear(frame: Uint8Array): void {
    const message = decodeVersoServerMessage(frame);
    if (message.type === "malformed") throw new Error(`The relay sent what is no message: ${message.detail}`);
    if (message.type === "fragment") {
      const whole = fragments.take(message);
      if (whole === null) return;
      if (!(whole instanceof Uint8Array)) throw new Error(whole.detail);
      return hear(whole);
    }
    if (message.type === "update") {
      const replica = replicas.get(message.channel);
      if (replica !== undefined) Y.applyUpdate(replica.doc, message.update, "relay");
    }
    told.push(message);
    news.push(message);
    heard();
  }

  const guest: VersoGuest = {
    socket,
    closed,
    news,
    told,
    send(...messages) {
      for (const message of messages) {
        for (const frame of fragmentsOf(encodeVersoClientMessage(message), batch++)) socket.send(frame);
      }
    },
    sendBytes: bytes => socket.send(bytes),
    async next(type) {
      for (;;) {
        const at = news.findIndex(message => message.type === type);
        if (at !== -1) return news.splice(0, at + 1)[at] as Told<typeof type>;
        if (socket.readyState === WebSocket.CLOSED) {
          throw new Error(`The socket closed, and nothing of type ${type} had come.`);
        }
        await new Promise<void>(resolve => {
          heard = resolve;
        });
      }
    },
    async settled() {
      // What was told of a turn stands before the answer to a ping that came behind it.
      const asked = nonce++;
      guest.send({ type: "ping", nonce: asked });
      while (!told.some(message => message.type === "pong" && message.nonce === asked)) {
        await new Promise<void>(resolve => {
          heard = resolve;
        });
      }
    },
    async open(documentId, { channel = 0, doc = new Y.Doc(), replicaId = `replica ${doc.clientID}` } = {}) {
      guest.send({
        type: "open",
        channel,
        documentId,
        epoch: 0,
        replicaId,
        stateVector: Y.encodeStateVector(doc),
      });
      const opened = await guest.next("opened");
      for (const update of opened.updates) Y.applyUpdate(doc, update, "relay");
      const replica: VersoReplica = {
        channel,
        doc,
        opened,
        push(clientSequence, change) {
          const message = {
            type: "push",
            channel,
            clientSequence,
            madeAt: Date.now(),
            update: updateOf(doc, change),
          } as const;
          guest.send(message);
          return message;
        },
        text: () => doc.getText("t").toString(),
      };
      replicas.set(channel, replica);
      return replica;
    },
  };
  await once(socket, "open");
  return guest;
}

/** Connects one, and says who it is. */
export async function enterVerso(
  url: string,
  { token = null, user = null }: { readonly token?: string | null; readonly user?: string | null } = {},
): Promise<VersoGuest> {
  const guest = await connectVerso(url);
  guest.send({ type: "hello", token, user, agent: "test" });
  await guest.next("welcome");
  return guest;
}

/** What a change of a document is as an update. */
export function updateOf(doc: Y.Doc, change: (doc: Y.Doc) => void): Uint8Array {
  const updates: Uint8Array[] = [];
  const note = (update: Uint8Array) => void updates.push(update);
  doc.on("update", note);
  doc.transact(() => change(doc));
  doc.off("update", note);
  return Y.mergeUpdates(updates);
}
