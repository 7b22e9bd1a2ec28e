/** A place in the keys of one kind, for walks side by side. */

import type { StorageBackend, StorageEntry } from "./backend.js";
import { type ParsedKey, parseKey, within } from "./keys.js";
import { type Report, reportUnreadable } from "./verify-issue.js";

interface CursorItem {
  readonly key: ParsedKey;
  readonly entry: StorageEntry;
}

export interface Cursor {
  /** Reading failed, and what is behind was not seen. */
  readonly broken: boolean;
  /** Where the cursor stands; `undefined` at the end. */
  readonly current: CursorItem | undefined;
  advance(): Promise<void>;
  /** Walks on for as long as the test holds; left early, the cursor stands where it was left. */
  takeWhile(test: (key: ParsedKey) => boolean): AsyncGenerator<CursorItem>;
  close(): Promise<void>;
}

/** Begins with the first `advance`. What is no key of a ledger is reported and passed over. */
export function createCursor(backend: StorageBackend, keyspace: number, report: Report): Cursor {
  const entries = backend.range(within(keyspace));
  let current: CursorItem | undefined;
  let broken = false;

  const next = async (): Promise<StorageEntry | undefined> => {
    try {
      const { done, value } = await entries.next();
      return done ? undefined : value;
    } catch (error) {
      broken = true;
      await reportUnreadable(error, report, { severity: "critical" });
      return undefined;
    }
  };
  const advance = async () => {
    for (;;) {
      const entry = await next();
      const key = entry === undefined ? undefined : parseKey(entry[0]);
      current = entry === undefined || key === undefined ? undefined : { key, entry };
      if (entry === undefined || current !== undefined) return;
      await reportStranger(entry[0], report);
    }
  };

  return {
    get broken() {
      return broken;
    },
    get current() {
      return current;
    },
    advance,
    async *takeWhile(test) {
      while (current !== undefined && test(current.key)) {
        yield current;
        await advance();
      }
    },
    async close() {
      await entries.return?.();
    },
  };
}

export function documentOf(key: ParsedKey): string | undefined {
  return "document" in key ? key.document : undefined;
}

export async function reportStranger(key: Uint8Array, report: Report): Promise<void> {
  const detail = `no ledger writes the key ${Buffer.from(key.subarray(0, 64)).toString("hex")}`;
  await report({ code: "orphaned-data", severity: "low", detail });
}
