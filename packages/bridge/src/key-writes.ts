/**
 * What a span wrote to the keys of maps, and what its author had seen there: from the structs alone.
 *
 * A write to a key names the one that it follows, its origin. So a chain of writes made offline is one write that
 * follows what its author saw last, and it can be told from a write that was made in ignorance of another. What was
 * taken back does not count, and a copy that a compensation made counts as what it is a copy of: its author's peers saw
 * the original, and he himself what was taken back.
 */
import type * as Y from "yjs";
import { setAgain } from "./history.js";
import { captureContent, type DeletedItem, refOf } from "./invert.js";
import { escapeKey } from "./json.js";
import { keysPath } from "./parts.js";
import type { Path } from "./pointer.js";
import type { Roots } from "./read.js";
import type { RevertMemory, RevertNote } from "./revert-memory.js";
import {
  contentKind,
  findItem,
  type Item,
  itemOf,
  lastEntry,
  parentOf,
  type SharedType,
  type Span,
  type Transaction,
} from "./yjs.js";

/** The last write of a span to one key. */
export interface KeyWrite {
  /** Where the key is after the span. */
  readonly path: Path;
  /** Whether no other write stands above it. What it wrote may be a deletion all the same. */
  readonly inForce: boolean;
  /** Whether its author had seen what was in force before the span. */
  readonly informed: boolean;
  /** Whether nothing stands above it but what was taken back, and copies that taking back has made. */
  readonly hiddenByCompensation: boolean;
  /** Sets its value above whatever is in force, as part of the running transaction. */
  setAgain(): RevertNote;
}

/** The writes of a span to keys whose types are still there, while it is running. */
export function keyWritesOf(
  transaction: Transaction,
  roots: Roots,
  { span, memory }: { span: Span; memory: RevertMemory },
): KeyWrite[] {
  const { doc } = transaction;
  const last = new Map<SharedType, Map<string, Item>>();
  span.eachNewItem(item => {
    const parent = parentOf(item);
    if (item.parentSub === null || itemOf(parent)?.deleted === true) return;
    const keys = last.get(parent) ?? new Map<string, Item>();
    last.set(parent, keys);
    if (!keys.has(item.parentSub)) keys.set(item.parentSub, lastOf(parent, item.parentSub, span) ?? item);
  });

  const writes: KeyWrite[] = [];
  for (const [parent, keys] of last) {
    const path = keysPath(doc, roots, parent);
    for (const [key, item] of keys) {
      const chain = new Chain(doc, span, memory);
      const inForce = chain.isInForce(item);
      // Its author knew already that it had lost, and has let go of the content.
      if (!inForce && contentKind(item) === "deleted") continue;
      writes.push({
        path: [...path, escapeKey(key)],
        inForce,
        informed: chain.isInformed(item),
        hiddenByCompensation: chain.isHiddenByCompensation(item),
        setAgain: () => setAgain(transaction, asSent(doc, item), memory),
      });
    }
  }
  return writes;
}

interface Unit {
  readonly client: number;
  readonly clock: number;
}

/** The writes to one key, older ones to the left. */
class Chain {
  readonly #doc: Y.Doc;
  readonly #span: Span;
  readonly #memory: RevertMemory;

  constructor(doc: Y.Doc, span: Span, memory: RevertMemory) {
    this.#doc = doc;
    this.#span = span;
    this.#memory = memory;
  }

  isInForce(item: Item): boolean {
    for (let other = item.right; other !== null; other = other.right) {
      if (!this.#span.isNew(other)) return false;
    }
    return true;
  }

  isInformed(item: Item): boolean {
    const seen = this.#seenBy(item);
    const before = this.#before(item);
    if (seen === null || before === null) return seen === before;
    return seen.client === before.client && seen.clock === before.clock;
  }

  isHiddenByCompensation(item: Item): boolean {
    if (this.isInForce(item)) return false;
    for (let other = item.right; other !== null; other = other.right) {
      if (this.#span.isNew(other) || this.#isWithdrawn(other)) continue;
      if (this.#memory.originOf(other.id.client, other.id.clock) === null) return false;
    }
    return true;
  }

  /** What the author saw last that still counts. */
  #seenBy(item: Item): Unit | null {
    let id: Unit | null = item.origin;
    while (id !== null) {
      const origin = findItem(this.#doc, id.client, id.clock);
      if (origin === null || !(this.#span.isNew(origin) || this.#isWithdrawn(origin)))
        return this.#original(id);
      id = origin.origin;
    }
    return null;
  }

  /** The last write before the span that still counts. */
  #before(item: Item): Unit | null {
    const parent = parentOf(item);
    let other = lastEntry(parent, item.parentSub!) ?? null;
    while (other !== null && (this.#span.isNew(other) || this.#isWithdrawn(other))) other = other.left;
    return other === null ? null : this.#original(other.id);
  }

  #isWithdrawn({ id }: Item): boolean {
    return this.#memory.isWithdrawn(id.client, id.clock);
  }

  #original(id: Unit): Unit {
    for (let unit = id; ; ) {
      const origin = this.#memory.originOf(unit.client, unit.clock);
      if (origin === null) return unit;
      unit = origin;
    }
  }
}

function lastOf(parent: SharedType, key: string, span: Span): Item | null {
  let item = lastEntry(parent, key) ?? null;
  while (item !== null && !span.isNew(item)) item = item.left;
  return item;
}

/**
 * A write with its content, though it was deleted as soon as it came: the content is there until the transaction ends.
 * What its author had deleted himself came without content.
 */
function asSent(doc: Y.Doc, item: Item): DeletedItem {
  const sent = { isNew: () => false, shows: (part: Item) => contentKind(part) !== "deleted" };
  const content = captureContent(item, sent);
  if (content === null) throw new Error("A write without content cannot be set again.");
  const { id, length, parentSub } = item;
  return {
    client: id.client,
    clock: id.clock,
    length,
    parent: refOf(doc, parentOf(item)),
    key: parentSub,
    content,
  };
}
