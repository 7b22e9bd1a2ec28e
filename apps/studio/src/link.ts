/**
 * The connection of one pane to the relay, through the stock y-websocket provider, and what can truly be said of it.
 *
 * The protocol of y-websocket has no acknowledgement, so this never says that a change was stored: the commits do.
 * What it counts is changes that were not handed to a connection: made while there was none, or before the relay
 * has asked for what it lacks, to which the provider answers with everything of the kind.
 */
import { ObservableV2 } from "lib0/observable";
import { messageYjsSyncStep1 } from "y-protocols/sync";
import { messageSync, WebsocketProvider } from "y-websocket";
import type { Doc } from "yjs";
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

export interface Link extends ObservableV2<{ change: (state: LinkState) => void }> {
  readonly state: LinkState;
  readonly awareness: WebsocketProvider["awareness"];
  goOnline(): void;
  goOffline(): void;
  /** Is somebody else from now on: an open connection is replaced. */
  actAs(user: string): void;
}

export interface LinkOptions {
  readonly room: string;
  /** Where the relay is, as `ws://localhost:8080`. */
  readonly relay: string;
  /** How one calls oneself towards the relay. @default not at all */
  readonly user?: string;
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
  readonly #provider: WebsocketProvider;
  /** Whether the relay has asked on the present connection: from then on every change is sent as it is made. */
  #asked = false;

  constructor(doc: Doc, { room, relay, user }: LinkOptions) {
    super();
    // Both panes are in one browser: through its BroadcastChannel they would talk past the relay.
    const provider = new WebsocketProvider(`${relay}/yjs`, pathOf(room), doc, {
      disableBc: true,
      params: user === undefined ? {} : { name: user },
    });
    this.#provider = provider;
    this.#listenForQuestions();
    provider.on("sync", synced => {
      if (synced) this.#set({ status: "synced", unsent: this.state.unsent });
    });
    provider.on("connection-close", event => {
      this.#asked = false;
      // Without an event it was closed from this side: by the user, or after half a minute of silence.
      if (provider.shouldConnect) this.#connecting(event);
    });
    provider.on("closed", trouble => this.#set({ status: "closed", trouble, unsent: this.state.unsent }));
    doc.on("update", (_update: Uint8Array, origin: unknown) => {
      if (origin !== provider && !this.#asked) this.#set({ ...this.state, unsent: this.state.unsent + 1 });
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
    this.#set({ status: "offline", unsent: this.state.unsent });
  }

  actAs(user: string): void {
    this.#provider.params = { name: user };
    if (!this.#provider.shouldConnect) return;
    this.goOffline();
    this.goOnline();
  }

  /** A sync step 1 of the relay says what it has; the provider answers it with all that it has not. */
  #listenForQuestions(): void {
    const handlers = this.#provider.messageHandlers;
    const handle = handlers[messageSync]!;
    handlers[messageSync] = (encoder, decoder, ...rest) => {
      const question = decoder.arr[decoder.pos] === messageYjsSyncStep1;
      handle(encoder, decoder, ...rest);
      if (!question) return;
      this.#asked = true;
      // The provider sends the answer as soon as this function has returned.
      queueMicrotask(() => this.#set({ ...this.state, unsent: 0 }));
    };
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
