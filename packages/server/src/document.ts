/**
 * A document in memory: what a room keeps of a ledger, so that it need not read it for every edit.
 *
 * It begins *cold*, as the bytes of the latest snapshot and of the updates after it. That answers a first join as
 * it is: handing out stored bytes takes a tenth of the time of building a `Y.Doc` and encoding it again. The
 * `Y.Doc` is built when somebody needs it: for the first push, for a join that brings a state vector, for reading.
 *
 * Nothing here waits and nothing is durable: between `admit` and the append of what it returns, this document is
 * ahead of its ledger, and only the room knows that. When Yjs throws, or anything else does, the document may have
 * been changed half-way: it must be thrown away and read again from the ledger.
 *
 * Garbage collection is on and no `UndoManager` may be attached: a value that was taken back must be gone.
 *
 * Long, because all that writes to the `Y.Doc` must leave through the one listener that hears of its updates: pushes,
 * merges, first contents and edits of the relay's own would have to share it across files.
 */
import { createHash } from "node:crypto";
import {
  type ApplyPatchOptions,
  applyPatch,
  type Change,
  decodeChange,
  encodeChange,
  encodeInverse,
  type InverseRecord,
  type JsonObject,
  type OwnClocks,
  observePatches,
  type Patch,
  type PatchObserver,
  type Path,
  type Provenance,
  provenanceOf,
  type RevertNote,
  type RootKind,
  type Roots,
  read,
  type SkippedItem,
  write,
} from "@verso/bridge";
import {
  createFirewall,
  createGate,
  createJudge,
  type Firewall,
  type FirewallOptions,
  type Gate,
  type Issue,
  type Judge,
  type Limits,
  type Scan,
  type TypeKind,
  updateRanges,
  type Verdict,
  withoutClients,
} from "@verso/validation";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import type { Clock } from "./clock.js";
import { leaveFormatting } from "./formatting.js";
import { firstClientId, type Leases } from "./leases.js";

/** Client id to the clock after its last struct: the decoded state vector. */
export type StateVector = ReadonlyMap<number, number>;

export interface Push {
  readonly update: Uint8Array;
  /** Whether it came as a sync step 2, which may be larger than a single edit. */
  readonly fullState: boolean;
  /** Whether its cost was tried on a copy of the document. */
  tried: boolean;
  /** How its author calls it, who is told what has become of it: it is a transaction of its own, and a commit. */
  readonly name?: PushName;
}

export interface PushName {
  /** The key under which the ledger is to know it. */
  readonly dedupe: string;
  /** When it was made, in milliseconds since 1970, by the clock of its author. */
  readonly madeAt: number;
}

/** Who pushes. */
export interface Author {
  readonly actor: Actor;
  /** Whether the actor may write to this document at all. */
  readonly mayWrite: boolean;
}

export interface TurnState {
  /** Whether the turn has taken as long as it may. */
  readonly outOfTime: () => boolean;
  /** Whether so much waits that an author's pushes are judged together: to judge each alone, everybody would wait. */
  readonly crowded: boolean;
}

/** What one author's pushes came to. */
export interface Admission {
  /** How many of the pushes, from the first, are done with: applied, or without news. */
  readonly taken: number;
  /** Why the next one was not taken; `null` when all were. */
  readonly stopped:
    | null
    | Exclude<Scan, { type: "pass" }>
    /** The author has drawn a client id that is the relay's own. */
    | { readonly type: "barred"; readonly code: "reserved-client-id"; readonly detail: string }
    /** The author may not begin this document, or not write to this fork, or not under this client id. */
    | {
        readonly type: "forbidden";
        readonly code: "read-only" | "foreign-client";
        readonly detail: string;
      }
    /** The document is full. */
    | { readonly type: "too-large"; readonly code: "document-full"; readonly detail: string }
    /** It may be costly: try it on a copy first. */
    | { readonly type: "trial"; readonly structs: number }
    /** The time for this turn is over. */
    | { readonly type: "time" };
  /**
   * The transactions that changed the document, in order: one of all pushes, or where they are judged one of each, or
   * of some where very many wait.
   */
  readonly accepted: readonly Accepted[];
  /** The pushes with names that are done with, and what each has come to; `null` where it brought nothing new. */
  readonly named: readonly { readonly push: Push; readonly accepted: Accepted | null }[];
  /** Whether structs under ids of other users were left out: ask for them, they may come from their owners by then. */
  readonly leftOut: boolean;
}

