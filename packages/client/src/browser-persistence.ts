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
import { type IndexedDatabase, openIndexedDatabase, results } from "./indexed-database.js";
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

/** Object stores, and how each numbers what it holds; those of the document are y-indexeddb's. */
const LAYOUT = {
  document: { updates: { autoIncrement: true }, custom: {} },
  outbox: { records: { keyPath: "clientSequence", autoIncrement: true }, meta: {} },
};
const DATABASE_OF = { updates: "document", custom: "document", records: "outbox", meta: "outbox" } as const;
type StoreName = keyof typeof DATABASE_OF;
type Databases = Readonly<Record<keyof typeof LAYOUT, IndexedDatabase>>;

/** Keys in `meta`; the second is only in the outbox of the plain name. */
const REPLICA = "replica";
const NEWEST_EPOCH = "epoch";

function createMedium({ name, epoch, indexedDB }: MediumOptions): ReplicaMedium {
  const opened: Databases[] = [];
  const plain = open(name);
  let chosen: Promise<Databases> | null = null;
  let isNoted = epoch <= 1;

  return {
    async updates() {
      const found = await read("updates", updates => results([updates.getAll(), updates.getAllKeys()]));
      const [updates = [], numbers = []] = found ?? [];
      return { updates, last: Number(numbers.at(-1) ?? 0) };
    },
    addUpdates: updates => write("updates", store => addAll(store, updates.map(copyOf))),
    replaceUpdates: (isHeld, state) =>
      write("updates", async updates => {
        const [numbers] = await results([updates.getAllKeys()]);
        const [number] = await addAll(updates, [copyOf(state)]);
        const held = numbers!.filter(each => isHeld(Number(each)));
        await results(held.map(each => updates.delete(each)));
        return number!;
      }),
    async recordsSince(clientSequence) {
      const behind = IDBKeyRange.lowerBound(clientSequence, true);
      const found = await read("records", records => results([records.getAll(behind)]));
      return found?.[0] ?? [];
    },
    async records(clientSequences) {
      const found = await read("records", records => results(clientSequences.map(each => records.get(each))));
      return (found ?? []).filter(record => record !== undefined);
    },
    addRecords: drafts =>
      write(
        "records",
        store =>
          addAll(
            store,
            drafts.map(({ madeAt, update }) => ({ madeAt, update: copyOf(update) })),
          ),
        { durability: "strict" },
      ),
    async removeRecords(clientSequences) {
      await write("records", records => results(clientSequences.map(each => records.delete(each))));
    },
    async meta() {
      const found = await read("meta", meta => results([meta.get(REPLICA)]));
      return found?.[0] ?? null;
    },
    async setMeta(changed) {
      await write("meta", async meta => {
        const [before = NO_META] = await results([meta.get(REPLICA)]);
        await results([meta.put({ ...before, ...changed }, REPLICA)]);
      });
    },
    async clear() {
      // The databases stay: their counters go on, so that no number is given twice, and so does the note of the newest
      // epoch, or an older one would come up again.
      for (const store of ["updates", "custom", "records", "meta"] as const) {
        const isThere = await read(store, async () => true);
        if (isThere) {
          await write(store, rows => results([store === "meta" ? rows.delete(REPLICA) : rows.clear()]));
        }
      }
    },
    async close() {
      await Promise.all(opened.flatMap(({ document, outbox }) => [document.close(), outbox.close()]));
    },
  };

  async function read<T>(store: StoreName, body: (rows: IDBObjectStore) => Promise<T>): Promise<T | null> {
    const databases = await choose();
    return databases[DATABASE_OF[store]].read(store, body);
  }

  async function write<T>(
    store: StoreName,
    body: (rows: IDBObjectStore) => Promise<T>,
    options?: { readonly durability: IDBTransactionDurability },
  ): Promise<T> {
    if (!isNoted) await note();
    const databases = await choose();
    return databases[DATABASE_OF[store]].write(store, body, options);
  }

  function choose(): Promise<Databases> {
    chosen ??= find().catch(error => {
      chosen = null;
      throw error;
    });
    return chosen;
  }

  async function find(): Promise<Databases> {
    const noted = epoch === 0 && (await plain.outbox.read("meta", meta => results([meta.get(NEWEST_EPOCH)])));
    const current = noted ? (noted[0] ?? 1) : epoch;
    return current <= 1 ? plain : open(`${name}@${current}`);
  }

  async function note(): Promise<void> {
    await plain.outbox.write("meta", async meta => {
      const [newest = 1] = await results([meta.get(NEWEST_EPOCH)]);
      if (newest < epoch) await results([meta.put(epoch, NEWEST_EPOCH)]);
    });
    isNoted = true;
  }

  function open(databaseName: string): Databases {
    const databases = {
      document: openIndexedDatabase({ indexedDB, name: databaseName, layout: LAYOUT.document }),
      outbox: openIndexedDatabase({ indexedDB, name: `${databaseName}:outbox`, layout: LAYOUT.outbox }),
    };
    opened.push(databases);
    return databases;
  }
}

async function addAll(store: IDBObjectStore, values: readonly unknown[]): Promise<number[]> {
  return (await results(values.map(value => store.add(value)))).map(Number);
}

/** The bytes alone: with a view, IndexedDB stores all of the buffer beneath it. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
