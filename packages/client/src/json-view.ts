/**
 * The JSON of a Yjs document, kept current: an immutable value that shares with the one before it whatever is the same.
 *
 * It is read when somebody asks for it. A transaction only marks the types it has changed and those around them; what is
 * not marked is not read again, so a change costs the containers on the way to it. What came out equal stays the same
 * object, all the way up: `===` tells whether anything at a place has changed.
 */
import {
  isWriting,
  type Json,
  type JsonObject,
  jsonEqual,
  noteRoots,
  openTransactions,
  type RootKind,
  type Roots,
  read,
} from "@verso/bridge";
import type * as Y from "yjs";

export interface JsonView {
  /** The kinds of all roots that are declared or that anything was ever seen in. */
  readonly roots: Roots;
  /** The document as it is, frozen. Within a running transaction it is read as a whole, at every call. */
  getSnapshot(): JsonObject;
  /** Calls after transactions that may have changed the snapshot. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  close(): void;
}

interface Known {
  json: Json;
  isCurrent: boolean;
}

/** A root that is not declared is in the JSON from when something in it is first visible, as what it then shows itself. */
export function createJsonView(doc: Y.Doc, { roots: declared = {} }: { roots?: Roots } = {}): JsonView {
  const roots: Record<string, RootKind> = Object.assign(Object.create(null), declared);
  /** By shared type, stored object, and the document itself. */
  const memory = new WeakMap<object, Known>();
  const listeners = new Set<() => void>();

  noteRoots(doc, roots);
  doc.on("afterTransaction", forget);
  doc.on("afterAllTransactions", tell);

  return {
    roots,
    getSnapshot() {
      if (isWriting(doc)) {
        noteRoots(doc, roots);
        return frozen(read(doc, roots)) as JsonObject;
      }
      openTransactions(doc).forEach(forget);
      return remember(doc, () => read(doc, roots, { remember })) as JsonObject;
    },
    subscribe(listener) {
      // Two who subscribe the same function are two.
      const call = () => listener();
      listeners.add(call);
      return () => void listeners.delete(call);
    },
    close() {
      doc.off("afterTransaction", forget);
      doc.off("afterAllTransactions", tell);
      listeners.clear();
    },
  };

  function remember(source: object, readAgain: () => Json): Json {
    const known = memory.get(source);
    if (known?.isCurrent) return known.json;
    let json = frozen(readAgain());
    if (known !== undefined && jsonEqual(known.json, json)) json = known.json;
    memory.set(source, { json, isCurrent: true });
    return json;
  }

  function forget({ changed }: Y.Transaction): void {
    for (const type of changed.keys()) {
      for (let each: typeof type | null = type; each !== null; each = each.parent) mark(each);
    }
    if (changed.size === 0) return;
    noteRoots(doc, roots);
    mark(doc);
  }

  function mark(source: object): void {
    const known = memory.get(source);
    if (known !== undefined) known.isCurrent = false;
  }

  function tell(_: Y.Doc, transactions: readonly Y.Transaction[]): void {
    if (transactions.some(({ changed }) => changed.size > 0)) for (const call of [...listeners]) call();
  }
}

function frozen(json: Json): Json {
  if (typeof json !== "object" || json === null || Object.isFrozen(json)) return json;
  for (const member of Object.values(json)) frozen(member);
  return Object.freeze(json);
}
