/**
 * One document on a socket of the Verso dialect: a peer of its room, and the answers to its pushes.
 *
 *     open ─▶ may he? ─▶ room ─▶ opened ─▶ pushes, each answered once ─▶ closed, by either side
 *
 * Whatever goes wrong with the document ends the channel and not the socket. Nothing is answered before `opened`, and a push
 * only when everything up to its commit has been sent, so a client that is told of a rejection has its compensation.
 */
import {
  CloseCode,
  type VersoClientMessage,
  type VersoIssue,
  type VersoServerMessage,
} from "@verso/protocol";
import { StorageError } from "@verso/storage";
import type { Actor } from "./actor.js";
import type { Peer, Turn } from "./delivery.js";
import { ServerError } from "./errors.js";
import { erasedReason, type PushOutcome, type Room } from "./room.js";
import type { Rooms } from "./rooms.js";
import type { PushIdentity, VersoPushes } from "./verso-pushes.js";

export interface VersoChannel {
  take(message: ChannelMessage): void;
  /** The socket has taken everything. */
  drained(): void;
  /** Somebody is known anew to be who he was. What he may do is looked up again, and the channel ended if that is another. */
  renew(actor: Actor): void;
  /** Ends it without a word. */
  leave(): void;
  /** Whether something is asked that is not answered. */
  readonly isAwaited: boolean;
}

export type ChannelMessage = Extract<
  VersoClientMessage,
  { readonly type: "push" | "sync" | "awareness" | "query-awareness" }
>;

/** Whether a document may be opened, and what it is there for. */
export type Admission =
  | { readonly type: "open"; readonly mayWrite: boolean; readonly epoch: number }
  | { readonly type: "erased" }
  | { readonly type: "refused"; readonly code: CloseCode; readonly reason: string };

export interface VersoChannelOptions {
  readonly rooms: Pick<Rooms, "get">;
  readonly pushes: VersoPushes;
  readonly admit: (actor: Actor, documentId: string) => Promise<Admission>;
  readonly actor: Actor;
  readonly events: ChannelEvents;
  readonly socket: ChannelSocket;
}

/** What an operator may want to know. */
export interface ChannelEvents {
  /** A push was answered. */
  answered(outcome: "accepted" | "unchanged" | "repaired" | "refused"): void;
  /** Something failed that no client is to blame for. */
  failed(error: unknown): void;
}

/** The socket, as one of its channels sees it. */
export interface ChannelSocket {
  readonly backlog: number;
  send(message: VersoServerMessage): void;
  /** The same, together with what else is sent so by those that are told now: a turn answers many pushes, in one write. */
  sendSoon(message: VersoServerMessage): void;
  /** Sends what is the same for everybody who has the same channel number, and is encoded once. */
  sendShared(thing: object, channel: number, messages: () => readonly VersoServerMessage[]): void;
  pause(): void;
  resume(): void;
  /** Something that was asked is answered. */
  answered(): void;
  /** The channel is no more. */
  ended(): void;
}

type Open = VersoClientMessage & { readonly type: "open" };
type Push = VersoClientMessage & { readonly type: "push" };

/** Messages, and bytes, that wait for the document to be opened, or for their turn, from which the socket is not read. */
const mostWaiting = 1000;
const mostWaitingBytes = 1024 * 1024;

