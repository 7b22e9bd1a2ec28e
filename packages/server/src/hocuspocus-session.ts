/**
 * One Hocuspocus client on one WebSocket: who it is, document by document, and the documents that it has open.
 *
 * A document begins with a token. What comes for one before that is dropped: nothing is lost by it, since a provider says
 * everything again when it has sent its token. While it is found out whose a token is, what comes behind it waits, and
 * a socket of which nobody is known is not read.
 *
 * Stock providers connect again however their socket was closed, and never open a document again on the same one. So
 * what concerns a document, and will not be different in a moment, ends that document alone: with "permission denied" for
 * want of rights, and else with a close message. The socket is closed for what concerns all of them, or passes.
 *
 * Pure of sockets: `HocuspocusConnection` is what a socket looks like from here.
 */
import {
  CloseCode,
  decodeHocuspocus,
  encodeAwareness,
  encodeHocuspocus,
  encodeHocuspocusPong,
  type HocuspocusAddress,
  type HocuspocusClientMessage,
  type HocuspocusServerMessage,
  isPermanent,
} from "@verso/protocol";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import { stalledReason, watchConnection } from "./connection-watch.js";
import type { Place } from "./entrance.js";
import { Frames } from "./frames.js";
import { createHocuspocusChannel, type HocuspocusChannel } from "./hocuspocus-channel.js";
import type { Rooms } from "./rooms.js";
import type { Connection, Session } from "./session.js";

/** What such a session writes to; a socket, or the end of a pair in a test. */
export interface HocuspocusConnection extends Connection {
  /** It is known who is there: more may come. */
  trust(): void;
}