/** What merging the updates of a fork came to. */
export interface Merging {
  readonly verdict: Verdict["type"];
  readonly issues: readonly Issue[];
  /** What the fork asks for. Where it is accepted, what became of it. */
  readonly change: Change;
  /** The transaction; `null` when the firewall has stopped it, or nothing was new. */
  readonly accepted: Accepted | null;
}

/** What an edit of the relay's own works with, while its transaction is running. */
export interface Hands {
  /** Takes back earlier spans, which stand in the order in which they were made. */
  revert(records: readonly InverseRecord[]): readonly SkippedItem[];
  /** Makes the roots hold this JSON, by the least edits. */
  write(content: JsonObject): void;
  /** Applies a patch; throws a `BridgeError`, having changed nothing, when it cannot. */
  patch(patch: Patch, options: Pick<ApplyPatchOptions, "merge">): void;
  /** Takes what an edit on an older version came to; it must be under the ids of `ownClocks`. */
  apply(update: Uint8Array): void;
  content(): JsonObject;
}

/** In whose stead the relay writes: of who takes something back, or of a program that has no replica. */
export type EditAs = "history" | "json";

export interface EditOptions {
  /** @default "history" */
  readonly as?: EditAs;
  /** Whether what the kind asks of an edit is asked of this one. @default true */
  readonly judged?: boolean;
}

export interface Edited {
  /** Whether all of it was taken back. */
  readonly isRefused: boolean;
  readonly issues: readonly Issue[];
  /** The transaction; `null` when nothing had to be done. */
  readonly accepted: Accepted | null;
}

export interface Accepted {
  /** `null` when nothing was judged. */
  readonly verdict: Verdict | null;
  /** SHA-256 of what its author sent, all of it in order, when any of it was taken back. */
  readonly refusedUpdate: Uint8Array | null;
  /** Client ids that are the author's from now on. */
  readonly leases: readonly number[];
  /** The document's own encoding of what changed; never the bytes of the client. */
  readonly update: Uint8Array;
  /** The change and its inverse record, encoded for the ledger. */
  readonly changeBytes: Uint8Array;
  readonly inverseBytes: Uint8Array;
  readonly before: StateVector;
}

/** Updates that bring somebody up to date when applied in order. The same object for the same question. */
export interface Answer {
  readonly updates: readonly Uint8Array[];
}

export interface StoredState {
  readonly snapshot: { readonly state: Uint8Array; readonly stateVector: Uint8Array } | null;
  /** The updates after the snapshot, oldest first. */
  readonly tail: readonly Uint8Array[];
}

export interface DocumentOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Bytes of encoded state from which the document takes no more. */
  readonly documentBytes: number;
  /** What its kind asks of every transaction; `null` when nothing. */
  readonly judge: Judge | null;
  readonly leases: Leases<Author>;
  /** Whether a new string at these reference tokens is to be a shared text. @default never */
  readonly textAt?: (path: Path) => boolean;
  /** What was taken back and restored in its past, the oldest first; asked when the `Y.Doc` is built. */
  readonly reverted: () => readonly RevertNote[];
  /** The roots of the document's kind, and those that the ledger remembers, which stand above them. */
  readonly roots: { readonly declared: Roots; readonly remembered: Roots };
  /**
   * In a fork, the client ids that had written to its parent: nobody may write under them, nor may the relay itself
   * under its own, since what it wrote in the parent meanwhile has the same clocks. So what would be taken back is
   * refused. @default it is no fork
   */
  readonly forkedFrom?: ReadonlySet<number> | undefined;
}

