/**
 * `/hocuspocus`: WebSockets whose clients are stock Hocuspocus providers.
 *
 * A WebSocket is accepted before it is known who it is, since the token of each document comes in a message. Until one was
 * accepted, a connection may send no more than fits some tokens, and has a deadline.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { CloseCode, type FrameLimits, readDocumentId } from "@verso/protocol";
import type { WebSocket } from "ws";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import { readCredentials } from "./credentials.js";
import type { Door } from "./door.js";
import type { Entrance, Place } from "./entrance.js";
import type { HocuspocusChannel } from "./hocuspocus-channel.js";
import { createHocuspocusSession, type HocuspocusSessionEvents } from "./hocuspocus-session.js";
import type { Rooms } from "./rooms.js";
import type { Session } from "./session.js";
import type { OnStateless, StatelessMessage } from "./stateless.js";
import { attach, createConnection } from "./websocket.js";

export interface HocuspocusSockets {
  /** Takes over a WebSocket, and the request by which it was opened. */
  accept(webSocket: WebSocket, socket: Socket, request: IncomingMessage): void;
  /** Tells all clients to come back later. */
  close(): void;
}

export interface HocuspocusSocketsOptions {
  readonly rooms: Rooms;
  readonly entrance: Entrance;
  readonly door: Pick<Door, "enterBy">;
  readonly clock: Clock;
  readonly authDeadline: number;
  readonly tokenInUrl: boolean;
  readonly frameLimits: FrameLimits;
  readonly deflate: boolean;
  readonly onStateless?: OnStateless | undefined;
  readonly events: {
    opened(event: { documentId: string; actor: Actor }): void;
    closed(event: { documentId: string; actor: Actor; code: number; reason: string }): void;
    denied(event: Parameters<HocuspocusSessionEvents["denied"]>[0] & { address: string | undefined }): void;
    failed(error: unknown): void;
  };
}

/** Bytes on the wire that may come before anybody is known. */
const untrustedBytes = 256 * 1024;

export function createHocuspocusSockets(options: HocuspocusSocketsOptions): HocuspocusSockets {
  const { rooms, entrance, door, clock, deflate, frameLimits, onStateless, events } = options;
  const sessions = new Set<Session>();
  /** Who hears the stateless messages of a document. */
  const audiences = new Map<string, Set<HocuspocusChannel>>();

  return {
    accept(webSocket, socket, request) {
      const address = socket.remoteAddress;
      const begun = socket.bytesRead;
      const guard = () => {
        if (socket.bytesRead - begun > untrustedBytes) webSocket.terminate();
      };
      socket.on("data", guard);
      const connection = Object.assign(createConnection(webSocket, socket, { clock, deflate }), {
        trust: () => void socket.off("data", guard),
      });
      const session = createHocuspocusSession(connection, {
        enter: (name, token) => enter(request, name, token),
        rooms,
        deadline: options.authDeadline,
        clock,
        documentIdBytes: frameLimits.documentIdBytes,
        events: {
          opened({ channel, ...event }) {
            audienceOf(event.documentId).add(channel);
            events.opened(event);
          },
          closed({ channel, ...event }) {
            const audience = audienceOf(event.documentId);
            audience.delete(channel);
            if (audience.size === 0) audiences.delete(event.documentId);
            events.closed(event);
          },
          denied: event => events.denied({ ...event, address }),
          stateless,
          failed: events.failed,
        },
      });
      sessions.add(session);
      webSocket.once("close", () => sessions.delete(session));
      attach(webSocket, session, { clock });
    },
    close() {
      for (const session of sessions) session.close(CloseCode.restart, "restart: the relay is shutting down");
    },
  };

  async function enter(request: IncomingMessage, name: string, token: string | null): Promise<Place> {
    const documentId = readDocumentId(name, { maxBytes: frameLimits.documentIdBytes });
    if (!documentId.ok) {
      return { ok: false, code: CloseCode.badRequest, reason: `bad-document-id: ${documentId.detail}` };
    }
    const shown = readCredentials(request, options);
    const credentials = { ...shown, token: token ?? shown.token };
    return entrance(documentId.id, () => door.enterBy(credentials, documentId.id));
  }

  function audienceOf(documentId: string): Set<HocuspocusChannel> {
    let audience = audiences.get(documentId);
    if (audience === undefined) {
      audience = new Set();
      audiences.set(documentId, audience);
    }
    return audience;
  }

  function stateless({
    documentId,
    actor,
    channel,
    payload,
  }: Parameters<HocuspocusSessionEvents["stateless"]>[0]): void {
    const message: StatelessMessage = {
      documentId,
      actor,
      payload,
      reply: answer => channel.stateless(answer),
      broadcast(said) {
        for (const each of audiences.get(documentId) ?? []) each.stateless(said);
      },
    };
    const told = async () => onStateless?.(message);
    told().catch(events.failed);
  }
}
