/** Where edits are kept from the moment they are made until they are answered. */
import type { StoredEdit } from "./edit.js";

/**
 * Keeps edits for one client. A failure rejects; whatever it kept before is still there.
 *
 * One storage is for one user at one relay, and used by one client at a time. An edit that was kept twice is made once
 * all the same.
 */
export interface EditStorage {
  /** All that is kept, in any order. */
  load(): Promise<readonly StoredEdit[]>;
  /** Keeps an edit, in place of an older form of it; it is done when the edit would survive. */
  put(edit: StoredEdit): Promise<void>;
  /** Lets go of an edit; of one that is not there, too. */
  remove(editId: string): Promise<void>;
}

/** Survives as long as the object does. */
export function memoryStorage(): EditStorage {
  const kept = new Map<string, StoredEdit>();
  return {
    load: async () => [...kept.values()],
    put: async edit => void kept.set(edit.message.edit_id, edit),
    remove: async editId => void kept.delete(editId),
  };
}

/** What of the Web Storage API is used. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface BrowserStorageOptions {
  /** Tells the queues of one origin apart: one for each user and relay. */
  readonly name: string;
  /** @default localStorage */
  readonly area?: WebStorage;
}

/** Survives a reload, and a restart of the browser: one item of `localStorage` for each edit. */
export function browserStorage({ name, area }: BrowserStorageOptions): EditStorage {
  const items = area ?? (globalThis as { localStorage?: WebStorage }).localStorage;
  if (items === undefined) throw new TypeError("There is no localStorage here; give an area.");
  const prefix = `verso-edits:${name}:`;
  return {
    async load() {
      const keys = Array.from({ length: items.length }, (_, index) => items.key(index) ?? "");
      return keys
        .filter(key => key.startsWith(prefix))
        .map(key => JSON.parse(items.getItem(key) ?? "null") as StoredEdit);
    },
    put: async edit => items.setItem(prefix + edit.message.edit_id, JSON.stringify(edit)),
    remove: async editId => items.removeItem(prefix + editId),
  };
}