export interface Document {
  /**
   * Applies pushes of one author, in order, until one cannot be taken, and takes back what may not stay. Throws when
   * the document is spoilt.
   */
  admit(pushes: readonly Push[], author: Author, turn: TurnState): Admission;
  /**
   * What `merge` would come to, tried on a copy: this document stays as it is. `trial` says that the cost of it must be
   * tried elsewhere before.
   */
  rehearse(push: Push, actor: Actor): Merging | { readonly type: "trial"; readonly structs: number };
  /**
   * Applies all that was written in a fork, as one transaction, and judges it by the rights of this actor. Unless the
   * outcome is `accepted` the document is spoilt, as it is when this throws: rehearse it first.
   */
  merge(push: Push, actor: Actor): ReturnType<Document["rehearse"]>;
  /** What the owner of this state vector lacks. */
  answer(stateVector: Uint8Array): Answer;
  /**
   * Makes an edit of the relay's own in somebody's name, as one transaction that is taken back as a whole if any of it
   * may not stay.
   */
  edit(actor: Actor, make: (hands: Hands) => void, options?: EditOptions): Edited;
  /** What `edit` would come to, tried on a copy: this document stays as it is. */
  rehearseEdit(actor: Actor, make: (hands: Hands) => void, options?: EditOptions): Edited;
  /** Under which ids an edit is to come that a program without a replica has made on an older version. */
  ownClocks(): OwnClocks;
  /** Whether so many bytes more may be written to it. */
  hasRoomFor(bytes: number): boolean;
  /** Writes the first content of a document in which nothing is; `null` when that is nothing. */
  begin(content: JsonObject): Accepted | null;
  stateVector(): StateVector;
  encodedStateVector(): Uint8Array;
  content(): JsonObject;
  /** The ids of what is at a path; `undefined` where nothing is. */
  provenance(path: Path): Provenance | undefined;
  /**
   * Every root and its kind: declared, remembered, or given to it by its first structs. The remembered ones as they
   * were handed over when there are no others; a new object when one is added.
   */
  readonly roots: Roots;
  /** Builds the `Y.Doc` now, if it is not there yet. */
  build(): void;
  readonly isBuilt: boolean;
  /** Bytes of memory, estimated. */
  readonly bytes: number;
  close(): void;
}

/** The client id under which the relay itself writes. */
const serverClientId = 1;
/** The one under which it writes the first content: never the same as that of what is taken back. */
const beginnerClientId = 2;
/**
 * The one under which it undoes and restores. It only ever writes at the head, so the next clock is free; and it is low,
 * so that a write of a client who had not seen it yet stands above it.
 */
const historyClientId = 3;
/**
 * The one for programs without a replica. What they write on an older version loses, where it sets a key, to all that
 * was set there meanwhile by clients and by themselves.
 */
const jsonClientId = 4;

/** Pushes that are judged as one transaction where many wait. */
const mostTogether = 64;
/** An update that costs Yjs more than this many structs is tried on a copy first. */
const trialWork = 1000;
/** What a `Y.Doc` takes in memory for each byte of its encoded state. */
const heapPerByte = 12;
/** Answers that are kept until the document changes, and the longest question whose answer is. */
const answersKept = 64;
const longestKeptQuestion = 8192;

