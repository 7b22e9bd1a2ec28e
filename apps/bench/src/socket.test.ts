import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { encodeFrame, PING, PONG } from "./frame.js";
import { openSocket } from "./socket.js";

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

test("messages arrive whole, wherever the stream is cut", async () => {
  const sizes = [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000, 3];
  const stream = Buffer.concat(sizes.map((size, index) => encodeFrame(Buffer.alloc(size, index + 1))));
  const cuts = [1, 2, 3, 7, 128, 129, 4096, 65_537];
  for (const cut of cuts) {
    const received = await receive(pieces(stream, cut), sizes.length);
    expect(received, `cut every ${cut} bytes`).toEqual(
      sizes.map((size, index) => ({ size, fill: size === 0 ? null : index + 1 })),
    );
  }
});

test("a refused upgrade says why", async () => {
  const port = await listen(["HTTP/1.1 403 Forbidden\r\n\r\n"], { answersUpgrade: false });
  const reason = await new Promise<string>(resolve => {
    openSocket({ port, path: "/", onOpen() {}, onMessage() {}, onClose: resolve });
  });
  expect(reason).toBe("the server refused the upgrade: HTTP/1.1 403 Forbidden");
});

test("a ping is answered with its own bytes", async () => {
  const payload = Buffer.from([1, 2, 3]);
  const answer = await new Promise<Buffer>(resolve => {
    listen([encodeFrame(payload, { opcode: PING })], { onData: resolve }).then(port => {
      openSocket({ port, path: "/", onOpen() {}, onMessage() {}, onClose() {} });
    });
  });
  expect(answer).toEqual(encodeFrame(payload, { isMasked: true, opcode: PONG }));
});

async function receive(chunks: readonly Buffer[], count: number) {
  const port = await listen(chunks);
  const received: { size: number; fill: number | null }[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = openSocket({
      port,
      path: "/",
      onOpen() {},
      onMessage(payload) {
        received.push({ size: payload.length, fill: payload[0] ?? null });
        if (received.length === count) resolve();
      },
      onClose: reason => reject(new Error(reason)),
    });
    setTimeout(() => socket.close(), 30_000).unref();
  });
  return received;
}

/** A server that answers the upgrade and sends these chunks one by one. */
async function listen(
  chunks: readonly (Buffer | string)[],
  { answersUpgrade = true, onData }: { answersUpgrade?: boolean; onData?: (data: Buffer) => void } = {},
): Promise<number> {
  server?.close();
  const created = createServer({ noDelay: true }, socket => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      if (onData !== undefined) socket.on("data", onData);
      if (answersUpgrade) socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      let next = 0;
      const send = () => {
        const chunk = chunks[next++];
        if (chunk !== undefined) socket.write(chunk, () => setImmediate(send));
        else if (onData === undefined) socket.end();
      };
      send();
    });
  });
  server = created;
  await new Promise<void>(resolve => created.listen(0, "127.0.0.1", resolve));
  const address = created.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return address.port;
}

function pieces(stream: Buffer, size: number): Buffer[] {
  const result: Buffer[] = [];
  // Small pieces matter where headers are; over the long payloads they would only take time.
  for (let at = 0; at < stream.length; ) {
    const length = at < 2000 || stream.length - at < 2000 ? size : Math.max(size, 8191);
    result.push(stream.subarray(at, at + length));
    at += length;
  }
  return result;
}
