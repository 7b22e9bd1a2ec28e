/**
 * Which documents are open, and which are let go when memory is wanted for others.
 *
 * A room is made when somebody first asks for its document, and all who ask share it, also while it loads. When
 * everybody has left it is kept for a grace time, so that coming back is cheap; after that it may go, the longest
 * unused first, as soon as the open documents exceed the budget, and in any case when it was unused for long. A room
 * with work in hand is never let go.
 */
import { CloseCode } from "@verso/protocol";
import type { CommitActor, Tombstone } from "@verso/storage";
import type { Cancel, Clock } from "./clock.js";
import { ServerError } from "./errors.js";
import { createRoom, erasedReason, type Room, type RoomOptions } from "./room.js";
import type { RoomEvents } from "./room-events.js";

export interface Rooms {
  /**
   * The room of the document, opened if it is not. Enter it or read from it before anything else happens. Throws
   * `shutting-down` once all are being closed.
   */
  get(documentId: string): Room;
  /** Whether the document is open, so that its room knows all about it. */
  isOpen(documentId: string): boolean;
  /** Finishes what was pushed to one document, if it is open, and closes its room, telling its sessions why. */
  closeRoom(documentId: string, code: CloseCode, reason: string): Promise<void>;
  /**
   * Erases a document for good and tells its clients not to come back. Nothing that they push from now on counts.
   */
  erase(documentId: string, by: { readonly actor: CommitActor }): Promise<Tombstone>;
  readonly size: number;
  /** Bytes of memory of all open documents, estimated. */
  readonly bytes: number;
  /** Finishes all turns, keeps the snapshots that are worth it, and closes every room, telling its sessions why. */
  close(code: CloseCode, reason: string): Promise<void>;
}

export interface Residency {
  /** Bytes that open documents may take together, estimated, before empty rooms are let go. @default 1 GiB */
  readonly bytes: number;
  /** Milliseconds for which an empty room is kept in any case. @default 30000 */
  readonly grace: number;
  /** Milliseconds after which an empty room is let go even if there is memory for it. @default 600000 */
  readonly idle: number;
}

export const defaultResidency: Residency = { bytes: 1024 ** 3, grace: 30_000, idle: 600_000 };

/** A room that is let go keeps a snapshot if opening it would else cost this much more than its state. */
const snapshotShare = 1 / 4;

export interface RoomsOptions extends Omit<RoomOptions, "events"> {
  readonly clock: Clock;
  readonly residency: Residency;
  readonly events: RoomEvents;
}

export function createRooms({ residency, events, ...options }: RoomsOptions): Rooms {
  const { clock } = options;
  const rooms = new Map<string, Room>();
  /** Rooms that have become empty, and when; the longest empty first. */
  const empty = new Map<Room, number>();
  let cancelSweep: Cancel | null = null;
  let closed = false;

  const roomOptions: RoomOptions = {
    ...options,
    events: {
      ...events,
      idle(room) {
        if (closed || rooms.get(room.documentId) !== room) return;
        empty.delete(room);
        empty.set(room, clock.monotonic());
        cancelSweep ??= clock.after(residency.grace, sweep);
      },
      failed(event) {
        // Whoever asks next opens it anew: the fault may be mended by then.
        rooms.delete(event.documentId);
        events.failed(event);
      },
    },
  };

  return {
    get(documentId) {
      if (closed) throw new ServerError("shutting-down", "The relay is shutting down.");
      let room = rooms.get(documentId);
      if (room === undefined) {
        room = createRoom(documentId, roomOptions);
        rooms.set(documentId, room);
      }
      empty.delete(room);
      return room;
    },
    isOpen: documentId => rooms.has(documentId),
    closeRoom,
    async erase(documentId, by) {
      // Whoever opens the document from here on is refused by the ledger, and what a room has open is stale.
      const tombstone = await options.ledger.erase(documentId, by);
      events.erased({ documentId });
      await closeRoom(documentId, CloseCode.deleted, erasedReason);
      return tombstone;
    },
    get size() {
      return rooms.size;
    },
    get bytes() {
      return totalBytes();
    },
    async close(code, reason) {
      closed = true;
      cancelSweep?.();
      await Promise.all(Array.from(rooms.values(), room => room.close(code, reason)));
      rooms.clear();
    },
  };

  async function closeRoom(documentId: string, code: CloseCode, reason: string): Promise<void> {
    const room = rooms.get(documentId);
    if (room === undefined) return;
    empty.delete(room);
    rooms.delete(documentId);
    await room.close(code, reason);
  }

  async function sweep(): Promise<void> {
    for (const [room, since] of empty) {
      const age = clock.monotonic() - since;
      if (age < residency.grace) break;
      if (!room.idle || rooms.get(room.documentId) !== room) {
        empty.delete(room);
      } else if (age >= residency.idle || totalBytes() > residency.bytes) {
        await room.compact(snapshotShare);
        // Somebody may have come while the snapshot was made.
        if (!empty.has(room) || !room.idle) continue;
        empty.delete(room);
        rooms.delete(room.documentId);
        await room.close(CloseCode.restart, "the document was let go");
      }
    }
    cancelSweep = empty.size > 0 && !closed ? clock.after(residency.grace, sweep) : null;
  }

  function totalBytes(): number {
    let sum = 0;
    for (const room of rooms.values()) sum += room.bytes;
    return sum;
  }
}
