/**
 * A running relay: one port, the store behind it, and an orderly end.
 *
 *     /yjs/<document>   WebSocket in the dialect of y-websocket
 *     /hocuspocus       WebSocket in the dialect of Hocuspocus
 *     /sync             WebSocket in the Verso dialect, and the same over HTTP
 *     /ws               WebSocket in the dialect of JSON
 *     /api, /healthz    HTTP, see `http.ts`
 *     /                 pages, each at its path, if there are any
 *
 * Long, because what shares the port is opened, and closed again, in one order.
 */
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  CloseCode,
  documentIdFromPath,
  encodePermissionDenied,
  problemStatus,
  versoSubprotocol,
} from "@verso/protocol";
import { openLedger, StorageError } from "@verso/storage";
import { type Logger, pino } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { watchIdentity } from "./auth.js";
import { createCell } from "./cell.js";
import { systemClock } from "./clock.js";
import { authOf, type Config } from "./config.js";
import { chooseSubprotocol, offersSubprotocol, readCredentials } from "./credentials.js";
import { closeCodeOf, createDoor } from "./door.js";
import { type Admitted, createEntrance, type Place, type TurnedAway } from "./entrance.js";
import { ServerError } from "./errors.js";
import { createFollowing } from "./following.js";
import { createForkStore, kindOfDocument } from "./fork-store.js";
import { createForks } from "./forks.js";
import { Frames } from "./frames.js";
import { createHistory } from "./history.js";
import { createHocuspocusSockets } from "./hocuspocus-sockets.js";
import { createHttp } from "./http.js";
import { createJsonEdits } from "./json-edits.js";
import { createJsonRequests } from "./json-requests.js";
import { createJsonSockets } from "./json-sockets.js";
import { createKinds } from "./kinds.js";
import { createMetrics } from "./metrics.js";
import type { Monitor } from "./monitor.js";
import { checkOrigin, type OriginPolicy } from "./origin.js";
import { forgottenBefore } from "./rejections.js";
import { createRooms } from "./rooms.js";
import { createSession } from "./session.js";
import { type Signing, startSigning } from "./signing.js";
import { createVersions } from "./versions.js";
import { createVersoDialect } from "./verso-dialect.js";
import { attach, createConnection } from "./websocket.js";

export interface Relay {
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Stops accepting, finishes what was pushed, tells the clients to come back later, and closes the store.
   * May be called more than once.
   */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Folders of built pages, by the paths they are served at: `{ "/": "studio/dist", "/notes/": "notes/dist" }`. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Where to log. @default JSON lines on standard output, at the configured level */
  readonly logger?: Logger;
  /** Shows what happens. @default nobody looks */
  readonly monitor?: Monitor;
}

/** Issues of a document that are logged when it is opened. */
const issuesLogged = 5;
/** Milliseconds in which a request must have arrived: an import may be large. */
const requestTime = 120_000;
/** Milliseconds for which sockets may finish sending when the relay closes. */
const closingTime = 2000;

/**
 * Opens the store and listens. Throws `port-in-use` and `cannot-listen`, and what the storage throws when it cannot
 * be opened; nothing is left open then.
 */
