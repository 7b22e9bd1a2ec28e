/**
 * Who in a room hears of what, and when a slow reader hears it later.
 *
 * A receiver is *live* when everything up to the last turn has been handed to its socket, and *behind* when the
 * socket did not take it fast enough. Nothing more is queued for one who is behind: when its socket has drained, it
 * gets the difference since the state vector up to which it has everything, in one update. So a reader costs a
 * bounded buffer, however slow it is and however fast the document changes.
 */
import type { CloseCode } from "@verso/protocol";
import type { Actor } from "./actor.js";
import type { Answer, StateVector } from "./document.js";

/** One session of a room, as the room speaks to it. How it is said on the wire is the session's secret. */
export interface Peer {
  /** Who is acting. */
  readonly actor: Actor;
  /** Whether the actor may change the document at all. */
  readonly mayWrite: boolean;
  /**
   * Bytes handed over that the operating system has not taken yet. The room is told when they have fallen to 0 from
   * as many as make a receiver fall behind.
   */
  readonly backlog: number;
  /** Answers what the peer asked with `join`. */
  answer(answer: Answer, at: AnsweredAt): void;
  /** The peer has so much to read that it is not answered now: it may ask again when it has drained. */
  putOff(stateVector: Uint8Array): void;
  /** What a turn changed, the same object for every peer. */
  changed(turn: Turn): void;
  /** Asks for everything that the peer holds beyond this state vector. */
  ask(stateVector: Uint8Array): void;
  /** An awareness update, the same bytes for many peers. */
  present(awareness: Uint8Array): void;
  /** Stops and resumes reading from the peer. */
  pause(): void;
  resume(): void;
  close(code: CloseCode, reason: string): void;
}

export interface Turn {
  readonly updates: readonly Uint8Array[];
  /** For each update, the commit up to which a receiver has everything who has applied it and those before it. */
  readonly sequences: readonly number[];
}

/** The document as it was when a question was answered. */
export interface AnsweredAt {
  readonly sequence: number;
  /** Whether the one who asked has anything of the document. */
  readonly hasContent: boolean;
  /** Encoded. Computing it may build the document. */
  stateVector(): Uint8Array;
}

export interface DeliveryLimits {
  /** Bytes in a receiver's socket buffer from which nothing more is queued for it, 64 KiB at least. @default 1 MiB */
  readonly resyncAt: number;
  /** Bytes on top of what made a receiver fall behind from which it is closed. @default 4 MiB */
  readonly closeAt: number;
}

export const defaultDeliveryLimits: DeliveryLimits = { resyncAt: 1024 * 1024, closeAt: 4 * 1024 * 1024 };

/** A state of the document that is in the ledger. */
export interface Moment {
  /** 0 before the first commit. */
  readonly sequence: number;
  readonly stateVector: StateVector;
}

/** Where a receiver stands; `since` is what it has got everything up to. */
type Receiver =
  | { readonly state: "live" }
  | { readonly state: "behind"; readonly since: Moment; readonly backlog: number };

export interface Delivery {
  /** From now on this peer receives; it has been handed everything up to `at`. */
  add(peer: Peer, at: Moment): void;
  remove(peer: Peer): void;
  /** Hands a turn to all who are live, except its sole author. `before` is the moment before the turn. */
  broadcast(turn: Turn, before: Moment, soleAuthor: Peer | null): void;
  /** Everybody who is live is behind from here: what follows may not have reached anyone. */
  fallBehind(since: Moment): void;
  /** Whether the peer waits for a difference, and since when. */
  behind(peer: Peer): Moment | null;
  /** Hands out awareness to all who are not too far behind to care. */
  present(forPeer: (peer: Peer) => Uint8Array | null): void;
  peers(): Iterable<Peer>;
}

export function createDelivery({ resyncAt, closeAt }: DeliveryLimits, close: (peer: Peer) => void): Delivery {
  const receivers = new Map<Peer, Receiver>();

  return {
    add(peer, at) {
      const { backlog } = peer;
      // A large answer is still on its way: what changes meanwhile follows when it has arrived.
      receivers.set(peer, backlog > resyncAt ? { state: "behind", since: at, backlog } : live);
    },
    remove: peer => void receivers.delete(peer),

    broadcast(turn, before, soleAuthor) {
      for (const [peer, receiver] of receivers) {
        if (receiver.state === "behind") {
          if (peer.backlog > receiver.backlog + closeAt) close(peer);
          continue;
        }
        if (peer.backlog > resyncAt) {
          receivers.set(peer, { state: "behind", since: before, backlog: peer.backlog });
        } else if (peer !== soleAuthor) {
          peer.changed(turn);
        }
      }
    },

    fallBehind(since) {
      for (const [peer, receiver] of receivers) {
        if (receiver.state === "live") receivers.set(peer, { state: "behind", since, backlog: peer.backlog });
      }
    },

    behind(peer) {
      const receiver = receivers.get(peer);
      return receiver?.state === "behind" ? receiver.since : null;
    },

    present(forPeer) {
      for (const peer of receivers.keys()) {
        if (peer.backlog > resyncAt) continue;
        const awareness = forPeer(peer);
        if (awareness !== null) peer.present(awareness);
      }
    },

    peers: () => receivers.keys(),
  };
}

const live: Receiver = { state: "live" };
