/**
 * The provider that programs of y-websocket have: the same constructor, members and events, on a client of one document.
 *
 * What is not the same: the delay between two attempts is drawn from up to 30 seconds, whatever `maxBackoffTime` said; `ws`,
 * `protocols` and `messageHandlers` belong to another protocol.
 */
import { ObservableV2 } from "lib0/observable";
import { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import {
  type Client,
  type ClientOptions,
  type Clock,
  createClient,
  systemClock,
  type WebSocketLike,
} from "./client.js";
import type { Closing, Replica, ReplicaEvents } from "./document.js";
import { shareWithTabs } from "./tab-sharing.js";

export interface ProviderOptions
  extends Pick<ClientOptions, "token" | "user" | "persistence" | "tabs" | "fetch" | "clock" | "random"> {
  /** Whether to connect at once. @default true */
  readonly connect?: boolean;
  /** @default a new one of the document, which ends with the provider */
  readonly awareness?: Awareness;
  /** `token` is the token, where the option of that name is not given, and `name` that of an anonymous user. @default {} */
  readonly params?: Readonly<Record<string, string>>;
  /** @default the environment's */
  readonly WebSocketPolyfill?: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
  /** Milliseconds after which the relay is asked again for what is missing. @default 300_000 */
  readonly resyncInterval?: number;
  /** Whether tabs speak with one another over the relay only. @default false */
  readonly disableBc?: boolean;
  /** Whether to go on after the relay has closed the connection. @default unless the code is from 4400 to 4499 */
  readonly shouldReconnect?: (event: Closing, provider: VersoProvider) => boolean;
}

/** How far local work is from the relay, in the shape of y-websocket 4. */
export interface SyncStatus {
  readonly connected: boolean;
  readonly receivedInitialSync: boolean;
  readonly localUpdatesSynced: boolean;
  readonly status: "green" | "yellow" | "red";
}

export type ProviderEvents = Omit<ReplicaEvents, "connection-close" | "connection-error" | "closed"> & {
  /** The connection was lost, or closed from here: then `event` is `null`. */
  "connection-close": (event: Closing | null, provider: VersoProvider) => void;
  "connection-error": (error: unknown, provider: VersoProvider) => void;
  /** The relay has closed it, and it is not tried again until `connect`. */
  closed: (event: Closing, provider: VersoProvider) => void;
  "sync-status": (status: SyncStatus) => void;
};

export class VersoProvider extends ObservableV2<ProviderEvents> {
  readonly serverUrl: string;
  readonly roomname: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly disableBc: boolean;
  /** May be replaced; the next connection is made with what it then is. */
  params: Readonly<Record<string, string>>;
  /** May be replaced; it is asked at the next close. */
  shouldReconnect: (event: Closing, provider: VersoProvider) => boolean;
  /** False when it will not be tried again until `connect`. */
  shouldConnect: boolean;

  /** Resolves when what is kept on this device is in the document, before any network. */
  readonly whenLoaded: Promise<void>;
  /** Resolves when the document is synced for the first time. */
  readonly whenSynced: Promise<void>;

  readonly #client: Client;
  readonly #clock: Clock;
  readonly #hasOwnAwareness: boolean;
  /** Tabs that share a store hear of one another by it. */
  readonly #sharesStore: boolean;
  #replica: Replica;
  #stopSharing: (() => void) | null = null;
  #reopening: Promise<void> | null = null;
  #destroyed: Promise<void> | null = null;
  #cancelRetry = () => {};

  /** `serverUrl` is that of y-websocket, which ends with `/yjs`, or the relay itself. */
  constructor(
    serverUrl: string,
    roomname: string,
    doc: Y.Doc,
    {
      connect = true,
      awareness,
      params = {},
      token,
      user = params.name,
      WebSocketPolyfill,
      resyncInterval = -1,
      disableBc = false,
      shouldReconnect = ({ code }) => !(code >= 4400 && code < 4500),
      tabs,
      clock = systemClock,
      ...options
    }: ProviderOptions = {},
  ) {
    super();
    this.serverUrl = serverUrl.replace(/\/+$/, "");
    this.roomname = roomname;
    this.doc = doc;
    this.awareness = awareness ?? new Awareness(doc);
    this.#hasOwnAwareness = awareness === undefined;
    this.disableBc = disableBc;
    this.params = params;
    this.shouldReconnect = shouldReconnect;
    this.shouldConnect = connect;
    this.#clock = clock;
    this.#client = createClient({
      ...options,
      clock,
      url: this.serverUrl.replace(/\/yjs$/, ""),
      token: () => (typeof token === "function" ? token() : (token ?? this.params.token ?? null)),
      user,
      connect,
      tabs: disableBc ? undefined : tabs,
      ...(WebSocketPolyfill !== undefined && { WebSocket: WebSocketPolyfill }),
      ...(resyncInterval > 0 && { backgroundSync: resyncInterval }),
    });
    this.#sharesStore = tabs !== undefined && options.persistence !== undefined;
    this.#replica = this.#open();
    if (connect) this.#share();
    this.whenLoaded = this.#replica.whenLoaded;
    this.whenSynced = new Promise(resolve => {
      this.on("sync", isSynced => isSynced && resolve());
    });
    doc.on("destroy", this.destroy);
  }

  /** What y-websocket calls by this name: where the document is, with the parameters. */
  get url(): string {
    const query = String(new URLSearchParams(this.params));
    return `${this.serverUrl}/${this.roomname}${query === "" ? "" : `?${query}`}`;
  }

  get document(): Y.Doc {
    return this.doc;
  }

  get synced(): boolean {
    return this.#replica.status.synced;
  }

  get wsconnected(): boolean {
    return this.#destroyed === null && this.#replica.status.connection === "connected";
  }

  get wsconnecting(): boolean {
    return this.#destroyed === null && this.#replica.status.connection === "connecting";
  }

  /** Whether other tabs are heard without the relay. */
  get bcconnected(): boolean {
    if (this.disableBc || this.#destroyed !== null) return false;
    return this.#sharesStore || this.#stopSharing !== null;
  }

  get unsyncedChanges(): number {
    return this.#replica.unsyncedChanges;
  }

  get hasUnsyncedChanges(): boolean {
    return this.#replica.hasUnsyncedChanges;
  }

  get syncStatus(): SyncStatus {
    const { connection, synced } = this.#replica.status;
    const localUpdatesSynced = !this.hasUnsyncedChanges;
    const connected = connection === "connected";
    return {
      connected,
      receivedInitialSync: synced,
      localUpdatesSynced,
      status: connected && synced && localUpdatesSynced ? "green" : connected ? "yellow" : "red",
    };
  }

  /** Connects, at once and even where it would have waited or was stopped. */
  connect(): void {
    if (this.#destroyed !== null) return;
    this.shouldConnect = true;
    this.#share();
    this.#client.connect();
    // The connection goes on, but a document that the relay has closed for good does not.
    if (this.#replica.status.stopped !== null) this.#reopening ??= this.#reopen();
  }

  /** Ends the connection until `connect`. */
  disconnect(): void {
    this.shouldConnect = false;
    this.#cancelRetry();
    if (this.#replica.status.connection !== "disconnected") this.emit("connection-close", [null, this]);
    this.#shareNoMore();
    this.#client.disconnect();
  }

  /** Ends everything but the document, and an awareness that was given. Resolves when all is stored that is to be kept. */
  override destroy = (): Promise<void> => {
    this.#destroyed ??= this.#end();
    return this.#destroyed;
  };

  async #end(): Promise<void> {
    const wasConnected = this.wsconnected;
    this.shouldConnect = false;
    this.#cancelRetry();
    this.doc.off("destroy", this.destroy);
    this.#shareNoMore();
    // Still connected, so that others hear at once that nobody is here any more.
    const closed = this.#client.close();
    if (wasConnected) this.emit("connection-close", [null, this]);
    await closed;
    // Else its timer keeps a program of Node.js from ending.
    if (this.#hasOwnAwareness) this.awareness.destroy();
    if (wasConnected) this.emit("status", [{ status: "disconnected" }]);
    super.destroy();
  }

  #share(): void {
    if (this.disableBc || this.#sharesStore) return;
    const { doc, awareness, serverUrl, roomname } = this;
    this.#stopSharing ??= shareWithTabs({ name: `${serverUrl}/${roomname}`, doc, awareness });
  }

  #shareNoMore(): void {
    this.#stopSharing?.();
    this.#stopSharing = null;
  }

  async #reopen(): Promise<void> {
    const state = this.awareness.getLocalState();
    await this.#replica.close();
    this.#reopening = null;
    if (this.#destroyed !== null) return;
    this.awareness.setLocalState(state);
    this.#replica = this.#open();
  }

  #open(): Replica {
    const replica = this.#client.open(this.roomname, { doc: this.doc, awareness: this.awareness });
    for (const name of forwarded) {
      const forward = (...event: unknown[]) =>
        this.emit(name, event as Parameters<ProviderEvents[typeof name]>);
      replica.on(name, forward as ReplicaEvents[typeof name]);
    }
    let isConnected = false;
    replica.on("status", event => {
      // To the replica it is connecting as soon as it waits for the next attempt.
      if (isConnected && event.status === "connecting") this.emit("status", [{ status: "disconnected" }]);
      isConnected = event.status === "connected";
      this.emit("status", [event]);
    });
    replica.on("status-change", () => this.emit("sync-status", [this.syncStatus]));
    replica.on("connection-error", error => this.emit("connection-error", [error, this]));
    replica.on("connection-close", event => {
      this.emit("connection-close", [event, this]);
      if (!this.shouldConnect || this.shouldReconnect(event, this)) return;
      this.disconnect();
      this.emit("closed", [event, this]);
    });
    replica.on("closed", event => {
      if (!this.shouldConnect) return;
      if (this.shouldReconnect(event, this)) {
        this.#cancelRetry = this.#clock.after(patience, () => this.connect());
        return;
      }
      this.shouldConnect = false;
      // The last of all, so that a listener may connect again at once.
      this.emit("closed", [event, this]);
    });
    return replica;
  }
}

/** Events that are the replica's own. */
const forwarded = [
  "status-change",
  "sync",
  "synced",
  "unsyncedChanges",
  "authenticated",
  "authenticationFailed",
  "rejected",
  "epoch",
  "erased",
  "storage-error",
] as const;

/** Milliseconds before a program that wants to has another try where the relay has closed for good. */
const patience = 2_500;