export function createDocument(stored: StoredState, options: DocumentOptions): Document {
  const { clock, limits, documentBytes, judge, leases, reverted, roots, forkedFrom } = options;
  const { textAt = () => false } = options;
  let cold: StoredState | null = stored;
  let coldVector: StateVector | null = null;
  /** Nothing is in the ledger. A refusal leaves a commit, so it would begin the document. */
  let unwritten = stored.snapshot === null && stored.tail.length === 0;
  let live: { doc: Y.Doc; observer: PatchObserver; firewall: Firewall; gate: Gate } | null = null;
  const allRemembered = Object.keys(roots.declared).every(name => Object.hasOwn(roots.remembered, name));
  let known = allRemembered ? roots.remembered : { ...roots.declared, ...roots.remembered };
  let size = stored.tail.reduce((sum, update) => sum + update.length, stored.snapshot?.state.length ?? 0);
  /** When the size was last measured, while it is over the limit. */
  let fullSince = Number.NEGATIVE_INFINITY;
  /** What the transaction that is running has come to. */
  let noted: Pick<Accepted, "changeBytes" | "inverseBytes" | "before"> | null = null;
  let verdict: Verdict | null = null;
  let leased: number[] = [];
  let accepted: Accepted | null = null;
  const answers = new Map<string, Answer>();
  let encodedStateVector: Uint8Array | null = null;

  const document: Document = {
    admit(pushes, author, turn) {
      const { doc, gate } = built();
      const all: Accepted[] = [];
      const named: { push: Push; accepted: Accepted | null }[] = [];
      let taken = 0;
      let stopped: Admission["stopped"] = null;
      let leftOut = false;
      while (taken < pushes.length && stopped === null) {
        accepted = null;
        let applied: readonly Push[] = [];
        const from = taken;
        doc.transact(transaction => {
          const begun = applySome(pushes, taken, author, turn);
          applied = begun.applied;
          ({ taken, stopped } = begun);
          leftOut ||= begun.leftOut;
          if (applied.length > 0 && isJudged(author, begun.offence)) {
            verdict = gate.settle(transaction, { ...author, offence: begun.offence });
          }
        });
        if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
          throw new Error("An update that passed the firewall left structs pending.");
        }
        const judged = accepted === null ? null : withHash(accepted, applied);
        if (judged !== null) all.push(judged);
        for (const push of pushes.slice(from, taken)) {
          if (push.name !== undefined) named.push({ push, accepted: applied.includes(push) ? judged : null });
        }
      }
      return { taken, stopped, accepted: all, named, leftOut };
    },

    merge(push, actor) {
      const { doc, firewall, observer, gate } = built();
      if (isFull(push.update.length)) return notMerged(full);
      const scan = firewall.scan(push.update, {
        fullState: true,
        mayWrite: client => client >= firstClientId,
      });
      if (scan.type !== "pass") return notMerged(scan);
      // Yjs would take it for what this client has written here, or what he writes from now on for this.
      const taken = updateRanges(push.update).find(
        ({ client }) => doc.store.clients.has(client) || !leases.isFree(client),
      );
      if (taken !== undefined) {
        const detail = `client ${taken.client} is somebody else's in the document by now`;
        return notMerged({ code: "foreign-client", detail });
      }
      if (!push.tried && scan.work > trialWork) return { type: "trial", structs: scan.newStructs };
      if (!scan.news) return { verdict: "unchanged", issues: [], change: [], accepted: null };
      let asked: Change = [];
      let judged: Verdict | null = null;
      accepted = null;
      doc.transact(transaction => {
        Y.applyUpdate(doc, push.update);
        asked = observer.deriveNow(transaction).change;
        judged = gate.settle(transaction, { actor });
        verdict = judged;
      });
      return mergingOf(judged, accepted, asked);
    },

    rehearse(push, actor) {
      const copy = copied();
      try {
        return copy.merge(push, actor);
      } catch {
        return notMerged({ code: "update-failed", detail: "it cannot be applied" });
      } finally {
        copy.close();
      }
    },

    answer(stateVector) {
      if (stateVector.length > longestKeptQuestion) return compute(stateVector);
      const key = String.fromCharCode(...stateVector);
      let answer = answers.get(key);
      if (answer === undefined) {
        answer = compute(stateVector);
        if (answers.size >= answersKept) answers.clear();
        answers.set(key, answer);
      }
      return answer;
    },

    edit(actor, make, { as = "history", judged = true } = {}) {
      const { doc, gate } = built();
      const asked = judged && (judge !== null || (as === "json" && gate.remembers));
      const notes: RevertNote[] = [];
      const edited: { verdict: Verdict["type"]; issues: readonly Issue[] } = {
        verdict: "accepted",
        issues: [],
      };
      accepted = null;
      doc.transact(transaction => {
        doc.clientID = as === "json" ? jsonClientId : historyClientId;
        try {
          make({
            revert(records) {
              const reversion = gate.revert(records);
              notes.push(reversion);
              return reversion.skipped;
            },
            write: content => write(doc, content, { roots: known, textAt, maxDepth: limits.typeDepth }),
            patch: (patch, { merge = false }) =>
              applyPatch(doc, patch, { roots: known, textAt, merge, maxDepth: limits.typeDepth }),
            apply: update => Y.applyUpdate(doc, update),
            content: () => document.content(),
          });
        } finally {
          doc.clientID = serverClientId;
        }
        if (asked) {
          const settled = gate.settle(transaction, { actor, whole: true });
          notes.push(settled.reversion);
          edited.verdict = settled.type;
          edited.issues = settled.issues;
        }
        verdict = { type: edited.verdict, issues: edited.issues, reversion: joinNotes(notes), wrote: true };
      });
      verdict = null;
      return { isRefused: edited.verdict === "refused", issues: edited.issues, accepted };
    },

    rehearseEdit(actor, make, editOptions) {
      const copy = copied();
      try {
        return copy.edit(actor, make, editOptions);
      } finally {
        copy.close();
      }
    },

    ownClocks: () => ({ client: jsonClientId, clock: Y.getState(built().doc.store, jsonClientId) }),
    hasRoomFor: bytes => !isFull(bytes),

    begin(content) {
      const { doc } = built();
      accepted = null;
      doc.clientID = beginnerClientId;
      try {
        write(doc, content, { roots: known, textAt });
      } finally {
        doc.clientID = serverClientId;
      }
      return accepted;
    },

    stateVector() {
      if (cold === null) return storeStateVector(built().doc);
      coldVector ??= coldStateVector(cold);
      return coldVector;
    },
    encodedStateVector() {
      encodedStateVector ??= Y.encodeStateVector(new Map(document.stateVector()));
      return encodedStateVector;
    },
    content: () => read(built().doc, built().observer.roots),
    provenance: path => provenanceOf(built().doc, built().observer.roots, path),
    get roots() {
      return known;
    },
    build: () => void built(),
    get isBuilt() {
      return live !== null;
    },
    get bytes() {
      return size * (live === null ? 1 : heapPerByte);
    },
    close() {
      live?.observer.close();
      live?.doc.destroy();
      answers.clear();
    },
  };
  return document;

  function copied(): Document {
    const { doc, gate } = built();
    const snapshot = { state: Y.encodeStateAsUpdate(doc), stateVector: Y.encodeStateVector(doc) };
    return createDocument(
      { snapshot, tail: [] },
      {
        ...options,
        roots: { ...roots, remembered: known },
        reverted: () => (gate.remembers ? [gate.takenBack()] : []),
      },
    );
  }

  /** Applies as many pushes as are one transaction. */
  function applySome(
    pushes: readonly Push[],
    from: number,
    author: Author,
    { outOfTime, crowded }: TurnState,
  ): Omit<Admission, "accepted" | "named"> & { applied: readonly Push[]; offence: Issue | null } {
    const { doc } = built();
    const applied: Push[] = [];
    let leftOut = false;
    const together = crowded ? mostTogether : 1;
    for (let taken = from; taken < pushes.length; taken++) {
      const push = pushes[taken]!;
      const stop = (stopped: Admission["stopped"]) => ({ taken, stopped, applied, leftOut, offence: null });
      if (taken > 0 && outOfTime()) return stop({ type: "time" });
      if (isFull(push.update.length)) return stop(full);
      const { scan, update } = scanOf(push, author);
      const offence = scan.type === "compensate" && forkedFrom === undefined ? offenceOf(scan) : null;
      if (scan.type !== "pass" && (scan.type !== "compensate" || offence === null)) return stop(scan);
      // It is judged by itself, or a commit by itself: what came before it in this transaction stays.
      const isAlone = offence !== null || push.name !== undefined;
      if (isAlone && applied.length > 0) return stop(null);
      if (!push.tried && scan.work > trialWork) return stop({ type: "trial", structs: scan.newStructs });
      leftOut ||= update !== push.update;
      if (!scan.news) continue;
      if (!author.mayWrite) {
        if (forkedFrom !== undefined) return stop(othersFork);
        if (unwritten) return stop(readOnly);
      }
      Y.applyUpdate(doc, update);
      leased.push(...leases.bind(author, scan.writes));
      applied.push(push);
      const isDone = offence !== null || !author.mayWrite || applied.length >= together;
      if (push.name !== undefined || (isDone && isJudged(author, offence))) {
        return { taken: taken + 1, stopped: null, applied, leftOut, offence };
      }
    }
    return { taken: pushes.length, stopped: null, applied, leftOut, offence: null };
  }

  /** Judges the bytes of a push: all of them, or without what is under ids of other users if the rest can stand alone. */
  function scanOf({ update, fullState }: Push, author: Author) {
    const { doc, firewall } = built();
    const foreign: number[] = [];
    const mayWrite = (client: number) => {
      const admitted = leases.admits(author, client) && forkedFrom?.has(client) !== true;
      if (!admitted) foreign.push(client);
      return admitted;
    };
    const scan = firewall.scan(update, { fullState, mayWrite });
    if (scan.type !== "resync" || foreign.length === 0) return { scan, update };
    // In a full state they may be the relay's own, of which an older copy of its store knows nothing.
    if (!fullState && foreign.some(client => client < firstClientId)) return { scan: reserved, update };
    if (foreign.some(client => forkedFrom?.has(client))) return { scan: foreignInFork, update };
    const known = new Map(foreign.map(client => [client, Y.getState(doc.store, client)]));
    const rest = withoutClients(update, known);
    const without = firewall.scan(rest, { fullState });
    return without.type === "resync" ? { scan, update } : { scan: without, update: rest };
  }

  /** Whether the gate must look at a transaction; if so, every push is one, or as many as the turn puts together. */
  function isJudged({ mayWrite }: Author, offence: Issue | null): boolean {
    return judge !== null || !mayWrite || offence !== null || built().gate.remembers;
  }

  function compute(stateVector: Uint8Array): Answer {
    const asksForAll = stateVector.length === 1;
    if (cold !== null && asksForAll) {
      const updates = cold.snapshot === null ? cold.tail : [cold.snapshot.state, ...cold.tail];
      return { updates: updates.length === 0 ? [emptyUpdate] : updates };
    }
    const update = Y.encodeStateAsUpdate(built().doc, stateVector);
    if (asksForAll) size = update.length;
    return { updates: [update] };
  }

  function built() {
    if (live !== null) return live;
    const doc = new Y.Doc({ gc: true });
    leaveFormatting(doc);
    if (cold !== null) applyAll(doc, cold);
    // Not before: Yjs takes another id when updates bring structs under its own, and these may hold what was restored.
    doc.clientID = serverClientId;
    const observer = observePatches(doc, { roots: known }, event => {
      noted = {
        before: event.transaction.beforeState,
        changeBytes: encodeChange(event.change),
        inverseBytes: encodeInverse(event.inverse()),
      };
      for (const operation of event.change) {
        if (operation.type !== "set" || operation.kind === undefined) continue;
        known = { ...known, [String(operation.key)]: operation.kind };
      }
    });
    doc.on("update", (update: Uint8Array) => {
      if (noted === null) throw new Error("Yjs told of an update whose change was not derived.");
      if (accepted !== null) throw new Error("Yjs told of two updates where one was expected.");
      accepted = { update, verdict, refusedUpdate: null, leases: leased, ...noted };
      noted = null;
      leased = [];
      verdict = null;
      unwritten = false;
      size += update.length;
      answers.clear();
      encodedStateVector = null;
    });
    const firewall = createFirewall(doc, firewallOptions(limits, roots.declared));
    const gate = createGate(doc, { observer, judge: judge ?? asksNothing, reverted: reverted() });
    live = { doc, observer, firewall, gate };
    // The state vector and what was answered stay what they are.
    cold = null;
    return live;
  }

  function isFull(bytes: number): boolean {
    if (size + bytes <= documentBytes) return false;
    // The sum of all updates is more than the state; measure it, and not for every push.
    if (clock.monotonic() - fullSince < fullFor) return true;
    size = Y.encodeStateAsUpdate(built().doc).length;
    if (size + bytes <= documentBytes) return false;
    fullSince = clock.monotonic();
    return true;
  }
}