export interface HocuspocusSessionOptions {
  /** Where the name of a document leads, for who shows this token. */
  readonly enter: (documentId: string, token: string | null) => Promise<Place>;
  readonly rooms: Pick<Rooms, "get">;
  /** Milliseconds in which the client must have shown a token. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly documentIdBytes: number;
  readonly events: HocuspocusSessionEvents;
}

/** What concerns others than this client. Nothing in it is content, but for the payload of a stateless message. */
export interface HocuspocusSessionEvents {
  /** A document is open. */
  opened(event: { documentId: string; actor: Actor; channel: HocuspocusChannel }): void;
  closed(event: {
    documentId: string;
    actor: Actor;
    channel: HocuspocusChannel;
    code: number;
    reason: string;
  }): void;
  /** The client was not let in to a document, or not at all. */
  denied(event: { documentId: string | null; code: number; reason: string }): void;
  stateless(event: { documentId: string; actor: Actor; channel: HocuspocusChannel; payload: string }): void;
  /** Something failed that no client is to blame for. */
  failed(error: unknown): void;
}

/** A document on this socket. */
type Open =
  /** It is being found out whose its token is. */
  | { readonly state: "entering"; readonly waiting: HocuspocusClientMessage[] }
  /** The same of another token; meanwhile the old one holds. */
  | { readonly state: "open" | "renewing"; readonly documentId: string; readonly channel: HocuspocusChannel };

/** Bytes and messages that may come before anybody is known. */
const untrustedBytes = 64 * 1024;
const untrustedMessages = 1000;
/** Documents of which it is not known yet who opens them, and documents together. */
const mostEntering = 100;
const mostDocuments = 1000;
/** Bytes that wait for a token to be found out about, from which the socket is not read. */
const mostWaitingBytes = 1024 * 1024;
/** Bytes that the client has not taken from which it is not read. */
const mostBacklog = 1024 * 1024;
/** Milliseconds for which a socket may have no document, once it has shown a token. */
const emptyTime = 60_000;

export function createHocuspocusSession(
  connection: HocuspocusConnection,
  { enter, rooms, deadline, clock, documentIdBytes, events }: HocuspocusSessionOptions,
): Session {
  const documents = new Map<string, Open>();
  /** For what the socket is not read: a document whose room has enough to do, or one of the reasons below. */
  const holding = new Set<string | symbol>();
  let open = true;
  let isTrusted = false;
  let received = { bytes: 0, messages: 0 };
  let waitingBytes = 0;
  let entering = 0;
  const lateReason = `token-missing: no token was shown within ${deadline} ms`;
  let cancelEmpty = clock.after(deadline, () => deny(null, CloseCode.unauthorized, lateReason));

  const watch = watchConnection(connection, {
    clock,
    silent: () => send(nobody),
    stalled: () => close(CloseCode.slowReader, stalledReason),
  });
  connection.onDrain(() => {
    release(notTaken);
    for (const each of documents.values()) if (each.state !== "entering") each.channel.drained();
  });

  return {
    onMessage(bytes) {
      if (!open) return;
      if (!isTrusted) {
        received = { bytes: received.bytes + bytes.length, messages: received.messages + 1 };
        if (received.bytes > untrustedBytes || received.messages > untrustedMessages) {
          return deny(null, CloseCode.tooLarge, "too-large: so much before it is known who sends it");
        }
      }
      const message = decodeHocuspocus(bytes, { documentIdBytes });
      switch (message.type) {
        case "malformed":
          return close(CloseCode.badRequest, `malformed-message: ${message.detail}`);
        case "ping":
          return send(new Frames([encodeHocuspocusPong()]));
        case "pong":
          return;
        default:
          return take(message.address, message, bytes.length);
      }
    },
    onClose: (code = noCode, reason = "") => leave(code, reason),
    close,
  };

  // ------------------------------------------------------------ documents

  function take(address: HocuspocusAddress, message: HocuspocusClientMessage, size: number): void {
    if (!open) return;
    const document = documents.get(address.text);
    if (document === undefined) {
      if (message.type === "token") begin(address, message.token);
      return;
    }
    if (message.type === "close") return drop(address.text, left, "the client has left the document");
    if (document.state === "entering") {
      document.waiting.push(message);
      waitingBytes += size;
      if (waitingBytes > mostWaitingBytes) hold(lookedAt);
      return;
    }
    if (message.type === "token") renew(address, document, message.token).catch(failed);
    else document.channel.receive(message);
  }

  function begin(address: HocuspocusAddress, token: string): void {
    cancelEmpty();
    if (entering >= mostEntering || documents.size >= mostDocuments) {
      const reason = "too-many-documents: so many cannot be opened on one connection at a time";
      return deny(address, CloseCode.badRequest, reason);
    }
    const opening: Open = { state: "entering", waiting: [] };
    documents.set(address.text, opening);
    entering++;
    if (!isTrusted) hold(lookedAt);
    find(address, token).then(place => {
      entering--;
      if (documents.get(address.text) === opening) {
        if (place.ok) admit(address, place, opening.waiting);
        else deny(address, place.code, place.reason);
      }
      if (entering > 0) return;
      waitingBytes = 0;
      release(lookedAt);
    }, failed);
  }

  function admit(
    address: HocuspocusAddress,
    place: Extract<Place, { readonly ok: true }>,
    waiting: readonly HocuspocusClientMessage[],
  ): void {
    if (!isTrusted) {
      isTrusted = true;
      connection.trust();
    }
    const { documentId } = place;
    const channel: HocuspocusChannel = createHocuspocusChannel({
      ...place,
      room: rooms.get(documentId),
      address: address.text,
      clock,
      backlog: () => connection.backlog,
      send,
      pause: () => hold(address.text),
      resume: () => release(address.text),
      onStateless: payload => events.stateless({ documentId, actor: channel.actor, channel, payload }),
      ended: (code, reason) => end(address, code, reason),
    });
    documents.set(address.text, { state: "open", documentId, channel });
    events.opened({ documentId, actor: channel.actor, channel });
    say(address.text, authenticated(place.mayWrite));
    for (const message of waiting) take(address, message, 0);
  }

  async function renew(
    address: HocuspocusAddress,
    document: Extract<Open, { readonly channel: HocuspocusChannel }>,
    token: string,
  ): Promise<void> {
    // One that comes while another is looked at is the same, or will be asked for again.
    if (document.state === "renewing") return;
    const { channel } = document;
    documents.set(address.text, { ...document, state: "renewing" });
    const place = await find(address, token);
    const current = documents.get(address.text);
    if (current === undefined || current.state === "entering" || current.channel !== channel) return;
    if (!place.ok) return end(address, place.code, place.reason);
    const { actor } = place.identity;
    if (actor.user !== channel.actor.user || actor.tenant !== channel.actor.tenant) {
      return end(address, CloseCode.forbidden, "forbidden: the token is another user's");
    }
    documents.set(address.text, document);
    channel.renew(place);
    say(address.text, authenticated(place.mayWrite));
  }

  function find({ document }: HocuspocusAddress, token: string): Promise<Place> {
    return enter(document, token === "" ? null : token);
  }

  function failed(error: unknown): void {
    events.failed(error);
    close(CloseCode.internal, "internal: the relay failed at this; its log says more");
  }

  /** The document has ended for the client, or all have. */
  function end(address: HocuspocusAddress, code: CloseCode, reason: string): void {
    if (endsAll(code)) return close(code, reason);
    if (lacksRights(code)) say(address.text, { type: "denied", reason });
    say(address.text, { type: "close", reason });
    drop(address.text, code, reason);
  }

  function deny(address: HocuspocusAddress | null, code: CloseCode, reason: string): void {
    events.denied({ documentId: address?.document ?? null, code, reason });
    if (address === null || !isPermanent(code)) return close(code, reason);
    say(address.text, { type: "denied", reason });
    drop(address.text, code, reason);
  }

  function drop(address: string, code: number, reason: string): void {
    const document = documents.get(address);
    documents.delete(address);
    release(address);
    if (document !== undefined && document.state !== "entering") {
      const { documentId, channel } = document;
      channel.leave();
      events.closed({ documentId, actor: channel.actor, channel, code, reason });
    }
    restIfEmpty();
  }

  // ------------------------------------------------------------ the connection

  function say(address: string, message: HocuspocusServerMessage): void {
    send(new Frames([encodeHocuspocus(address, message)]));
  }

  function send(frames: Frames): void {
    if (!open) return;
    watch.sent();
    connection.send(frames);
    if (connection.backlog > mostBacklog) hold(notTaken);
  }

  function hold(reason: string | symbol): void {
    if (holding.size === 0) connection.pause();
    holding.add(reason);
  }

  function release(reason: string | symbol): void {
    if (holding.delete(reason) && holding.size === 0 && open) connection.resume();
  }

  /** Who has left everything may come for something else, but not sit here for ever. */
  function restIfEmpty(): void {
    cancelEmpty();
    if (!open || documents.size > 0) return;
    cancelEmpty = clock.after(emptyTime, () => close(CloseCode.unauthorized, "idle: no document is open"));
  }

  function close(code: CloseCode, reason: string): void {
    if (!open) return;
    connection.close(code, reason);
    leave(code, reason);
  }

  function leave(code: number, reason: string): void {
    if (!open) return;
    open = false;
    watch.stop();
    for (const address of [...documents.keys()]) drop(address, code, reason);
    cancelEmpty();
  }
}

/** It was left as it should be (RFC 6455, 7.4.1). */
const left = 1000;
/** No code has come with the end (RFC 6455, 7.1.5). */
const noCode = 1005;
/** A token is being looked at. */
const lookedAt = Symbol("looked at");
/** The client does not take what it is sent, and whatever else it says may be answered. */
const notTaken = Symbol("not taken");

/** Nobody's awareness has changed in no document: every stock provider takes it for a sign of life, and for nothing else. */
const nobody = new Frames([encodeHocuspocus("", { type: "awareness", payload: encodeAwareness([]) })]);

function authenticated(mayWrite: boolean): HocuspocusServerMessage {
  return { type: "authenticated", scope: mayWrite ? "read-write" : "readonly" };
}

/** Whether it is over for the whole socket: it passes, or is the socket's own fault. */
function endsAll(code: CloseCode): boolean {
  return code === CloseCode.restart || code === CloseCode.slowReader || code === CloseCode.unavailable;
}

function lacksRights(code: CloseCode): boolean {
  return code === CloseCode.unauthorized || code === CloseCode.forbidden;
}
