/**
 * The connection of one pane to the relay, through the stock y-websocket provider, and what can truly be said of it.
 *
 * The protocol of y-websocket has no acknowledgement, so this never says that a change was stored: the commits do.
 * What it counts is changes that were not handed to a connection: made while there was none, or before the relay
 * has asked for what it lacks, to which the provider answers with everything of the kind. But what is asked of the relay
 * takes its turn behind what was sent before: once it has answered, it has judged and recorded all of that.
 */
import { encodeSyncStep1 } from "@verso/protocol";
import { ObservableV2 } from "lib0/observable";
import type { Awareness } from "y-protocols/awareness";
import { messageYjsSyncStep1, messageYjsSyncStep2 } from "y-protocols/sync";
import { messageSync, WebsocketProvider } from "y-websocket";
import { type Doc, encodeStateVector } from "yjs";
import { pathOf } from "./room-name.js";

/** How the relay, or the network before it, ended a connection. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

export type LinkState = {
  /** Local transactions not handed to a connection since the relay last asked. */
  readonly unsent: number;
} & (
  | { /** `offline` is what the user wished. */ readonly status: "offline" | "synced" }
  | { readonly status: "connecting" /** Of the attempt before. */; readonly trouble: Ending | null }
  | { /** By the relay, for good. */ readonly status: "closed"; readonly trouble: Ending }
);

export type LinkStatus = LinkState["status"];

/** What a page shows of a connection, whoever holds it. */
export interface LinkView extends ObservableV2<{ change: (state: LinkState) => void }> {
  readonly state: LinkState;
  /** Whether the relay has a commit of the document, as far as is known here. */
  readonly recorded: boolean;
  readonly awareness: Awareness;
}

export interface Link extends LinkView {
  goOnline(): void;
  goOffline(): void;
  /** Is somebody else from now on: an open connection is replaced. */
  actAs(user: string): void;
  /** Whether the relay has now judged and recorded all that was written so far; not if the connection ends before. */
  settle(): Promise<boolean>;
}

export interface LinkOptions {
  readonly room: string;
  /** Where the relay is, as `ws://localhost:8080`. */
  readonly relay: string;
  /** How one calls oneself towards the relay. @default not at all */
  readonly user?: string;
}

/** For connections whose unsent changes live in this window only: asks before it is closed with some. */
export function warnBeforeLeaving(links: readonly LinkView[]): void {
  addEventListener("beforeunload", event => {
    if (links.some(({ state }) => state.unsent > 0)) event.preventDefault();
  });
}

/** The relay that serves this page, as a link wants it. */
export function relayOfPage(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
}

/** Connects the document at once. */
export function openLink(doc: Doc, options: LinkOptions): Link {
  return new ProviderLink(doc, options);
}

class ProviderLink extends ObservableV2<{ change: (state: LinkState) => void }> implements Link {
  state: LinkState = { status: "connecting", trouble: null, unsent: 0 };
  recorded = false;
  readonly #provider: WebsocketProvider;
  readonly #doc: Doc;
  /** Whether the relay has asked on the present connection: from then on every change is sent as it is made. */
  #asked = false;
  /** Those who wait for the answer to a question of their own, in the order of the questions. */
  #settling: ((settled: boolean) => void)[] = [];

  constructor(doc: Doc, { room, relay, user }: LinkOptions) {
    super();
    this.#doc = doc;
    // Both panes are in one browser: through its BroadcastChannel they would talk past the relay.
    const provider = new WebsocketProvider(`${relay}/yjs`, pathOf(room), doc, {
      disableBc: true,
      params: user === undefined ? {} : { name: user },
    });
    this.#provider = provider;
    this.#listen();
    provider.on("sync", synced => {
      if (synced) this.#set({ status: "synced", unsent: this.state.unsent });
    });
    provider.on("connection-close", event => {
      this.#asked = false;
      this.#unsettled();
      // Without an event it was closed from this side: by the user, or after half a minute of silence.
      if (provider.shouldConnect) this.#connecting(event);
    });
    provider.on("closed", trouble => this.#set({ status: "closed", trouble, unsent: this.state.unsent }));
    doc.on("update", (_update: Uint8Array, origin: unknown) => {
      // The relay sends on what it has recorded, and nothing else.
      if (origin === provider) this.recorded = true;
      else if (!this.#asked) this.#set({ ...this.state, unsent: this.state.unsent + 1 });
    });
  }

  get awareness() {
    return this.#provider.awareness;
  }

  goOnline(): void {
    this.#connecting(null);
    this.#provider.connect();
  }

  goOffline(): void {
    this.#provider.disconnect();
    this.#unsettled();
    this.#set({ status: "offline", unsent: this.state.unsent });
  }

  actAs(user: string): void {
    this.#provider.params = { name: user };
    if (!this.#provider.shouldConnect) return;
    this.goOffline();
    this.goOnline();
  }

  settle(): Promise<boolean> {
    const { ws } = this.#provider;
    if (this.state.status !== "synced" || ws === null) return Promise.resolve(false);
    return new Promise(resolve => {
      this.#settling.push(resolve);
      ws.send(new Uint8Array(encodeSyncStep1(encodeStateVector(this.#doc))));
    });
  }

  /**
   * A sync step 1 of the relay says what it has; the provider answers it with all that it has not. A step 2 is the answer
   * to one of ours: before the first of them the link is not synced.
   */
  #listen(): void {
    const handlers = this.#provider.messageHandlers;
    const handle = handlers[messageSync]!;
    handlers[messageSync] = (encoder, decoder, ...rest) => {
      const type = decoder.arr[decoder.pos];
      const isSynced = this.state.status === "synced";
      handle(encoder, decoder, ...rest);
      if (type === messageYjsSyncStep2 && isSynced) this.#settling.shift()?.(true);
      if (type !== messageYjsSyncStep1) return;
      this.#asked = true;
      // The provider sends the answer as soon as this function has returned.
      queueMicrotask(() => this.#set({ ...this.state, unsent: 0 }));
    };
  }

  #unsettled(): void {
    for (const resolve of this.#settling.splice(0)) resolve(false);
  }

  #connecting(ended: Ending | null): void {
    const trouble = ended === null ? null : { code: ended.code, reason: ended.reason };
    this.#set({ status: "connecting", trouble, unsent: this.state.unsent });
  }

  #set(state: LinkState): void {
    this.state = state;
    this.emit("change", [state]);
  }
}