function withHash(accepted: Accepted, pushes: readonly Push[]): Accepted {
  const type = accepted.verdict?.type;
  if (type !== "refused" && type !== "repaired") return accepted;
  const hash = createHash("sha256");
  for (const { update } of pushes) hash.update(update);
  return { ...accepted, refusedUpdate: hash.digest() };
}

function joinNotes(notes: readonly RevertNote[]): RevertNote {
  return {
    restorations: notes.flatMap(({ restorations }) => restorations),
    withdrawn: notes.flatMap(({ withdrawn }) => withdrawn),
  };
}

/** A merge that did not come as far as being judged. */
export function notMerged({ code, detail }: { readonly code: string; readonly detail: string }): Merging {
  const issue: Issue = { pointer: "", code, message: detail, severity: "error" };
  return { verdict: "refused", issues: [issue], change: [], accepted: null };
}

/** What is to be a commit although it has changed nothing in the document. */
export function nothingChanged(before: StateVector): Accepted {
  return {
    verdict: null,
    refusedUpdate: null,
    leases: [],
    update: emptyUpdate,
    changeBytes: encodeChange([]),
    inverseBytes: new Uint8Array(0),
    before,
  };
}

function mergingOf(verdict: Verdict | null, accepted: Accepted | null, asked: Change): Merging {
  if (verdict === null) throw new Error("A merge was not judged.");
  const { type, issues } = verdict;
  const change = type === "accepted" && accepted !== null ? decodeChange(accepted.changeBytes) : asked;
  return { verdict: type, issues, change, accepted };
}

