/**
 * Watching a document: for every span of transactions, the change it made to the document's JSON.
 *
 * A span is one transaction, or several that cannot be told apart: when observers begin transactions, these run at
 * once, and whoever looks next sees all of them. So everything begun since the last look is one span. What an observer
 * of Yjs sees, event by event, is not to be trusted then; here it does not matter.
 */
import type * as Y from "yjs";
import type { Change } from "./change.js";
import { type Derivation, Deriver } from "./derive.js";
import { BridgeError } from "./errors.js";
import { captureInverse, type InverseRecord } from "./invert.js";
import { cloneJson, jsonEqual, type MutableJsonObject } from "./json.js";
import { type KeyWrite, keyWritesOf } from "./key-writes.js";
import { partsOf, type SpanPart } from "./parts.js";
import { type Rfc6902Operation, toRfc6902 } from "./patch.js";
import { childPointer, toPointer } from "./pointer.js";
import { noteRoots, type RootKind, type Roots, read, readPath, rootKinds } from "./read.js";
import { applyChange } from "./replay.js";
import type { RevertMemory } from "./revert-memory.js";
import { hookTransactions, isNested, isRunning, progressOf, Span, type Transaction } from "./yjs.js";

/** What a span did. Its methods can be called until the listener returns, while deleted content is still there. */
export interface PatchSpan {
  /** The first transaction of the span. */
  readonly transaction: Y.Transaction;
  /** All of them, in the order in which they began. */
  readonly transactions: readonly Y.Transaction[];
  /** Empty when the JSON is as before. */
  readonly change: Change;
  /** The pointers of what changed: of a key its member, of a list the list, of a text the text. */
  readonly touched: readonly string[];
  /** What it takes to undo the span by ids. */
  inverse(): InverseRecord;
  /** The same in parts, each with the inverse record of it alone. Costs the length of the lists and texts it changed. */
  parts(): readonly SpanPart[];
  /** What was written to keys of maps; only while the transaction is running. The memory is that of all compensations. */
  keyWrites(memory: RevertMemory): readonly KeyWrite[];
  /** The change in plain RFC 6902. */
  rfc6902(): { readonly forward: readonly Rfc6902Operation[]; readonly reverse: readonly Rfc6902Operation[] };
}

export interface PatchObserverOptions {
  /**
   * The kinds of the roots that are declared or known from before. Any other root gets its kind from the first
   * structs that are visible in it, and appears by a `set` operation that names its kind.
   *
   * @default {}
   */
  readonly roots?: Roots;
  /**
   * After every so many spans, compare a plain copy of the JSON, kept up by the changes alone, with the document.
   * Costs a copy of the document; a difference throws `drift` out of the transaction. 0 is never.
   *
   * @default 0
   */
  readonly selfCheck?: number;
}

export interface PatchObserver {
  /** Every root that is declared, known or was seen, with its kind. The same object always. */
  readonly roots: Roots;
  /**
   * The change of a running transaction so far, for whoever must judge it before it ends. The listener still hears of
   * the transaction once, by its net change. Throws a `TypeError` if the transaction is not running.
   */
  deriveNow(transaction: Y.Transaction): PatchSpan;
  close(): void;
}

/**
 * Calls the listener for every span that changed anything in the document, visible or not, before any observer of Yjs
 * is called and before anything is collected.
 *
 * A transaction that is already running is not reported. What the listener throws comes out of the transaction.
 */
