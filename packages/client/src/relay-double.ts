/** A relay in memory that speaks the Verso dialect, synchronously: for tests of what a client makes of one. */
import {
  createFragments,
  decodeVersoClientMessage,
  encodeVersoServerMessage,
  type VersoClientMessage,
  type VersoIssue,
  type VersoServerMessage,
} from "@verso/protocol";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import type { RelayEnd } from "./simulated-world.js";

/** A push that made a commit. */
export interface DoubleCommit {
  readonly key: string;
  readonly kind: "update" | "refused";
  readonly update: Uint8Array;
}

export interface RelayDouble {
  /** What is refused: the issues of a document, none when it is well. */
  judge: (doc: Y.Doc) => VersoIssue[];
  /** Every message that was received, in order. */
  readonly messages: VersoClientMessage[];
  /** Says who may not come in; null lets everybody. */
  deny: ((token: string | null) => string | null) | null;
  isWritable: boolean;
  doc(documentId: string): Y.Doc;
  commits(documentId: string): readonly DoubleCommit[];
  connect(send: (frame: Uint8Array) => void, close: (code: number, reason: string) => void): RelayEnd;
  /** The HTTP way: the frames of a batch, and those of its answer. */
  batch(body: Uint8Array): Uint8Array;
  /** Says something on every channel of a document. */
  tell(documentId: string, message: (channel: number) => VersoServerMessage): void;
  /** Begins a document anew. */
  reset(documentId: string): void;
}

interface Held {
  doc: Y.Doc;
  epoch: number;
  readonly commits: DoubleCommit[];
  readonly answers: Map<string, (channel: number) => VersoServerMessage>;
  channels: Channel[];
}

interface Channel {
  readonly number: number;
  readonly replicaId: string;
  readonly send: (message: VersoServerMessage) => void;
}

