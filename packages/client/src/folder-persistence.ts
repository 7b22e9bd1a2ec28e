/**
 * Replicas in a folder, for Node.js: all documents in one LevelDB, which one process at a time may have open.
 *
 * It is open for as long as one of its stores is. LevelDB goes on accepting writes after one has failed, on a full disk
 * for instance, and may lose them in the next crash; so after a failed write none is made until all stores were closed.
 *
 * Keys are the document's id, percent-encoded, its epoch, and then, separated by `/`: `meta`, `last-record`,
 * `updates/<number>`, `records/<number>`. `<id>/newest-epoch` is the newest epoch that was written to.
 */

import { Level } from "level";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { ClientError } from "./errors.js";
import type { OutboxRecord, Persistence, ReplicaMeta } from "./persistence.js";
import { NO_META, openReplicaStore, type RecordDraft, type ReplicaMedium } from "./replica-store.js";

/**
 * Survives a restart, and what was added locally a power cut. The folder is made when it is missing.
 *
 * While another process, or another `folderPersistence`, has the folder open, everything is rejected with
 * `storage-locked`.
 */
export function folderPersistence(folder: string): Persistence {
  if (typeof folder !== "string" || folder === "") throw new TypeError("The folder is a path.");
  const shared = shareFolder(folder);
  return {
    open: (documentId, epoch = 0) =>
      openReplicaStore(createMedium(shared, { document: encodeURIComponent(documentId), epoch })),
  };
}

type Folder = Level<string, Uint8Array>;
type Write =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "put"; readonly key: string; readonly value: unknown; readonly valueEncoding: "json" }
  | { readonly type: "del"; readonly key: string };

interface OpenFolder {
  readonly level: Folder;
  readonly path: string;
  /** By what keys begin with. */
  readonly counters: Map<string, Promise<Counters>>;
  /** By document, as far as it is known. */
  readonly newestEpochs: Map<string, number>;
  write(writes: Write[], options?: { readonly sync?: boolean }): Promise<void>;
}

/** Of one document in one epoch, for all stores that are open on it. */
interface Counters {
  lastUpdate: number;
  lastRecord: number;
  /** What writes there waits for it, so that no number is written after a higher one. */
  turn: Promise<unknown>;
}

interface SharedFolder {
  /** Opens it for one more store. */
  acquire(): Promise<OpenFolder>;
  release(): Promise<void>;
}

function shareFolder(path: string): SharedFolder {
  let stores = 0;
  let opening: Promise<OpenFolder> | null = null;
  let closed: Promise<unknown> = Promise.resolve();
  return {
    async acquire() {
      opening ??= closed.then(() => openFolder(path));
      const opened = opening;
      stores += 1;
      try {
        return await opened;
      } catch (error) {
        stores -= 1;
        if (opening === opened) opening = null;
        throw error;
      }
    },
    async release() {
      stores -= 1;
      if (stores > 0 || opening === null) return;
      closed = opening.then(({ level }) => level.close());
      opening = null;
      await closed;
    },
  };
}

async function openFolder(path: string): Promise<OpenFolder> {
  const level: Folder = new Level(path, { valueEncoding: "view" });
  let failure: ClientError | null = null;
  try {
    await level.open();
  } catch (error) {
    throw folderError(error, path);
  }
  return {
    level,
    path,
    counters: new Map(),
    newestEpochs: new Map(),
    async write(writes, { sync = false } = {}) {
      if (failure !== null) {
        const message = `An earlier write to ${path} failed: close every document and open them again.`;
        throw new ClientError("storage-failed", message, { cause: failure });
      }
      try {
        await level.batch(writes, { sync });
      } catch (error) {
        failure = folderError(error, path);
        throw failure;
      }
    },
  };
}

interface Place {
  readonly folder: OpenFolder;
  /** What keys begin with. */
  readonly prefix: string;
  readonly epoch: number;
  readonly counters: Counters;
}

