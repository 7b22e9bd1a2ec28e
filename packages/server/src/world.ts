/**
 * A relay without sockets and without a disk: real rooms and a real ledger, in simulated time.
 *
 * Clients are what stock providers are: a `Y.Doc` and the sync protocol of y-protocols. Between each of them and the
 * relay are two queues that only the test empties, so it decides what arrives, when, and what never does.
 */
import { defaultFrameLimits } from "@verso/protocol";
import { type Ledger, openLedger, type StorageBackend } from "@verso/storage";
import { defaultLimits } from "@verso/validation";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as syncProtocol from "y-protocols/sync";
import type * as Y from "yjs";
import { type Actor, toActor } from "./actor.js";
import type { Cell } from "./cell.js";
import { doJob } from "./cell-jobs.js";
import { defaultDeliveryLimits } from "./delivery.js";
import { createForkStore, kindOfDocument } from "./fork-store.js";
import { createForks, type Forks } from "./forks.js";
import { createHistory, type History } from "./history.js";
import { createJsonEdits, type JsonEdits } from "./json-edits.js";
import { createKinds, type KindConfig } from "./kinds.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { defaultRejectionRetention } from "./rejections.js";
import { defaultPacing } from "./room.js";
import type { RoomEvents } from "./room-events.js";
import { createRooms, defaultResidency, type Rooms, type RoomsOptions } from "./rooms.js";
import { type Connection, createSession, type Session } from "./session.js";
import { createVersions } from "./versions.js";
import { createVersoDialect, type VersoDialect } from "./verso-dialect.js";

export interface WorldOptions {
  readonly clock?: ManualClock;
  readonly open: () => Promise<StorageBackend>;
  /** Wraps the ledger, to see what is handed to it and when it answers. */
  readonly watch?: (ledger: Ledger) => Ledger;
  /** Told of every message at the moment when the relay hands it over. */
  readonly sent?: (message: Uint8Array) => void;
  readonly events?: Partial<RoomEvents>;
  /** The kinds of documents. @default one for all, that asks nothing */
  readonly documents?: Readonly<Record<string, KindConfig>>;
  readonly options?: Partial<RoomsOptions>;
}

export interface World {
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly forks: Forks;
  readonly history: History;
  readonly edits: JsonEdits;
  /** Lets everybody in as whom he calls himself, and has no sockets. */
  readonly verso: Pick<VersoDialect, "connect" | "answerBatch">;
  /** Connects a document as a stock client does. */
  connect(documentId: string, doc: Y.Doc, actor?: Partial<WorldActor>): SimulatedClient;
  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void>;
  /** Lets time pass, and everything happen that comes with it. */
  pass(milliseconds: number): Promise<void>;
  /** Lets what is sent arrive, in both directions and 5 ms apart, so many times. @default 10 times */
  exchange(clients: readonly SimulatedClient[], times?: number): Promise<void>;
  close(): Promise<void>;
}

/** Who a client acts for. */
export interface WorldActor extends Omit<Actor, "session"> {
  readonly mayWrite: boolean;
}

export interface SimulatedClient {
  readonly doc: Y.Doc;
  /** Messages on their way, oldest first. */
  readonly toRelay: readonly Uint8Array[];
  readonly fromRelay: readonly Uint8Array[];
  /** Whether it has read a sync step 2. */
  readonly synced: boolean;
  /** How the relay ended the connection, if it did. */
  readonly closed: { readonly code: number; readonly reason: string } | null;
  /** Whether the relay reads from it at present. */
  readonly paused: boolean;
  /** While false, what the relay sends piles up in its socket buffer. */
  reading: boolean;
  /** Sends bytes that no provider would. */
  send(message: Uint8Array): void;
  /** Lets the last message to the relay overtake the one before it, as when they took two connections. */
  overtake(): void;
  /** Lets the next messages arrive; all of them by default. */
  deliver(direction: "to relay" | "from relay", count?: number): void;
  /** Cuts the connection; what was on its way is lost. */
  disconnect(): void;
}

