/**
 * Replicas in IndexedDB.
 *
 * The document lies in the database that y-indexeddb would give it, in its layout: the object store `updates` with a number
 * for each update, and `custom`, which is the program's own. So either reads what the other has written, at any time. Its
 * functions are not used: they write on opening, apply to a `Y.Doc` and tell nobody when a write has failed. Beside it, in
 * `<name>:outbox`, are the records, which are written first, and the metadata.
 *
 * The document of epoch 1 has the plain name, and so has one whose epoch is not known. Each later epoch has databases of
 * its own, `<name>@<epoch>`; the newest that was written to is noted in the outbox of the plain name, which is where it is
 * looked up when a document is opened without an epoch.
 */
import {
  type IndexedDatabase,
  type IndexedDatabaseOptions,
  openIndexedDatabase,
  resultOf,
} from "./indexed-database.js";
import type { Persistence } from "./persistence.js";
import { NO_META, openReplicaStore, type ReplicaMedium } from "./replica-store.js";

export interface BrowserPersistenceOptions {
  /**
   * What every database's name begins with: one for each user, where several use one browser.
   * @default "", so that a document's database is named like it
   */
  readonly prefix?: string;
  /** @default the browser's; without one everything is rejected with `storage-failed` */
  readonly indexedDB?: IDBFactory | undefined;
}

/** Survives a reload and a restart of the browser. All tabs of an origin share it. */
export function browserPersistence({ prefix = "", indexedDB }: BrowserPersistenceOptions = {}): Persistence {
  return {
    open: (documentId, epoch = 0) =>
      openReplicaStore(createMedium({ name: prefix + documentId, epoch, indexedDB })),
  };
}

interface MediumOptions {
  readonly name: string;
  /** 0: the newest that is kept. */
  readonly epoch: number;
  readonly indexedDB: IDBFactory | undefined;
}

interface Databases {
  readonly document: IndexedDatabase;
  readonly outbox: IndexedDatabase;
}

/** Keys in `meta`; the second is only in the outbox of the plain name. */
const REPLICA = "replica";
const NEWEST_EPOCH = "epoch";

