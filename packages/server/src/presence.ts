/**
 * Who is present in a room: awareness, which is never judged, never stored, and lost without harm.
 *
 * A session owns one client id, the one that it announces first, and speaks for no other: stock clients repeat
 * everything they hear. Ownership goes to whoever announced last of those who may, since a client that reconnects does
 * so before the relay knows that its old socket is dead.
 *
 * The relay assigns the clocks that others see: `max(the client's, last + 1)`, begun at the wall clock. So nobody
 * can freeze another's state with a huge clock, and a client that comes back is not ignored by those who saw it
 * leave, even when the relay was restarted in between.
 *
 * Changes are collected and handed out by `flush`, at most one of each client per interval, the newest always.
 */
import { type AwarenessEntry, decodeAwareness, encodeAwareness, type FrameLimits } from "@verso/protocol";
import type { Clock } from "./clock.js";

export interface Presence<Owner> {
  /** Takes in an awareness update of a session. A fault is the sender's alone and changes nothing. */
  receive(owner: Owner, payload: Uint8Array): PresenceResult;
  /** The session has ended: what it owned is gone, for everybody, at the next flush. */
  leave(owner: Owner): void;
  /** Everybody present, for one who asks or has just come; `null` when nobody is. */
  everyone(): Uint8Array | null;
  /**
   * What has changed since the last flush and is due, or `null`. `for(owner)` leaves out what the owner itself
   * said, and is the same array for all who own nothing of it.
   */
  flush(): { for(owner: Owner): Uint8Array | null } | null;
  /** The session that speaks for a client which is present. */
  holderOf(clientId: number): Owner | undefined;
  /** The client id that the session has announced as its own. */
  idOf(owner: Owner): number | undefined;
  /** Milliseconds until there is something to flush; 0 for at once, `null` for never. */
  readonly dueIn: number | null;
}

export type PresenceResult =
  | { readonly type: "taken" }
  | { readonly type: "malformed" | "too-large"; readonly detail: string };

interface Present<Owner> {
  readonly owner: Owner;
  clock: number;
  state: string | null;
  /** When this client may be relayed again. */
  due: number;
}

/** A clock beyond this is no count of changes; taking it over would leave no room to count on. */
const highestClock = 2 ** 48;

export interface PresenceOptions<Owner> {
  readonly clock: Clock;
  readonly limits: FrameLimits;
  /** Whether a session may announce this client id as its own. What it announces otherwise is not relayed. */
  readonly mayAnnounce: (owner: Owner, clientId: number) => boolean;
}

export function createPresence<Owner>({
  clock,
  limits,
  mayAnnounce,
}: PresenceOptions<Owner>): Presence<Owner> {
  const interval = 1000 / limits.awarenessPerSecond;
  const clients = new Map<number, Present<Owner>>();
  const owned = new Map<Owner, number>();
  const changed = new Set<number>();

  return {
    receive(owner, payload) {
      const own = owned.get(owner);
      const decoded = decodeAwareness(
        payload,
        own === undefined ? { limits } : { limits, only: clientId => clientId === own },
      );
      if (decoded.type !== "entries") return decoded;
      if (own === undefined) {
        // A client announces itself alone when it connects; a message about several is an echo of others.
        const [first, ...others] = decoded.entries;
        if (first !== undefined && others.length === 0 && first.state !== null) claim(owner, first);
      } else {
        for (const entry of decoded.entries) update(owner, entry);
      }
      return { type: "taken" };
    },

    leave(owner) {
      const clientId = owned.get(owner);
      owned.delete(owner);
      if (clientId === undefined) return;
      const present = clients.get(clientId);
      if (present?.owner === owner) change(clientId, present, { clock: 0, state: null });
    },

    everyone() {
      const entries: AwarenessEntry[] = [];
      for (const [clientId, present] of clients) {
        if (present.state === null) continue;
        // A clock of its own: a peer that lost its connection has dropped the state, but not the clock it saw.
        present.clock++;
        entries.push({ clientId, clock: present.clock, state: present.state });
      }
      return entries.length === 0 ? null : encodeAwareness(entries);
    },

    holderOf: clientId => clients.get(clientId)?.owner,
    idOf: owner => owned.get(owner),

    flush() {
      const now = clock.monotonic();
      const entries: AwarenessEntry[] = [];
      const speakers = new Set<Owner>();
      for (const clientId of changed) {
        const present = clients.get(clientId);
        if (present === undefined || present.due > now) continue;
        changed.delete(clientId);
        present.due = now + interval;
        entries.push({ clientId, clock: present.clock, state: present.state });
        speakers.add(present.owner);
        if (present.state === null) clients.delete(clientId);
      }
      if (entries.length === 0) return null;
      const all = encodeAwareness(entries);
      return {
        for(owner) {
          if (!speakers.has(owner)) return all;
          const own = owned.get(owner);
          const others = entries.filter(entry => entry.clientId !== own);
          return others.length === 0 ? null : encodeAwareness(others);
        },
      };
    },

    get dueIn() {
      let due: number | null = null;
      for (const clientId of changed) {
        const wait = Math.max(0, (clients.get(clientId)?.due ?? 0) - clock.monotonic());
        if (due === null || wait < due) due = wait;
      }
      return due;
    },
  };

  function claim(owner: Owner, entry: AwarenessEntry): void {
    if (!mayAnnounce(owner, entry.clientId)) return;
    const before = clients.get(entry.clientId);
    if (before !== undefined) owned.delete(before.owner);
    owned.set(owner, entry.clientId);
    const present = {
      owner,
      clock: Math.max(before?.clock ?? 0, clock.now()),
      state: null,
      due: before?.due ?? 0,
    };
    clients.set(entry.clientId, present);
    change(entry.clientId, present, entry);
  }

  function update(owner: Owner, entry: AwarenessEntry): void {
    const present = clients.get(entry.clientId);
    if (present === undefined) claim(owner, entry);
    else if (present.owner === owner) change(entry.clientId, present, entry);
  }

  function change(
    clientId: number,
    present: Present<Owner>,
    { clock: theirs, state }: Pick<AwarenessEntry, "clock" | "state">,
  ): void {
    present.clock = Math.max(theirs < highestClock ? theirs : 0, present.clock + 1);
    present.state = state;
    changed.add(clientId);
  }
}
