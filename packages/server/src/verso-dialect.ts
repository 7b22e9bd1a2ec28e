/**
 * `/sync`: connections whose clients speak the Verso dialect, over WebSocket, or as a batch in one HTTP request.
 *
 * A WebSocket is accepted before it is known who it is, since its first message says so. Until then a connection may send
 * no more than fits one such message with room to spare, and has a deadline. A batch holds what would be sent on a socket,
 * and is answered with what would come back until every question and every push has its answer; nothing stays open
 * behind it.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import {
  CloseCode,
  checkDocumentId,
  decodeVersoBatch,
  encodeVersoBatch,
  type FrameLimits,
  forkOf,
} from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import type { Limits } from "@verso/validation";
import type { WebSocket } from "ws";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import { closeCodeOf, type Door } from "./door.js";
import type { Kinds } from "./kinds.js";
import type { Rooms } from "./rooms.js";
import type { Session } from "./session.js";
import type { Admission } from "./verso-channel.js";
import { createVersoPushes } from "./verso-pushes.js";
import {
  createVersoSession,
  type VersoConnection,
  type VersoSession,
  type VersoSessionEvents,
} from "./verso-session.js";
import { attach, createConnection } from "./websocket.js";

export interface VersoDialect {
  /** Takes over a WebSocket, and the request by which it was opened. */
  accept(webSocket: WebSocket, socket: Socket, request: IncomingMessage): void;
  /** Begins a session on a connection of any other kind, for which the caller answers to its end. */
  connect(connection: VersoConnection, from: Caller): VersoSession;
  /** Answers a batch with a batch; `null` when it is none. */
  answerBatch(body: Uint8Array, from: Caller): Promise<Uint8Array | null>;
  /** Tells all clients to come back later. */
  close(): void;
}

export interface Caller {
  readonly address: string;
  readonly headers: IncomingHttpHeaders;
}

export interface VersoDialectOptions {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly kinds: Pick<Kinds, "of">;
  readonly door: Pick<Door, "identifyBy" | "open">;
  readonly clock: Clock;
  readonly authDeadline: number;
  readonly frameLimits: FrameLimits;
  readonly limits: Limits;
  readonly deflate: boolean;
  readonly events: Omit<VersoSessionEvents, "denied"> & {
    denied(event: Parameters<VersoSessionEvents["denied"]>[0] & { address: string }): void;
    /** The connection of somebody who had entered has ended. */
    left(event: { actor: Actor; code: number; reason: string }): void;
  };
}

/** Bytes that may come before it is known who sends them. */
const untrustedBytes = 64 * 1024;
/** What a message has beside an update, at most. */
const headerBytes = 64 * 1024;
const openDocuments = 1000;
/** Milliseconds for which a batch may wait for its answers. */
const batchTime = 30_000;

export function createVersoDialect(options: VersoDialectOptions): VersoDialect {
  const { ledger, rooms, kinds, door, clock, limits, deflate, events } = options;
  const sessions = new Set<Session>();
  const sessionOptions = {
    rooms,
    pushes: createVersoPushes(ledger),
    admit,
    deadline: options.authDeadline,
    clock,
    limits: {
      updateBytes: limits.fullStateBytes,
      frameBytes: limits.fullStateBytes + headerBytes,
      openDocuments,
    },
  };

  return {
    accept(webSocket, socket, { headers }) {
      const address = socket.remoteAddress ?? "";
      const begun = socket.bytesRead;
      const guard = () => {
        if (socket.bytesRead - begun > untrustedBytes) webSocket.terminate();
      };
      socket.on("data", guard);
      const connection = Object.assign(createConnection(webSocket, socket, { clock, deflate }), {
        trust: () => void socket.off("data", guard),
      });
      const session = createVersoSession(connection, {
        ...sessionOptions,
        identify: identifyFrom({ address, headers }),
        events: {
          ...events,
          denied: event => events.denied({ ...event, address }),
          entered({ actor }) {
            webSocket.once("close", (code, reason) => events.left({ actor, code, reason: String(reason) }));
            events.entered({ actor });
          },
        },
      });
      sessions.add(session);
      webSocket.once("close", () => sessions.delete(session));
      attach(webSocket, session, { clock });
    },

    connect: begin,

    async answerBatch(body, from) {
      const frames = decodeVersoBatch(body);
      if (frames === null || frames.length === 0) return null;
      const answers: Uint8Array[] = [];
      const session = begin(collecting(answers), from);
      sessions.add(session);
      for (const frame of frames) session.onMessage(frame);
      const cancel = clock.after(batchTime, () => session.onClose());
      await session.answered();
      cancel();
      session.onClose();
      sessions.delete(session);
      return encodeVersoBatch(answers);
    },

    close() {
      for (const session of sessions) session.close(CloseCode.restart, "restart: the relay is shutting down");
    },
  };

  function begin(connection: VersoConnection, from: Caller): VersoSession {
    return createVersoSession(connection, {
      ...sessionOptions,
      identify: identifyFrom(from),
      events: { ...events, denied: event => events.denied({ ...event, address: from.address }) },
    });
  }

  function identifyFrom(caller: Caller) {
    return ({ token, name }: { readonly token: string | null; readonly name: string | null }) =>
      door.identifyBy({ token, name, isNamed: name !== null, ...caller });
  }

  async function admit(actor: Actor, documentId: string): Promise<Admission> {
    const isFork = forkOf(documentId) !== null;
    const checked = checkDocumentId(documentId, { maxBytes: options.frameLimits.documentIdBytes });
    if (!isFork && !checked.ok) {
      return { type: "refused", code: CloseCode.badRequest, reason: `bad-document-id: ${checked.detail}` };
    }
    if (!isFork && kinds.of(documentId) === null) {
      const reason = "forbidden-document: no kind of document is configured for it";
      return { type: "refused", code: CloseCode.forbidden, reason };
    }
    const opening = await door.open(actor, documentId);
    if (!opening.ok) {
      const { code, detail } = opening;
      return { type: "refused", code: closeCodeOf(code), reason: `${code}: ${detail}` };
    }
    if ((await ledger.tombstone(documentId)) !== undefined) return { type: "erased" };
    const epoch = (await ledger.head(documentId))?.epoch ?? firstEpoch;
    return { type: "open", mayWrite: opening.mayWrite, epoch };
  }
}

const firstEpoch = 1;

/** A connection that keeps what is sent. */
function collecting(answers: Uint8Array[]): VersoConnection {
  return {
    backlog: 0,
    bytesTaken: 0,
    send: ({ messages }) => void answers.push(...messages),
    onDrain() {},
    pause() {},
    resume() {},
    close() {},
    trust() {},
  };
}
