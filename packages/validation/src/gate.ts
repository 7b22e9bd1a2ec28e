/**
 * The gate: judges a transaction while it is running, and takes back what may not stay.
 *
 * An update that was refused as bytes would strand every later edit of its author, who holds it already; so it is
 * applied, and what violates is compensated in the same transaction, by ids. One update leaves that transaction, the
 * net of both, encoded after collection: nobody but the author ever receives a refused value, and the author is
 * healed by an ordinary update. Key names of refused map entries remain, as tombstones.
 *
 * First only the parts that violate go, and the rest is judged again, a few times; what still violates then goes whole.
 *
 * A relay's document must have garbage collection on, no `UndoManager`, and write under a lower client id than any
 * client: a later write of the author to the same key, sent before he knew, then wins over the value that was restored.
 *
 * A client has the same judgement of its own edits, before they leave.
 */
import {
  applyChange,
  applyPatch,
  collectVanished,
  createRevertMemory,
  type InverseRecord,
  isBusy,
  joinRecords,
  listLength,
  type PatchObserver,
  type PatchSpan,
  type Path,
  parsePointer,
  type Reversion,
  type RevertMemory,
  type RevertNote,
  read,
  readPath,
  revert,
  type SpanPart,
  textLength,
} from "@verso/bridge";
import type * as Y from "yjs";
import type { Actor } from "./actor.js";
import { choose } from "./choice.js";
import type { WriteVerdict } from "./conflicts.js";
import type { Case, Judge } from "./judge.js";
import { createEffort, withoutInnocentRuns } from "./text-runs.js";
import type { Issue } from "./verdict.js";

/**
 * What becomes of a transaction: `unchanged` when there is nothing to judge; `repaired` when a part of it was taken
 * back, `refused` when all of it was. Issues are those of all rounds, each once; what was written unseen goes first.
 */
export interface Verdict {
  readonly type: "accepted" | "repaired" | "refused" | "unchanged";
  readonly issues: readonly Issue[];
  /** What was taken back and what was restored, by ids, for whoever undoes later. */
  readonly reversion: RevertNote;
  /** Whether the gate itself has changed anything, so that the author must hear of it too. */
  readonly wrote: boolean;
}

export interface Transgression {
  readonly actor: Actor;
  /** Whether the actor may write at all. @default true */
  readonly mayWrite?: boolean;
  /** Why all of it must go, whatever it is: what the firewall lets in only to be taken back. @default null */
  readonly offence?: Issue | null;
  /** Whether all of it goes where a part of it must, or where that part has lost already. @default false */
  readonly whole?: boolean;
}

export interface Proposal {
  readonly actor: Actor;
  /** Whether the actor may write at all. @default true */
  readonly mayWrite?: boolean;
  /** Whether all of it is taken back where a part of it must be. @default false */
  readonly whole?: boolean;
  /** The origin of the transaction. @default null */
  readonly origin?: unknown;
}

export interface Gate {
  /**
   * Judges what the running transaction has done so far. Throws when it cannot be taken back; the document is then
   * spoilt, and so is the transaction.
   */
  settle(transaction: Y.Transaction, transgression: Transgression): Verdict;
  /**
   * Makes an edit of one's own in a transaction, judges it, and takes back in the same transaction what a relay of the
   * same kind would: one update leaves, and what was refused is in no byte of it, whatever an `UndoManager` keeps.
   *
   * The edit is synchronous; when it throws, all it did is taken back, and the error thrown on. Policies for conflicts
   * are left to the relay, whose order decides. Throws a `TypeError` within a transaction or an observer.
   */
  propose(edit: (transaction: Y.Transaction) => void, proposal: Proposal): Verdict;
  /** Whether anything was ever taken back, so that every further write to a key must be looked at. */
  readonly remembers: boolean;
  /**
   * Takes back earlier spans as part of a running transaction, for whoever undoes; it is remembered together with what
   * the gate itself takes back. The records stand in the order in which they were made.
   */
  revert(records: readonly InverseRecord[]): Reversion;
  /** What was taken back so far, for a gate on a copy of the document to begin with. */
  takenBack(): RevertNote;
}

