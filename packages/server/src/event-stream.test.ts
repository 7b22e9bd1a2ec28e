/** A stream of events on a real connection, in time that the test lets pass. */
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EventStream, openEventStream } from "./event-stream.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";

let clock: ManualClock;
let server: Server;
let stream: EventStream;
let answer: IncomingMessage;
let gone: Promise<void>;

beforeEach(async () => {
  clock = createManualClock();
  const app = express();
  gone = new Promise(resolve => {
    app.get("/", (_request, response) => {
      stream = openEventStream(response, { clock, onGone: resolve });
    });
  });
  server = createServer(app);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  answer = await new Promise(resolve => get({ port, host: "127.0.0.1" }, resolve));
  answer.on("error", () => {});
});
afterEach(() => {
  answer.destroy();
  server.closeAllConnections();
  server.close();
});

/** What comes next. */
async function text(): Promise<string> {
  const arriving = new Promise<Buffer>(resolve => answer.once("data", resolve));
  // Once it was paused, a listener does not set it going.
  answer.resume();
  const chunk = await arriving;
  answer.pause();
  return chunk.toString();
}

describe("a stream of events", () => {
  it("is announced at once, and sends each event with its id", async () => {
    expect(answer.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
    });
    await stream.send(7, { a: "line\nbreak" });
    expect(await text()).toBe('id: 7\ndata: {"a":"line\\nbreak"}\n\n');
  });

  it("shows in less than 20 seconds that it stands, and not when there is other news", async () => {
    clock.advance(14_999);
    const silent = text();
    clock.advance(1);
    expect(await silent).toBe(":\n\n");
    const sent = text();
    clock.advance(4000);
    void stream.send(1, 1);
    clock.advance(9000);
    expect(await sent).toBe("id: 1\ndata: 1\n\n");
    const next = text();
    clock.advance(6000);
    expect(await next).toBe(":\n\n");
  });

  it("lets its sender wait for a reader who does not read, and cuts him off after a while", async () => {
    const large = "x".repeat(64 * 1024 * 1024);
    let taken = false;
    const sending = stream.send(1, large).then(() => {
      taken = true;
    });
    clock.advance(29_000);
    await new Promise(resolve => setImmediate(resolve));
    expect(taken).toBe(false);
    clock.advance(6000);
    await gone;
    await sending;
    await stream.send(2, "nobody is there");
    stream.end({ code: "unavailable", detail: "nobody hears it" });
  });

  it("goes on when the reader reads", async () => {
    const sending = stream.send(1, "x".repeat(16 * 1024 * 1024));
    answer.resume();
    await sending;
    clock.advance(60_000);
    await stream.send(2, "y");
  });

  it("tells when the client has gone", async () => {
    answer.destroy();
    await gone;
  });

  it("says why it ends", async () => {
    stream.end({ code: "deleted", detail: "The document was erased." });
    stream.end({ code: "unavailable", detail: "again" });
    const ended = new Promise(resolve => answer.once("end", resolve));
    expect(await text()).toBe('event: end\ndata: {"code":"deleted","detail":"The document was erased."}\n\n');
    answer.resume();
    await ended;
  });
});
