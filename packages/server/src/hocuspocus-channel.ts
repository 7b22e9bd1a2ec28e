/** One document of a Hocuspocus client: what it says becomes calls to the room, what the room tells becomes messages. */
import {
  CloseCode,
  encodeHocuspocus,
  type HocuspocusClientMessage,
  type HocuspocusServerMessage,
} from "@verso/protocol";
import type { Actor } from "./actor.js";
import { type Identity, watchIdentity } from "./auth.js";
import type { Cancel, Clock } from "./clock.js";
import type { Peer, Turn } from "./delivery.js";
import type { Answer } from "./document.js";
import { closeCodeOf } from "./door.js";
import { Frames } from "./frames.js";
import type { Room } from "./room.js";
import { createSyncStatuses } from "./sync-statuses.js";

export interface HocuspocusChannel {
  /** Who is acting. */
  readonly actor: Actor;
  receive(message: Exclude<HocuspocusClientMessage, { readonly type: "token" | "close" }>): void;
  /** Sends the client a stateless message, unless it reads too slowly. */
  stateless(payload: string): void;
  /** The client has shown another token of the same user. */
  renew(entry: ChannelEntry): void;
  /** The socket has taken everything. */
  drained(): void;
  /** The client hears nothing any more. */
  leave(): void;
}

/** Who somebody has turned out to be, and whether he may write to the document. */
export interface ChannelEntry {
  readonly identity: Identity;
  readonly mayWrite: boolean;
}

export interface HocuspocusChannelOptions extends ChannelEntry {
  readonly room: Room;
  /** By which the client calls the document. */
  readonly address: string;
  readonly clock: Clock;
  /** Bytes that the socket has not taken. */
  readonly backlog: () => number;
  readonly send: (frames: Frames) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** The client has sent a stateless message. */
  readonly onStateless: (payload: string) => void;
  /** This document has ended for the client. */
  readonly ended: (code: CloseCode, reason: string) => void;
}

/** Characters of a stateless message. */
const longestPayload = 1024 * 1024;
/** Bytes that the socket has not taken from which a stateless message, which nobody keeps, is not sent on it. */
const mostBacklog = 1024 * 1024;
/** Milliseconds before an identity ends from which another token is wanted. */
const renewalTime = 60_000;

export function createHocuspocusChannel(options: HocuspocusChannelOptions): HocuspocusChannel {
  const { room, address, clock, backlog } = options;
  const { identity, mayWrite } = options;
  let actor = identity.actor;
  let isWriter = mayWrite;
  let stopWatching = watch(identity);
  const framesOf = address === room.documentId ? shared : own;
  const statuses = createSyncStatuses({
    mayWrite: () => isWriter,
    send: applied => say({ type: "sync-status", applied }),
  });
  const peer: Peer = {
    get actor() {
      return actor;
    },
    get mayWrite() {
      return isWriter;
    },
    get backlog() {
      return backlog();
    },
    answer(answer, { hasContent, stateVector }) {
      // Who has content of his own is asked first: merging the answer, he would let go of what has lost by then.
      if (hasContent) peer.ask(stateVector());
      options.send(framesOf.answer(answer, address));
      if (!hasContent) peer.ask(stateVector());
    },
    // A client of this dialect asks for as much as it likes, and reads what it gets.
    putOff() {},
    changed: turn => options.send(framesOf.turn(turn, address)),
    ask(stateVector) {
      statuses.asked();
      say({ type: "sync-step-1", stateVector });
    },
    present: awareness => options.send(framesOf.awareness(awareness, address)),
    pause: options.pause,
    resume: options.resume,
    close: options.ended,
  };
  room.enter(peer);

  return {
    get actor() {
      return actor;
    },
    receive(message) {
      switch (message.type) {
        case "sync-step-1":
          statuses.begun();
          return room.join(peer, message.stateVector);
        case "sync-step-2":
          return room.push(peer, message.update, { fullState: true, answered: statuses.stepTwo() });
        case "update":
          return room.push(peer, message.update, { fullState: false, answered: statuses.update() });
        case "awareness":
          return room.awareness(peer, message.payload);
        case "query-awareness":
          return room.queryAwareness(peer);
        case "stateless":
          if (message.payload.length <= longestPayload) return options.onStateless(message.payload);
          return options.ended(CloseCode.tooLarge, "too-large: a stateless message is shorter");
      }
    },
    stateless(payload) {
      if (backlog() <= mostBacklog) say({ type: "stateless", payload });
    },
    renew(entry) {
      stopWatching();
      // To everybody else it is the session that it was.
      actor = { ...entry.identity.actor, session: actor.session };
      isWriter = entry.mayWrite;
      stopWatching = watch(entry.identity);
    },
    drained: () => room.drained(peer),
    leave() {
      stopWatching();
      room.leave(peer);
    },
  };

  function say(message: HocuspocusServerMessage): void {
    options.send(new Frames([encodeHocuspocus(address, message)]));
  }

  /** Asks for another token in time, and ends the channel when none has come. */
  function watch(watched: Identity): Cancel {
    const stopWatchingEnd = watchIdentity(watched, {
      clock,
      ended: (code, detail) => options.ended(closeCodeOf(code), `${code}: ${detail}`),
    });
    const { expires } = watched;
    if (expires === null) return stopWatchingEnd;
    const lifetime = expires - clock.now();
    // One that lives no longer than that is renewed half-way.
    const soon = Math.max(lifetime - renewalTime, lifetime / 2);
    const cancelAsking = clock.after(Math.min(Math.max(soon, 0), longestTimer), () =>
      say({ type: "token-wanted" }),
    );
    return () => {
      cancelAsking();
      stopWatchingEnd();
    };
  }
}

/** The longest that a timer of JavaScript can wait. */
const longestTimer = 2 ** 31 - 1;

const own = {
  answer({ updates }: Answer, address: string) {
    // The last one as the step 2: a client calls itself synced when it has read that, and must then have everything.
    const last = updates.length - 1;
    return new Frames(
      updates.map((update, i) =>
        encodeHocuspocus(address, { type: i === last ? "sync-step-2" : "update", update }),
      ),
    );
  },
  turn: ({ updates }: Turn, address: string) =>
    new Frames(updates.map(update => encodeHocuspocus(address, { type: "update", update }))),
  awareness: (payload: Uint8Array, address: string) =>
    new Frames([encodeHocuspocus(address, { type: "awareness", payload })]),
};

/** Each is of one document, so under its name it is encoded once for all of its clients. */
const shared: typeof own = {
  answer: once(own.answer),
  turn: once(own.turn),
  awareness: once(own.awareness),
};

function once<T extends object>(encode: (thing: T, address: string) => Frames): typeof encode {
  const encoded = new WeakMap<T, Frames>();
  return (thing, address) => {
    let frames = encoded.get(thing);
    if (frames === undefined) {
      frames = encode(thing, address);
      encoded.set(thing, frames);
    }
    return frames;
  };
}
