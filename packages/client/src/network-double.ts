/** A network around the relay double: sockets, requests and a clock that move when a test says so, for the client's ring. */
import { createRandom } from "@verso/bridge/testing";
import { encodeVersoServerMessage, type VersoServerMessage } from "@verso/protocol";
import type { ClientOptions, Clock, WebSocketLike } from "./client.js";
import { createRelayDouble, type RelayDouble } from "./relay-double.js";

export interface NetworkDouble {
  readonly relay: RelayDouble;
  /** Every one that was ever opened. */
  readonly sockets: readonly SocketDouble[];
  /** Whether sockets fail, and only HTTP gets through. */
  isBlocked: boolean;
  readonly WebSocket: new (url: string) => SocketDouble;
  /** What of the surroundings a client takes from here. */
  readonly options: Required<Pick<ClientOptions, "fetch" | "clock" | "random">>;
  /** Closes every socket. */
  drop(code: number, reason?: string): void;
  /** Has the relay say something on every socket. */
  say(message: VersoServerMessage): void;
  /** Lets everything happen that follows, and so many milliseconds pass. */
  settle(milliseconds?: number): Promise<void>;
}

export interface SocketDouble extends WebSocketLike {
  readonly url: string;
  readonly isOpen: boolean;
  readyState: number;
  drop(code: number, reason: string): void;
}

export function createNetworkDouble(): NetworkDouble {
  const relay = createRelayDouble();
  const sockets: FakeSocket[] = [];
  const waiting: (() => void)[] = [];
  const random = createRandom(1);
  let time = 1_000;
  let timers: { at: number; run: () => void }[] = [];

  class FakeSocket implements SocketDouble {
    binaryType = "";
    readonly protocol = "verso.1";
    readonly url: string;
    isOpen = true;
    readyState = 1;
    onopen: ((event: never) => void) | null = null;
    onmessage: ((event: never) => void) | null = null;
    onclose: ((event: never) => void) | null = null;
    onerror: ((event: never) => void) | null = null;
    readonly #end = relay.connect(
      frame => this.hear(frame),
      (code, reason) => waiting.push(() => this.drop(code, reason)),
    );

    constructor(url: string) {
      this.url = url;
      sockets.push(this);
      const { isBlocked } = net;
      waiting.push(() => {
        if (!isBlocked) {
          if (this.isOpen) this.onopen?.({} as never);
          return;
        }
        this.onerror?.({} as never);
        this.drop(1006, "");
      });
    }

    send(data: Uint8Array): void {
      if (this.readyState !== 1) throw new TypeError("WebSocket is already in CLOSING or CLOSED state.");
      const frame = data.slice();
      waiting.push(() => this.isOpen && this.#end.receive(frame));
    }

    hear(frame: Uint8Array): void {
      waiting.push(() => this.isOpen && this.onmessage?.({ data: frame } as never));
    }

    close(): void {
      if (this.isOpen) this.#end.close();
      this.isOpen = false;
    }

    drop(code: number, reason: string): void {
      if (!this.isOpen) return;
      this.close();
      this.onclose?.({ code, reason } as never);
    }
  }

  const clock: Clock = {
    now: () => time,
    after(milliseconds, run) {
      const timer = { at: time + milliseconds, run };
      timers.push(timer);
      return () => {
        timers = timers.filter(each => each !== timer);
      };
    },
  };

  const net: NetworkDouble = {
    relay,
    sockets,
    isBlocked: false,
    WebSocket: FakeSocket,
    options: {
      fetch: async (_, init) =>
        new Response(relay.batch(init?.body as Uint8Array) as Uint8Array<ArrayBuffer>),
      clock,
      random: () => random.below(1_000) / 1_000,
    },
    drop(code, reason = "") {
      for (const socket of sockets) socket.drop(code, reason);
    },
    say(message) {
      for (const socket of sockets) socket.hear(encodeVersoServerMessage(message));
    },
    async settle(milliseconds = 0) {
      const end = time + milliseconds;
      for (;;) {
        await quiet();
        const next = timers.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        time = next.at;
        timers = timers.filter(each => each !== next);
        next.run();
      }
      time = end;
    },
  };
  return net;

  async function quiet(): Promise<void> {
    for (let calm = 0; calm < 3; calm++) {
      await new Promise(setImmediate);
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        next();
        calm = 0;
      }
    }
  }
}
