/**
 * One IndexedDB database that comes into being with the first write.
 *
 * Reading creates nothing: an opening that would create the database is called off. A write counts once its transaction is
 * complete, not when its requests have succeeded, for a full disk may show as late as that. A database that goes while it
 * is open, because a page deletes it or the browser clears its data, is not opened again: it would begin anew, and give
 * numbers a second time.
 */
import { ClientError } from "./errors.js";

export interface IndexedDatabase {
  /** Resolves to `null` when there is no such database. */
  read<T>(store: string, body: (rows: IDBObjectStore) => Promise<T>): Promise<T | null>;
  /**
   * Resolves when the transaction is complete. What fails, `body` too, undoes all of it.
   * @param options.durability `strict` outlasts a power cut, where the browser can
   */
  write<T>(
    store: string,
    body: (rows: IDBObjectStore) => Promise<T>,
    options?: { readonly durability: IDBTransactionDurability } | undefined,
  ): Promise<T>;
  /** Ends once transactions that are under way have. */
  close(): Promise<void>;
}

export interface IndexedDatabaseOptions {
  /** @default the browser's */
  readonly indexedDB?: IDBFactory | undefined;
  readonly name: string;
  /** Object stores, and how each makes its keys. */
  readonly layout: Readonly<Record<string, IDBObjectStoreParameters>>;
}

/** Rejections are `ClientError`s: `storage-full`, `storage-locked` or `storage-failed`. */
export function openIndexedDatabase({ indexedDB, name, layout }: IndexedDatabaseOptions): IndexedDatabase {
  /** One opening at a time; `null` when there was nothing to open. */
  let opening: Promise<IDBDatabase | null> = Promise.resolve(null);
  let gone = false;

  return {
    async read(store, body) {
      const database = await connect({ create: false });
      return database && transact(body, () => database.transaction(store));
    },
    async write(store, body, options) {
      const database = await connect({ create: true });
      return transact(body, () => database!.transaction(store, "readwrite", options));
    },
    close: () =>
      opening.then(
        database => database?.close(),
        // What did not open is not to be closed, and whoever opened it was told why.
        () => undefined,
      ),
  };

  function connect({ create }: { create: boolean }): Promise<IDBDatabase | null> {
    if (gone) {
      const message = `The database "${name}" was removed by another page or by the browser.`;
      return Promise.reject(new ClientError("storage-failed", message));
    }
    // What has failed before is tried again.
    opening = opening.then(
      database => database ?? open(create),
      () => open(create),
    );
    return opening;
  }

  async function open(create: boolean): Promise<IDBDatabase | null> {
    try {
      // Where pages may keep nothing, even to look may throw.
      const factory = indexedDB ?? (globalThis.indexedDB as IDBFactory | undefined);
      if (factory === undefined) throw new ClientError("storage-failed", "There is no IndexedDB here.");
      return await request(factory, create);
    } catch (error) {
      throw storageError(error);
    }
  }

  function request(factory: IDBFactory, create: boolean): Promise<IDBDatabase | null> {
    return new Promise((resolve, reject) => {
      let calledOff = false;
      let late = false;
      const opened = factory.open(name);
      const timer = setTimeout(() => {
        late = true;
        const message = `The database "${name}" does not open: another page does not let go of it.`;
        reject(new ClientError("storage-locked", message));
      }, PATIENCE);
      opened.onupgradeneeded = () => {
        calledOff = late || !create;
        if (calledOff) opened.transaction!.abort();
        else for (const store in layout) opened.result.createObjectStore(store, layout[store]);
      };
      opened.onerror = event => {
        clearTimeout(timer);
        // Else a browser tells the page of an error that is none, or is told by the rejection.
        event.preventDefault();
        if (calledOff) resolve(null);
        else reject(opened.error);
      };
      opened.onsuccess = () => {
        clearTimeout(timer);
        const database = opened.result;
        if (late) database.close();
        database.onversionchange = () => {
          gone = true;
          // Else whoever deletes or upgrades it would wait for this page.
          database.close();
        };
        database.onclose = () => {
          gone = true;
        };
        resolve(database);
      };
    });
  }
}

async function transact<T>(
  body: (rows: IDBObjectStore) => Promise<T>,
  begin: () => IDBTransaction,
): Promise<T> {
  let underWay: IDBTransaction | null = null;
  try {
    const transaction = begin();
    underWay = transaction;
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => {
        underWay = null;
        reject(transaction.error);
      };
    });
    const [store] = transaction.objectStoreNames;
    const asked = (async () => body(transaction.objectStore(store!)))();
    const [result] = await Promise.all([asked, completed]);
    return result;
  } catch (error) {
    // What of it has succeeded must not stay.
    underWay?.abort();
    throw storageError(error);
  }
}

/** Resolves with what is asked for; awaiting nothing but requests keeps their transaction open. */
export function results<T>(requests: readonly IDBRequest<T>[]): Promise<T[]> {
  return Promise.all(
    requests.map(
      request =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        }),
    ),
  );
}

/** Milliseconds. Openings take a few; one that waits for another page's deletion may wait for ever. */
const PATIENCE = 10_000;

function storageError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  const { name, message } =
    error instanceof Object && "name" in error ? (error as Error) : new Error(String(error));
  if (name === "QuotaExceededError") {
    return new ClientError("storage-full", "The browser has no room left for this page.", { cause: error });
  }
  return new ClientError("storage-failed", `The browser's database failed: ${message}`, { cause: error });
}