function createMedium(
  shared: SharedFolder,
  { document, epoch }: { readonly document: string; readonly epoch: number },
): ReplicaMedium {
  const newestEpochKey = `${document}/newest-epoch`;
  let chosen: Promise<Place> | null = null;

  return {
    updates: () =>
      reading(async ({ folder: { level }, prefix, counters }) => {
        // Before: what is written meanwhile has a higher number.
        const last = counters.lastUpdate;
        const updates = await level.values(under(`${prefix}/updates/`)).all();
        // LevelDB gives Buffers, whose `slice` is another one.
        return {
          updates: updates.map(
            ({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length),
          ),
          last,
        };
      }),
    addUpdates: updates =>
      writing(async ({ prefix, counters }, write) => {
        const numbers = updates.map(() => ++counters.lastUpdate);
        await write(updates.map((value, at) => put(`${prefix}/updates/${digits(numbers[at]!)}`, value)));
        return numbers;
      }),
    replaceUpdates: (isHeld, state) =>
      writing(async ({ folder: { level }, prefix, counters }, write) => {
        const keys = await level.keys(under(`${prefix}/updates/`)).all();
        const number = ++counters.lastUpdate;
        const held = keys.filter(key => isHeld(numberOf(key)));
        await write([...held.map(remove), put(`${prefix}/updates/${digits(number)}`, state)]);
        return number;
      }),
    recordsSince: clientSequence =>
      reading(async ({ folder: { level }, prefix }) => {
        const range = { ...under(`${prefix}/records/`), gt: `${prefix}/records/${digits(clientSequence)}` };
        return (await level.iterator(range).all()).map(([key, value]) => decodeRecord(key, value));
      }),
    records: clientSequences =>
      reading(async ({ folder: { level }, prefix }) => {
        const keys = clientSequences.map(each => `${prefix}/records/${digits(each)}`);
        const values = await level.getMany(keys);
        return keys.flatMap((key, at) => (values[at] === undefined ? [] : decodeRecord(key, values[at])));
      }),
    addRecords: drafts =>
      writing(async ({ prefix, counters }, write) => {
        const numbers = drafts.map(() => ++counters.lastRecord);
        const records = drafts.map((draft, at) =>
          put(`${prefix}/records/${digits(numbers[at]!)}`, encodeRecord(draft)),
        );
        await write([...records, putJson(`${prefix}/last-record`, counters.lastRecord)], { sync: true });
        return numbers;
      }),
    removeRecords: clientSequences =>
      writing(({ prefix }, write) =>
        write(clientSequences.map(each => remove(`${prefix}/records/${digits(each)}`))),
      ),
    meta: () => reading(({ folder: { level }, prefix }) => readMeta(level, prefix)),
    setMeta: meta =>
      writing(async ({ folder: { level }, prefix }, write) => {
        const before = (await readMeta(level, prefix)) ?? NO_META;
        await write([putJson(`${prefix}/meta`, { ...before, ...meta })]);
      }),
    clear: () =>
      writing(async ({ folder: { level }, prefix }, write) => {
        const keys = await level.keys(under(`${prefix}/`)).all();
        // No number is given twice.
        await write(keys.filter(key => !key.endsWith("/last-record")).map(remove));
      }),
    async close() {
      // What did not open is not to be closed, and whoever opened it was told why.
      if (chosen !== null) await chosen.then(shared.release, () => undefined);
    },
  };

  function choose(): Promise<Place> {
    chosen ??= open().catch(error => {
      chosen = null;
      throw error;
    });
    return chosen;
  }

  async function open(): Promise<Place> {
    const folder = await shared.acquire();
    try {
      const { level, newestEpochs } = folder;
      const kept = await level.get<string, number>(newestEpochKey, { valueEncoding: "json" });
      const newest = newestEpochs.get(document) ?? kept ?? 1;
      newestEpochs.set(document, newest);
      const current = Math.max(1, epoch === 0 ? newest : epoch);
      const prefix = `${document}/${current}`;
      const counters = folder.counters.get(prefix) ?? readCounters(level, prefix);
      folder.counters.set(prefix, counters);
      return { folder, prefix, epoch: current, counters: await counters };
    } catch (error) {
      await shared.release();
      throw folderError(error, folder.path);
    }
  }

  async function reading<T>(read: (place: Place) => Promise<T>): Promise<T> {
    const place = await choose();
    try {
      return await read(place);
    } catch (error) {
      throw folderError(error, place.folder.path);
    }
  }

  /** One after the other, whatever became of the one before. */
  async function writing<T>(task: (place: Place, write: OpenFolder["write"]) => Promise<T>): Promise<T> {
    const place = await choose();
    const { folder, counters } = place;
    const done = counters.turn.then(() => task(place, write));
    counters.turn = done.catch(() => undefined);
    try {
      return await done;
    } catch (error) {
      throw folderError(error, folder.path);
    }

    async function write(writes: Write[], options?: { readonly sync?: boolean }): Promise<void> {
      if (writes.length === 0) return;
      const isNewest = place.epoch > folder.newestEpochs.get(document)!;
      const note = isNewest ? [putJson(newestEpochKey, place.epoch)] : [];
      await folder.write([...note, ...writes], options);
      if (isNewest) folder.newestEpochs.set(document, place.epoch);
    }
  }
}

async function readCounters(level: Folder, prefix: string): Promise<Counters> {
  const [last] = await level.keys({ ...under(`${prefix}/updates/`), reverse: true, limit: 1 }).all();
  const lastRecord = await level.get<string, number>(`${prefix}/last-record`, { valueEncoding: "json" });
  return {
    lastUpdate: last === undefined ? 0 : numberOf(last),
    lastRecord: lastRecord ?? 0,
    turn: Promise.resolve(),
  };
}

async function readMeta(level: Folder, prefix: string): Promise<ReplicaMeta | null> {
  return (await level.get<string, ReplicaMeta>(`${prefix}/meta`, { valueEncoding: "json" })) ?? null;
}

function put(key: string, value: Uint8Array): Write {
  return { type: "put", key, value };
}

function putJson(key: string, value: unknown): Write {
  return { type: "put", key, value, valueEncoding: "json" };
}

function remove(key: string): Write {
  return { type: "del", key };
}

/** Keys that begin with what ends in a slash; `0` is the character behind it. */
function under(prefix: string): { readonly gt: string; readonly lt: string } {
  return { gt: prefix, lt: `${prefix.slice(0, -1)}0` };
}

/** So that keys sort as their numbers do. */
function digits(number: number): string {
  return String(number).padStart(16, "0");
}

function numberOf(key: string): number {
  return Number(key.slice(-16));
}

function encodeRecord({ madeAt, update }: RecordDraft): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeFloat64(encoder, madeAt);
    encoding.writeUint8Array(encoder, update);
  });
}

function decodeRecord(key: string, value: Uint8Array): OutboxRecord {
  const decoder = decoding.createDecoder(value);
  const madeAt = decoding.readFloat64(decoder);
  return { clientSequence: numberOf(key), madeAt, update: decoding.readTailAsUint8Array(decoder) };
}

/** LevelDB's error as one of ours. */
function folderError(error: unknown, path: string): ClientError {
  if (error instanceof ClientError) return error;
  const outer = error instanceof Error ? error : new Error(String(error));
  // What stopped an opening is the cause of a general error.
  const inner = outer.cause instanceof Error ? outer.cause : outer;
  if ("code" in inner && inner.code === "LEVEL_LOCKED") {
    const message = `Another process, or another client of this one, has ${path} open.`;
    return new ClientError("storage-locked", message, { cause: error });
  }
  // LevelDB hands on the system's words and not its number.
  if (/no space left|quota exceeded/i.test(inner.message)) {
    return new ClientError("storage-full", `There is no room left for ${path}.`, { cause: error });
  }
  return new ClientError("storage-failed", `The store in ${path} failed: ${inner.message}`, { cause: error });
}
