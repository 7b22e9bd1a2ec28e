/**
 * A bad network between one client and its relay: as the WebSocket and the fetch that the client is given.
 *
 * What is lost on a stream is sent again, with ever longer pauses, and everything behind it waits: so a frame comes late and
 * never out of its turn, and when its packet was lost too often the connection ends. A connection that is cut loses what
 * was under way, in both directions. On a silent one nothing arrives, and nothing says so, until it is silent no more.
 *
 * Source: RFC 6298 (the retransmission timer of TCP and its doubling).
 */
import type { WebSocketLike } from "@verso/client";
import * as decoding from "lib0/decoding";

export interface Conditions {
  readonly online: boolean;
  readonly way: "open" | "no-websockets" | "silent";
  /** Milliseconds from one end to the other. */
  readonly latency: number;
  /** The share of packets that is lost, from 0 to below 1. */
  readonly loss: number;
}

export interface LabNetwork {
  readonly conditions: Conditions;
  set(change: Partial<Conditions>): void;
  /** Ends every connection at once; new ones can be made. */
  cut(): void;
  readonly WebSocket: new (url: string, protocols: string[]) => WebSocketLike;
  readonly fetch: typeof globalThis.fetch;
}

export interface LabNetworkOptions {
  /** A frame has left the client, whether it arrives or not. */
  readonly onSaid: (frame: Uint8Array) => void;
  /** A frame is about to reach the client. */
  readonly onHeard: (frame: Uint8Array) => void;
  /** A connection has ended: what was under way on it is lost. */
  readonly onEnd: () => void;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
}

const shortestRetransmission = 200;
/** Losses of one packet after which a connection is given up. */
const mostLosses = 6;