export interface GateOptions {
  readonly observer: PatchObserver;
  readonly judge: Judge;
  /** What was taken back in this document before, the oldest first. @default nothing */
  readonly reverted?: readonly RevertNote[];
}

/** How often parts are taken back before all goes; and how often of a text only those of its runs that seem guilty. */
const rounds = 8;
const narrowRounds = 4;
/** Reverts after which the oldest are forgotten, to bound what an offender can make the gate remember. */
const remembered = 10_000;

export function createGate(doc: Y.Doc, { observer, judge, reverted = [] }: GateOptions): Gate {
  if (!doc.gc) throw new TypeError("A document without garbage collection keeps what was refused.");
  let memory = createRevertMemory(reverted);
  let notes = reverted.length;
  /** Whether the document is known to satisfy its schema and rules; then it stays so, whatever is refused. */
  let conforms = false;

  const document = {
    value: (path: Path) => readPath(doc, observer.roots, path),
    textLength: (path: Path) => textLength(doc, observer.roots, path),
    listLength: (path: Path) => listLength(doc, observer.roots, path),
  };

  return {
    get remembers() {
      return notes > 0;
    },
    takenBack: () => memory.all(),
    revert(records) {
      const reversion = revert(doc, records, { memory });
      remember();
      return reversion;
    },
    settle(transaction, transgression) {
      const session = new Session(transaction, { observer, memory, doc });
      const unseen = judge.looksAtWrites || notes > 0 ? settleWrites(session) : [];
      return settleSession(session, transgression, unseen);
    },
    propose(edit, { origin = null, ...author }) {
      // Transactions that observers begin cannot be told from each other, and this one would answer for all of them.
      if (isBusy(doc)) throw new TypeError("An edit is proposed outside of transactions and observers.");
      // What others write to this document nobody judges here: a fault may be older than this edit at any time.
      conforms = false;
      return doc.transact(transaction => {
        try {
          return attempt(edit, transaction, author);
        } finally {
          // Whatever an `UndoManager` would keep of it, and what the edit itself has taken back too.
          collectVanished(transaction);
        }
      }, origin);
    },
  };

  function attempt(
    edit: (transaction: Y.Transaction) => void,
    transaction: Y.Transaction,
    author: Transgression,
  ): Verdict {
    try {
      edit(transaction);
    } catch (error) {
      const session = new Session(transaction, { observer, memory, doc });
      if (!session.isEmpty) {
        session.takeBack(session.all());
        remember();
      }
      throw error;
    }
    return settleSession(new Session(transaction, { observer, memory, doc }), author, []);
  }

  function settleSession(
    session: Session,
    { actor, mayWrite = true, offence = null, whole = false }: Transgression,
    unseen: WriteVerdict["refused"],
  ): Verdict {
    if (session.isEmpty && unseen.length === 0 && offence === null) return verdictOf("unchanged", session);

    const issues = new Map<string, Issue>();
    const given = [...unseen.map(({ issue }) => issue), ...(offence === null ? [] : [offence])];
    for (const issue of given) issues.set(keyOf(issue), issue);
    // What was written unseen goes before the rest is judged: what it breaks together with what is in force is no
    // fault of its author.
    const goes = unseen.filter(write => write.inForce || whole).map(({ issue }) => issue);
    const mustGo = offence === null ? goes : [offence];
    let errors = mustGo.length > 0 ? mustGo : errorsNow();
    const effort = createEffort();
    for (let round = 0; errors.length > 0; round++) {
      const narrow: Narrow = (parts, issue, place) =>
        round < narrowRounds
          ? withoutInnocentRuns(parts, { issue, place, transaction: caseOf(session), judge, effort })
          : parts;
      const inParts = round < rounds && offence === null && !whole;
      const wanted = inParts ? session.partsOf(errors, judge, narrow) : [];
      session.takeBack(wanted.length > 0 ? joinRecords(wanted) : session.all());
      errors = session.isEmpty ? [] : errorsNow();
      if (errors.length > 0 && wanted.length === 0) throw new Error("What was taken back is still there.");
    }
    const cleaned = session.isEmpty ? [] : judge.clean({ change: session.change, document });
    if (cleaned.length > 0) {
      session.write(cleaned);
      for (const { pointer } of cleaned) issues.set(`sanitized ${pointer}`, sanitized(pointer));
      if (errorsNow().length > 0) session.takeBack(session.all());
    }
    if (session.tookBack) remember();
    const lost = session.tookBack || unseen.length > 0;
    const type = !lost ? "accepted" : session.isEmpty ? "refused" : "repaired";
    return verdictOf(type, session, [...issues.values()]);

    /** Judges what is left by now, and notes whatever is found. */
    function errorsNow(): Issue[] {
      const found = judge.judge(caseOf(session));
      const counted = found.some(isError) ? withoutOld(found, session) : found;
      for (const issue of counted) issues.set(keyOf(issue), issue);
      return counted.filter(isError);
    }

    function caseOf({ change }: Session): Case {
      return { change, actor, mayWrite, document };
    }
  }

  /** Sets again what only lost to a compensation, or must win; gives what was written unseen and must not be. */
  function settleWrites(session: Session): WriteVerdict["refused"] {
    const { again, refused } = judge.judgeWrites(session.keyWrites());
    session.setAgain(again);
    return refused;
  }

  /** A document that did not conform before may be edited as long as that makes it no worse. */
  function withoutOld(found: readonly Issue[], session: Session): Issue[] {
    const mayBeOld = found.some(issue => isError(issue) && !concernsTheEdit(issue));
    if (conforms || !mayBeOld) return [...found];
    const before = judgeBefore(session);
    conforms = before.length === 0;
    if (conforms) return [...found];
    const old = new Set(before.map(keyOf));
    const isNew = (issue: Issue) => isError(issue) && !concernsTheEdit(issue) && !old.has(keyOf(issue));
    if (!found.some(isNew)) return found.filter(issue => !isError(issue) || concernsTheEdit(issue));
    // An insertion moves the elements after it, and the faults in them with their pointers.
    const after = countBySort(judge.judgeDocument(read(doc, observer.roots), nobody).filter(isError));
    const sorts = countBySort(before);
    const isMore = (issue: Issue) => (after.get(sortOf(issue)) ?? 0) > (sorts.get(sortOf(issue)) ?? 0);
    return found.filter(
      issue => !isError(issue) || concernsTheEdit(issue) || (isNew(issue) && isMore(issue)),
    );
  }

  function judgeBefore({ change }: Session): Issue[] {
    const before = structuredClone(read(doc, observer.roots)) as Parameters<typeof applyChange>[0];
    applyChange(before, change, "reverse");
    return judge.judgeDocument(before, nobody).filter(isError);
  }

  function remember(): void {
    if (++notes <= remembered) return;
    memory = createRevertMemory();
    notes = 0;
  }
}

