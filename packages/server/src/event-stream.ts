/**
 * Server-sent events: an HTTP answer that does not end, in which each event has an id from which a client goes on when it
 * comes back.
 *
 * The client is never given more than its connection takes: whoever sends waits. One that takes nothing for long is cut
 * off, and when nothing is sent for a while a comment shows that the connection stands.
 *
 * Source: WHATWG HTML, 9.2 Server-sent events.
 */
import type { ProblemCode } from "@verso/protocol";
import type { Response } from "express";
import type { Cancel, Clock } from "./clock.js";

export interface EventStream {
  /** Resolves when the client can take more, or is gone. Nothing may be sent before. */
  send(id: number, data: unknown): Promise<void>;
  /** Says why and ends. Without a reason the client comes back and goes on. */
  end(reason: { readonly code: ProblemCode; readonly detail: string }): void;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  /** The client is gone, or was cut off; not called after `end`. */
  readonly onGone: () => void;
}

/** Milliseconds: a client may take a connection on which it hears nothing for 20 seconds for dead. */
const keepAlive = 15_000;
/** Milliseconds in which a client must have taken something, while there is something to take. */
const stallLimit = 30_000;

/** Answers with a stream of events; nothing was sent of the answer yet. */
export function openEventStream(response: Response, { clock, onGone }: EventStreamOptions): EventStream {
  let isOpen = true;
  let drained: (() => void) | null = null;
  let lastWritten = clock.monotonic();
  let cancelCheck: Cancel = () => {};

  response.status(200).set({
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    // What comes behind the end of a stream is another request.
    Connection: "close",
    // Else nginx keeps events until it has a buffer full of them.
    "X-Accel-Buffering": "no",
  });
  response.flushHeaders();
  response.on("drain", () => drained?.());
  response.on("close", gone);
  // It may have left while it was found out who it is.
  if (response.closed) queueMicrotask(gone);
  check();

  return {
    send: (id, data) => write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`),
    end(reason) {
      if (!isOpen) return;
      close();
      response.end(`event: end\ndata: ${JSON.stringify(reason)}\n\n`);
    },
  };

  function write(text: string): Promise<void> {
    if (!isOpen) return Promise.resolve();
    lastWritten = clock.monotonic();
    if (response.write(text)) return Promise.resolve();
    return new Promise(resolve => {
      drained = () => {
        drained = null;
        lastWritten = clock.monotonic();
        resolve();
      };
    });
  }

  function check(): void {
    cancelCheck = clock.after(keepAlive / 3, check);
    const silence = clock.monotonic() - lastWritten;
    if (drained !== null && silence >= stallLimit) response.destroy();
    else if (drained === null && silence >= keepAlive - keepAlive / 3) void write(":\n\n");
  }

  function gone(): void {
    if (!isOpen) return;
    close();
    onGone();
  }

  function close(): void {
    isOpen = false;
    cancelCheck();
    drained?.();
  }
}
