/**
 * The journey of an edit: the one place in a process where a document is open.
 *
 *     push ─▶ queue ─▶ turn: firewall ─▶ apply, derive, judge ─▶ durable append ─▶ one delivery for all ─▶ answers
 *
 * Everything that concerns the document stands in one queue, joins and readers too, and a turn takes what is there.
 * Turns never overlap. So when a turn ends, the document in memory is exactly what the ledger holds, and only then
 * does anybody see it: nobody is ever shown a state that is not durable.
 *
 * The ledger is the truth and the document a cache of it. When an append fails, or Yjs throws, the document is
 * discarded and read again, and everybody is asked for what the ledger lacks; nothing had been acknowledged.
 *
 * Long, because whatever touches the queue, the document and the ledger must keep the same order: a second file would
 * share all of this state.
 */
import { createHash } from "node:crypto";
import type { JsonObject, Path, Provenance, Roots } from "@verso/bridge";
import { CloseCode, type FrameLimits } from "@verso/protocol";
import {
  type Appended,
  type CommitDraft,
  type DocumentLog,
  type Head,
  type Ledger,
  StorageError,
} from "@verso/storage";
import { checkStateVector, type Issue, type Limits } from "@verso/validation";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import { createAsking } from "./asking.js";
import type { Cell } from "./cell.js";
import type { Cancel, Clock } from "./clock.js";
import { compact, isDue, outweighs, storedState } from "./compaction.js";
import { createDelivery, type DeliveryLimits, type Moment, type Peer } from "./delivery.js";
import {
  type Accepted,
  type Author,
  createDocument,
  type Document,
  type Push,
  type PushName,
} from "./document.js";
import { type DraftHead, toDraft } from "./drafts.js";
import { ServerError } from "./errors.js";
import { type Kind, knownRoots, relayActor } from "./kinds.js";
import { createLeases, type Leases } from "./leases.js";
import { createPacer } from "./pacer.js";
import { createPresence, type Presence } from "./presence.js";
import { createRecentCommits, type RecentCommits } from "./recent-commits.js";
import { recollect, revertNotes } from "./recollection.js";
import { forgetRejections, type RejectionRetention } from "./rejections.js";
import { dropOldParts, type Retention } from "./retention.js";
import type { RoomEvents } from "./room-events.js";
import { admitPushes, type QueuedPush, type Refusal, refusalOf, type TurnResult } from "./turn.js";
import { isError } from "./validity.js";

export interface Room {
  readonly documentId: string;
  /** A session has come. It hears of nothing until it joins. */
  enter(peer: Peer): void;
  /** A session has gone; what it pushed before still counts. */
  leave(peer: Peer): void;
  /** Queues an update. Its bytes must not change from now on. */
  push(peer: Peer, update: Uint8Array, options: { fullState: boolean }): void;
  /**
   * Queues an update that has a name, to be a commit of its own. The ledger must not know the name, and nothing of that
   * name may be queued. Resolves when it is settled what has become of it, and its author has been told what it caused.
   */
  pushNamed(peer: Peer, update: Uint8Array, name: PushName): Promise<PushOutcome>;
  /**
   * Calls `then` when the peer has been handed everything that there is by now: at once, unless it reads too slowly. It is
   * not called when the peer leaves before.
   */
  whenTold(peer: Peer, then: () => void): void;
  /** Answers with what the owner of the state vector lacks; from then on the peer hears of every change. */
  join(peer: Peer, stateVector: Uint8Array): void;
  /** The peer's socket has taken everything, after it had more than it buffers. */
  drained(peer: Peer): void;
  awareness(peer: Peer, payload: Uint8Array): void;
  queryAwareness(peer: Peer): void;
  /** From now on a peer who has entered hears who is present, and of nothing else until it joins. */
  attend(peer: Peer): void;
  /** What the user calls himself who is present under this client id. */
  presentUser(clientId: number): string | undefined;
  /**
   * Makes this the first commit, for all who are here to receive, unless the document has one. It is no client's push:
   * the firewall and the gate do not see it, and whose the ids in it are nobody asks.
   */
  begin(first: FirstCommit): Promise<Appended | "document-exists">;
  /** Reads the document at a moment when it is exactly what the ledger holds. */
  view<T>(read: (view: View) => T): Promise<T>;
  /**
   * Changes the document in a turn, when it is exactly what the ledger holds, and as long as that lasts: `make` may read
   * the ledger first, then makes the change at once and says all of it, and it becomes one commit that everybody is
   * told of. When `make` throws, the document is discarded and read again; so nothing is left of what it did.
   */
  edit<T>(make: (current: Editable) => Edit<T> | Promise<Edit<T>>): Promise<T>;
  /**
   * The same for what needs nothing of the ledger, and so can be made together with pushes: `make` does not wait, and sees
   * what the turn has changed before it. It is called again when the turn came to nothing. Where it gives `null` it does
   * need the ledger: then `otherwise` edits, as soon as the turn has written what else there was.
   */
  write<T>(
    make: (current: Editable) => Edit<T> | null,
    otherwise?: (current: Editable) => Promise<Edit<T>>,
  ): Promise<T>;
  /** Keeps a snapshot if the commits since the last one outweigh `share` of it, and lets go of what is to be kept no longer. */
  compact(share: number): Promise<void>;
  /** Nobody is here and nothing is in hand. */
  readonly idle: boolean;
  /** Bytes of memory, estimated. */
  readonly bytes: number;
  /** Finishes what was pushed, tells the sessions why, and lets go of the document. */
  close(code: CloseCode, reason: string): Promise<void>;
}

