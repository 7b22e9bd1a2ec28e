/**
 * One client of the JSON dialect on one WebSocket: its requests, answered in order, and what it has subscribed to.
 *
 *     message ─▶ queue ─▶ who is it? ─▶ may he? ─▶ done ─▶ what comes before it ─▶ answer
 *
 * One request after the other, except that patches of the present, which reach their document in the order in which they
 * came whatever becomes of each, are under way together. Nothing is begun while the client does not take what
 * it is sent, and its socket is not read while enough waits here; so however much it asks for, it costs a bounded memory.
 *
 * Whatever is wrong with a request is answered, and the connection lives on; only who cannot be authenticated is closed.
 * Pure of sockets: `JsonConnection` is what a socket looks like from here.
 */
import { randomInt } from "node:crypto";
import {
  CloseCode,
  type FrameLimits,
  type JsonClientMessage,
  type JsonMessageLimits,
  type JsonMessageResult,
  type JsonServerMessage,
  parseJsonMessage,
} from "@verso/protocol";
import { StorageError } from "@verso/storage";
import type { Actor } from "./actor.js";
import { type Identity, watchIdentity } from "./auth.js";
import type { Clock } from "./clock.js";
import { stalledReason, watchConnection } from "./connection-watch.js";
import { closeCodeOf, type Identified, type Refused } from "./door.js";
import type { Following, FollowingEnd } from "./following.js";
import { type Frames, textFrame } from "./frames.js";
import { errorMessage, faultOf, type JsonAnswer, JsonRefusal } from "./json-answers.js";
import { createJsonPresence, type JsonPresence } from "./json-presence.js";
import {
  type Asker,
  type DocumentRequest,
  describeVersion,
  documentOf,
  type JsonRequests,
} from "./json-requests.js";
import type { JsonUpdates, VersionClock } from "./json-updates.js";
import type { Rooms } from "./rooms.js";
import type { Connection, Session } from "./session.js";
import { createUpdateStream, type UpdateStream } from "./update-stream.js";

/** What such a session writes to; a socket, or the end of a pair in a test. */
export interface JsonConnection extends Connection {
  /** It is known who is there: larger messages may come. */
  trust(): void;
}

