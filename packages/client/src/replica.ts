/**
 * One document of a client, as a state machine: what it has, what the relay has not answered, and who of the tabs speaks.
 *
 *     loading ──loaded──▶ following ──leads──▶ taking-over ──outbox read──▶ offline ──up──▶ opening ──opened──▶ online
 *                                                                            ▲              │                    │
 *                                                                            └─down, closed─┴────────────────────┘
 *     ended: from any state, when the document is not to be connected again
 *
 * Invariants: a record is sent when it is durable, or cannot be; in order, and by the leading tab alone. What is applied to
 * the document, stored and told to other tabs happens in the order of the outputs. The document itself is outside: it is
 * asked by `ReplicaState`, and what it makes of what is applied comes back as `remote`.
 */
import { isPermanent, type VersoClientMessage } from "@verso/protocol";
import type { Closing, ReplicaEventOf, ReplicaStatus } from "./document.js";
import type { ClientError } from "./errors.js";
import type { DocumentMessage, LinkStatus } from "./link.js";
import { createOutbox } from "./outbox.js";
import type { OutboxRecord, ReplicaMeta, StoredReplica } from "./persistence.js";
import { decodeTabMessage, encodeTabMessage, type SharedState, type TabMessage } from "./tab-messages.js";
import { isEmptyUpdate, unrecorded, withoutStored } from "./unrecorded.js";

export type ReplicaPhase =
  | "loading"
  | "following"
  | "taking-over"
  | "offline"
  | "opening"
  | "online"
  | "ended";

/** What of the document is asked, at once. */
export interface ReplicaState {
  stateVector(): Uint8Array;
  /** What it holds beyond a state vector, and all deletions. */
  diff(stateVector: Uint8Array): Uint8Array;
}

/**
 * Done in the order in which they are put out, each answered by an input before the next is begun. When an `add` fails, those
 * that were put out before it was told fail with it: a record is never durable without those that it may build on.
 */
export type StoreOperation =
  | { readonly type: "load" }
  | { readonly type: "add"; readonly madeAt: number; readonly update: Uint8Array }
  | {
      readonly type: "add-remote";
      readonly updates: readonly Uint8Array[];
      readonly meta: ReplicaMeta;
      readonly isWhole?: boolean;
    }
  | { readonly type: "settle"; readonly clientSequences: readonly number[] }
  | { readonly type: "read-outbox" }
  | { readonly type: "clear" }
  /** For a store that has gathered many updates; the state is that of the time it is done. */
  | { readonly type: "compact" }
  /** Begins the store of another epoch, which the next start finds then. */
  | { readonly type: "begin-epoch"; readonly meta: ReplicaMeta };

export type ReplicaInput =
  | { readonly type: "loaded"; readonly stored: StoredReplica }
  | {
      readonly type: "added";
      readonly clientSequence: number;
      readonly operation: Extract<StoreOperation, { readonly type: "add" }>;
    }
  | { readonly type: "outbox-read"; readonly records: readonly OutboxRecord[] }
  /** Any other operation is done. */
  | { readonly type: "stored"; readonly operation: StoreOperation }
  | { readonly type: "store-failed"; readonly operation: StoreOperation; readonly error: ClientError }
  /** This tab speaks for all from now on. */
  | { readonly type: "leads" }
  /** A transaction of this tab. */
  | { readonly type: "local"; readonly madeAt: number; readonly update: Uint8Array }
  /** What the document has made of what the relay sent. */
  | { readonly type: "remote"; readonly update: Uint8Array }
  /** States of this tab's own, or of what `share-awareness` asked for. */
  | { readonly type: "awareness"; readonly update: Uint8Array }
  | { readonly type: "tab"; readonly message: Uint8Array }
  | { readonly type: "sync-now" }
  /** The time has come to look for what was missed. */
  | { readonly type: "look-again" }
  | { readonly type: "retry" };

export type ReplicaEvent =
  | { readonly type: "status"; readonly status: ReplicaStatus; readonly unsyncedChanges: number }
  /** The relay has said all it has. */
  | { readonly type: "answered" }
  | ReplicaEventOf<
      "rejected" | "connection-close" | "closed" | "epoch" | "erased" | "moved" | "storage-error"
    >;

