/** A relay on a folder of its own, and those who talk to it, for tests on real sockets. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problem } from "@verso/protocol";
import { openLedger, openLevelBackend } from "@verso/storage";
import { pino } from "pino";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import {
  type ConfigInput,
  checkConfig,
  createSecretHashing,
  level,
  listen,
  openTokenStore,
  type Profile,
  type Relay,
} from "./index.js";

export interface RelayHarness {
  readonly url: string;
  /** Everything that relays have logged here. */
  readonly log: string;
  /** Where LevelDB keeps its files. */
  readonly folder: string;
  start(config?: ConfigInput): Promise<void>;
  stop(): Promise<void>;
  /** Makes a token in the folder, which no relay may use then. */
  createToken(owner: Profile, options?: { expires?: number | null }): Promise<string>;
  /** A document behind a stock provider. */
  visit(documentId: string, options?: VisitOptions): Visitor;
  /** The same, when it is synced. */
  open(documentId: string, options?: VisitOptions): Promise<Visitor>;
  /** A WebSocket, and how it ends. */
  connect(path: string, options?: { protocols?: string[]; headers?: Record<string, string> }): Guest;
  get(path: string, token?: string): Promise<Response>;
  send(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Readonly<Record<string, string>> },
  ): Promise<Response>;
  dispose(): Promise<void>;
}

export interface VisitOptions {
  readonly token?: string;
  /** Parameters in the URL. */
  readonly params?: Record<string, string>;
}

export interface Visitor {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
}

export interface Guest {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export function createRelayHarness(): RelayHarness {
  const folder = mkdtempSync(join(tmpdir(), "verso-auth-"));
  const data = join(folder, "data");
  const visitors: Visitor[] = [];
  const guests: Guest[] = [];
  let relay: Relay | null = null;
  let log = "";
  const write = (line: string) => {
    log += line;
  };
  const logger = pino({ level: "debug" }, { write });

  const harness: RelayHarness = {
    folder: data,
    get log() {
      return log;
    },
    get url() {
      if (relay === null) throw new Error("No relay is running.");
      return relay.url;
    },
    async start(config = {}) {
      await harness.stop();
      relay = await listen(checkConfig({ storage: level(data), port: 0, ...config }), { logger });
    },
    async stop() {
      await relay?.close();
      relay = null;
    },
    async createToken(owner, options) {
      await using ledger = await openLedger({ open: () => openLevelBackend(data) });
      const store = await openTokenStore({
        records: ledger.records,
        hashing: createSecretHashing(),
        now: Date.now,
      });
      const created = await store.create(owner, options);
      if (created === "busy") throw new Error("busy");
      return created.token;
    },
    visit(documentId, { token, params = {} } = {}) {
      const doc = new Y.Doc();
      const provider = new WebsocketProvider(`${harness.url.replace("http", "ws")}/yjs`, documentId, doc, {
        // The types of ws and of the DOM differ in what the provider never uses.
        WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
        protocols: token === undefined ? [] : bearing(token),
        params,
        disableBc: true,
      });
      const visitor = { doc, provider };
      visitors.push(visitor);
      return visitor;
    },
    async open(...asked) {
      const visitor = harness.visit(...asked);
      const { provider } = visitor;
      if (!provider.synced) await new Promise(resolve => provider.once("sync", resolve));
      return visitor;
    },
    connect(path, { protocols = [], headers = {} } = {}) {
      const socket = new WebSocket(harness.url.replace("http", "ws") + path, protocols, { headers });
      const guest = {
        socket,
        opened: new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject)),
        closed: new Promise<{ code: number; reason: string }>(resolve =>
          socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
        ),
      };
      guests.push(guest);
      return guest;
    },
    get: (path, token) => harness.send("GET", path, token === undefined ? {} : { token }),
    send: (method, path, { token, body, headers = {} } = {}) =>
      fetch(harness.url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async dispose() {
      for (const { provider } of visitors) provider.destroy();
      for (const { socket } of guests) socket.terminate();
      await harness.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return harness;
}

/** The subprotocols by which a client shows its token. */
export function bearing(token: string): string[] {
  return ["y-websocket", `bearer.${token}`];
}

/** Resolves when the document holds what is looked for. */
export function arrival(doc: Y.Doc, holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (!holds()) return;
      doc.off("update", look);
      resolve();
    };
    doc.on("update", look);
    look();
  });
}

/** The code of a problem, and its status. */
export async function problemOf(response: Response): Promise<{ status: number; code: string }> {
  const { status, code } = problem.parse(await response.json());
  if (status !== response.status) throw new Error("The problem has another status than its answer.");
  return { status, code };
}
