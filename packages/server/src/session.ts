/**
 * One client on one WebSocket: what it says becomes calls to its room, what the room tells becomes messages.
 *
 * The dialect is y-websocket's: the URL names the document, the client asks with its sync step 1 and gets a step 2,
 * and the relay asks with a step 1 of its own. Pure of sockets: `Connection` is what a socket looks like from here.
 */
import {
  CloseCode,
  decodeYMessage,
  encodeAwareness,
  encodeAwarenessMessage,
  encodePermissionDenied,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  isPermanent,
} from "@verso/protocol";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import { stalledReason, watchConnection } from "./connection-watch.js";
import type { Peer, Turn } from "./delivery.js";
import type { Answer } from "./document.js";
import { Frames } from "./frames.js";
import type { Room } from "./room.js";

/** What a session writes to; a socket, or the end of a pair in a test. */
export interface Connection {
  /** Bytes handed over and not yet taken by the operating system. */
  readonly backlog: number;
  /** Bytes that the operating system has taken since the connection began. */
  readonly bytesTaken: number;
  send(frames: Frames): void;
  /** Called when everything has been taken, after more was handed over than a socket buffers (64 KiB). */
  onDrain(listener: () => void): void;
  pause(): void;
  resume(): void;
  /** Says why and closes; what is still to be sent may be lost. */
  close(code: CloseCode, reason: string): void;
}

/** What a session reads from its socket. */
export interface Session {
  onMessage(message: Uint8Array): void;
  onClose(): void;
  /** Ends it from this side. */
  close(code: CloseCode, reason: string): void;
}

export interface SessionOptions {
  readonly room: Room;
  readonly actor: Actor;
  /** Whether the actor may change the document at all. */
  readonly mayWrite: boolean;
  readonly clock: Clock;
}

export function createSession(
  connection: Connection,
  { room, actor, mayWrite, clock }: SessionOptions,
): Session {
  let open = true;
  const watch = watchConnection(connection, {
    clock,
    silent: () => send(nobody),
    stalled: () => close(CloseCode.slowReader, stalledReason),
  });

  const peer: Peer = {
    actor,
    mayWrite,
    get backlog() {
      return connection.backlog;
    },
    answer(answer, { hasContent, stateVector }) {
      // Who has content of his own is asked first: merging the answer, he would let go of what has lost by then, and
      // nobody could tell him why or set it again. Who has nothing need not wait for a state vector to be computed.
      if (hasContent) peer.ask(stateVector());
      send(answerFrames(answer));
      if (!hasContent) peer.ask(stateVector());
    },
    // A client of this dialect asks for as much as it likes, and reads what it gets.
    putOff() {},
    changed: turn => send(turnFrames(turn)),
    ask: stateVector => send(new Frames([encodeSyncStep1(stateVector)])),
    present: awareness => send(awarenessFrames(awareness)),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    close,
  };
  connection.onDrain(() => {
    if (open) room.drained(peer);
  });
  room.enter(peer);

  return {
    onMessage(bytes) {
      if (!open) return;
      const message = decodeYMessage(bytes);
      switch (message.type) {
        case "sync-step-1":
          return room.join(peer, message.stateVector);
        case "sync-step-2":
          return room.push(peer, message.update, { fullState: true });
        case "update":
          return room.push(peer, message.update, { fullState: false });
        case "awareness":
          return room.awareness(peer, message.payload);
        case "query-awareness":
          return room.queryAwareness(peer);
        case "malformed":
          return close(CloseCode.badRequest, `malformed-message: ${message.detail}`);
      }
    },
    onClose() {
      if (open) leave();
    },
    close,
  };

  function send(frames: Frames): void {
    if (!open) return;
    watch.sent();
    connection.send(frames);
  }

  function close(code: CloseCode, reason: string): void {
    if (!open) return;
    if (isPermanent(code)) send(new Frames([encodePermissionDenied(reason)]));
    connection.close(code, reason);
    leave();
  }

  function leave(): void {
    open = false;
    watch.stop();
    room.leave(peer);
  }
}

/** Says nothing in a way that every stock client understands: nobody's awareness has changed. */
const nobody = new Frames([encodeAwarenessMessage(encodeAwareness([]))]);

const answerFrames = once(({ updates }: Answer) => {
  // The last one as the step 2: a client calls itself synced when it has read that, and must then have everything.
  const last = updates.length - 1;
  return updates.map((update, i) => (i === last ? encodeSyncStep2(update) : encodeUpdate(update)));
});

const turnFrames = once(({ updates }: Turn) => updates.map(encodeUpdate));

const awarenessFrames = once((awareness: Uint8Array) => [encodeAwarenessMessage(awareness)]);

/** Encodes a thing when it is first sent, and never again as long as the thing lives. */
function once<T extends object>(encode: (thing: T) => Uint8Array[]): (thing: T) => Frames {
  const encoded = new WeakMap<T, Frames>();
  return thing => {
    let frames = encoded.get(thing);
    if (frames === undefined) {
      frames = new Frames(encode(thing));
      encoded.set(thing, frames);
    }
    return frames;
  };
}