/** What has become of a push with a name. */
export type PushOutcome =
  /** It is durable: all of it, or what was left of it. */
  | {
      readonly type: "committed";
      readonly sequence: number;
      readonly verdict: "accepted" | "repaired" | "refused";
      readonly issues: readonly Issue[];
    }
  /** It brought nothing that the document did not have, and is no commit. */
  | { readonly type: "unchanged"; readonly sequence: number }
  /** It builds on what is not here, and its author is asked for that. Nothing is left of it. */
  | { readonly type: "unfounded" }
  /** It may not enter, and its author was closed. */
  | { readonly type: "barred" }
  /** The document was read again or closed before its turn. Nothing is left of it, unless the ledger knows its name. */
  | { readonly type: "dropped" };

/** What a document begins with, made and judged elsewhere. */
export interface FirstCommit {
  readonly draft: CommitDraft;
  readonly roots: Roots;
}

export interface View {
  /** `undefined` when nothing was ever written to the document. */
  readonly head: Head | undefined;
  content(): JsonObject;
  /** The ids of what is at a path; `undefined` where nothing is. */
  provenance(path: Path): Provenance | undefined;
  readonly roots: Roots;
  /** Encoded. */
  stateVector(): Uint8Array;
  /** What the owner of this state vector lacks. */
  answer(stateVector: Uint8Array): readonly Uint8Array[];
}

export interface Editable {
  /** `undefined` when nothing was ever written to the document. */
  readonly head: Head | undefined;
  readonly document: Document;
  readonly leases: Leases<Author>;
  /** The last commits, as far as they are at hand. */
  readonly recent: RecentCommits;
  /** What the turn has changed already, in order: it stands behind the head, and is in the document. */
  readonly pending: readonly Accepted[];
}

export type Edit<T> =
  | {
      readonly type: "none";
      readonly result: T;
      /** The result instead, where the turn has changed something before: its last commit is given. @default the same */
      readonly resultAfter?: (last: Appended) => T;
    }
  | {
      readonly type: "commit";
      /** What the document says of the change. */
      readonly accepted: Accepted;
      readonly commit: DraftHead;
      readonly result: (appended: Appended) => T;
    };

export interface RoomOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The kind of a document; every id that comes here has one. What it throws ends the room, unless it is transient. */
  readonly kindOf: (documentId: string) => Kind | Promise<Kind>;
  /** Where costly updates are tried, and where snapshots are made: never the same, since a trial may be killed. */
  readonly trials: Pick<Cell, "try">;
  readonly compactions: Pick<Cell, "compact">;
  readonly limits: Limits;
  /** Bytes of encoded state from which a document takes no more. */
  readonly documentBytes: number;
  readonly frameLimits: FrameLimits;
  readonly delivery: DeliveryLimits;
  readonly pacing: Pacing;
  readonly rejections: RejectionRetention;
  readonly retention: Retention;
  readonly events: RoomEvents & {
    /** Nobody is in the room any more. */
    idle(room: Room): void;
  };
}

export interface Pacing {
  /** Milliseconds between the beginnings of two turns of a busy room. @default 5 */
  readonly pace: number;
  /** Pushes of one turn. @default 2000 */
  readonly turnPushes: number;
  /** Milliseconds of work of one turn, after which the rest waits for the next. @default 20 */
  readonly turnWork: number;
  /** Pushes waiting from which their authors' sockets are no longer read. @default 4000 */
  readonly queuedPushes: number;
  /** The same in bytes. @default 4 MiB */
  readonly queuedBytes: number;
}

export const defaultPacing: Pacing = {
  pace: 5,
  turnPushes: 2000,
  turnWork: 20,
  queuedPushes: 4000,
  queuedBytes: 4 * 1024 * 1024,
};

