/** A place in the keys of one kind, for walks side by side. */

import type { StorageBackend, StorageEntry } from "./backend.js";
import { type ParsedKey, parseKey, within } from "./keys.js";
import { type Report, reportUnreadable } from "./verify-issue.js";

interface CursorItem {
  readonly key: ParsedKey;
  /** Without its value when only keys are read. */
  readonly entry: StorageEntry;
}

export interface Cursor {
  /** Reading failed, and what is behind was not seen. */
  readonly broken: boolean;
  readonly current: CursorItem | undefined;
  /** The current item, if it is of the document. */
  at(document: string): CursorItem | undefined;
  advance(): Promise<void>;
  /** Advances while the current item is of the document and the test holds. */
  skip(test: (key: ParsedKey) => boolean, document: string): Promise<void>;
  /** Walks to the end of the document, or of everything. */
  within(document?: string): AsyncGenerator<CursorItem>;
  close(): Promise<void>;
}

export function createCursor(
  backend: StorageBackend,
  keyspace: number,
  { values, report }: { values: boolean; report: Report },
): Cursor {
  const entries = values ? backend.range(within(keyspace)) : undefined;
  const keys = values ? undefined : backend.keys(within(keyspace));
  let current: CursorItem | undefined;
  let broken = false;
  const cursor: Cursor = {
    get broken() {
      return broken;
    },
    get current() {
      return current;
    },
    at: document => (current !== undefined && documentOf(current.key) === document ? current : undefined),
    async advance() {
      current = undefined;
      while (current === undefined) {
        let entry: StorageEntry | undefined;
        try {
          if (entries !== undefined) entry = (await entries.next()).value ?? undefined;
          else {
            const key: Uint8Array | undefined = (await keys?.next())?.value ?? undefined;
            entry = key === undefined ? undefined : [key, NO_VALUE];
          }
        } catch (error) {
          broken = true;
          await reportUnreadable(error, report, { severity: "critical" });
        }
        if (entry === undefined) return;
        const key = parseKey(entry[0]);
        if (key === undefined) await reportStranger(entry[0], report);
        else current = { key, entry };
      }
    },
    async skip(test, document) {
      for (let item = cursor.at(document); item !== undefined && test(item.key); item = cursor.at(document)) {
        await cursor.advance();
      }
    },
    async *within(document) {
      while (current !== undefined && (document === undefined || documentOf(current.key) === document)) {
        yield current;
        await cursor.advance();
      }
    },
    async close() {
      await entries?.return?.();
      await keys?.return?.();
    },
  };
  return cursor;
}

const NO_VALUE = new Uint8Array(0);

export function documentOf(key: ParsedKey): string | undefined {
  return "document" in key ? key.document : undefined;
}

export async function reportStranger(key: Uint8Array, report: Report): Promise<void> {
  const detail = `no ledger writes the key ${Buffer.from(key.subarray(0, 64)).toString("hex")}`;
  await report({ code: "orphaned-data", severity: "low", detail });
}