export interface JsonSessionOptions {
  readonly requests: JsonRequests;
  readonly following: Pick<Following, "follow">;
  readonly updates: JsonUpdates;
  readonly rooms: Pick<Rooms, "get">;
  /** Who shows this token, and calls himself so. */
  readonly identify: (shown: { readonly token: string | null; readonly name: string }) => Promise<Identified>;
  /** Milliseconds in which the client must have said who it is. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly messageLimits: JsonMessageLimits;
  readonly frameLimits: FrameLimits;
  readonly events: JsonSessionEvents;
}

/** What an operator may want to know; nothing in it is content. */
export interface JsonSessionEvents {
  /** The client was not let in, and its connection closed. */
  denied(event: { code: CloseCode; reason: string }): void;
  /** The identity of who is there has ended, and with it the connection. */
  identityEnded(event: { user: string; session: string; code: string }): void;
  /** It is known who is there. */
  entered(event: { actor: Actor }): void;
  /** A request was answered; `null` stands for one that could not be read. */
  answered(event: {
    request: JsonClientMessage["type"] | null;
    answer: JsonServerMessage;
    actor: Actor;
  }): void;
  /** An edit was taken back as a whole. */
  rejected(event: { documentId: string; actor: Actor; codes: readonly string[] }): void;
  /** Something failed that no client is to blame for. */
  failed(error: unknown): void;
}

interface Subscription {
  readonly stream: UpdateStream;
  readonly presence: JsonPresence;
  /** The last that was told. */
  revision: string;
}

interface SessionAnswer extends JsonAnswer {
  /** Called when it has been told. */
  readonly afterwards?: () => void;
}

interface Begun {
  readonly answer: Promise<SessionAnswer>;
  /** What the document is followed by, held until the answer is told. */
  readonly stream: UpdateStream | undefined;
}

type Request<Type extends JsonClientMessage["type"]> = Extract<JsonClientMessage, { readonly type: Type }>;
type RequestId = JsonClientMessage["id"];

/** Messages and bytes that wait from which the socket is not read. */
const mostWaiting = 64;
const mostWaitingBytes = 1024 * 1024;
/** Patches that are under way together. */
const mostTogether = 256;
/** Bytes that the client has not taken from which nothing more is begun for it. */
const mostBacklog = 1024 * 1024;
const mostSubscriptions = 1000;

export function createJsonSession(connection: JsonConnection, options: JsonSessionOptions): Session {
  const { requests, following, updates, rooms, clock, events } = options;
  const subscriptions = new Map<string, Subscription>();
  const clientId = randomInt(2 ** 31, 2 ** 32);
  let open = true;
  let identity: Identity | null = null;
  let stopWatchingIdentity = () => {};

  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let isPaused = false;
  let isWorking = false;
  /** Resolves when all that was begun is answered. */
  let allAnswered: Promise<void> = Promise.resolve();
  let underWay = 0;
  let bytesUnderWay = 0;
  let drained: (() => void)[] = [];

  const watch = watchConnection(connection, {
    clock,
    silent: () => send({ type: "pong" }),
    stalled: () => close(CloseCode.slowReader, stalledReason),
  });
  const cancelDeadline = clock.after(options.deadline, () =>
    deny({ code: "unavailable", detail: `nobody has said who it is within ${options.deadline} ms` }),
  );
  connection.onDrain(wakeDrained);

  return {
    onMessage(bytes) {
      if (!open) return;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (!isPaused && (waiting.length >= mostWaiting || waitingBytes >= mostWaitingBytes)) {
        isPaused = true;
        connection.pause();
      }
      if (!isWorking) void work();
    },
    onClose: leave,
    close,
  };

  // ------------------------------------------------------------ requests, one after the other

  async function work(): Promise<void> {
    isWorking = true;
    for (let bytes = waiting.shift(); bytes !== undefined && open; bytes = waiting.shift()) {
      waitingBytes -= bytes.length;
      try {
        await take(bytes);
      } catch (error) {
        events.failed(error);
        close(CloseCode.internal, "internal: the relay failed at a request");
      }
      if (isPaused && open && waiting.length < mostWaiting / 2 && waitingBytes < mostWaitingBytes / 2) {
        isPaused = false;
        connection.resume();
      }
    }
    isWorking = false;
  }

  async function take(bytes: Uint8Array): Promise<void> {
    await room();
    const read = readMessage(bytes, options.messageLimits);
    if (identity === null) {
      if (!read.ok) return deny({ code: "bad-request", detail: read.detail }, read.id);
      return await enter(read.message);
    }
    if (!read.ok) {
      await allAnswered;
      const answer = errorMessage(read);
      events.answered({ request: null, answer, actor: identity.actor });
      return send(answer, read.id);
    }
    const request = read.message;
    const isAlone = !isTogether(request);
    if (isAlone) await allAnswered;
    const begun = await begin(request, identity.actor);
    underWay++;
    bytesUnderWay += bytes.length;
    allAnswered = allAnswered.then(async () => {
      await answerInPlace(request, begun);
      underWay--;
      bytesUnderWay -= bytes.length;
    });
    // What fails there is heard of where it is waited for.
    allAnswered.catch(() => {});
    if (isAlone || underWay >= mostTogether || bytesUnderWay >= mostWaitingBytes) await allAnswered;
  }

  /** Begins what is asked for, once it is settled that it may be. Neither this rejects nor what it resolves with. */
  async function begin(request: JsonClientMessage, actor: Actor): Promise<Begun> {
    let stream: UpdateStream | undefined;
    try {
      const onlyDocument = subscriptions.size === 1 ? [...subscriptions.keys()][0] : undefined;
      const run = await admit(request, { actor, onlyDocument });
      if (isEdit(request)) {
        stream = subscriptions.get(documentOf(request) ?? onlyDocument ?? "")?.stream;
        stream?.hold();
      }
      return { answer: run().catch(answerOfError), stream };
    } catch (error) {
      return { answer: Promise.resolve(answerOfError(error)), stream };
    }
  }

  async function admit(request: JsonClientMessage, asker: Asker): Promise<() => Promise<SessionAnswer>> {
    switch (request.type) {
      case "authenticate":
        throw new JsonRefusal({
          code: "bad-request",
          detail: "It is known already who this is.",
          pointer: "/type",
        });
      case "ping":
        return async () => ({ message: { type: "pong" } });
      case "subscribe":
        await requests.admitReader(request.document_id, asker.actor);
        return () => subscribe(request, asker.actor);
      case "unsubscribe":
        return async () => unsubscribe(request);
      case "presence":
        return async () => announce(request);
      default:
        return await requests.admit(request, asker);
    }
  }

  /** Answers, when everything is told that comes before it. */
  async function answerInPlace(request: JsonClientMessage, { answer, stream }: Begun): Promise<void> {
    const { message, place, afterwards } = await answer;
    if (place !== undefined) await stream?.reach(place);
    if (identity !== null) {
      const { actor } = identity;
      events.answered({ request: request.type, answer: message, actor });
      if (message.type === "rejected") {
        const codes = message.issues.map(({ code }) => code);
        events.rejected({ documentId: message.document_id, actor, codes });
      }
    }
    send(message, request.id);
    if (place !== undefined) stream?.answered(place);
    if (message.type === "document_updated") updated(message.document_id, message.revision_id);
    stream?.release();
    if (open) afterwards?.();
  }

  function answerOfError(error: unknown): SessionAnswer {
    const fault = faultOf(error);
    if (fault !== null) return { message: errorMessage(fault) };
    events.failed(error);
    const detail = "The relay failed at this request; its log says more.";
    return { message: errorMessage({ code: "internal", detail }) };
  }

  // ------------------------------------------------------------ who is there

  async function enter(request: JsonClientMessage): Promise<void> {
    if (request.type !== "authenticate") {
      return deny({ code: "token-missing", detail: "authenticate first" }, request.id);
    }
    const { user_id: name, auth_token: token } = request;
    const identified = await options.identify({ token: token === "" ? null : token, name });
    if (!open) return;
    if (!identified.ok) return deny(identified, request.id);
    const { actor } = identified.identity;
    if (actor.authenticated && actor.user !== name) {
      return deny({ code: "forbidden", detail: "the token is not this user's" }, request.id);
    }
    cancelDeadline();
    identity = identified.identity;
    stopWatchingIdentity = watchIdentity(identity, {
      clock,
      ended(code, detail) {
        events.identityEnded({ user: actor.user, session: actor.session, code });
        send({ type: "auth_error", code, message: sentence(detail) });
        close(closeCodeOf(code), `${code}: ${detail}`);
      },
    });
    connection.trust();
    events.entered({ actor });
    send({ type: "auth_success", session_id: actor.session }, request.id);
  }

  function deny({ code, detail }: Pick<Refused, "code" | "detail">, id?: RequestId): void {
    if (!open) return;
    const reason = `${code}: ${detail}`;
    events.denied({ code: closeCodeOf(code), reason });
    send({ type: "auth_error", code, message: sentence(detail) }, id);
    close(closeCodeOf(code), reason);
  }

  // ------------------------------------------------------------ subscriptions

  async function subscribe(
    { document_id: documentId, since }: Request<"subscribe">,
    actor: Actor,
  ): Promise<SessionAnswer> {
    const before = subscriptions.get(documentId);
    if (before === undefined && subscriptions.size >= mostSubscriptions) {
      const detail = `A connection has at most ${mostSubscriptions} subscriptions.`;
      throw new JsonRefusal({ code: "too-large", detail });
    }
    // What follows begins afresh, and nothing may come twice.
    before?.stream.close();
    const version = await requests.present(documentId).catch(error => {
      unsubscribe({ document_id: documentId });
      throw error;
    });
    const { document, ...described } = describeVersion(version);
    const present = { sequence: version.sequence, units: version.stateVector };
    const missing = since === undefined ? null : await from(documentId, { since, present });
    return {
      message: { type: "subscribed", ...described, ...(missing === null ? { document } : {}) },
      afterwards() {
        const subscription: Subscription = {
          stream: stream(documentId, missing ?? present),
          presence: before?.presence ?? presence(documentId, actor),
          revision: version.revision,
        };
        subscriptions.set(documentId, subscription);
        subscription.presence.enter();
      },
    };
  }

  /** The version that the client has, if all that came after it can be told. */
  async function from(
    documentId: string,
    { since, present }: { readonly since: number; readonly present: VersionClock },
  ): Promise<VersionClock | null> {
    if (since === 0 || since > present.sequence) return null;
    return since === present.sequence ? present : await updates.clockBefore(documentId, since, present);
  }

  function stream(documentId: string, version: VersionClock): UpdateStream {
    return createUpdateStream({
      documentId,
      from: version,
      following,
      updates,
      send: sendFrames,
      room,
      onTold(change) {
        if (change.event_type !== "delete") updated(documentId, change.revision_id);
      },
      onEnd: end => void ended(documentId, end).catch(events.failed),
    });
  }

  function updated(documentId: string, revision: string): void {
    const subscription = subscriptions.get(documentId);
    if (subscription === undefined) return;
    subscription.revision = revision;
    // It was left if the document was deleted before.
    subscription.presence.enter();
  }

  async function ended(documentId: string, end: FollowingEnd | { readonly type: "dropped" }): Promise<void> {
    const subscription = subscriptions.get(documentId);
    if (subscription === undefined || end.type === "closed") return;
    unsubscribe({ document_id: documentId });
    if (end.type === "erased") {
      const erasure = await requests.erasure(documentId);
      if (erasure === undefined) return;
      const { revision: revision_id } = subscription;
      return send({ type: "document_deleted", document_id: documentId, revision_id, ...erasure });
    }
    if (end.type === "failed" && !(end.cause instanceof StorageError && end.cause.transient))
      events.failed(end.cause);
    close(CloseCode.unavailable, "unavailable: the document cannot be followed on; come back for it");
  }

  function unsubscribe({ document_id }: Pick<Request<"unsubscribe">, "document_id">): SessionAnswer {
    const subscription = subscriptions.get(document_id);
    subscriptions.delete(document_id);
    subscription?.stream.close();
    subscription?.presence.close();
    return { message: { type: "unsubscribed", document_id } };
  }

  function presence(documentId: string, actor: Actor): JsonPresence {
    const shown = createJsonPresence({
      room: () => rooms.get(documentId),
      actor,
      clientId,
      clock,
      limits: options.frameLimits,
      onChange() {
        if (connection.backlog > mostBacklog) return false;
        send({ type: "presence", document_id: documentId, users: shown.users });
        return true;
      },
    });
    return shown;
  }

  function announce({ document_id, state }: Request<"presence">): SessionAnswer {
    const subscription = subscriptions.get(document_id);
    if (subscription === undefined) {
      throw new JsonRefusal({ code: "not-subscribed", detail: "Subscribe to the document first." });
    }
    if (!subscription.presence.announce(state)) {
      const detail = `A state has at most ${options.frameLimits.awarenessStateBytes} bytes.`;
      throw new JsonRefusal({ code: "too-large", detail, pointer: "/state" });
    }
    return { message: { type: "presence", document_id, users: subscription.presence.users } };
  }

  // ------------------------------------------------------------ the connection

  function send(message: JsonServerMessage, id?: RequestId): void {
    sendFrames(textFrame(JSON.stringify(id === undefined ? message : { ...message, id })));
  }

  function sendFrames(frames: Frames): void {
    if (!open) return;
    watch.sent();
    connection.send(frames);
  }

  /** Resolves when the client has taken what it was sent, or nearly so. */
  async function room(): Promise<void> {
    while (open && connection.backlog > mostBacklog) {
      await new Promise<void>(resolve => drained.push(resolve));
    }
  }

  function wakeDrained(): void {
    const woken = drained;
    drained = [];
    for (const wake of woken) wake();
  }

  function close(code: CloseCode, reason: string): void {
    if (!open) return;
    connection.close(code, reason);
    leave();
  }

  function leave(): void {
    if (!open) return;
    open = false;
    waiting = [];
    cancelDeadline();
    stopWatchingIdentity();
    watch.stop();
    for (const { stream, presence } of subscriptions.values()) {
      stream.close();
      presence.close();
    }
    wakeDrained();
  }
}

/** A frame of UTF-8 has at most three bytes for a unit of UTF-16. */
function readMessage(bytes: Uint8Array, limits: JsonMessageLimits): JsonMessageResult {
  if (bytes.length > 3 * limits.length) {
    return { ok: false, code: "too-large", detail: `A message has at most ${limits.length} characters.` };
  }
  return parseJsonMessage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(), { limits });
}

/** Whether it is a patch of the present, which waits for nothing but its turn: what comes behind it cannot overtake it. */
function isTogether(request: JsonClientMessage): boolean {
  if (request.type !== "update_document") return false;
  return request.patch.revision_id === undefined && request.patch.vector_clock === undefined;
}

/** Whether it may become a commit. */
function isEdit(request: JsonClientMessage): request is DocumentRequest {
  return editTypes.has(request.type);
}

const editTypes: ReadonlySet<JsonClientMessage["type"]> = new Set([
  "create_document",
  "update_document",
  "delete_document",
  "undo",
  "redo",
  "undo_to_sequence",
  "restore",
  "resolve_conflict",
] as const);

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}
