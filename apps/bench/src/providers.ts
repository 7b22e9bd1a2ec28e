/** The clients that programs are written with, each on a server that it is made for: replicas of documents that reconnect. */
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { createClient } from "@verso/client";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { countSockets, type SocketCounter } from "./counted-socket.js";
import { type Subject, subjects } from "./subjects.js";

export type ProviderName = "verso" | "verso-y-websocket" | "y-websocket" | "hocuspocus";

export interface ProviderKind {
  readonly name: ProviderName;
  /** For tables. */
  readonly title: string;
  readonly subject: Subject;
  /** A client of the server on this port. */
  start(port: number): Provider;
}

export interface Provider {
  /** Opens a document; resolves when it is synced for the first time. */
  open(document: string): Promise<OpenDocument>;
  /** Goes offline; resolves when nothing is connected any more. */
  disconnect(): Promise<void>;
  connect(): void;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  close(): Promise<void>;
}

export interface OpenDocument {
  readonly doc: Y.Doc;
  /** Resolves when the provider next says that the server has all edits; null of one that never says so. */
  readonly settled: (() => Promise<void>) | null;
}

export const providers: Readonly<Record<ProviderName, ProviderKind>> = {
  verso: {
    name: "verso",
    title: "@verso/client, Verso",
    subject: subjects.verso,
    start: port => startVerso(`ws://127.0.0.1:${port}`),
  },
  "verso-y-websocket": {
    name: "verso-y-websocket",
    title: "y-websocket provider, Verso",
    subject: subjects.verso,
    start: port => startYWebsocket(`ws://127.0.0.1:${port}/yjs`),
  },
  "y-websocket": {
    name: "y-websocket",
    title: "y-websocket provider, y-websocket server",
    subject: subjects["y-websocket"],
    start: port => startYWebsocket(`ws://127.0.0.1:${port}`),
  },
  hocuspocus: {
    name: "hocuspocus",
    title: "Hocuspocus provider, Hocuspocus",
    subject: subjects.hocuspocus,
    start: port => startHocuspocus(`ws://127.0.0.1:${port}`),
  },
};

/** The kind of provider of this name. Throws a `TypeError` if there is none. */
export function providerOf(name: string): ProviderKind {
  const kind = Object.hasOwn(providers, name) ? providers[name as ProviderName] : undefined;
  if (kind === undefined) throw new TypeError(`There is no provider "${name}".`);
  return kind;
}

function startVerso(url: string): Provider {
  const sockets = countSockets();
  const client = createClient({ url, WebSocket: sockets.WebSocket });
  return provide(sockets, {
    async open(document) {
      const replica = client.open(document);
      await replica.whenSynced;
      return {
        doc: replica.doc,
        settled: () =>
          new Promise(resolve => {
            replica.on("unsyncedChanges", function look() {
              if (replica.hasUnsyncedChanges) return;
              replica.off("unsyncedChanges", look);
              resolve();
            });
          }),
      };
    },
    connect: client.connect,
    disconnect: client.disconnect,
    close: client.close,
  });
}

/** A socket for each document. */
function startYWebsocket(url: string): Provider {
  const sockets = countSockets();
  const opened: WebsocketProvider[] = [];
  return provide(sockets, {
    async open(document) {
      const doc = new Y.Doc();
      const provider = new WebsocketProvider(url, document, doc, {
        WebSocketPolyfill: asGlobal(sockets),
        // Providers in one process are to meet on the server.
        disableBc: true,
      });
      opened.push(provider);
      await new Promise<void>(resolve => provider.on("sync", isSynced => isSynced && resolve()));
      return { doc, settled: null };
    },
    connect() {
      for (const provider of opened) provider.connect();
    },
    disconnect() {
      for (const provider of opened) provider.disconnect();
    },
    close() {
      for (const provider of opened) provider.destroy();
    },
  });
}

function startHocuspocus(url: string): Provider {
  const sockets = countSockets();
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: sockets.WebSocket });
  return provide(sockets, {
    async open(document) {
      const doc = new Y.Doc();
      const provider = new HocuspocusProvider({ websocketProvider, name: document, document: doc });
      const synced = new Promise<void>(resolve => provider.on("synced", resolve));
      provider.attach();
      await synced;
      return {
        doc,
        settled: () =>
          new Promise(resolve => {
            provider.on("unsyncedChanges", function look() {
              if (provider.hasUnsyncedChanges) return;
              provider.off("unsyncedChanges", look);
              resolve();
            });
          }),
      };
    },
    connect: () => void websocketProvider.connect(),
    disconnect: () => websocketProvider.disconnect(),
    close: () => websocketProvider.destroy(),
  });
}

function provide(
  sockets: SocketCounter,
  provider: Pick<Provider, "open" | "connect"> & { disconnect(): void; close(): void | Promise<void> },
): Provider {
  return {
    open: provider.open,
    connect: provider.connect,
    async disconnect() {
      provider.disconnect();
      await sockets.ended();
    },
    get bytesSent() {
      return sockets.bytesSent;
    },
    get bytesReceived() {
      return sockets.bytesReceived;
    },
    async close() {
      await provider.close();
      await sockets.ended();
    },
  };
}

/** The types of ws and of the DOM differ in what providers never use. */
function asGlobal({ WebSocket }: SocketCounter): typeof globalThis.WebSocket {
  return WebSocket as unknown as typeof globalThis.WebSocket;
}
