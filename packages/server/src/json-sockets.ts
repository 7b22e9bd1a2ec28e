/**
 * `/ws`: WebSockets whose clients speak the JSON dialect.
 *
 * A WebSocket is accepted before it is known who it is, since its first message says so. Until then a connection may send
 * no more than fits one such message with room to spare, and has a deadline.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { CloseCode, defaultJsonMessageLimits, type FrameLimits } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import type { WebSocket } from "ws";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import type { Door } from "./door.js";
import type { Following } from "./following.js";
import type { JsonRequests } from "./json-requests.js";
import { createJsonSession, type JsonSessionEvents } from "./json-session.js";
import { createJsonUpdates } from "./json-updates.js";
import type { Rooms } from "./rooms.js";
import type { Session } from "./session.js";
import { attach, createConnection } from "./websocket.js";

export interface JsonSockets {
  /** Takes over a WebSocket, and the request by which it was opened. */
  accept(webSocket: WebSocket, socket: Socket, request: IncomingMessage): void;
  /** Tells all clients to come back later. */
  close(): void;
}

export interface JsonSocketsOptions {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly following: Following;
  readonly requests: JsonRequests;
  readonly door: Pick<Door, "identifyBy">;
  readonly clock: Clock;
  readonly authDeadline: number;
  readonly frameLimits: FrameLimits;
  readonly deflate: boolean;
  readonly events: Omit<JsonSessionEvents, "denied"> & {
    denied(event: Parameters<JsonSessionEvents["denied"]>[0] & { address: string | undefined }): void;
    /** The connection of somebody who had entered has ended. */
    left(event: { actor: Actor; code: number; reason: string }): void;
  };
}

/** Bytes that may come before it is known who sends them. */
const untrustedBytes = 64 * 1024;

export function createJsonSockets(options: JsonSocketsOptions): JsonSockets {
  const { ledger, door, clock, deflate, events } = options;
  const updates = createJsonUpdates(ledger);
  const sessions = new Set<Session>();

  return {
    accept(webSocket, socket, { headers }) {
      const address = socket.remoteAddress;
      const begun = socket.bytesRead;
      const guard = () => {
        if (socket.bytesRead - begun > untrustedBytes) webSocket.terminate();
      };
      socket.on("data", guard);
      const connection = Object.assign(createConnection(webSocket, socket, { clock, deflate }), {
        trust: () => void socket.off("data", guard),
      });
      const session = createJsonSession(connection, {
        ...options,
        updates,
        identify: ({ token, name }) =>
          door.identifyBy({ token, name, isNamed: true, address: address ?? "", headers }),
        deadline: options.authDeadline,
        messageLimits: defaultJsonMessageLimits,
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
      attach(webSocket, session, { clock, text: true });
    },
    close() {
      for (const session of sessions) session.close(CloseCode.restart, "restart: the relay is shutting down");
    },
  };
}