export function createRelayDouble(): RelayDouble {
  const documents = new Map<string, Held>();
  const relay: RelayDouble = {
    judge: () => [],
    messages: [],
    deny: null,
    isWritable: true,
    doc: documentId => held(documentId).doc,
    commits: documentId => held(documentId).commits,
    connect,
    batch(body) {
      const frames: Uint8Array[] = [];
      const end = connect(
        frame => frames.push(frame),
        () => {},
      );
      const decoder = decoding.createDecoder(body);
      while (decoding.hasContent(decoder)) end.receive(decoding.readVarUint8Array(decoder));
      end.close();
      return encoding.encode(encoder => {
        for (const frame of frames) encoding.writeVarUint8Array(encoder, frame);
      });
    },
    tell(documentId, message) {
      for (const { number, send } of held(documentId).channels) send(message(number));
    },
    reset(documentId) {
      const { epoch, channels } = held(documentId);
      documents.set(documentId, { ...empty(), epoch: epoch + 1 });
      for (const { number, send } of channels) send({ type: "epoch", channel: number, epoch: epoch + 1 });
    },
  };
  return relay;

  function held(documentId: string): Held {
    const known = documents.get(documentId) ?? empty();
    documents.set(documentId, known);
    return known;
  }

  function connect(
    sendFrame: (frame: Uint8Array) => void,
    close: (code: number, reason: string) => void,
  ): RelayEnd {
    const open = new Map<number, { held: Held; channel: Channel }>();
    const fragments = createFragments({ frameBytes: 2 ** 28, fragments: 1024, batches: 16 });
    let isKnown = false;
    const send = (message: VersoServerMessage) => sendFrame(encodeVersoServerMessage(message));
    return {
      receive(frame) {
        const message = decodeVersoClientMessage(frame);
        if (message.type === "malformed") return close(4400, message.detail);
        if (message.type !== "fragment") return take(message);
        const whole = fragments.take(message);
        if (whole instanceof Uint8Array) this.receive(whole);
      },
      close() {
        for (const number of [...open.keys()]) leave(number);
      },
    };

    function take(message: Exclude<VersoClientMessage, { type: "fragment" }>): void {
      relay.messages.push(message);
      if (message.type === "hello") {
        const denied = relay.deny?.(message.token) ?? null;
        if (denied !== null) {
          send({ type: "denied", code: "token-invalid", message: denied });
          return close(4401, denied);
        }
        isKnown = true;
        const limits = { updateBytes: 2 ** 23, frameBytes: 2 ** 26, openDocuments: 100 };
        return send({ type: "welcome", session: "s", user: message.user ?? "u", heartbeat: 20_000, limits });
      }
      if (!isKnown) return close(4400, "no hello");
      if (message.type === "ping") return send({ type: "pong", nonce: message.nonce });
      if (message.type === "token") return;
      if (message.type === "open") return enter(message);
      const there = open.get(message.channel);
      if (there === undefined) return;
      const { channel, held } = there;
      switch (message.type) {
        case "push":
          return push(held, channel, message);
        case "sync":
          return channel.send({
            type: "synced",
            channel: message.channel,
            ...since(held, message.stateVector),
          });
        case "awareness":
          for (const other of held.channels) {
            if (other === channel) continue;
            other.send({ type: "awareness", channel: other.number, update: message.update });
          }
          return;
        case "close":
          return leave(message.channel);
        case "query-awareness":
          return;
      }
    }

    function enter({ documentId, channel: number, replicaId, epoch, stateVector }: Opening): void {
      const document = held(documentId);
      if (epoch !== 0 && epoch !== document.epoch) {
        return send({ type: "epoch", channel: number, epoch: document.epoch });
      }
      const channel = { number, replicaId, send };
      document.channels.push(channel);
      open.set(number, { held: document, channel });
      const writable = relay.isWritable;
      const known = since(document, stateVector);
      send({ type: "opened", channel: number, epoch: document.epoch, writable, ...known });
    }

    function leave(number: number): void {
      const there = open.get(number);
      if (there === undefined) return;
      there.held.channels = there.held.channels.filter(channel => channel !== there.channel);
      open.delete(number);
    }
  }

  function push(document: Held, channel: Channel, { clientSequence, update }: Push): void {
    const key = `${channel.replicaId}/${clientSequence}`;
    const known = document.answers.get(key);
    if (known !== undefined) return channel.send(known(channel.number));
    const { changes, issues } = admit(document.doc, update);
    if (document.doc.store.pendingStructs !== null || document.doc.store.pendingDs !== null) {
      document.doc = replay(document.commits);
      const stateVector = Y.encodeStateVector(document.doc);
      return channel.send({ type: "resync", channel: channel.number, stateVector });
    }
    const sequence = document.commits.length + (changes.length > 0 ? 1 : 0);
    for (const change of changes) {
      document.commits.push({ key, kind: issues.length > 0 ? "refused" : "update", update: change });
      for (const { number, send, ...other } of document.channels) {
        const isAuthor = other.replicaId === channel.replicaId && number === channel.number;
        if (isAuthor && send === channel.send && issues.length === 0) continue;
        send({ type: "update", channel: number, sequence, update: change });
      }
    }
    const answer = (number: number): VersoServerMessage =>
      issues.length === 0
        ? { type: "acknowledged", channel: number, clientSequence, sequence }
        : { type: "rejected", channel: number, clientSequence, sequence, verdict: "refused", issues };
    document.answers.set(key, answer);
    channel.send(answer(channel.number));
  }

  /** Applies an update and takes it back if it is bad, as one change. */
  function admit(doc: Y.Doc, update: Uint8Array): { changes: Uint8Array[]; issues: VersoIssue[] } {
    const changes: Uint8Array[] = [];
    const note = (change: Uint8Array) => changes.push(change);
    const before = Y.encodeStateVector(doc);
    const undo = new Y.UndoManager([...doc.share.values()], {
      trackedOrigins: new Set([relay]),
      captureTimeout: 0,
    });
    doc.on("update", note);
    Y.applyUpdate(doc, update, relay);
    const issues = changes.length === 0 ? [] : relay.judge(doc);
    if (issues.length > 0) undo.undo();
    doc.off("update", note);
    undo.destroy();
    return { changes: changes.length > 1 ? [Y.encodeStateAsUpdate(doc, before)] : changes, issues };
  }
}

type Opening = Extract<VersoClientMessage, { type: "open" }>;
type Push = Extract<VersoClientMessage, { type: "push" }>;

function empty(): Held {
  return { doc: replay([]), epoch: 1, commits: [], answers: new Map(), channels: [] };
}

function replay(commits: readonly DoubleCommit[]): Y.Doc {
  const doc = new Y.Doc();
  // An undo can only take back what is in a type that is known.
  doc.getArray("list");
  doc.getMap("map");
  for (const { update } of commits) Y.applyUpdate(doc, update);
  return doc;
}

function since(document: Held, stateVector: Uint8Array) {
  return {
    sequence: document.commits.length,
    stateVector: Y.encodeStateVector(document.doc),
    updates: [Y.encodeStateAsUpdate(document.doc, stateVector)],
  };
}