export function createRoom(documentId: string, options: RoomOptions): Room {
  const { ledger, clock, trials, compactions, limits, pacing, events } = options;
  const peers = new Set<Peer>();
  /** Those who hear who is present without having joined. */
  const attending = new Set<Peer>();
  const delivery = createDelivery(options.delivery, peer =>
    peer.close(CloseCode.slowReader, "slow-reader: the socket buffer is full"),
  );
  const presence: Presence<Author> = createPresence({
    clock,
    limits: options.frameLimits,
    mayAnnounce: (author, clientId) => (open?.leases ?? unleased).mayAnnounce(author, clientId),
  });
  /** As long as the ledger has not told whose the ids are. */
  const unleased = createLeases(new Map(), presence);
  const asking = createAsking<Peer>(clock);
  const pacer = createPacer({ clock, pace: pacing.pace, wanted, turn, ended: restIfIdle });

  let pushes: QueuedPush<Peer>[] = [];
  let pushedBytes = 0;
  /** Pushes with names of which nobody has been told yet what has become of them. */
  const unsettled = new Map<Push, (outcome: PushOutcome) => void>();
  /** What is to be said to peers when they have caught up. */
  const untold = new Map<Peer, (() => void)[]>();
  const paused = new Set<Peer>();
  /** What waits for a trial, by author: what an author sends keeps its order. */
  const onTrial = new Map<Peer, OnTrial>();
  /** State vectors of those who asked, each of which gets an answer. */
  const questions = new Map<Peer, Uint8Array[]>();
  /** What wants to be the first commit. */
  const arriving: Arriving[] = [];
  /** Readers, and what else runs when the document is what the ledger holds. */
  const tasks: (() => void)[] = [];
  const edits: QueuedEdit[] = [];
  const writes: QueuedWrite[] = [];

  /** The document and where it is written; `null` while it is read from the ledger, and after the end. */
  let open: Open | null = null;
  let ended: ServerError | null = null;
  let compacting: Promise<void> | null = null;
  /** How often the document was discarded since the ledger last took something. */
  let discards = 0;
  let cancelBuild: Cancel = () => {};

  const room: Room = {
    documentId,
    enter(peer) {
      peers.add(peer);
    },
    leave(peer) {
      peers.delete(peer);
      attending.delete(peer);
      paused.delete(peer);
      questions.delete(peer);
      untold.delete(peer);
      delivery.remove(peer);
      presence.leave(peer);
      asking.forget(peer);
      pacer.wake();
      restIfIdle();
    },
    push(peer, update, { fullState }) {
      if (ended === null) queue({ author: peer, update, fullState, tried: false });
    },
    pushNamed: (peer, update, name) =>
      new Promise(resolve => {
        if (ended !== null) return resolve({ type: "dropped" });
        // It may be all that a replica holds beyond what is here.
        const push = { author: peer, update, fullState: true, tried: false, name };
        unsettled.set(push, resolve);
        queue(push);
      }),
    whenTold(peer, then) {
      if (delivery.behind(peer) === null) return then();
      const waiting = untold.get(peer);
      if (waiting === undefined) untold.set(peer, [then]);
      else waiting.push(then);
    },
    join(peer, stateVector) {
      const checked = checkStateVector(stateVector, limits);
      if (checked.type === "pass") return ask(peer, stateVector);
      const code = checked.type === "too-large" ? CloseCode.tooLarge : CloseCode.badRequest;
      peer.close(code, `${checked.code}: ${checked.detail}`);
    },
    drained(peer) {
      if (delivery.behind(peer) !== null) whenCurrent(current => catchUp(current, peer));
    },
    awareness(peer, payload) {
      const result = presence.receive(peer, payload);
      if (result.type === "taken") return pacer.wake();
      const code = result.type === "too-large" ? CloseCode.tooLarge : CloseCode.badRequest;
      peer.close(code, `${result.type}: ${result.detail}`);
    },
    queryAwareness(peer) {
      const everyone = presence.everyone();
      if (everyone !== null) peer.present(everyone);
    },
    attend(peer) {
      attending.add(peer);
      room.queryAwareness(peer);
    },
    presentUser: clientId => presence.holderOf(clientId)?.actor.user,
    begin: first =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        arriving.push({ first, resolve, reject });
        pacer.wake();
      }),
    view: read =>
      new Promise((resolve, reject) => {
        whenCurrent(({ log, document }) => {
          try {
            resolve(
              read({
                head: log.head,
                content: () => document.content(),
                provenance: path => document.provenance(path),
                roots: document.roots,
                stateVector: () => document.encodedStateVector(),
                answer: stateVector => document.answer(stateVector).updates,
              }),
            );
          } catch (error) {
            reject(error);
          }
        }, reject);
      }),
    edit: make =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        edits.push({ run: current => runEdit(current, { make, resolve, reject }), reject });
        pacer.wake();
      }),
    write: (make, otherwise) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        const tell = { resolve, reject };
        writes.push({
          make(current) {
            const edit = make(current);
            if (edit !== null) return madeBy(edit, tell);
            if (otherwise === undefined) throw new TypeError("There is no other way to make it.");
            edits.push({ run: later => runEdit(later, { make: otherwise, ...tell }), reject });
            return null;
          },
          reject,
        });
        pacer.wake();
      }),
    async compact(share) {
      await compacting;
      if (open?.log.head === undefined) return;
      await tidy(open, { snapshot: outweighs(open.log.head, open.snapshotBytes, share) });
    },
    get idle() {
      const changes = pushes.length + arriving.length + edits.length + writes.length;
      const waiting = changes + tasks.length + onTrial.size;
      return peers.size === 0 && waiting === 0 && pacer.running === null;
    },
    get bytes() {
      return pushedBytes + (open?.document.bytes ?? 0);
    },
    async close(code, reason) {
      pacer.stop();
      await pacer.running;
      // While the store does not take writes there is nothing to wait for, and nothing was acknowledged.
      while (open !== null && pushes.length + writes.length > 0) await turn();
      end(new ServerError("document-closed", "The document was closed."), code, reason);
      await compacting;
    },
  };

  void load();
  return room;

  // ------------------------------------------------------------ opening, and opening again

  async function load(): Promise<void> {
    while (open === null && ended === null) {
      try {
        const kind = await options.kindOf(documentId);
        const { log, snapshot, tail } = await ledger.open(documentId);
        const { roots: declared, judge, initial, textAt, forkedFrom } = kind;
        const roots = { declared, remembered: knownRoots(log.head?.roots) };
        const recollection = recollect(snapshot, tail);
        const leases = createLeases(recollection.leases, presence);
        const document = createDocument(storedState(snapshot, tail), {
          ...options,
          judge,
          leases,
          reverted: () => revertNotes(recollection),
          roots,
          textAt,
          forkedFrom,
        });
        const snapshotBytes = snapshot?.state.length ?? 0;
        const isJudged = snapshotBytes + (log.head?.tail.bytes ?? 0) > judgedAtOpening;
        open = {
          log,
          document,
          leases,
          initial,
          judge,
          savedRoots: roots.remembered,
          snapshotBytes,
          isJudged,
          recent: createRecentCommits(),
        };
      } catch (cause) {
        if (!isTransient(cause)) return fail(cause);
        await storeChange();
      }
    }
    if (ended !== null) await open?.log.close();
    else pacer.wake();
  }

  /** Resolves when the store says that something has changed, or after a while: it is no longer in use, perhaps. */
  function storeChange(): Promise<void> {
    return new Promise(resolve => {
      const unsubscribe = ledger.subscribe(done);
      const cancel = clock.after(1000, done);
      function done(): void {
        unsubscribe();
        cancel();
        resolve();
      }
    });
  }

  /**
   * What was applied and is not in the ledger is gone. Everybody is brought up to the ledger, which may hold what was
   * reported as failed, and is asked for what it lacks.
   */
  function discard(cause: unknown, delivered: Moment | null): void {
    // What fails again and again, and not for want of a store, would have everybody send everything for ever.
    if (++discards > discardsInARow && !isTransient(cause)) return fail(cause);
    events.discarded({ documentId, cause });
    reopen(delivered);
  }

  function reopen(delivered: Moment | null): void {
    close();
    if (delivered !== null) delivery.fallBehind(delivered);
    pushes = [];
    pushedBytes = 0;
    dropUnsettled();
    for (const [peer, trial] of onTrial) questions.set(peer, trial.questions);
    onTrial.clear();
    whenCurrent(current => {
      // It may hold what was reported as failed.
      events.appended({ documentId });
      for (const peer of delivery.peers()) catchUp(current, peer);
      const stateVector = current.document.encodedStateVector();
      for (const peer of peers) peer.ask(stateVector);
      for (const peer of paused) peer.resume();
      paused.clear();
    });
    void load();
  }

  function close(): void {
    cancelBuild();
    open?.document.close();
    void open?.log.close();
    open = null;
  }

  function fail(cause: unknown): void {
    events.failed({ documentId, cause });
    if (cause instanceof StorageError && cause.code === "erased") {
      const erased = new ServerError("document-erased", "The document was erased.", { cause });
      return end(erased, CloseCode.deleted, erasedReason);
    }
    const error = new ServerError("document-unavailable", "The document cannot be opened.", { cause });
    end(error, CloseCode.internal, "document-unavailable: the document cannot be opened");
  }

  function end(error: ServerError, code: CloseCode, reason: string): void {
    if (ended !== null) return;
    ended = error;
    pacer.stop();
    close();
    for (const peer of [...peers]) peer.close(code, reason);
    questions.clear();
    dropUnsettled();
    for (const { reject } of arriving.splice(0)) reject(error);
    for (const { reject } of [...edits.splice(0), ...writes.splice(0)]) reject(error);
    runTasks(() => false);
  }

  // ------------------------------------------------------------ turns

  function restIfIdle(): void {
    if (room.idle) events.idle(room);
  }

  function wanted(): number | null {
    if (open === null) return null;
    const changes = pushes.length + arriving.length + edits.length + writes.length;
    return changes + questions.size + tasks.length > 0 ? 0 : presence.dueIn;
  }

  async function turn(): Promise<void> {
    try {
      await takeTurn();
    } catch (error) {
      // A fault of ours, or a document that cannot be built: nobody may be left waiting for it.
      fail(error);
    }
  }

  async function takeTurn(): Promise<void> {
    if (open === null) return;
    dismissIfDeleted(open);
    for (let each = arriving.shift(); each !== undefined; each = arriving.shift()) {
      if (!(await arrive(open, each))) return;
    }
    if (!(await beginDocument(open))) return;
    const end = clock.monotonic() + pacing.turnWork;
    const outOfTime = () => clock.monotonic() >= end;

    const taken = pushes.splice(0, pacing.turnPushes);
    if (taken.length > 0) open.document.build();
    const result = admit(open, taken, outOfTime);
    if (result === null) return;
    pushes.unshift(...result.left);
    for (const trial of result.trials) tryFirst(open, trial);
    pushedBytes -=
      bytesOf(taken) - bytesOf(result.left) - bytesOf(result.trials.flatMap(trial => trial.pushes));

    const made = makeWrites(open, result.accepted, outOfTime);
    if (made === null || !(await append(open, result, made))) return;
    do {
      if (!((await edits.shift()?.run(open)) ?? true)) return;
      dismissIfDeleted(open);
    } while (edits.length > 0 && !outOfTime());

    for (const push of result.unfounded) settlePush(push, { type: "unfounded" });
    for (const { author, push, behind, reason } of result.refused) {
      refuse(author, push, reason);
      for (const each of behind) settlePush(each, { type: "dropped" });
    }
    for (const author of result.lacking) {
      asking.ask(author, () => whenCurrent(({ document }) => author.ask(document.encodedStateVector())));
    }
    answerQuestions(outOfTime);
    runTasks(outOfTime);
    const present = presence.flush();
    if (present !== null) {
      delivery.present(peer => present.for(peer));
      for (const peer of attending) {
        const awareness = present.for(peer);
        if (awareness !== null) peer.present(awareness);
      }
    }
    resumePaused();
    if (open?.log.head !== undefined && isDue(open.log.head, open.snapshotBytes)) {
      void tidy(open, { snapshot: true });
    }
    if (open !== null) judgeOnce(open);
  }

  /** Nobody edits what was deleted, until somebody brings it back. */
  function dismissIfDeleted({ log }: Open): void {
    if (log.head?.deleted === undefined) return;
    pushedBytes -= bytesOf(pushes) + bytesOf([...onTrial.values()].flatMap(trial => trial.pushes));
    pushes = [];
    onTrial.clear();
    dropUnsettled();
    for (const peer of [...peers]) peer.close(CloseCode.deleted, deletedReason);
  }

  /** Tells of a document that does not satisfy its kind any more, once it is there to be judged at little cost. */
  function judgeOnce(current: Open): void {
    const { document, log, judge } = current;
    if (current.isJudged || !document.isBuilt) return;
    current.isJudged = true;
    if (judge === null || log.head === undefined) return;
    // Not what a sanitiser would make of it: cleaning takes a hundred times as long.
    const issues = judge.judgeDocument(document.content(), relayActor).filter(isError);
    if (issues.length > 0) events.invalid({ documentId, issues });
  }

  /** Makes what was made elsewhere the first commit; false when the document is read again from the ledger. */
  async function arrive({ log }: Open, { first, resolve, reject }: Arriving): Promise<boolean> {
    if (log.head !== undefined) {
      resolve("document-exists");
      return true;
    }
    const nothing = { sequence: 0, stateVector: new Map<number, number>() };
    try {
      const [appended] = await log.append([first.draft], { roots: new Map(Object.entries(first.roots)) });
      if (appended === undefined) throw new Error("The ledger did not answer for a draft.");
      events.appended({ documentId });
      resolve(appended);
    } catch (error) {
      reject(error);
      discard(error, nothing);
      return false;
    }
    // It comes back from the ledger like any other, and is not built on this thread before somebody needs it.
    reopen(nothing);
    return false;
  }

  /** Writes what a new document of its kind begins with, once somebody is here who may; false when that failed. */
  async function beginDocument(current: Open): Promise<boolean> {
    const { initial } = current;
    if (initial === null || current.log.head !== undefined) return true;
    if (![...peers].some(({ mayWrite }) => mayWrite)) return true;
    const begun = current.document.begin(initial);
    if (begun === null) return true;
    const nothing = { sequence: 0, stateVector: begun.before };
    const draft = toDraft(begun, { actor: relayActor, kind: "create" });
    if ((await write(current, [draft], nothing)) === null) return false;
    delivery.broadcast({ updates: [begun.update], sequences: [1] }, nothing, null);
    return true;
  }

  /** Makes what the document holds durable; `null` when the ledger did not take it, and it was discarded. */
  async function write(
    current: Open,
    drafts: readonly CommitDraft[],
    before: Moment,
  ): Promise<readonly Appended[] | null> {
    const { log, document } = current;
    const { roots } = document;
    try {
      const isNew = roots !== current.savedRoots;
      const appended = await log.append(drafts, isNew ? { roots: new Map(Object.entries(roots)) } : {});
      current.savedRoots = roots;
      discards = 0;
      drafts.forEach((draft, i) => {
        current.recent.add(appended[i]!, draft);
      });
      events.appended({ documentId });
      return appended;
    } catch (error) {
      discard(error, before);
      return null;
    }
  }

  function resumePaused(): void {
    if (pushes.length > pacing.queuedPushes / 2 || pushedBytes > pacing.queuedBytes / 2) return;
    for (const peer of paused) peer.resume();
    paused.clear();
  }

  /** Applies the pushes, which puts the document ahead of the ledger; `null` when that has spoilt it. */
  function admit(
    { document }: Open,
    taken: readonly QueuedPush<Peer>[],
    outOfTime: () => boolean,
  ): TurnResult<Peer> | null {
    const result = admitPushes(document, taken, outOfTime);
    if (result.spoilt === null) return result;
    const { author, pushes: suspects, cause } = result.spoilt;
    for (const push of suspects) {
      refuse(author, push, { type: "barred", code: "update-failed", detail: "it cannot be applied" });
    }
    discard(cause, null);
    return null;
  }

  /** Makes what waits to be written, and is to become commits; `null` when that has spoilt the document. */
  function makeWrites(
    current: Open,
    pushed: TurnResult<Peer>["accepted"],
    outOfTime: () => boolean,
  ): readonly MadeWrite[] | null {
    const begun: QueuedWrite[] = [];
    const made: MadeWrite[] = [];
    const pending = pushed.map(each => each.accepted);
    while (writes.length > 0 && (begun.length === 0 || !outOfTime())) {
      const queued = writes.shift()!;
      try {
        const write = queued.make({ ...current, head: current.log.head, pending });
        if (write === null) continue;
        if (write.change === null && pending.length === 0) {
          write.resolve(null);
          continue;
        }
        begun.push(queued);
        made.push(write);
        if (write.change !== null) pending.push(write.change.accepted);
      } catch (cause) {
        queued.reject(cause);
        writes.unshift(...begun);
        discard(cause, null);
        return null;
      }
    }
    return made;
  }

  /** Makes the document durable again, then tells everybody; false when the ledger did not take it. */
  async function append(
    current: Open,
    { accepted, named }: TurnResult<Peer>,
    made: readonly MadeWrite[],
  ): Promise<boolean> {
    const written = made.flatMap(({ change }) => change ?? []);
    const changes = [...accepted, ...written].map(each => each.accepted);
    const [first] = changes;
    if (first === undefined) {
      settleNamed(named, new Map(), current);
      return true;
    }
    const delivered = { sequence: current.log.head?.sequence ?? 0, stateVector: first.before };
    const names = new Map(named.map(each => [each.accepted, each.push.name]));
    const drafts = accepted.map(({ author, accepted: judged }) => {
      const name = names.get(judged);
      return toDraft(judged, {
        actor: author.actor,
        kind: judged.verdict?.type === "refused" ? "refused" : "update",
        ...(name === undefined ? {} : { dedupe: name.dedupe, notes: { madeAt: name.madeAt } }),
      });
    });
    drafts.push(...written.map(each => toDraft(each.accepted, each.commit)));
    const appended = await write(current, drafts, delivered);
    if (appended === null) {
      for (const { reject } of made) reject(notTaken());
      return false;
    }
    for (const { author, accepted: judged } of accepted) tellRejection(author.actor, judged);
    // What the relay itself has written, taking something back, the author has not seen either.
    const [author] = new Set(accepted.map(each => each.author));
    const isSole =
      written.length === 0 &&
      accepted.every(each => each.author === author && each.accepted.verdict?.wrote !== true);
    const turn = {
      updates: changes.map(({ update }) => update),
      sequences: appended.map(({ sequence }) => sequence),
    };
    delivery.broadcast(turn, delivered, isSole ? author! : null);
    if (named.length > 0) {
      settleNamed(named, new Map(changes.map((change, i) => [change, appended[i]!.sequence])), current);
    }
    let last = accepted.length - 1;
    for (const { change, resolve } of made) {
      if (change !== null) last++;
      resolve(appended[last]!);
    }
    return true;
  }

  /** False when the document was discarded. */
  async function runEdit<T>(current: Open, { make, resolve, reject }: Making<T>): Promise<boolean> {
    const before = moment(current.log, current.document);
    let edit: Edit<T>;
    try {
      edit = await make({ ...current, head: current.log.head, pending: [] });
    } catch (cause) {
      reject(cause);
      discard(cause, null);
      return false;
    }
    if (edit.type === "none") {
      resolve(edit.result);
      return true;
    }
    const { accepted, commit } = edit;
    const [appended] = (await write(current, [toDraft(accepted, commit)], before)) ?? [];
    if (appended === undefined) {
      reject(notTaken());
      return false;
    }
    delivery.broadcast({ updates: [accepted.update], sequences: [appended.sequence] }, before, null);
    resolve(edit.result(appended));
    return true;
  }

  function tellRejection(actor: Actor, { verdict, refusedUpdate }: Accepted): void {
    if (verdict === null || refusedUpdate === null) return;
    const { type, issues } = verdict;
    const hash = Buffer.from(refusedUpdate).toString("hex");
    events.rejected({
      documentId,
      actor,
      verdict: type === "refused" ? "refused" : "repaired",
      issues,
      hash,
    });
  }

  function refuse(author: Peer, push: Push, reason: Refusal): void {
    const hash = createHash("sha256").update(push.update).digest("hex");
    events.refused({ documentId, actor: author.actor, code: reason.code, detail: reason.detail, hash });
    author.close(closeCodes[reason.type], `${reason.code}: ${reason.detail}`);
    settlePush(push, { type: "barred" });
  }

  function settleNamed(
    named: TurnResult<Peer>["named"],
    sequences: ReadonlyMap<Accepted, number>,
    { log }: Open,
  ): void {
    for (const { push, accepted } of named) {
      const sequence = accepted === null ? undefined : sequences.get(accepted);
      if (accepted === null || sequence === undefined) {
        settlePush(push, { type: "unchanged", sequence: log.head?.sequence ?? 0 });
      } else settlePush(push, { type: "committed", sequence, ...outcomeOf(accepted) });
    }
  }

  function settlePush(push: Push, outcome: PushOutcome): void {
    unsettled.get(push)?.(outcome);
    unsettled.delete(push);
  }

  function dropUnsettled(): void {
    for (const resolve of unsettled.values()) resolve({ type: "dropped" });
    unsettled.clear();
  }

  function tryFirst(
    { document }: Open,
    { author, pushes: waiting, structs }: TurnResult<Peer>["trials"][number],
  ): void {
    const [first] = waiting;
    if (first === undefined) return;
    const trial: OnTrial = { pushes: waiting, questions: [] };
    onTrial.set(author, trial);
    const settle = (refusal: Refusal | null) => {
      // The document may have been discarded meanwhile, and its author asked for everything.
      if (onTrial.get(author) !== trial) return;
      onTrial.delete(author);
      if (trial.questions.length > 0 && peers.has(author)) questions.set(author, trial.questions);
      if (refusal === null) {
        first.tried = true;
        pushes.unshift(...waiting);
      } else {
        pushedBytes -= bytesOf(waiting);
        resumePaused();
        refuse(author, first, refusal);
        for (const push of waiting.slice(1)) settlePush(push, { type: "dropped" });
      }
      pacer.wake();
    };
    trials.try({ state: document.answer(everything).updates, update: first.update, structs }).then(
      result => settle(refusalOf(result)),
      cause => settle({ type: "too-large", code: "trial-failed", detail: String(cause) }),
    );
  }

  // ------------------------------------------------------------ what waits for the document to be current

  function whenCurrent(
    run: (current: Open) => void,
    otherwise: (error: ServerError) => void = () => {},
  ): void {
    tasks.push(() => {
      if (open !== null) run(open);
      else if (ended !== null) otherwise(ended);
    });
    if (ended !== null) runTasks(() => false);
    else pacer.wake();
  }

  function runTasks(outOfTime: () => boolean): void {
    do tasks.shift()?.();
    while (tasks.length > 0 && !outOfTime());
  }

  /** The answer comes when all that the peer has pushed before has been dealt with. */
  function ask(peer: Peer, stateVector: Uint8Array): void {
    const waiting = onTrial.get(peer)?.questions ?? questions.get(peer) ?? [];
    waiting.push(stateVector);
    if (!onTrial.has(peer)) questions.set(peer, waiting);
    if (waiting.length > queuedQuestions) {
      paused.add(peer);
      peer.pause();
    }
    pacer.wake();
  }

  function answerQuestions(outOfTime: () => boolean): void {
    if (questions.size === 0) return;
    const pushing = new Set(pushes.map(({ author }) => author));
    for (const [peer, stateVectors] of questions) {
      if (pushing.has(peer)) continue;
      questions.delete(peer);
      const trial = onTrial.get(peer);
      if (trial !== undefined) trial.questions.unshift(...stateVectors);
      else if (open !== null) for (const stateVector of stateVectors) answer(open, peer, stateVector);
      if (outOfTime()) return;
    }
  }

  function answer({ log, document }: Open, peer: Peer, stateVector: Uint8Array): void {
    // One answer at a time is on its way, however often a client asks that does not read.
    if (peer.backlog > options.delivery.resyncAt) return peer.putOff(stateVector);
    peer.answer(document.answer(stateVector), {
      sequence: log.head?.sequence ?? 0,
      hasContent: stateVector.length > 1,
      stateVector: () => document.encodedStateVector(),
    });
    toldAll(peer, moment(log, document));
    const everyone = presence.everyone();
    if (everyone !== null) peer.present(everyone);
    cancelBuild();
    cancelBuild = clock.after(buildDelay, () => whenCurrent(current => current.document.build()));
  }

  function catchUp({ log, document }: Open, peer: Peer): void {
    const since = delivery.behind(peer);
    if (since === null || peer.backlog > options.delivery.resyncAt) return;
    const { sequence, stateVector } = moment(log, document);
    if (since.sequence !== sequence) {
      const { updates } = document.answer(Y.encodeStateVector(new Map(since.stateVector)));
      const last = updates.length - 1;
      peer.changed({ updates, sequences: updates.map((_, i) => (i === last ? sequence : since.sequence)) });
    }
    toldAll(peer, { sequence, stateVector });
  }

  /** From now on the peer receives, and whatever waited for it to know everything is said. */
  function toldAll(peer: Peer, at: Moment): void {
    delivery.add(peer, at);
    const waiting = untold.get(peer) ?? [];
    untold.delete(peer);
    for (const then of waiting) then();
  }

  function queue(push: QueuedPush<Peer>): void {
    const { author: peer, update } = push;
    (onTrial.get(peer)?.pushes ?? pushes).push(push);
    pushedBytes += update.length;
    if (pushes.length > pacing.queuedPushes || pushedBytes > pacing.queuedBytes) {
      paused.add(peer);
      peer.pause();
    }
    pacer.wake();
  }

  /** What a document needs at rest, beside the path of any edit. */
  function tidy(current: Open, options: { snapshot: boolean }): Promise<void> {
    compacting ??= tidyNow(current, options)
      .catch(cause => {
        if (open !== current) return;
        events.uncompacted({ documentId, cause });
        // Not before the tail has doubled, or a document that cannot be compacted would keep the worker busy.
        current.snapshotBytes = 2 * (current.log.head?.tail.bytes ?? 0) + current.snapshotBytes;
      })
      .finally(() => {
        compacting = null;
      });
    return compacting;
  }

  async function tidyNow(current: Open, { snapshot }: { snapshot: boolean }): Promise<void> {
    if (snapshot) current.snapshotBytes = await compact(current.log, ledger, compactions);
    const now = clock.now();
    await forgetRejections(ledger, documentId, { retention: options.rejections, now });
    await dropOldParts(ledger, documentId, { retention: options.retention, now });
  }
}