function createMedium({ name, epoch, indexedDB }: MediumOptions): ReplicaMedium {
  const opened: IndexedDatabase[] = [];
  const plainOutbox = openOutbox(name);
  let chosen: Promise<Databases> | null = null;
  let isNoted = epoch <= 1;

  return {
    async updates() {
      const { document } = await choose();
      const found = await document.read(transaction => {
        const updates = transaction.objectStore("updates");
        return Promise.all([resultOf(updates.getAll()), resultOf(updates.getAllKeys())]);
      });
      const [updates, numbers] = found ?? [[], []];
      return { updates, last: Number(numbers.at(-1) ?? 0) };
    },
    async addUpdates(updates) {
      const { document } = await chooseForWriting();
      return document.write(transaction => addAll(transaction.objectStore("updates"), updates.map(exact)));
    },
    async replaceUpdates(isHeld, state) {
      const { document } = await chooseForWriting();
      return document.write(async transaction => {
        const updates = transaction.objectStore("updates");
        const held = (await resultOf(updates.getAllKeys())).filter(number => isHeld(Number(number)));
        const [number] = await addAll(updates, [exact(state)]);
        await Promise.all(held.map(each => resultOf(updates.delete(each))));
        return number!;
      });
    },
    async recordsSince(clientSequence) {
      const { outbox } = await choose();
      const behind = IDBKeyRange.lowerBound(clientSequence, true);
      const found = await outbox.read(async transaction =>
        resultOf(transaction.objectStore("records").getAll(behind)),
      );
      return found ?? [];
    },
    async records(clientSequences) {
      const { outbox } = await choose();
      const found = await outbox.read(transaction => {
        const records = transaction.objectStore("records");
        return Promise.all(clientSequences.map(each => resultOf(records.get(each))));
      });
      return (found ?? []).filter(record => record !== undefined);
    },
    async addRecords(drafts) {
      const { outbox } = await chooseForWriting();
      const records = drafts.map(({ madeAt, update }) => ({ madeAt, update: exact(update) }));
      return outbox.write(transaction => addAll(transaction.objectStore("records"), records), {
        durability: "strict",
      });
    },
    async removeRecords(clientSequences) {
      const { outbox } = await choose();
      await outbox.write(transaction => {
        const records = transaction.objectStore("records");
        return Promise.all(clientSequences.map(each => resultOf(records.delete(each))));
      });
    },
    async meta() {
      const { outbox } = await choose();
      return (
        (await outbox.read(transaction => resultOf(transaction.objectStore("meta").get(REPLICA)))) ?? null
      );
    },
    async setMeta(meta) {
      const { outbox } = await chooseForWriting();
      await outbox.write(async transaction => {
        const store = transaction.objectStore("meta");
        const before = (await resultOf(store.get(REPLICA))) ?? NO_META;
        await resultOf(store.put({ ...before, ...meta }, REPLICA));
      });
    },
    async clear() {
      const { document, outbox } = await choose();
      if (await document.read(async () => true)) {
        await document.write(transaction => emptied(transaction, ["updates", "custom"]));
      }
      if (await outbox.read(async () => true)) {
        await outbox.write(async transaction => {
          await emptied(transaction, ["records"]);
          // Not the note of the newest epoch: an older one would come up again.
          await resultOf(transaction.objectStore("meta").delete(REPLICA));
        });
      }
    },
    async close() {
      await Promise.all(opened.map(database => database.close()));
    },
  };

  function choose(): Promise<Databases> {
    chosen ??= open().catch(error => {
      chosen = null;
      throw error;
    });
    return chosen;
  }

  async function open(): Promise<Databases> {
    const current = epoch === 0 ? ((await newestEpoch()) ?? 1) : epoch;
    if (current <= 1) return { document: openDocument(name), outbox: plainOutbox };
    return { document: openDocument(`${name}@${current}`), outbox: openOutbox(`${name}@${current}`) };
  }

  function newestEpoch(): Promise<number | null | undefined> {
    return plainOutbox.read(transaction => resultOf(transaction.objectStore("meta").get(NEWEST_EPOCH)));
  }

  async function chooseForWriting(): Promise<Databases> {
    if (!isNoted) {
      await plainOutbox.write(async transaction => {
        const meta = transaction.objectStore("meta");
        const newest = (await resultOf(meta.get(NEWEST_EPOCH))) ?? 1;
        if (newest < epoch) await resultOf(meta.put(epoch, NEWEST_EPOCH));
      });
      isNoted = true;
    }
    return choose();
  }

  function openDocument(databaseName: string): IndexedDatabase {
    // As y-indexeddb lays it out.
    const layout = { updates: { autoIncrement: true }, custom: {} };
    return openDatabase(databaseName, layout);
  }

  function openOutbox(databaseName: string): IndexedDatabase {
    const layout = { records: { keyPath: "clientSequence", autoIncrement: true }, meta: {} };
    return openDatabase(`${databaseName}:outbox`, layout);
  }

  function openDatabase(databaseName: string, layout: IndexedDatabaseOptions["layout"]): IndexedDatabase {
    const database = openIndexedDatabase({ indexedDB, name: databaseName, layout });
    opened.push(database);
    return database;
  }
}

async function addAll(store: IDBObjectStore, values: readonly unknown[]): Promise<number[]> {
  const numbers = await Promise.all(values.map(value => resultOf(store.add(value))));
  return numbers.map(Number);
}

/** Not the databases: their counters go on, so that no number is given twice. */
async function emptied(transaction: IDBTransaction, stores: readonly string[]): Promise<void> {
  await Promise.all(stores.map(store => resultOf(transaction.objectStore(store).clear())));
}

/** The bytes alone: with a view, IndexedDB stores all of the buffer beneath it. */
function exact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