export async function createWorld({
  clock = createManualClock(),
  open,
  watch,
  sent = () => {},
  events,
  documents = { "*": { roots: {} } },
  options,
}: WorldOptions): Promise<World> {
  const opened = await openLedger({ open, now: clock.now, sleep: (...args) => sleep(clock, ...args) });
  const ledger = watch === undefined ? opened : watch(opened);
  const kinds = createKinds(documents);
  const cell = createInlineCell();
  const forkStore = createForkStore(ledger);
  const kindOf = (id: string) => kindOfDocument(id, { kinds, forks: forkStore });
  const rooms = createRooms({
    ledger,
    clock,
    trials: cell,
    compactions: cell,
    kindOf,
    limits: defaultLimits,
    documentBytes: 50 * 1024 * 1024,
    frameLimits: defaultFrameLimits,
    delivery: defaultDeliveryLimits,
    pacing: defaultPacing,
    residency: defaultResidency,
    rejections: defaultRejectionRetention,
    retention: { updates: {}, changes: {} },
    events: {
      appended() {},
      erased() {},
      refused() {},
      rejected() {},
      discarded() {},
      invalid() {},
      uncompacted() {},
      failed() {},
      ...events,
    },
    ...options,
  });
  let sessions = 0;

  const world: World = {
    clock,
    ledger,
    rooms,
    forks: createForks({ ledger, rooms, store: forkStore, clock, trials: cell }),
    history: createHistory({ ledger, rooms, compactions: cell, kindOf }),
    edits: createJsonEdits({
      ledger,
      rooms,
      versions: createVersions({ ledger, compactions: cell, kindOf }),
      kindOf,
      limits: defaultLimits,
      now: clock.now,
    }),
    verso: createVersoDialect({
      ledger,
      rooms,
      kinds,
      clock,
      door: {
        identifyBy: async ({ name }) => ({
          ok: true,
          identity: {
            actor: toActor({ user: name ?? "anonymous" }, { authenticated: false }),
            expires: null,
            onRevoked: () => () => {},
          },
        }),
        open: async () => ({ ok: true, mayWrite: true }),
      },
      authDeadline: 10_000,
      frameLimits: defaultFrameLimits,
      limits: defaultLimits,
      deflate: false,
      events: {
        denied() {},
        entered() {},
        left() {},
        answered() {},
        failed: cause => {
          throw cause;
        },
      },
    }),
    connect(documentId, doc, { mayWrite = true, ...profile } = {}) {
      const anonymous = toActor({ user: "anonymous" }, { authenticated: false });
      const actor: Actor = { ...anonymous, ...profile, session: `session ${++sessions}` };
      const open = (connection: Connection) =>
        createSession(connection, { room: rooms.get(documentId), actor, mayWrite, clock });
      return connectClient(doc, { open, sent });
    },
    async settle() {
      // Whatever is under way waits for promises only: when the next macrotask runs, all of them have settled.
      for (let rounds = 0; rounds < 4; rounds++) {
        clock.settle();
        await new Promise(resolve => setImmediate(resolve));
      }
    },
    async pass(milliseconds) {
      for (let left = milliseconds; left > 0; left -= 5) {
        clock.advance(Math.min(5, left));
        await world.settle();
      }
    },
    async exchange(clients, times = 10) {
      for (let left = times; left > 0; left--) {
        for (const client of clients) client.deliver("to relay");
        await world.pass(5);
        for (const client of clients) if (client.reading) client.deliver("from relay");
      }
    },
    async close() {
      await rooms.close(1012, "the world ends");
      await opened.close();
    },
  };
  return world;
}

function connectClient(
  doc: Y.Doc,
  { open, sent }: { open: (connection: Connection) => Session; sent: (message: Uint8Array) => void },
): SimulatedClient {
  const toRelay: Uint8Array[] = [];
  const fromRelay: Uint8Array[] = [];
  let handedOver = 0;
  let drained = () => {};
  let closed: SimulatedClient["closed"] = null;
  let synced = false;
  let paused = false;
  let connected = true;

  const client: SimulatedClient = {
    doc,
    toRelay,
    fromRelay,
    reading: true,
    get synced() {
      return synced;
    },
    get closed() {
      return closed;
    },
    get paused() {
      return paused;
    },
    send(message) {
      if (connected) toRelay.push(message);
    },
    overtake() {
      const last = toRelay.pop();
      if (last !== undefined) toRelay.splice(-1, 0, last);
    },
    deliver(direction, count = Number.POSITIVE_INFINITY) {
      const queue = direction === "to relay" ? toRelay : fromRelay;
      const receive = direction === "to relay" ? session.onMessage : receiveFromRelay;
      for (const message of queue.splice(0, count)) receive(message);
      if (direction === "from relay" && queue.length === 0) drained();
    },
    disconnect() {
      if (!connected) return;
      drop();
      session.onClose();
    },
  };

  const session = open({
    get backlog() {
      return client.reading ? 0 : fromRelay.reduce((sum, message) => sum + message.length, 0);
    },
    get bytesTaken() {
      return handedOver - this.backlog;
    },
    onDrain(listener) {
      drained = listener;
    },
    send({ messages }) {
      if (!connected) return;
      for (const message of messages) {
        sent(message);
        fromRelay.push(message);
        handedOver += message.length;
      }
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
    close(code, reason) {
      closed = { code, reason };
      drop();
    },
  });
  const onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin !== client) client.send(message(encoder => syncProtocol.writeUpdate(encoder, update)));
  };
  doc.on("update", onUpdate);
  client.send(message(encoder => syncProtocol.writeSyncStep1(encoder, doc)));
  return client;

  function receiveFromRelay(bytes: Uint8Array): void {
    const decoder = decoding.createDecoder(bytes);
    if (decoding.readVarUint(decoder) !== 0) return;
    const reply = encoding.createEncoder();
    encoding.writeVarUint(reply, 0);
    const type = syncProtocol.readSyncMessage(decoder, reply, doc, client);
    if (type === syncProtocol.messageYjsSyncStep2) synced = true;
    if (encoding.length(reply) > 1) client.send(encoding.toUint8Array(reply));
  }

  function drop(): void {
    connected = false;
    doc.off("update", onUpdate);
    toRelay.length = 0;
    fromRelay.length = 0;
  }
}

function message(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** Does the work at once, in this thread: a simulation has no other, and its updates are harmless. */
export function createInlineCell(): Pick<Cell, "try" | "compact" | "project"> {
  return {
    async try(trial) {
      const result = doJob({ type: "try", ...trial }, () => {});
      return result.type === "failed" ? result : { type: "passed" };
    },
    async compact({ updates }) {
      const result = doJob({ type: "compact", updates }, () => {});
      if (result.type !== "compacted")
        throw new Error(result.type === "failed" ? result.detail : result.type);
      return result;
    },
    async project({ updates, roots }) {
      const result = doJob({ type: "project", updates, roots }, () => {});
      if (result.type !== "projected")
        throw new Error(result.type === "failed" ? result.detail : result.type);
      return result;
    },
  };
}

function sleep(clock: ManualClock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, resolve);
    signal.addEventListener("abort", () => {
      cancel();
      reject(signal.reason);
    });
  });
}