export type ReplicaOutput =
  | { readonly type: "store"; readonly operation: StoreOperation }
  | {
      readonly type: "apply";
      readonly updates: readonly Uint8Array[];
      readonly from: "relay" | "tab" | "store";
    }
  | { readonly type: "apply-awareness"; readonly update: Uint8Array; readonly from: "relay" | "tab" }
  /** Answered by `awareness` with every state that is not from the relay. */
  | { readonly type: "share-awareness" }
  | { readonly type: "tell-tabs"; readonly message: Uint8Array }
  /** Answered by `retry`; replaces the last one. */
  | { readonly type: "retry-after"; readonly delay: number }
  | { readonly type: "event"; readonly event: ReplicaEvent };

export interface ReplicaHost {
  emit(output: ReplicaOutput): void;
  random(): number;
  readonly link: LinkStatus;
  /** A channel that no document has on this connection; null while there is none. */
  channel(): number | null;
  send(message: VersoClientMessage): void;
  /** A connection is wanted, or not any more. */
  evaluate(options?: { readonly urge?: "soon" | "now" | null }): void;
  succeeded(): void;
}

export interface ReplicaOptions {
  readonly documentId: string;
  readonly state: ReplicaState;
  /** What the document held when it was opened, before anything was loaded; null if nothing. */
  readonly base: Uint8Array | null;
  readonly openedAt: number;
  /** Nobody else opens what is kept here, so there are no other tabs to tell. @default false */
  readonly isAlone?: boolean;
}

/** A document of the core. */
export interface CoreReplica {
  readonly phase: ReplicaPhase;
  readonly status: ReplicaStatus;
  readonly unsyncedChanges: number;
  /** On the connection there is. */
  readonly channel: number | null;
  readonly wantsLink: boolean;
  handle(input: ReplicaInput): void;
  message(message: DocumentMessage): void;
  up(connection: { readonly isBatch: boolean }): void;
  /** Says whether there is something to send. */
  down(): boolean;
  /** Tells other tabs and the program what has changed since. */
  report(): void;
  close(): void;
}

const longestWait = 30_000;
const shortestWait = 250;
/** Rounds of sending again, without an answer to any, after which all that the relay lacks is sent as one. */
const roundsBeforeOne = 3;
/**
 * Stored updates of which one is made, the first time and at last: twice as many each time, since to make one costs as much
 * as the document is long, and no more than load at once.
 */
const fewestCompacted = 512;
const mostStored = 4096;
const noState = new Uint8Array([0]);