export function observePatches(
  doc: Y.Doc,
  { roots: declared = {}, selfCheck = 0 }: PatchObserverOptions,
  listener: (span: PatchSpan) => void,
): PatchObserver {
  const roots = rootKinds(declared);
  noteRoots(doc, roots);
  const deriver = new Deriver(doc, roots);
  const verify = selfCheck > 0 ? createSelfCheck(doc, roots, selfCheck) : null;
  let begun: Transaction[] = [];
  /** What `deriveNow` found, and how far the transactions had come. */
  let early: { derivation: Derivation; progress: number; report: SpanReport } | null = null;

  const unhook = hookTransactions(doc, {
    begun: transaction => begun.push(transaction),
    settled(transaction) {
      if (begun.length === 0) return;
      const transactions = begun;
      begun = [];
      const sorted = transactions.length === 1 && transactions[0] === transaction;
      const span = new Span(doc, transactions, { sorted });
      const { change } = derive(span, transactions, transaction);
      early?.report.close();
      early = null;
      if (change.length === 0 && span.isEmpty) return;
      verify?.(change);
      const report = new SpanReport({ doc, roots, span, transactions, change });
      try {
        listener(report);
      } finally {
        report.close();
      }
    },
  });

  return {
    roots,
    deriveNow(transaction) {
      if (!isRunning(doc, transaction) || !begun.includes(transaction)) {
        throw new TypeError("Only a transaction that is running under this observer can be derived now.");
      }
      const transactions = [...begun];
      const span = new Span(doc, transactions);
      const derivation = derive(span, transactions, transaction);
      early?.report.close();
      const report = new SpanReport({ doc, roots, span, transactions, change: derivation.change });
      early = { derivation, progress: progressOf(doc, transactions), report };
      return report;
    },
    close: unhook,
  };

  function derive(span: Span, transactions: readonly Transaction[], current: Transaction): Derivation {
    try {
      if (early !== null) {
        if (early.progress === progressOf(doc, transactions)) return early.derivation;
        deriver.rewind(span, early.derivation);
      }
      if (transactions.length > 1 || isNested(doc, current)) span.splitItems(current);
      return deriver.derive(span);
    } catch (error) {
      // Half a derivation leaves indexes that are in no state at all.
      deriver.forget();
      throw error;
    }
  }
}

class SpanReport implements PatchSpan {
  readonly transactions: readonly Transaction[];
  readonly change: Change;
  readonly #doc: Y.Doc;
  readonly #roots: Roots;
  #span: Span | null;

  constructor(parts: {
    doc: Y.Doc;
    roots: Roots;
    span: Span;
    transactions: readonly Transaction[];
    change: Change;
  }) {
    this.transactions = parts.transactions;
    this.change = parts.change;
    this.#doc = parts.doc;
    this.#roots = parts.roots;
    this.#span = parts.span;
  }

  get transaction(): Transaction {
    return this.transactions[0]!;
  }

  get touched(): readonly string[] {
    const pointers = new Set<string>();
    for (const operation of this.change) {
      const pointer = toPointer(operation.path);
      pointers.add(operation.type === "set" ? childPointer(pointer, operation.key) : pointer);
    }
    return [...pointers];
  }

  inverse(): InverseRecord {
    return captureInverse(this.#doc, this.#open());
  }

  parts(): SpanPart[] {
    return partsOf(this.#doc, this.#roots, this.#open());
  }

  keyWrites(memory: RevertMemory): KeyWrite[] {
    const transaction = this.transactions[this.transactions.length - 1]!;
    return keyWritesOf(transaction, this.#roots, { span: this.#open(), memory });
  }

  rfc6902() {
    this.#open();
    return toRfc6902(this.change, path => readPath(this.#doc, this.#roots, path));
  }

  close(): void {
    this.#span = null;
  }

  #open(): Span {
    if (this.#span === null)
      throw new TypeError("The span is over: what it deleted may be collected already.");
    return this.#span;
  }
}

function createSelfCheck(
  doc: Y.Doc,
  roots: Record<string, RootKind>,
  every: number,
): (change: Change) => void {
  const copy = cloneJson(read(doc, roots)) as MutableJsonObject;
  let spans = 0;
  return change => {
    applyChange(copy, change, "forward");
    if (++spans % every !== 0) return;
    const json = read(doc, roots);
    const name = Object.keys(json).find(
      key => !Object.hasOwn(copy, key) || !jsonEqual(copy[key]!, json[key]!),
    );
    if (name !== undefined) {
      throw new BridgeError("drift", "The changes do not lead to the JSON of the document.", {
        pointer: toPointer([name]),
      });
    }
  };
}