interface Open {
  readonly log: DocumentLog;
  readonly document: Document;
  /** What it begins with, if it is new. */
  readonly initial: Kind["initial"];
  readonly judge: Kind["judge"];
  readonly leases: Leases<Author>;
  /** The roots as the head of the ledger has them. */
  savedRoots: Roots;
  /** Size of the latest snapshot. */
  snapshotBytes: number;
  /** Whether it was judged as a whole, or is too large for that. */
  isJudged: boolean;
  readonly recent: RecentCommits;
}

interface Arriving {
  readonly first: FirstCommit;
  readonly resolve: (result: Appended | "document-exists") => void;
  readonly reject: (error: unknown) => void;
}

interface QueuedEdit {
  /** Resolves with false when the document was discarded. */
  readonly run: (current: Open) => Promise<boolean>;
  readonly reject: (error: unknown) => void;
}

interface QueuedWrite {
  /** `null` where it has become an edit. */
  readonly make: (current: Editable) => MadeWrite | null;
  readonly reject: (error: unknown) => void;
}

/** An answer that waits until what it was found in is durable. */
interface MadeWrite {
  /** What is in the document and is to be a commit; `null` when there was nothing to be written. */
  readonly change: { readonly accepted: Accepted; readonly commit: DraftHead } | null;
  /** Given its commit, or where there is none the last one of the turn before it, if there is one. */
  readonly resolve: (last: Appended | null) => void;
  readonly reject: (error: unknown) => void;
}

