/** A document with 200 clients, ten of whom write, and what a step of load does to it. */
import { setTimeout as sleep } from "node:timers/promises";
import { count } from "./format.js";
import { createLoad, type Load, type LoadKind } from "./load.js";
import { type ReaderStatistics, type Readers, startReaders, whenJoined } from "./readers.js";
import { type ServerProcess, withFolder, withServer } from "./server-process.js";
import type { Subject } from "./subjects.js";
import { type Connection, connect, connectAll } from "./wire.js";

export const CLIENTS = 200;
export const WRITERS = 10;
export const READERS: number = CLIENTS - WRITERS;
/** Of each edit there are so many deliveries; those to writers are not counted, only scaled in. */
export const DELIVERIES: number = CLIENTS - 1;
/** Edits a second that everybody can do. */
export const FIRST_RATE = 250;

/** What one step of load found. */
export interface Step {
  readonly rate: number;
  /** Share of the edits due that were delivered within the step. */
  readonly delivered: number;
  readonly p50: number;
  readonly p99: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
  /** Server's processor seconds for a million deliveries. */
  readonly cpuPerMillion: number;
  readonly bytesPerEdit: number;
}

/** A document with all its clients connected. */
export interface Room {
  /** Warms up, measures, and waits until what was sent has come or nothing more comes. */
  step(rate: number, options: { readonly warmUpMs: number; readonly milliseconds: number }): Promise<Step>;
  /** Goes up to a rate in steps that double, for servers that collapse when they are cold. */
  warmUpTo(rate: number): Promise<void>;
  /** Sends, and says what arrived in the meantime. Throws when the server has dropped a client. */
  drive(rate: number, milliseconds: number): Promise<{ sent: number; statistics: ReaderStatistics }>;
  readonly readers: Readers;
}

/** Starts a server, connects everybody, lends the room, and ends it all. */
export async function withRoom<T>(
  subject: Subject,
  kind: LoadKind,
  use: (room: Room) => Promise<T>,
): Promise<T> {
  return withFolder(folder =>
    withServer(subject, folder, async server => {
      const address = server.address("fan");
      const writers = await connectAll(WRITERS, () => connect(address));
      const readers = startReaders(address, { count: READERS });
      try {
        await whenJoined(readers, READERS);
        await sleep(300);
        return await use(createRoom(server, { readers, writers, load: createLoad(kind, address, writers) }));
      } finally {
        await readers.close();
        for (const writer of writers) writer.close();
      }
    }),
  );
}

function createRoom(
  server: ServerProcess,
  { readers, writers, load }: { readers: Readers; writers: readonly Connection[]; load: Load },
): Room {
  async function drive(rate: number, milliseconds: number) {
    readers.reset();
    const sent = await load.drive({ rate, milliseconds });
    const statistics = await readers.statistics();
    const reasons = writers.flatMap(({ closedBecause }) => closedBecause ?? []);
    const dropped = reasons.length + statistics.closed;
    if (dropped > 0) {
      throw new Error(
        `${dropped} clients were dropped at ${count(rate)} edits/s: ${reasons[0] ?? "readers"}.`,
      );
    }
    return { sent, statistics };
  }

  async function settle(): Promise<void> {
    const begin = performance.now();
    for (let last = -1; performance.now() - begin < 4000; ) {
      const { delivered } = await readers.statistics();
      if (delivered === last) return;
      last = delivered;
      await sleep(150);
    }
  }

  return {
    readers,
    drive,
    async warmUpTo(rate) {
      for (let warm = FIRST_RATE; warm < rate; warm *= 2) await drive(warm, 500);
      await drive(rate, 1000);
      await settle();
    },
    async step(rate, { warmUpMs, milliseconds }) {
      await drive(rate, warmUpMs);
      const begin = { at: performance.now(), server: server.cpuSeconds(), ...loadSeconds() };
      const { statistics } = await drive(rate, milliseconds);
      const seconds = (performance.now() - begin.at) / 1000;
      const serverSeconds = server.cpuSeconds() - begin.server;
      const load = loadSeconds();
      await settle();
      const { delivered, bytes, p50, p99 } = statistics;
      return {
        rate,
        delivered: delivered / ((rate * milliseconds) / 1000) / READERS,
        ...{ p50, p99 },
        serverCpu: serverSeconds / seconds,
        loadCpu: (load.own + load.readers - begin.own - begin.readers) / seconds,
        cpuPerMillion: (serverSeconds / ((delivered * DELIVERIES) / READERS)) * 1e6,
        bytesPerEdit: bytes / Math.max(1, delivered),
      };
    },
  };

  function loadSeconds() {
    const { user, system } = process.cpuUsage();
    return { own: (user + system) / 1e6, readers: readers.cpuSeconds() };
  }
}