const nobody: Actor = { user: "", session: "", roles: [] };

function verdictOf(type: Verdict["type"], { note, wrote }: Session, issues: readonly Issue[] = []): Verdict {
  return { type, issues, reversion: note, wrote };
}

function sanitized(pointer: string): Issue {
  return { pointer, code: "sanitized", message: "This text was cleaned.", severity: "info" };
}

/** One transaction under judgement: what it comes to at each moment, and what was done about it. */
class Session {
  readonly #transaction: Y.Transaction;
  readonly #observer: PatchObserver;
  readonly #memory: RevertMemory;
  readonly #doc: Y.Doc;
  readonly #restorations: RevertNote["restorations"][number][] = [];
  readonly #withdrawn: RevertNote["withdrawn"][number][] = [];
  /** What was written in the author's stead, and is as much his as what he wrote himself. */
  readonly #again = new Set<string>();
  #span: PatchSpan;
  tookBack = false;
  wrote = false;

  constructor(
    transaction: Y.Transaction,
    { observer, memory, doc }: { observer: PatchObserver; memory: RevertMemory; doc: Y.Doc },
  ) {
    this.#transaction = transaction;
    this.#observer = observer;
    this.#memory = memory;
    this.#doc = doc;
    this.#span = observer.deriveNow(transaction);
  }

  get change() {
    return this.#span.change;
  }