export async function listen(
  config: Config,
  { pages = {}, logger = pino({ level: config.logLevel }), monitor }: ListenOptions = {},
): Promise<Relay> {
  const clock = systemClock;
  const kinds = createKinds(config.documents, {
    onRuleFailure: (rule, cause) => logger.error({ rule, err: cause }, "a rule failed"),
  });
  const ledger = await openLedger({ open: config.storage.open, now: clock.now });
  ledger.subscribe(() => {
    const { status } = ledger;
    if (status.state === "failed")
      logger.error({ err: status.cause }, "the store failed; it is opened again");
    else logger.info({ state: status.state }, "the store's state has changed");
  });
  const auth = authOf(config.auth);
  const authenticator = await auth.open({ records: ledger.records, clock }).catch(async error => {
    await ledger.close();
    throw error;
  });
  const forkStore = createForkStore(ledger);
  const signing = await signHeads().catch(async error => {
    await ledger.close();
    throw error;
  });
  const door = createDoor({
    ...config,
    authenticator,
    deadline: config.authDeadline,
    clock,
    exists: async documentId => (await ledger.head(documentId)) !== undefined,
    forks: forkStore,
    onError: error => logger.error({ err: error }, "it could not be found out who somebody is"),
  });
  const entrance = createEntrance({ ledger, kinds });
  const trials = createCell({ clock });
  const compactions = createCell({ clock });
  const kindOf = (documentId: string) => kindOfDocument(documentId, { kinds, forks: forkStore });
  const following = createFollowing(ledger);
  const rooms = createRooms({
    ...config,
    ledger,
    clock,
    trials,
    compactions,
    kindOf,
    events: {
      ...following.notices,
      refused(event) {
        metrics.refused(event.code);
        monitor?.refused(event);
        logger.warn(event, "an update was refused");
      },
      rejected(event) {
        metrics.rejected(
          event.verdict,
          event.issues.map(({ code }) => code),
        );
        logger.info(event, "an edit was taken back");
      },
      discarded({ documentId, cause }) {
        metrics.discarded();
        logger.warn({ documentId, err: cause }, "a document is read again");
      },
      invalid({ documentId, issues }) {
        metrics.invalid();
        // Their messages may quote the document.
        const first = issues
          .slice(0, issuesLogged)
          .map(({ pointer, code, rule }) => ({ pointer, code, rule }));
        const told = { documentId, count: issues.length, issues: first };
        logger.warn(told, "a document does not satisfy its kind");
      },
      uncompacted: ({ documentId, cause }) =>
        logger.warn({ documentId, err: cause }, "a snapshot was not made, or what is old was not let go of"),
      failed({ documentId, cause }) {
        if (cause instanceof StorageError && cause.code === "erased") {
          logger.info({ documentId }, "a document was erased while it was open");
        } else logger.error({ documentId, err: cause }, "a document cannot be opened");
      },
    },
  });

  if (monitor !== undefined) {
    const everything = { since: ledger.feedSequence, mayRead: async () => true };
    following.followAll(everything, { changed: changes => changes.forEach(monitor.changed), ended() {} });
  }

  const metrics = createMetrics({ documents: () => rooms, sockets: () => sockets.clients.size });
  let accepting = true;
  /** Sockets of which it is not settled yet who is there. */
  const entering = new Set<Socket>();
  const originPolicy: OriginPolicy = {
    hosts: config.hosts,
    origins: config.origins,
    showsToken: request => auth.anonymous === null && readCredentials(request, config).token !== null,
  };
  /** Where tokens come in messages: who sends none is told nothing, and pages of other sites have none. */
  const messageOriginPolicy = { ...originPolicy, showsToken: () => auth.anonymous === null };
  const history = createHistory({ ledger, rooms, compactions, kindOf });
  const edits = createJsonEdits({
    ledger,
    rooms,
    versions: createVersions({ ledger, compactions, kindOf }),
    kindOf,
    limits: config.limits,
    now: clock.now,
  });
  const jsonSockets = createJsonSockets({
    ...config,
    ledger,
    rooms,
    following,
    requests: createJsonRequests({
      ledger,
      rooms,
      kinds,
      door,
      edits,
      history,
      documentIdBytes: config.frameLimits.documentIdBytes,
      now: clock.now,
    }),
    door,
    clock,
    events: {
      denied(event) {
        logger.warn({ path: "/ws", ...event }, "a connection was turned away");
        monitor?.problem({ actor: null, at: "/ws", code: String(event.code), detail: event.reason });
      },
      entered: ({ actor }) => monitor?.opened({ actor, at: "/ws" }),
      left: event => monitor?.closed({ ...event, at: "/ws" }),
      identityEnded: event => logger.info(event, "an identity has ended"),
      answered({ request, answer, actor }) {
        metrics.answered(request ?? "none", answer.type);
        if (answer.type === "conflict") monitor?.conflict({ actor, conflict: answer });
        if (answer.type !== "error") return;
        monitor?.problem({
          actor,
          at: `/ws ${request ?? ""}`.trimEnd(),
          code: answer.code,
          detail: answer.message,
        });
      },
      rejected({ documentId, actor, codes }) {
        metrics.rejected("refused", codes);
        logger.info({ documentId, actor, verdict: "refused", codes }, "an edit was taken back");
      },
      failed: error => logger.error({ err: error }, "a request failed"),
    },
  });
  const hocuspocusSockets = createHocuspocusSockets({
    ...config,
    rooms,
    entrance,
    door,
    clock,
    events: {
      opened: ({ documentId, actor }) => monitor?.opened({ actor, at: `/hocuspocus ${documentId}` }),
      closed: ({ documentId, ...event }) => monitor?.closed({ ...event, at: `/hocuspocus ${documentId}` }),
      denied({ code, reason, ...event }) {
        const path = "/hocuspocus";
        logger.warn({ path, ...event, code, reason }, "a connection was turned away");
        monitor?.problem({ actor: null, at: path, code: String(code), detail: reason });
      },
      failed: error => logger.error({ err: error }, "a message failed"),
    },
  });
  const verso = createVersoDialect({
    ...config,
    ledger,
    rooms,
    kinds,
    door,
    clock,
    events: {
      denied(event) {
        logger.warn({ path: "/sync", ...event }, "a connection was turned away");
        monitor?.problem({ actor: null, at: "/sync", code: String(event.code), detail: event.reason });
      },
      entered: ({ actor }) => monitor?.opened({ actor, at: "/sync" }),
      left: event => monitor?.closed({ ...event, at: "/sync" }),
      answered: metrics.pushAnswered,
      failed: error => logger.error({ err: error }, "a connection failed"),
    },
  });
  /** Paths where a WebSocket is taken before it is known who is there. */
  const tokensInMessages = new Map([
    ["/ws", jsonSockets],
    ["/hocuspocus", hocuspocusSockets],
    ["/sync", verso],
  ]);
  const http = createServer(
    { headersTimeout: 10_000, requestTimeout: requestTime, maxHeaderSize: 16 * 1024 },
    createHttp({
      ledger,
      rooms,
      kinds,
      door,
      history,
      edits,
      forks: createForks({ ledger, rooms, store: forkStore, clock, trials }),
      anonymous: auth.anonymous !== null,
      tokens: authenticator.tokens,
      metrics,
      verso,
      originPolicy,
      firstMessagePolicy: messageOriginPolicy,
      frameLimits: config.frameLimits,
      rejectionsForgottenBefore: () => forgottenBefore(config.rejections, clock.now()),
      limits: config.limits,
      documentBytes: config.documentBytes,
      signer: signing?.signer,
      now: clock.now,
      following,
      clock,
      pages,
      accepting: () => accepting,
      onError: (error, request) => logger.error({ err: error, ...request }, "a request failed"),
      onProblem: monitor?.problem,
    }),
  );
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: config.deflate,
    maxPayload: config.frameLimits.messageBytes,
    maxFragments: config.frameLimits.fragments,
    handleProtocols: chooseSubprotocol,
  });
  http.on("upgrade", upgrade);

  try {
    await bind(http, config);
  } catch (error) {
    await Promise.all([trials.close(), compactions.close(), signing?.close()]);
    await ledger.close();
    throw error;
  }
  const url = urlOf(http);
  logger.info({ url, storage: config.storage.name, auth: auth.name }, `listening on ${url}`);

  let closing: Promise<void> | null = null;
  return {
    url,
    close() {
      closing ??= close();
      return closing;
    },
  };

  async function signHeads(): Promise<Signing | undefined> {
    if (config.signing === undefined) return undefined;
    return startSigning(config.signing, {
      ledger,
      clock,
      onSigned: run => logger.info(run, "heads were signed"),
      onError: error => logger.error({ err: error }, "heads were not signed; it is tried again"),
    });
  }

  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const path = (request.url ?? "").replace(/\?.*$/s, "");
    const inMessages = tokensInMessages.get(path);
    const verdict = checkOrigin(request, inMessages === undefined ? originPolicy : messageOriginPolicy);
    if (!verdict.allowed) return refuseUpgrade(socket, problemStatus[verdict.code], verdict.detail);
    if (path === "/sync" && !offersSubprotocol(request, versoSubprotocol)) {
      return refuseUpgrade(socket, 400, `The subprotocol ${versoSubprotocol} is spoken here: offer it.`);
    }
    if (inMessages !== undefined) {
      if (!accepting) return refuseUpgrade(socket, 503, "The relay is shutting down.");
      return sockets.handleUpgrade(request, socket, head, webSocket =>
        inMessages.accept(webSocket, socket, request),
      );
    }
    if (!path.startsWith("/yjs/")) return refuseUpgrade(socket, 404, "There is no WebSocket at this path.");
    if (!accepting) return refuseUpgrade(socket, 503, "The relay is shutting down.");
    void enter(request, socket, path.slice("/yjs/".length)).then(place => {
      if (socket.destroyed) return;
      if (!accepting) return refuseUpgrade(socket, 503, "The relay is shutting down.");
      sockets.handleUpgrade(request, socket, head, webSocket => {
        if (place.ok) return accept(webSocket, socket, place);
        // After the upgrade, because only a close code tells a browser to stop trying.
        turnAway(webSocket, socket, { ...place, path });
      });
    });
  }

  /** Where the path leads, for whoever asks. Until that is settled nothing is read from the socket. */
  async function enter(request: IncomingMessage, socket: Socket, path: string): Promise<Place> {
    const documentId = documentIdFromPath(path, { maxBytes: config.frameLimits.documentIdBytes });
    if (!documentId.ok) {
      return { ok: false, code: CloseCode.badRequest, reason: `bad-document-id: ${documentId.detail}` };
    }
    const { id } = documentId;
    entering.add(socket);
    const place = await entrance(id, () => door.enter(request, id));
    entering.delete(socket);
    return place;
  }

  function accept(webSocket: WebSocket, socket: Socket, { documentId, identity, mayWrite }: Admitted): void {
    const options = { clock, deflate: config.deflate };
    const connection = createConnection(webSocket, socket, options);
    const { actor } = identity;
    const session = createSession(connection, { room: rooms.get(documentId), actor, mayWrite, clock });
    const stopWatching = watchIdentity(identity, {
      clock,
      ended(code, detail) {
        logger.info({ documentId, user: actor.user, session: actor.session, code }, "an identity has ended");
        session.close(closeCodeOf(code), `${code}: ${detail}`);
      },
    });
    webSocket.once("close", stopWatching);
    if (monitor !== undefined) {
      const at = `/yjs/${documentId}`;
      monitor.opened({ actor, at });
      webSocket.once("close", (code, reason) => monitor.closed({ actor, at, code, reason: String(reason) }));
    }
    attach(webSocket, session, options);
  }

  function turnAway(
    webSocket: WebSocket,
    socket: Socket,
    { path, code, reason }: TurnedAway & { path: string },
  ): void {
    logger.warn({ path, address: socket.remoteAddress, code, reason }, "a connection was turned away");
    monitor?.problem({ actor: null, at: path, code: String(code), detail: reason });
    const connection = createConnection(webSocket, socket, { clock, deflate: config.deflate });
    connection.send(new Frames([encodePermissionDenied(reason)]));
    connection.close(code, reason);
  }

  async function close(): Promise<void> {
    accepting = false;
    const stopped = new Promise<void>(resolve => http.close(() => resolve()));
    await rooms.close(CloseCode.restart, "restart: the relay is shutting down");
    following.close();
    jsonSockets.close();
    hocuspocusSockets.close();
    verso.close();
    http.closeIdleConnections();
    for (const socket of entering) socket.destroy();
    const cancel = clock.after(closingTime, () => {
      for (const webSocket of sockets.clients) webSocket.terminate();
      http.closeAllConnections();
    });
    await stopped;
    cancel();
    await Promise.all([trials.close(), compactions.close(), signing?.close()]);
    await ledger.close();
    logger.info("closed");
  }
}

function bind(http: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code === "EADDRINUSE" ? "port-in-use" : "cannot-listen";
      const why = code === "port-in-use" ? "something else listens there" : cause.message;
      reject(new ServerError(code, `Cannot listen on ${host}:${port}: ${why}.`, { cause }));
    });
    http.listen(port, host, () => {
      http.removeAllListeners("error");
      resolve();
    });
  });
}

function urlOf(http: Server): string {
  const { address, family, port } = http.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function refuseUpgrade(socket: Socket, status: number, detail: string): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(detail)}\r\n\r\n${detail}`,
  );
}