interface Making<T> {
  readonly make: (current: Editable) => Edit<T> | Promise<Edit<T>>;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

interface OnTrial {
  /** The first is on trial. */
  readonly pushes: QueuedPush<Peer>[];
  /** The state vectors with which its author has asked since. */
  readonly questions: Uint8Array[];
}

/** What the clients of a document are told that was erased. */
export const erasedReason = "deleted: the document was erased";
/** The same of one that was deleted, and could be brought back. */
const deletedReason = "deleted: the document was deleted";
/** Questions of one peer that may wait before its socket is no longer read. */
const queuedQuestions = 64;
/** Milliseconds after a join from which the `Y.Doc` is built, so that the first push need not wait for it. */
const buildDelay = 100;
/** Bytes of stored state above which a document is not judged when it is opened: up to there it takes some 5 ms. */
const judgedAtOpening = 64 * 1024;
/** How often in a row a document may be discarded for another reason than a store that is not ready. */
const discardsInARow = 5;
const everything = Y.encodeStateVector(new Y.Doc());

function madeBy<T>(edit: Edit<T>, { resolve, reject }: Omit<Making<T>, "make">): MadeWrite {
  if (edit.type === "none") {
    const { result, resultAfter = () => result } = edit;
    return { change: null, resolve: last => resolve(last === null ? result : resultAfter(last)), reject };
  }
  const { accepted, commit, result } = edit;
  return { change: { accepted, commit }, resolve: appended => resolve(result(appended!)), reject };
}

function outcomeOf({
  verdict,
  refusedUpdate,
}: Accepted): Pick<PushOutcome & { readonly type: "committed" }, "verdict" | "issues"> {
  if (verdict === null || refusedUpdate === null) return { verdict: "accepted", issues: [] };
  return { verdict: verdict.type === "refused" ? "refused" : "repaired", issues: verdict.issues };
}

function notTaken(): ServerError {
  return new ServerError("document-closed", "The document is read again.");
}

function moment(log: DocumentLog, document: Document): Moment {
  return { sequence: log.head?.sequence ?? 0, stateVector: document.stateVector() };
}

function isTransient(cause: unknown): boolean {
  return cause instanceof StorageError && cause.transient;
}

const closeCodes = {
  barred: CloseCode.badRequest,
  compensate: CloseCode.badRequest,
  "too-large": CloseCode.tooLarge,
  forbidden: CloseCode.forbidden,
} as const satisfies Record<Refusal["type"], CloseCode>;

function bytesOf(pushes: readonly Push[]): number {
  return pushes.reduce((sum, { update }) => sum + update.length, 0);
}
