/**
 * One client of the Verso dialect on one connection: who it is, its channels, and what passes between.
 *
 *     hello ─▶ who is it? ─▶ welcome ─▶ a channel for each document that it opens
 *
 * A malformed message, or one that no client may send, ends the connection; whatever is wrong with a document ends its
 * channel. Before it is known who is there nothing but the hello is decoded. Pure of sockets: `VersoConnection` is what a
 * socket looks like from here, or a request over HTTP.
 */
import {
  CloseCode,
  createFragments,
  decodeVersoClientMessage,
  encodeVersoServerMessage,
  fragmentBytes,
  fragmentsOf,
  type VersoClientMessage,
  type VersoLimits,
  type VersoServerMessage,
} from "@verso/protocol";
import type { Actor } from "./actor.js";
import { type Identity, watchIdentity } from "./auth.js";
import type { Cancel, Clock } from "./clock.js";
import { heartbeat, stalledReason, watchConnection } from "./connection-watch.js";
import { closeCodeOf, type Identified, type Refused } from "./door.js";
import { Frames } from "./frames.js";
import { nameOf } from "./leases.js";
import type { Rooms } from "./rooms.js";
import type { Connection, Session } from "./session.js";
import {
  type Admission,
  type ChannelEvents,
  type ChannelSocket,
  openVersoChannel,
  type VersoChannel,
} from "./verso-channel.js";
import type { VersoPushes } from "./verso-pushes.js";

/** What such a session writes to; a socket, a request, or the end of a pair in a test. */
export interface VersoConnection extends Connection {
  /** It is known who is there: larger messages may come. */
  trust(): void;
}

export interface VersoSession extends Session {
  /** Resolves when everything that was asked is answered, or the session has ended. */
  answered(): Promise<void>;
}