const asksNothing = createJudge({});

const reserved = {
  type: "barred",
  code: "reserved-client-id",
  detail: `client ids below ${firstClientId} are the relay's own: draw another`,
} as const;

/**
 * What the firewall lets in to be taken back. Where a character was cut in half, others' text is damaged by applying
 * it, so that one must not be applied; a document inside of a document cannot be described.
 */
function offenceOf({ code, detail }: Scan & { type: "compensate" }): Issue | null {
  if (code === "split-surrogate-pair" || code === "subdocument") return null;
  return { pointer: "", code, message: detail, severity: "error" };
}

/** Milliseconds for which a document that was found full is taken to be so. */
const fullFor = 10_000;
const full = {
  type: "too-large",
  code: "document-full",
  detail: "the document has reached its largest size",
} as const;
const readOnly = {
  type: "forbidden",
  code: "read-only",
  detail: "you may not begin this document",
} as const;
const othersFork = { ...readOnly, detail: "this fork is somebody else's" } as const;
const foreignInFork = {
  type: "forbidden",
  code: "foreign-client",
  detail: "this client id has content in what was forked; open the fork in a document of its own",
} as const;
const emptyUpdate = Uint8Array.of(0, 0);

/** A kind that declares roots allows no others. */
export function firewallOptions(limits: Limits, declared: Roots): FirewallOptions {
  const names = Object.keys(declared);
  if (names.length === 0) return { limits };
  return { limits, roots: Object.fromEntries(names.map(name => [name, shapeOf[declared[name] ?? "map"]])) };
}

const shapeOf = {
  map: "map",
  array: "array",
  text: "text",
  richText: "text",
  xmlText: "text",
  xmlElement: "element",
  xmlFragment: "fragment",
} as const satisfies Record<RootKind, TypeKind>;

function applyAll(doc: Y.Doc, { snapshot, tail }: StoredState): void {
  doc.transact(() => {
    if (snapshot !== null) Y.applyUpdate(doc, snapshot.state);
    for (const update of tail) Y.applyUpdate(doc, update);
  });
}

function storeStateVector({ store }: Y.Doc): StateVector {
  return new Map(Array.from(store.clients.keys(), client => [client, Y.getState(store, client)]));
}

function coldStateVector({ snapshot, tail }: StoredState): StateVector {
  const vector = new Map(snapshot === null ? [] : Y.decodeStateVector(snapshot.stateVector));
  for (const update of tail) {
    for (const { client, to } of updateRanges(update)) {
      if (to > (vector.get(client) ?? 0)) vector.set(client, to);
    }
  }
  return vector;
}
