import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { countSockets } from "./counted-socket.js";

let server: WebSocketServer;
/** The server's ends. */
let ends: Socket[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  ends = [];
  server.on("connection", (client, { socket }) => {
    ends.push(socket);
    client.on("message", message => client.send(message));
  });
  await once(server, "listening");
});
afterEach(() => {
  server.close();
});

test("bytes of all connections are counted as they are on the wire, also when they have ended", async () => {
  const sockets = countSockets();
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const size of [10, 70_000]) {
    const socket = new sockets.WebSocket(url);
    await once(socket, "open");
    socket.send(new Uint8Array(size));
    await once(socket, "message");
    socket.close();
    await sockets.ended();
  }
  expect(sockets.bytesSent).toBe(ends[0]!.bytesRead + ends[1]!.bytesRead);
  expect(sockets.bytesReceived).toBe(ends[0]!.bytesWritten + ends[1]!.bytesWritten);
  expect(sockets.bytesSent).toBeGreaterThan(70_010);
});

test("with nothing open there is nothing to wait for", async () => {
  await countSockets().ended();
});