  get isEmpty(): boolean {
    return this.#span.change.length === 0;
  }

  get note(): RevertNote {
    return { restorations: this.#restorations, withdrawn: this.#withdrawn };
  }

  keyWrites() {
    return this.#span.keyWrites(this.#memory);
  }

  setAgain(writes: readonly { setAgain(): RevertNote }[]): void {
    if (writes.length === 0) return;
    this.wrote = true;
    for (const write of writes) {
      const note = write.setAgain();
      for (const { newClient, newClock } of note.restorations) this.#again.add(`${newClient} ${newClock}`);
      this.#noteThat(note);
    }
    this.#span = this.#observer.deriveNow(this.#transaction);
  }

  /** Writes cleaned texts over those that were written, as the least edits. */
  write(texts: readonly { readonly pointer: string; readonly text: string }[]): void {
    const patch = texts.map(({ pointer, text }) => ({ op: "replace" as const, path: pointer, value: text }));
    applyPatch(this.#doc, patch, { roots: this.#observer.roots, merge: true });
    this.wrote = true;
    this.#span = this.#observer.deriveNow(this.#transaction);
  }

  takeBack(record: InverseRecord): void {
    this.#noteThat(revert(this.#doc, [record], { memory: this.#memory }));
    this.tookBack = true;
    this.wrote = true;
    this.#span = this.#observer.deriveNow(this.#transaction);
  }

  all(): InverseRecord {
    return this.#span.inverse();
  }

  /** The records of the parts that the issues are about; empty when none can be told. */
  partsOf(issues: readonly Issue[], judge: Judge, narrow: Narrow): InverseRecord[] {
    const parts = this.#span.parts();
    const chosen = new Set<SpanPart>();
    const records: InverseRecord[] = [];
    const left = parts.filter(part => !this.#isSpent(part));
    for (const issue of issues) {
      const { pointer, rule } = issue;
      const place = parsePointer(pointer);
      const read = rule === undefined ? [] : judge.readsOf(rule).map(reads => parsePointer(reads));
      for (const part of choose(narrow(left, issue, place), place, read)) {
        if (chosen.has(part.whole)) continue;
        if (part.cut === part.whole) chosen.add(part.whole);
        records.push(part.cut.record);
      }
    }
    return records;
  }

  /** Whether nothing is left of a part but what was restored in its place. */
  #isSpent({ record: { inserted, vanished, deleted } }: SpanPart): boolean {
    const idOf = ({ client, clock }: { client: number; clock: number }) => `${client} ${clock}`;
    const gone = new Set(vanished.map(idOf));
    const restored = new Set(this.#restorations.map(idOf));
    const isOurs = (range: { client: number; clock: number }) =>
      this.#memory.originOf(range.client, range.clock) !== null && !this.#again.has(idOf(range));
    return (
      inserted.every(range => gone.has(idOf(range)) || isOurs(range)) &&
      deleted.every(item => restored.has(idOf(item)))
    );
  }

  #noteThat({ restorations, withdrawn }: RevertNote): void {
    this.#restorations.push(...restorations);
    this.#withdrawn.push(...withdrawn);
  }
}

/** Leaves out what the issue at this place is not about. */
type Narrow = (parts: readonly SpanPart[], issue: Issue, place: readonly string[]) => readonly SpanPart[];

/** What is wrong with the edit itself, and not with the document. */
function concernsTheEdit({ code }: Issue): boolean {
  return code === "permission-denied" || code === "rule-failed";
}

function isError({ severity }: Issue): boolean {
  return severity === "error";
}

function keyOf({ code, pointer, rule = "" }: Issue): string {
  return `${code} ${pointer} ${rule}`;
}

/** The same for all elements of a list. */
function sortOf({ code, pointer, rule = "" }: Issue): string {
  const place = pointer.split("/").map(token => (/^\d+$/.test(token) ? "*" : token));
  return `${code} ${place.join("/")} ${rule}`;
}

function countBySort(issues: readonly Issue[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const issue of issues) counts.set(sortOf(issue), (counts.get(sortOf(issue)) ?? 0) + 1);
  return counts;
}
