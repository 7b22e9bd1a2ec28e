/**
 * Who is present in a document, for a connection of the JSON dialect: awareness as JSON, in both directions.
 *
 * A connection has a client id of its own, under which others see what it shows of itself. Stock clients forget whom they
 * have not heard of for 30 seconds, so that is said again as long as the connection lives. What it hears is told as the
 * whole list, when it has changed, and no more often than ten times a second.
 */
import { type AwarenessEntry, decodeAwareness, encodeAwareness, type FrameLimits } from "@verso/protocol";
import type { Actor } from "./actor.js";
import type { Cancel, Clock } from "./clock.js";
import type { Peer } from "./delivery.js";
import type { JsonMessage } from "./json-answers.js";
import type { Room } from "./room.js";

type User = JsonMessage<"presence">["users"][number];

export interface JsonPresence {
  /** Everybody else who is here. */
  readonly users: User[];
  /** Shows this of oneself, or takes it away; false when it is too large. */
  announce(state: object | null): boolean;
  /** Comes back into the room, if it was left because the document had gone. */
  enter(): void;
  /** Leaves; what was shown is gone. */
  close(): void;
}

export interface JsonPresenceOptions {
  readonly room: () => Room;
  readonly actor: Actor;
  /** Under which this connection is present. */
  readonly clientId: number;
  readonly clock: Clock;
  readonly limits: FrameLimits;
  /** Told when others come, go or show something else; false when it cannot be told on now, and is to be asked again. */
  readonly onChange: () => boolean;
}

/** Milliseconds between two times that a list is told, and between two times that one's own state is said. */
const interval = 100;
const renewal = 15_000;

export function createJsonPresence(options: JsonPresenceOptions): JsonPresence {
  const { actor, clientId, clock, limits, onChange } = options;
  const others = new Map<number, { readonly text: string; readonly user: User }>();
  let room: Room | null = null;
  let shown: string | null = null;
  let planned: Cancel | null = null;
  let lastTold = Number.NEGATIVE_INFINITY;
  let cancelRenewal: Cancel = () => {};

  const peer: Peer = {
    actor,
    // It begins no document by being there.
    mayWrite: false,
    // Nothing is queued for it here that could pile up.
    backlog: 0,
    answer() {},
    putOff() {},
    changed() {},
    ask() {},
    present: hear,
    pause() {},
    resume() {},
    close: leave,
  };
  const presence: JsonPresence = {
    get users() {
      return Array.from(others.values(), ({ user }) => user);
    },
    announce(state) {
      const text = state === null ? null : JSON.stringify(state);
      if (text !== null && Buffer.byteLength(text) > limits.awarenessStateBytes) return false;
      shown = text;
      say();
      return true;
    },
    enter() {
      if (room !== null) return;
      room = options.room();
      room.enter(peer);
      room.attend(peer);
      if (shown !== null) say();
    },
    close() {
      leave();
      planned?.();
      planned = unplanned;
    },
  };
  presence.enter();
  return presence;

  function say(): void {
    cancelRenewal();
    // The room counts on from the clocks that others have seen.
    room?.awareness(peer, encodeAwareness([{ clientId, clock: 0, state: shown }]));
    if (shown !== null && room !== null) cancelRenewal = clock.after(renewal, say);
  }

  function leave(): void {
    cancelRenewal();
    room?.leave(peer);
    room = null;
    if (others.size === 0) return;
    others.clear();
    plan();
  }

  function hear(awareness: Uint8Array): void {
    const decoded = decodeAwareness(awareness, { limits });
    if (decoded.type !== "entries")
      throw new Error("The relay has said who is present in no way that it knows.");
    let isNews = false;
    for (const entry of decoded.entries) if (entry.clientId !== clientId) isNews = take(entry) || isNews;
    if (isNews) plan();
  }

  function take({ clientId: other, state }: AwarenessEntry): boolean {
    if (state === null) return others.delete(other);
    if (others.get(other)?.text === state) return false;
    const user = room?.presentUser(other);
    const named = user === undefined ? {} : { user_id: user };
    others.set(other, { text: state, user: { client_id: other, ...named, state: JSON.parse(state) } });
    return true;
  }

  function plan(): void {
    planned ??= clock.after(Math.max(0, lastTold + interval - clock.monotonic()), tell);
  }

  function tell(): void {
    planned = null;
    lastTold = clock.monotonic();
    if (!onChange()) plan();
  }
}

/** Nothing is to be planned any more. */
const unplanned: Cancel = () => {};