export function createLabNetwork({
  onSaid,
  onHeard,
  onEnd,
  random = Math.random,
}: LabNetworkOptions): LabNetwork {
  let conditions: Conditions = { online: true, way: "open", latency: 0, loss: 0 };
  /** Each knows how to end. */
  const connections = new Set<{ cut(): void }>();
  const lines = new Set<Line>();

  class LabSocket implements WebSocketLike {
    binaryType = "arraybuffer";
    protocol = "";
    onopen: ((event: Event) => void) | null = null;
    onmessage: ((event: MessageEvent) => void) | null = null;
    onclose: ((event: CloseEvent) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;
    #real: WebSocket | null = null;
    #ended = false;
    readonly #up = openLine(() => this.cut());
    readonly #down = openLine(() => this.cut());

    constructor(url: string, protocols: string[]) {
      connections.add(this);
      if (conditions.online && conditions.way !== "no-websockets") {
        this.#up.pass(() => this.#connect(url, protocols));
      } else setTimeout(() => this.cut(), conditions.latency);
    }

    send(data: Uint8Array<ArrayBuffer>): void {
      if (this.#ended) return;
      onSaid(data);
      this.#up.pass(() => this.#real?.send(data));
    }

    close(code?: number, reason?: string): void {
      if (this.#real === null) this.#end(new CloseEvent("close", { code: 1006 }));
      else this.#up.pass(() => this.#real?.close(code, reason));
    }

    cut(): void {
      if (this.#ended) return;
      this.onerror?.(new Event("error"));
      this.#end(new CloseEvent("close", { code: 1006 }));
    }

    #connect(url: string, protocols: string[]): void {
      const real = new WebSocket(url, protocols);
      this.#real = real;
      real.binaryType = "arraybuffer";
      real.onopen = event =>
        this.#down.pass(() => {
          this.protocol = real.protocol;
          this.onopen?.(event);
        });
      real.onmessage = (event: MessageEvent<ArrayBuffer>) =>
        this.#down.pass(() => {
          onHeard(new Uint8Array(event.data));
          this.onmessage?.(event);
        });
      real.onerror = event => this.#down.pass(() => this.onerror?.(event));
      real.onclose = event => this.#down.pass(() => this.#end(event));
    }

    #end(event: CloseEvent): void {
      if (this.#ended) return;
      this.#ended = true;
      connections.delete(this);
      this.#up.end();
      this.#down.end();
      if (this.#real !== null) {
        const real = this.#real;
        real.onopen = real.onmessage = real.onerror = real.onclose = null;
        real.close();
      }
      onEnd();
      this.onclose?.(event);
    }
  }

  return {
    get conditions() {
      return conditions;
    },
    set(change) {
      conditions = { ...conditions, ...change };
      if (!conditions.online || change.way === "no-websockets") cut();
      for (const line of lines) line.run();
    },
    cut,
    WebSocket: LabSocket,
    fetch: fetchThrough,
  };

  function cut(): void {
    for (const connection of [...connections]) connection.cut();
  }

  async function fetchThrough(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const abort = new AbortController();
    let fail = () => {};
    const failed = new Promise<never>((_resolve, reject) => {
      // This is what fetch throws when there is no answer.
      fail = () => reject(new TypeError("The connection was cut."));
    });
    const connection = { cut: () => fail() };
    const up = openLine(fail);
    const down = openLine(fail);
    connections.add(connection);
    try {
      if (!conditions.online) fail();
      const body = init?.body;
      const frames = body instanceof Uint8Array ? framesOf(body) : [];
      for (const frame of frames) onSaid(frame);
      await Promise.race([failed, new Promise<void>(resolve => up.pass(resolve))]);
      const response = await Promise.race([failed, fetch(input, { ...init, signal: abort.signal })]);
      const answer = new Uint8Array(await Promise.race([failed, response.arrayBuffer()]));
      await Promise.race([failed, new Promise<void>(resolve => down.pass(resolve))]);
      if (response.ok) for (const frame of framesOf(answer)) onHeard(frame);
      const { status, statusText, headers } = response;
      return new Response(answer, { status, statusText, headers });
    } finally {
      abort.abort();
      connections.delete(connection);
      up.end();
      down.end();
      onEnd();
    }
  }

  /** One direction of a connection. `fail` is called when a packet was lost too often. */
  function openLine(fail: () => void): Line {
    const line = createLine({
      delay() {
        let { latency: delay, loss } = conditions;
        let pause = Math.max(shortestRetransmission, 2 * delay);
        for (let losses = 0; random() < loss; losses++) {
          if (losses === mostLosses) return null;
          delay += pause;
          pause *= 2;
        }
        return delay;
      },
      isSilent: () => conditions.way === "silent",
      fail,
      onEnd: () => lines.delete(line),
    });
    lines.add(line);
    return line;
  }
}

interface Line {
  /** Delivers after its delay, and after everything before it. */
  pass(deliver: () => void): void;
  /** Delivers what is due. */
  run(): void;
  end(): void;
}

interface LineOptions {
  /** Milliseconds that the next packet takes; `null` when it never arrives. */
  readonly delay: () => number | null;
  readonly isSilent: () => boolean;
  readonly fail: () => void;
  readonly onEnd: () => void;
}

function createLine({ delay, isSilent, fail, onEnd }: LineOptions): Line {
  let waiting: { readonly due: number; readonly deliver: (() => void) | null }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  return {
    pass(deliver) {
      const wait = delay();
      const due = performance.now() + (wait ?? 0);
      waiting.push({ due, deliver: wait === null ? null : deliver });
      if (waiting.length === 1) run();
    },
    run,
    end() {
      ended = true;
      waiting = [];
      clearTimeout(timer);
      onEnd();
    },
  };

  function run(): void {
    clearTimeout(timer);
    while (!isSilent() && !ended && waiting.length > 0) {
      const { due, deliver } = waiting[0]!;
      const wait = due - performance.now();
      if (wait > 0) {
        timer = setTimeout(run, wait);
        return;
      }
      waiting.shift();
      if (deliver === null) return fail();
      deliver();
    }
  }
}

/** A batch over HTTP is its frames, each behind its length. */
function framesOf(batch: Uint8Array): Uint8Array[] {
  const decoder = decoding.createDecoder(batch);
  const frames: Uint8Array[] = [];
  while (decoding.hasContent(decoder)) frames.push(decoding.readVarUint8Array(decoder));
  return frames;
}