export function openVersoChannel(
  { channel, documentId, epoch: knownEpoch, replicaId, stateVector }: Open,
  { rooms, pushes, admit, actor: opener, events, socket }: VersoChannelOptions,
): VersoChannel {
  let actor = opener;
  let isOpen = true;
  let mayWrite = false;
  let epoch = 0;
  let room: Room | null = null;
  let isOpened = false;
  /** What came before it was settled whether the document may be opened. */
  let early: ChannelMessage[] = [];
  /** Questions to the room that are not answered, and those to be asked again. */
  let asked = 0;
  const putOff: Uint8Array[] = [];
  /** Pushes that are not answered; each of them is, once. */
  const underWay = new Set<number>();
  /** What is to be said when the document is opened. */
  const earlyAnswers: (() => void)[] = [];
  /** How often the client was asked for what the relay lacks. */
  let asks = 0;
  /** Something was pushed that builds on what is not here, and the client was not asked since. */
  let lacks = false;
  let waitingBytes = 0;
  let isFull = false;
  let isRoomFull = false;
  let isPaused = false;

  const peer: Peer = {
    get actor() {
      return actor;
    },
    get mayWrite() {
      return mayWrite;
    },
    get backlog() {
      return socket.backlog;
    },
    answer({ updates }, { sequence, stateVector }) {
      asked--;
      const told = { channel, sequence, stateVector: stateVector(), updates };
      if (isOpened) socket.send({ type: "synced", ...told });
      else {
        isOpened = true;
        socket.send({ type: "opened", ...told, epoch, writable: mayWrite });
        for (const answer of earlyAnswers.splice(0)) answer();
      }
      socket.answered();
    },
    putOff: question => void putOff.push(question),
    changed(turn) {
      socket.sendShared(turn, channel, () => updatesOf(turn, channel));
    },
    ask(stateVector) {
      asks++;
      lacks = false;
      const resync = () => socket.send({ type: "resync", channel, stateVector });
      if (isOpened) resync();
      else earlyAnswers.push(resync);
      socket.answered();
    },
    present(update) {
      socket.sendShared(update, channel, () => [{ type: "awareness", channel, update }]);
    },
    pause() {
      isRoomFull = true;
      regulate();
    },
    resume() {
      isRoomFull = false;
      regulate();
    },
    close: end,
  };
  void enter().catch(failed);

  return {
    take(message) {
      if (room !== null) return handle(room, message);
      early.push(message);
      waits(sizeOf(message));
    },
    drained() {
      room?.drained(peer);
      for (const question of putOff.splice(0)) room?.join(peer, question);
    },
    renew(known) {
      void reenter(known).catch(failed);
    },
    leave,
    get isAwaited() {
      return isOpen && (room === null || asked + underWay.size > 0 || lacks);
    },
  };

  // ------------------------------------------------------------ into the room, and out

  async function enter(): Promise<void> {
    const admission = await admit(actor, documentId);
    if (!isOpen) return;
    if (admission.type !== "open") return turnAway(admission);
    if (knownEpoch !== 0 && knownEpoch !== admission.epoch) {
      socket.send({ type: "epoch", channel, epoch: admission.epoch });
      return leave();
    }
    ({ mayWrite, epoch } = admission);
    room = rooms.get(documentId);
    room.enter(peer);
    ask(room, stateVector);
    const waiting = early;
    early = [];
    waitingBytes = 0;
    for (const message of waiting) if (isOpen) handle(room, message);
    if (isOpen) regulate();
  }

  async function reenter(known: Actor): Promise<void> {
    const admission = await admit(known, documentId);
    if (!isOpen) return;
    if (admission.type !== "open") return turnAway(admission);
    actor = known;
    if (room === null) mayWrite = admission.mayWrite;
    else if (admission.mayWrite !== mayWrite) end(CloseCode.restart, "rights-changed: open it again");
  }

  function turnAway(admission: Exclude<Admission, { readonly type: "open" }>): void {
    if (admission.type === "refused") return end(admission.code, admission.reason);
    end(CloseCode.deleted, erasedReason);
  }

  function end(code: CloseCode, reason: string): void {
    if (!isOpen) return;
    if (reason === erasedReason) socket.send({ type: "erased", channel });
    else socket.send({ type: "closed", channel, code, reason });
    leave();
  }

  function leave(): void {
    if (!isOpen) return;
    isOpen = false;
    early = [];
    if (isPaused) socket.resume();
    socket.ended();
    room?.leave(peer);
  }

  function failed(error: unknown): void {
    if (error instanceof StorageError && error.transient) {
      return end(CloseCode.unavailable, "unavailable: the store does not answer now");
    }
    if (error instanceof ServerError && error.code === "shutting-down") {
      return end(CloseCode.restart, "restart: the relay is shutting down");
    }
    events.failed(error);
    end(CloseCode.internal, "internal: the relay failed at this document");
  }

  // ------------------------------------------------------------ what the client says

  function handle(into: Room, message: ChannelMessage): void {
    switch (message.type) {
      case "push":
        return void push(into, message).catch(failed);
      case "sync":
        return ask(into, message.stateVector);
      case "awareness":
        return into.awareness(peer, message.update);
      case "query-awareness":
        return into.queryAwareness(peer);
    }
  }

  function ask(of: Room, question: Uint8Array): void {
    asked++;
    of.join(peer, question);
  }

  async function push(into: Room, { clientSequence, madeAt, update }: Push): Promise<void> {
    if (underWay.has(clientSequence)) return;
    underWay.add(clientSequence);
    const asksBefore = asks;
    waits(update.length);
    const identity: PushIdentity = { actor, replicaId, clientSequence };
    let outcome: PushOutcome;
    let isOwn: boolean;
    do {
      isOwn = false;
      outcome = await pushes(documentId, identity, async dedupe => {
        isOwn = true;
        return isOpen ? into.pushNamed(peer, update, { dedupe, madeAt }) : { type: "dropped" };
      });
      // What has become of it on another socket, where it was no answer, is no answer here.
    } while (isOpen && !isOwn && !isAnswer(outcome));
    waits(-update.length);
    if (!isOpen) return;
    if (!isAnswer(outcome)) {
      underWay.delete(clientSequence);
      lacks ||= outcome.type === "unfounded" && asks === asksBefore;
      return socket.answered();
    }
    const answer = outcome;
    if (isOpened) into.whenTold(peer, () => tell(clientSequence, answer));
    else earlyAnswers.push(() => tell(clientSequence, answer));
  }

  function tell(clientSequence: number, outcome: PushAnswer): void {
    underWay.delete(clientSequence);
    const { sequence } = outcome;
    if (outcome.type === "unchanged" || outcome.verdict === "accepted") {
      events.answered(outcome.type === "unchanged" ? "unchanged" : "accepted");
      socket.sendSoon({ type: "acknowledged", channel, clientSequence, sequence });
    } else {
      const { verdict, issues } = outcome;
      events.answered(verdict);
      socket.sendSoon({
        type: "rejected",
        channel,
        clientSequence,
        sequence,
        verdict,
        issues: issues.map(toIssue),
      });
    }
    socket.answered();
  }

  // ------------------------------------------------------------ flow control

  function waits(bytes: number): void {
    waitingBytes += bytes;
    regulate();
  }

  function regulate(): void {
    const waiting = early.length + underWay.size;
    if (waiting > mostWaiting || waitingBytes > mostWaitingBytes) isFull = true;
    else if (waiting < mostWaiting / 2 && waitingBytes < mostWaitingBytes / 2) isFull = false;
    const paused = isOpen && (isFull || isRoomFull);
    if (paused === isPaused) return;
    isPaused = paused;
    if (paused) socket.pause();
    else socket.resume();
  }
}

type PushAnswer = Extract<PushOutcome, { readonly type: "committed" | "unchanged" }>;

function isAnswer(outcome: PushOutcome): outcome is PushAnswer {
  return outcome.type === "committed" || outcome.type === "unchanged";
}

function updatesOf({ updates, sequences }: Turn, channel: number): VersoServerMessage[] {
  return updates.map((update, i) => ({ type: "update", channel, sequence: sequences[i] ?? 0, update }));
}

function sizeOf(message: ChannelMessage): number {
  switch (message.type) {
    case "push":
    case "awareness":
      return message.update.length;
    case "sync":
      return message.stateVector.length;
    case "query-awareness":
      return 0;
  }
}

function toIssue({ rule, ...issue }: VersoIssue): VersoIssue {
  return rule === undefined ? issue : { ...issue, rule };
}
