/**
 * The changes of documents as they are read by many at once: by all who follow a document, when it has changed.
 *
 * Whoever asks for the same at the same time shares one reading of the ledger, and the latest events are kept for those
 * who come a little later. What is kept is bounded in bytes, for all documents together.
 */
import type { ChangeEvent } from "@verso/protocol";
import type { Head, Ledger } from "@verso/storage";
import { LRUCache } from "lru-cache";
import { toChangeEvent } from "./changes.js";
import { isShownByRoot } from "./json-view.js";
import { knownRoots } from "./kinds.js";

export interface ChangesAsked {
  /** Only what came after this sequence. */
  readonly since: number;
  /** Fewer may be given than there are; none only when there are none. */
  readonly limit: number;
  /** Whether the document is shown by all of its roots. @default false */
  readonly all?: boolean | undefined;
}

export interface RecentChanges {
  /** Oldest first; `null` for a document that has no commits or was erased. */
  after(documentId: string, asked: ChangesAsked): Promise<readonly ChangeEvent[] | null>;
  /** There is more of the document than any reading may have found that is under way. */
  outdate(documentId: string): void;
  /** The document was erased: nothing of it may be left here. */
  forget(documentId: string): void;
}

/** Bytes of encoded changes, and what is beside them in an event. */
const keptBytes = 8 * 1024 * 1024;
const eventBytes = 512;

export function createRecentChanges(ledger: Pick<Ledger, "head" | "read">): RecentChanges {
  const kept = new LRUCache<string, ChangeEvent>({ maxSize: keptBytes });
  /** How often a document was erased: what was being read then is not kept. */
  let erasures = 0;
  /** Readings under way, by document and then by what was asked. */
  const underWay = new Map<string, Map<string, Promise<readonly ChangeEvent[] | null>>>();

  return {
    after(documentId, { since, limit, all = false }) {
      let readings = underWay.get(documentId);
      if (readings === undefined) {
        readings = new Map();
        underWay.set(documentId, readings);
      }
      const name = `${since} ${limit} ${all}`;
      const shared = readings.get(name);
      if (shared !== undefined) return shared;
      const reading = read(documentId, { since, limit, all }).finally(() => end(documentId, name, reading));
      readings.set(name, reading);
      return reading;
    },
    outdate(documentId) {
      underWay.delete(documentId);
    },
    forget(documentId) {
      erasures++;
      underWay.delete(documentId);
      for (const [key, event] of kept.entries()) if (event.document_id === documentId) kept.delete(key);
    },
  };

  async function read(
    documentId: string,
    { since, limit, all }: Required<ChangesAsked>,
  ): Promise<readonly ChangeEvent[] | null> {
    const erasuresBefore = erasures;
    const head = await ledger.head(documentId);
    if (head === undefined) return null;
    const keyOf = keysOf(head, { all: all === true });
    const events: ChangeEvent[] = [];
    const last = Math.min(since + limit, head.sequence);
    if (last <= since) return events;
    for (let sequence = since + 1; sequence <= last; sequence++) {
      const event = kept.get(keyOf(sequence));
      if (event === undefined) break;
      events.push(event);
    }
    if (events.length > 0) return events;
    const roots = knownRoots(head.roots);
    for await (const commit of ledger.read(documentId, { from: since + 1, to: last })) {
      const event = toChangeEvent(documentId, commit, { roots, all: all === true });
      if (erasures === erasuresBefore) {
        kept.set(keyOf(commit.sequence), event, { size: eventBytes + (commit.change?.length ?? 0) });
      }
      events.push(event);
    }
    return events;
  }

  function end(documentId: string, name: string, reading: Promise<unknown>): void {
    const readings = underWay.get(documentId);
    if (readings?.get(name) !== reading) return;
    readings.delete(name);
    if (readings.size === 0) underWay.delete(documentId);
  }
}

/** What an event is kept under: a document may come to be shown in another way, by a root that appears. */
function keysOf({ document, roots }: Head, { all }: { readonly all: boolean }): (sequence: number) => string {
  const isWhole = all || !isShownByRoot(knownRoots(roots));
  return sequence => `${isWhole} ${sequence} ${document}`;
}
