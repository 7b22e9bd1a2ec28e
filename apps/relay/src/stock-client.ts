/** A stock y-websocket provider in Node, for tests. */
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

export interface StockClient extends Disposable {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
  /** Resolves when the provider reports that it is synced. */
  synced(): Promise<void>;
  /** Resolves when the condition holds, which is looked at after every update of the document. */
  until(condition: (doc: Y.Doc) => boolean): Promise<void>;
}

export interface StockClientOptions {
  readonly clientId?: number;
  /** What the client has from before. */
  readonly state?: Uint8Array;
  readonly WebSocketPolyfill?: typeof WebSocket;
  readonly token?: string;
}

/** The subprotocols by which a token is shown. */
export function protocolsOf(token: string | undefined): string[] {
  return token === undefined ? [] : ["y-websocket", `bearer.${token}`];
}

export function connectStockClient(
  url: string,
  documentId: string,
  { clientId, state, token, WebSocketPolyfill = WebSocket }: StockClientOptions = {},
): StockClient {
  const doc = new Y.Doc();
  if (clientId !== undefined) doc.clientID = clientId;
  if (state !== undefined) Y.applyUpdate(doc, state);
  const provider = new WebsocketProvider(url, documentId, doc, {
    // The types of ws and of the DOM differ in what the provider never uses.
    WebSocketPolyfill: WebSocketPolyfill as unknown as typeof globalThis.WebSocket,
    // The clients of a test are in one process, and must not talk behind the relay's back.
    disableBc: true,
    protocols: protocolsOf(token),
  });
  return {
    doc,
    provider,
    synced: () =>
      new Promise(resolve => {
        if (provider.synced) resolve();
        else provider.once("sync", () => resolve());
      }),
    until: condition =>
      new Promise(resolve => {
        const look = () => {
          if (!condition(doc)) return;
          doc.off("update", look);
          resolve();
        };
        doc.on("update", look);
        look();
      }),
    [Symbol.dispose]() {
      provider.destroy();
      doc.destroy();
    },
  };
}