export function createReplica(
  { documentId, state, base, openedAt, isAlone = false }: ReplicaOptions,
  host: ReplicaHost,
): CoreReplica {
  const outbox = createOutbox();
  let phase: ReplicaPhase = "loading";
  let leads = false;
  let isLoaded = false;
  let ended: Closing | null = null;
  /** Local transactions that wait for the store to be read, or for what they may build on to be durable or known not to be. */
  let early: { madeAt: number; update: Uint8Array }[] = [];
  const adding: Uint8Array[] = [];

  let meta: ReplicaMeta = { replicaId: newId(), epoch: 0, sequence: 0 };
  /** Whether a restart would send under the same id. */
  let identity: "new" | "storing" | "stored" = "new";
  /** What of the outbox was known when it was last asked for. */
  let known: ReadonlySet<number> = new Set();

  /** The store lacks something that the document has; then nothing that builds on it is added. */
  let isBehind = false;
  let lacks = 0;
  let isUnreadable = false;
  /** A leader has told of what it may not have stored any more. */
  let mayLack = false;
  const unsettled: number[] = [];
  let storedUpdates = 0;
  let compactedFrom = fewestCompacted;
  /** Numbers of records that are in memory only: above all that a store gives, and no other tab's. */
  let lastVolatile = 2 ** 32 * (1 + Math.floor(host.random() * 2 ** 20));
  let wholeSince: number | null = null;

  let channel: number | null = null;
  let isBatch = false;
  let isSynced = false;
  let isWritable = true;
  let answers = 0;
  let failures = 0;
  let resyncs = 0;
  let isHolding = false;
  /** What the leader says, while another tab leads. */
  let shared: SharedState | null = null;
  let toldTabs: SharedState | null = null;
  let told: { status: ReplicaStatus; unsyncedChanges: number } | null = null;

  host.emit({ type: "store", operation: { type: "load" } });

  const replica: CoreReplica = {
    get phase() {
      return phase;
    },
    get status() {
      return statusNow();
    },
    get unsyncedChanges() {
      return outbox.size + adding.length + early.length;
    },
    get channel() {
      return channel;
    },
    get wantsLink() {
      return phase === "offline" || phase === "opening" || phase === "online";
    },
    handle,
    message,
    up(connection) {
      isBatch = connection.isBatch;
      if (phase === "offline") open();
    },
    down() {
      channel = null;
      if (!isBatch) isSynced = false;
      isHolding = false;
      outbox.unsend();
      if (phase === "opening" || phase === "online") phase = "offline";
      return phase === "offline" && outbox.size > 0 && isWritable;
    },
    report,
    close() {
      if (channel !== null) host.send({ type: "close", channel });
      channel = null;
      phase = "ended";
      host.evaluate();
    },
  };
  return replica;

  function handle(input: ReplicaInput): void {
    if (phase === "ended" && input.type !== "awareness") return;
    switch (input.type) {
      case "loaded":
        return loaded(input.stored);
      case "added": {
        const { madeAt, update } = input.operation;
        adding.shift();
        recorded({ clientSequence: input.clientSequence, madeAt, update }, { isVolatile: false });
        if (adding.length === 0) takeEarly();
        return grown(1);
      }
      case "outbox-read":
        return outboxRead(input.records);
      case "stored":
        return stored(input.operation);
      case "store-failed":
        return storeFailed(input.operation, input.error);
      case "leads":
        leads = true;
        if (phase === "following") takeOver();
        return;
      case "local":
        return local(input);
      case "remote":
        if (leads) keep([input.update]);
        return;
      case "awareness":
        tell({ type: "awareness", update: input.update, from: "tab" });
        return sendAwareness(input.update);
      case "tab":
        return tab(decodeTabMessage(input.message));
      case "sync-now":
        return syncNow();
      case "look-again":
        return lookAgain();
      case "retry":
        return retry();
    }
  }

  // From the store

  function loaded({ updates, outbox: records, meta: storedMeta }: StoredReplica): void {
    if (storedMeta !== null) {
      meta = storedMeta;
      identity = "stored";
    }
    storedUpdates = updates.length;
    host.emit({ type: "apply", updates, from: "store" });
    outbox.restore(records, known);
    if (phase !== "loading") return startLeading();
    phase = "following";
    isLoaded = true;
    const first = base === null ? null : withoutStored(base, updates);
    if (first !== null) local({ madeAt: openedAt, update: first });
    takeEarly();
    if (leads) takeOver();
    else tell({ type: "ask", stateVector: state.stateVector() });
  }

  function takeOver(): void {
    phase = "taking-over";
    readOutbox();
  }

  function readOutbox(): void {
    known = outbox.durable;
    host.emit({ type: "store", operation: { type: "read-outbox" } });
  }

  function outboxRead(records: readonly OutboxRecord[]): void {
    const { durable } = outbox;
    const missed = records.filter(({ clientSequence }) => !durable.has(clientSequence));
    host.emit({ type: "apply", updates: missed.map(({ update }) => update), from: "tab" });
    const left = outbox.restore(records, known);
    if (leads && left.length > 0) settle(left);
    if (phase !== "taking-over") return pump();
    // Another tab may have sent some of them under an id that this one has not read.
    if (records.length > 0 && identity === "new") {
      host.emit({ type: "store", operation: { type: "load" } });
    } else startLeading();
  }

  function startLeading(): void {
    if (phase !== "taking-over") return;
    phase = "offline";
    shared = null;
    tell({ type: "lead", stateVector: state.stateVector() });
    host.evaluate();
    open();
  }

  function keep(updates: readonly Uint8Array[]): void {
    if (isBehind) {
      // A whole that is on its way to the store may be of before.
      lacks++;
      return;
    }
    if (identity === "new") identity = "storing";
    host.emit({ type: "store", operation: { type: "add-remote", updates, meta } });
    grown(updates.length);
  }

  /** What other tabs add is not counted, nor is it missed: their records are kept until this tab has them. */
  function grown(by: number): void {
    storedUpdates += by;
    if (!leads || isBehind || storedUpdates < compactedFrom) return;
    storedUpdates = 1;
    compactedFrom = Math.min(2 * compactedFrom, mostStored);
    host.emit({ type: "store", operation: { type: "compact" } });
  }

  function stored(operation: StoreOperation): void {
    if (operation.type === "settle") tell({ ...operation, type: "settled" });
    if (operation.type !== "add-remote") return;
    if (operation.isWhole) {
      if (wholeSince === lacks) isBehind = false;
      wholeSince = null;
    }
    identified();
  }

  function identified(): void {
    if (identity === "stored") return;
    identity = "stored";
    pump();
  }

  function storeFailed(operation: StoreOperation, error: ClientError): void {
    switch (operation.type) {
      case "load":
        isUnreadable = true;
        behind(error);
        return loaded({ updates: [], outbox: [], meta: null });
      case "add": {
        adding.shift();
        behind(error);
        const { madeAt, update } = operation;
        recorded({ clientSequence: ++lastVolatile, madeAt, update }, { isVolatile: true });
        if (adding.length === 0) takeEarly();
        return;
      }
      case "add-remote":
        wholeSince = null;
        behind(error);
        return identified();
      case "settle":
        tell({ ...operation, type: "settled" });
        unsettled.push(...operation.clientSequences);
        return emitEvent({ type: "storage-error", args: [error] });
      case "read-outbox":
        emitEvent({ type: "storage-error", args: [error] });
        return startLeading();
      default:
        return emitEvent({ type: "storage-error", args: [error] });
    }
  }

  function behind(error: ClientError | null): void {
    if (!isBehind && error !== null) emitEvent({ type: "storage-error", args: [error] });
    isBehind = true;
    lacks++;
  }

  /** Writes everything, once nothing is left that the store could not number. */
  function catchUp(): void {
    if (unsettled.length > 0) settle(unsettled.splice(0));
    if (isUnreadable || wholeSince !== null || !(isBehind || (leads && mayLack))) return;
    if (adding.length > 0 || outbox.volatile.length > 0) return;
    wholeSince = lacks;
    mayLack = false;
    const updates = [state.diff(noState)];
    host.emit({ type: "store", operation: { type: "add-remote", updates, meta, isWhole: true } });
  }

  // Local transactions

  function local({ madeAt, update }: { madeAt: number; update: Uint8Array }): void {
    // Who is told of it would have it without what it builds on, if this tab ended before that is told.
    if (phase === "loading" || (isBehind && adding.length > 0)) early.push({ madeAt, update });
    else if (isBehind) {
      lacks++;
      recorded({ clientSequence: ++lastVolatile, madeAt, update }, { isVolatile: true });
    } else {
      adding.push(update);
      host.emit({ type: "store", operation: { type: "add", madeAt, update } });
    }
  }

  function takeEarly(): void {
    const waiting = early;
    early = [];
    for (const transaction of waiting) local(transaction);
  }

  function recorded(record: OutboxRecord, { isVolatile }: { isVolatile: boolean }): void {
    if (!outbox.add(record, { isVolatile })) return;
    tell({ type: "record", record, isVolatile });
    pump();
    host.evaluate({ urge: "soon" });
  }

  function settle(clientSequences: readonly number[]): void {
    host.emit({ type: "store", operation: { type: "settle", clientSequences } });
  }

  // The relay

  function open(): void {
    if (phase !== "offline") return;
    channel = host.channel();
    if (channel === null) return;
    phase = "opening";
    const { replicaId, epoch } = meta;
    host.send({ type: "open", channel, documentId, epoch, replicaId, stateVector: state.stateVector() });
    if (isBatch) pump();
  }

  /** Sends what is next in line. */
  function pump(): void {
    const isOpen = phase === "online" || (phase === "opening" && isBatch);
    if (!isOpen || channel === null || isHolding || !isWritable || outbox.size === 0) return;
    if (identity === "new" && !isBehind) return keep([]);
    if (identity === "storing") return;
    for (let record = outbox.next(); record !== null; record = outbox.next()) {
      host.send({ type: "push", channel, ...record });
    }
  }

  function message(message: DocumentMessage): void {
    if (channel === null) return;
    switch (message.type) {
      case "opened":
        if (meta.epoch !== 0 && meta.epoch !== message.epoch) return beginEpoch(message.epoch);
        meta = { ...meta, epoch: message.epoch };
        isWritable = message.writable;
        phase = "online";
        failures = 0;
        host.succeeded();
        host.emit({ type: "share-awareness" });
        return answered(message);
      case "synced":
        return answered(message);
      case "update":
        received([message.update], message.sequence);
        return;
      case "acknowledged":
        taken(message.clientSequence, message.sequence);
        return;
      case "rejected": {
        const { clientSequence, sequence, verdict, issues } = message;
        const madeAt = taken(clientSequence, sequence)?.madeAt;
        if (madeAt === undefined) return;
        const rejection = { clientSequence, sequence, verdict, issues, madeAt };
        tell({ type: "rejected", rejection });
        return emitEvent({ type: "rejected", args: [rejection] });
      }
      case "resync":
        return resync(message.stateVector);
      case "awareness":
        host.emit({ type: "apply-awareness", update: message.update, from: "relay" });
        return tell({ type: "awareness", update: message.update, from: "relay" });
      case "closed":
        return closed(message);
      case "epoch":
        return beginEpoch(message.epoch);
      case "erased":
        host.emit({ type: "store", operation: { type: "clear" } });
        emitEvent({ type: "erased", args: [] });
        return end({ code: 4404, reason: "The document was erased." });
      case "moved":
        emitEvent({ type: "moved", args: [{ url: message.url }] });
        return end({ code: 4404, reason: `The document is served at ${message.url}.` });
    }
  }

  function answered({ sequence, stateVector, updates }: Answer): void {
    isSynced = true;
    answers++;
    if (isWritable) sendUnrecorded(stateVector, updates);
    received(updates, sequence);
    emitEvent({ type: "answered" });
    catchUp();
    pump();
  }

  function received(updates: readonly Uint8Array[], sequence: number): void {
    meta = { ...meta, sequence: Math.max(meta.sequence, sequence) };
    const news = updates.filter(update => !isEmptyUpdate(update));
    if (news.length === 0) return;
    host.emit({ type: "apply", updates: news, from: "relay" });
    for (const update of news) tell({ type: "update", update });
  }

  function taken(clientSequence: number, sequence: number): OutboxRecord | null {
    meta = { ...meta, sequence: Math.max(meta.sequence, sequence) };
    const taken = outbox.take(clientSequence);
    if (taken !== null) resyncs = 0;
    // Other tabs hear of it when a tab that is just being opened cannot find it in the store any more.
    if (taken?.isVolatile === true) tell({ type: "settled", clientSequences: [clientSequence] });
    else settle([clientSequence]);
    pump();
    return taken?.record ?? null;
  }

  function sendUnrecorded(
    stateVector: Uint8Array,
    updates: readonly Uint8Array[] | null,
    records = [...[...outbox.records, ...early].map(({ update }) => update), ...adding],
  ): void {
    const found = unrecorded(state.diff, { stateVector, updates, records });
    if (found === null) return;
    const { update, isLater } = found;
    outbox.add(
      { clientSequence: ++lastVolatile, madeAt: openedAt, update },
      { isVolatile: true, isFirst: !isLater },
    );
  }

  /** Everything is sent again, once for all that is under way; less and less often, since to ask does not bring it. */
  function resync(stateVector: Uint8Array): void {
    if (isHolding) return;
    isHolding = true;
    outbox.unsend();
    // What builds on one another both ways, after a full disk and a crash, comes through only as one.
    sendUnrecorded(stateVector, null, resyncs === roundsBeforeOne ? [] : undefined);
    retryLater(resyncs++);
  }

  function closed({ code, reason }: Closing): void {
    channel = null;
    outbox.unsend();
    if (isPermanent(code)) return end({ code, reason });
    phase = "offline";
    isSynced = false;
    emitEvent({ type: "connection-close", args: [{ code, reason }] });
    retryLater(failures++);
  }

  function retryLater(attempt: number): void {
    const delay = host.random() * Math.min(longestWait, shortestWait * 2 ** attempt);
    host.emit({ type: "retry-after", delay });
  }

  function retry(): void {
    isHolding = false;
    open();
    pump();
  }

  function syncNow(): void {
    if (phase === "following") return tell({ type: "sync" });
    retry();
    if (phase === "online" && channel !== null) {
      host.send({ type: "sync", channel, stateVector: state.stateVector() });
    }
    host.evaluate({ urge: "now" });
  }

  function lookAgain(): void {
    catchUp();
    if (phase !== "loading" && phase !== "taking-over") readOutbox();
    if (phase === "online" && channel !== null) {
      host.send({ type: "sync", channel, stateVector: state.stateVector() });
    }
  }

  function sendAwareness(update: Uint8Array): void {
    if (phase === "online" && channel !== null) host.send({ type: "awareness", channel, update });
  }

  function beginEpoch(epoch: number): void {
    const begun = { replicaId: newId(), epoch, sequence: 0 };
    host.emit({ type: "store", operation: { type: "begin-epoch", meta: begun } });
    endEpoch(epoch);
  }

  function endEpoch(epoch: number): void {
    const unsent = outbox.records;
    emitEvent({ type: "epoch", args: [{ epoch, previous: meta.epoch, unsent }] });
    end({ code: 4409, reason: `The document has begun epoch ${epoch}.` }, epoch);
  }

  function end(closing: Closing, epoch = 0): void {
    channel = null;
    ended = closing;
    isSynced = false;
    phase = "ended";
    if (leads) tell({ type: "ended", closing, epoch });
    emitEvent({ type: "closed", args: [closing] });
    host.evaluate();
  }

  // Other tabs

  function tab(message: TabMessage): void {
    switch (message.type) {
      case "ask":
        if (!replica.wantsLink) return;
        toldTabs = null;
        return share(message.stateVector);
      case "lead":
        if (phase !== "following") return;
        readOutbox();
        // Whoever was asked before may have been about to lead, and does not answer until it does.
        tell({ type: "ask", stateVector: state.stateVector() });
        return share(message.stateVector);
      case "state":
        if (phase !== "following") return;
        if (shared !== null && message.state.answers !== shared.answers) emitEvent({ type: "answered" });
        shared = message.state;
        return;
      case "record": {
        const { record, isVolatile } = message;
        host.emit({ type: "apply", updates: [record.update], from: "tab" });
        if (isVolatile) behind(null);
        // Whoever follows has it from nobody but its author, who tells it again to the next that leads.
        if (!isVolatile || replica.wantsLink) outbox.add(record, { isVolatile });
        pump();
        return host.evaluate({ urge: "soon" });
      }
      case "update":
        mayLack = true;
        return host.emit({ type: "apply", updates: [message.update], from: "tab" });
      case "settled":
        for (const clientSequence of message.clientSequences) outbox.take(clientSequence);
        return;
      case "rejected":
        return emitEvent({ type: "rejected", args: [message.rejection] });
      case "awareness":
        host.emit({ type: "apply-awareness", update: message.update, from: message.from });
        if (message.from === "tab") sendAwareness(message.update);
        return;
      case "sync":
        if (replica.wantsLink) syncNow();
        return;
      case "ended":
        if (message.epoch !== 0) return endEpoch(message.epoch);
        return end(message.closing);
    }
  }

  /** Tells a tab what it may lack, and a restart would not find. */
  function share(stateVector: Uint8Array): void {
    const update = state.diff(stateVector);
    if (!isEmptyUpdate(update)) tell({ type: "update", update });
    for (const record of outbox.volatile) tell({ type: "record", record, isVolatile: true });
    host.emit({ type: "share-awareness" });
  }

  function tell(message: TabMessage): void {
    if (isAlone) return;
    host.emit({ type: "tell-tabs", message: encodeTabMessage(message) });
  }

  // What the program sees

  function report(): void {
    const status = statusNow();
    const { unsyncedChanges } = replica;
    if (told === null || told.unsyncedChanges !== unsyncedChanges || !isSame(told.status, status)) {
      told = { status, unsyncedChanges };
      emitEvent({ type: "status", status, unsyncedChanges });
    }
    if (isAlone || !replica.wantsLink) return;
    const now = { ...status, answers };
    if (toldTabs !== null && isSame(toldTabs, now)) return;
    toldTabs = now;
    tell({ type: "state", state: now });
  }

  function statusNow(): ReplicaStatus {
    const own = { loaded: isLoaded, leads };
    if (phase === "following" && shared !== null) {
      const { answers: _, ...seen } = shared;
      return { ...seen, ...own };
    }
    const { link } = host;
    const isUp = phase === "online" || (link.transport === "http" && isSynced);
    const mayCome = link.connection !== "disconnected" || phase === "loading";
    return {
      connection:
        ended !== null ? "disconnected" : isUp ? "connected" : mayCome ? "connecting" : "disconnected",
      transport: isUp ? link.transport : null,
      breaker: link.breaker,
      synced: isUp && isSynced,
      writable: isWritable,
      epoch: meta.epoch,
      sequence: meta.sequence,
      stopped: ended ?? link.stopped,
      ...own,
    };
  }

  function emitEvent(event: ReplicaEvent): void {
    host.emit({ type: "event", event });
  }

  function newId(): string {
    return Array.from({ length: 4 }, () => Math.floor(host.random() * 2 ** 32).toString(36)).join("-");
  }
}

type Answer = Pick<
  Extract<DocumentMessage, { readonly type: "synced" }>,
  "sequence" | "stateVector" | "updates"
>;

export function isSame<T extends object>(one: T, other: T): boolean {
  return Object.entries(one).every(([key, value]) => other[key as keyof T] === value);
}