export interface VersoSessionOptions {
  readonly rooms: Pick<Rooms, "get">;
  readonly pushes: VersoPushes;
  readonly admit: (actor: Actor, documentId: string) => Promise<Admission>;
  /** Who shows this token, or calls himself so. */
  readonly identify: (shown: {
    readonly token: string | null;
    readonly name: string | null;
  }) => Promise<Identified>;
  /** Milliseconds in which the client must have said who it is. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly limits: VersoLimits;
  readonly events: VersoSessionEvents;
}

/** What an operator may want to know; nothing in it is content. */
export interface VersoSessionEvents extends ChannelEvents {
  /** The client was not let in, or its connection closed for what it sent. */
  denied(event: { code: CloseCode; reason: string }): void;
  /** It is known who is there. */
  entered(event: { actor: Actor }): void;
}

/** Bytes that the client has not taken from which nothing more is read from it. */
const mostBacklog = 1024 * 1024;
/** Messages that may come in fragments at the same time, and the fragments of one. */
const openBatches = 16;
const mostFragments = 1024;
/** Milliseconds before a token expires at which another is wanted; of a shorter life the second half. */
const longestRenewal = 30_000;
/** Expiry is a time of the wall clock, which may be set meanwhile. */
const longestWait = 60_000;
/** The last moment that a date can have, in milliseconds since 1970 (ECMA-262, 21.4.1.1). */
const lastMoment = 8.64e15;
const longestReplicaId = 100;
/** Bytes of a hello: of what is longer nothing is decoded. */
const longestHello = 32 * 1024;

export function createVersoSession(connection: VersoConnection, options: VersoSessionOptions): VersoSession {
  const { identify, clock, limits, events } = options;
  const channels = new Map<number, VersoChannel>();
  /** Numbers above it have never been a channel. */
  let highestChannel = -1;
  let open = true;
  let identity: Identity | null = null;
  let stopWatchingIdentity: Cancel = () => {};
  /** What came before it is known who is there, the hello first. Not decoded; the connection bounds it. */
  const early: Uint8Array[] = [];
  let tokens = 0;
  const incoming = createFragments({
    frameBytes: limits.frameBytes,
    fragments: mostFragments,
    batches: openBatches,
  });
  let batch = 0;
  /** What is to be sent soon: when all of a turn are told, or before anything else is sent. */
  const answers: VersoServerMessage[] = [];
  /** For how many reasons the connection is not read. */
  let pauses = 0;
  let isClogged = false;
  let waiting: (() => void)[] = [];

  const watch = watchConnection(connection, {
    clock,
    // A pong that nobody has asked for says that the relay is there.
    silent: () => send({ type: "pong", nonce: 0 }),
    stalled: () => close(CloseCode.slowReader, stalledReason),
  });
  const cancelDeadline = clock.after(options.deadline, () =>
    deny({ code: "unavailable", detail: `nobody has said who it is within ${options.deadline} ms` }),
  );
  connection.onDrain(() => {
    for (const channel of [...channels.values()]) channel.drained();
    unclog();
  });

  return {
    onMessage(frame) {
      if (!open) return;
      if (identity !== null) return take(frame);
      early.push(frame);
      if (early.length === 1) void hello(frame).catch(failed);
    },
    onClose() {
      if (open) leave();
    },
    close,
    answered: () =>
      new Promise(resolve => {
        waiting.push(resolve);
        answered();
      }),
  };

  // ------------------------------------------------------------ who is there

  async function hello(frame: Uint8Array): Promise<void> {
    if (frame.length > longestHello) return refuse(`too-large: a hello has at most ${longestHello} bytes`);
    const message = decodeVersoClientMessage(frame);
    if (message.type === "malformed") return refuse(`malformed-message: ${message.detail}`);
    if (message.type !== "hello") return refuse(`unexpected-message: ${message.type} before hello`);
    const identified = await identify({ token: message.token, name: message.user });
    if (!open) return;
    if (!identified.ok) return deny(identified);
    cancelDeadline();
    connection.trust();
    const { actor } = identified.identity;
    enter(identified.identity);
    events.entered({ actor });
    send({ type: "welcome", session: actor.session, user: actor.user, heartbeat, limits });
    for (const each of early.splice(0).slice(1)) if (open) take(each);
    answered();
  }

  /** The same session, and the same user: another token may only lengthen what the first has begun. */
  async function renew(token: string, before: Identity): Promise<void> {
    const attempt = ++tokens;
    const identified = await identify({ token, name: null });
    if (!open || attempt !== tokens) return;
    if (!identified.ok) return deny(identified);
    const { session } = before.actor;
    const actor = { ...identified.identity.actor, session };
    if (!isSameUser(actor, before.actor)) {
      return deny({ code: "forbidden", detail: "the token is another user's" });
    }
    enter({ ...identified.identity, actor });
    for (const channel of [...channels.values()]) channel.renew(actor);
  }

  function enter(known: Identity): void {
    identity = known;
    stopWatchingIdentity();
    const stopAsking = askForToken(known);
    const stopWatching = watchIdentity(known, { clock, ended: (code, detail) => deny({ code, detail }) });
    stopWatchingIdentity = () => {
      stopAsking();
      stopWatching();
    };
  }

  function askForToken({ expires }: Identity): Cancel {
    let cancel: Cancel = () => {};
    const renewal = expires === null ? 0 : Math.min(longestRenewal, (expires - clock.now()) / 2);
    const look = () => {
      if (expires === null) return;
      const left = expires - clock.now();
      if (left > renewal) cancel = clock.after(Math.min(left - renewal, longestWait), look);
      else if (left > 0) send({ type: "token-wanted", within: Math.ceil(left) });
    };
    // Behind the welcome.
    cancel = clock.after(0, look);
    return () => cancel();
  }

  // ------------------------------------------------------------ what the client says

  function take(frame: Uint8Array): void {
    const message = decodeVersoClientMessage(frame);
    if (message.type !== "fragment") return handle(message);
    const whole = incoming.take(message);
    if (whole === null) return;
    if (!(whole instanceof Uint8Array)) return refuse(`malformed-message: ${whole.detail}`);
    const put = decodeVersoClientMessage(whole);
    if (put.type === "fragment") return refuse("malformed-message: a fragment of fragments");
    handle(put);
  }

  function handle(message: ReturnType<typeof decodeVersoClientMessage>): void {
    switch (message.type) {
      case "malformed":
        return refuse(`malformed-message: ${message.detail}`);
      case "hello":
      case "fragment":
        return refuse(`unexpected-message: ${message.type} at this place`);
      case "token":
        return identity === null ? undefined : void renew(message.token, identity).catch(failed);
      case "ping":
        return send({ type: "pong", nonce: message.nonce });
      case "open":
        return openChannel(message);
      case "close":
        return known(message.channel)?.leave();
      case "push":
        if (message.clientSequence < 1) return refuse("malformed-message: a client sequence begins at 1");
        if (message.madeAt > lastMoment) return refuse("malformed-message: no date is so late");
        return known(message.channel)?.take(message);
      default:
        return known(message.channel)?.take(message);
    }
  }

  /** The channel; of one that was closed, what is sent before the client can know that is not heard. */
  function known(channel: number): VersoChannel | undefined {
    if (channel > highestChannel) refuse(`unexpected-message: channel ${channel} was never opened`);
    return channels.get(channel);
  }

  function openChannel(message: VersoClientMessage & { readonly type: "open" }): void {
    const { channel, replicaId } = message;
    if (identity === null) return;
    if (channels.has(channel)) return refuse(`unexpected-message: channel ${channel} is open`);
    if (replicaId === "" || replicaId.length > longestReplicaId) {
      return refuse(`malformed-message: a replica's id has 1 to ${longestReplicaId} characters`);
    }
    highestChannel = Math.max(highestChannel, channel);
    if (channels.size >= limits.openDocuments) {
      const reason = `too-many-documents: ${limits.openDocuments} are open on this connection`;
      return send({ type: "closed", channel, code: CloseCode.tooLarge, reason });
    }
    const socket: ChannelSocket = {
      get backlog() {
        return connection.backlog;
      },
      send,
      sendSoon,
      sendShared: (thing, number, messages) =>
        sendFrames(sharedFrames(thing, number, messages) ?? fragmented(messages())),
      pause,
      resume,
      answered,
      ended() {
        channels.delete(channel);
        answered();
      },
    };
    channels.set(channel, openVersoChannel(message, { ...options, actor: identity.actor, socket }));
  }

  // ------------------------------------------------------------ out

  function send(message: VersoServerMessage): void {
    sendFrames(fragmented([message]));
  }

  function sendSoon(message: VersoServerMessage): void {
    if (answers.push(message) === 1) queueMicrotask(flush);
  }

  function flush(): void {
    if (answers.length > 0) sendFrames(fragmented(answers.splice(0)));
  }

  function fragmented(messages: readonly VersoServerMessage[]): Frames {
    return new Frames(messages.flatMap(message => fragmentsOf(encodeVersoServerMessage(message), batch++)));
  }

  function sendFrames(frames: Frames): void {
    flush();
    if (!open) return;
    watch.sent();
    connection.send(frames);
    if (!isClogged && connection.backlog > mostBacklog) {
      isClogged = true;
      pause();
    }
  }

  function unclog(): void {
    if (!isClogged || connection.backlog > mostBacklog) return;
    isClogged = false;
    resume();
  }

  function pause(): void {
    if (pauses++ === 0) connection.pause();
  }

  function resume(): void {
    if (--pauses === 0 && open) connection.resume();
  }

  function answered(): void {
    if (waiting.length === 0) return;
    const isAwaited = identity === null || [...channels.values()].some(channel => channel.isAwaited);
    if (open && isAwaited) return;
    flush();
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  // ------------------------------------------------------------ the end

  function refuse(reason: string): void {
    deny({ code: "bad-request", detail: reason });
  }

  function deny({ code, detail }: Pick<Refused, "code" | "detail">): void {
    if (!open) return;
    const reason = code === "bad-request" ? detail : `${code}: ${detail}`;
    events.denied({ code: closeCodeOf(code), reason });
    send({ type: "denied", code, message: detail });
    close(closeCodeOf(code), reason);
  }

  function failed(error: unknown): void {
    events.failed(error);
    close(CloseCode.internal, "internal: the relay failed at this connection");
  }

  function close(code: CloseCode, reason: string): void {
    if (!open) return;
    flush();
    connection.close(code, reason);
    leave();
  }

  function leave(): void {
    open = false;
    cancelDeadline();
    stopWatchingIdentity();
    watch.stop();
    for (const channel of [...channels.values()]) channel.leave();
    answered();
  }
}

function isSameUser(one: Actor, other: Actor): boolean {
  return one.authenticated === other.authenticated && nameOf(one) === nameOf(other);
}

/**
 * What goes to many, encoded once for all who have given the document the same number; most have it as their first.
 * `null` for what must travel in fragments, which are each socket's own.
 */
function sharedFrames(
  thing: object,
  channel: number,
  messages: () => readonly VersoServerMessage[],
): Frames | null {
  let byChannel = shared.get(thing);
  if (byChannel === undefined) {
    byChannel = new Map();
    shared.set(thing, byChannel);
  }
  let frames = byChannel.get(channel);
  if (frames === undefined) {
    const encoded = messages().map(encodeVersoServerMessage);
    frames = encoded.some(({ length }) => length > fragmentBytes) ? null : new Frames(encoded);
    byChannel.set(channel, frames);
  }
  return frames;
}

const shared = new WeakMap<object, Map<number, Frames | null>>();
