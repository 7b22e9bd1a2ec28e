/**
 * Relays that know nothing of documents: what arrives from one client of a path goes to all others. Limits for what a
 * server in this language can deliver.
 *
 * - `plain`: `send` of the WebSocket library for every receiver.
 * - `frame`: one frame for all receivers, written to their sockets past the library.
 * - `batch`: all frames of one turn of the event loop in one write for every receiver; authors get their own back.
 *
 * Arguments: port, mode.
 */
import type { IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { encodeFrame } from "./frame.js";

interface Room {
  readonly clients: Map<WebSocket, IncomingMessage["socket"]>;
  pending: Buffer[];
}

type Relay = (room: Room, author: WebSocket, message: Buffer) => void;

const [port, mode = ""] = process.argv.slice(2);
const relays: Readonly<Record<string, Relay>> = { plain, frame, batch };
const relay = relays[mode];
if (relay === undefined) throw new TypeError(`There is no mode "${mode}".`);
const rooms = new Map<string, Room>();

const server = new WebSocketServer({ port: Number(port), host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (client, { url = "", socket }) => {
  const room = rooms.get(url) ?? { clients: new Map(), pending: [] };
  rooms.set(url, room);
  room.clients.set(client, socket);
  client.on("message", (message: Buffer) => relay(room, client, message));
  // The close that follows an error is all there is to do about it.
  client.on("error", () => client.terminate());
  client.on("close", () => {
    room.clients.delete(client);
    if (room.clients.size === 0) rooms.delete(url);
  });
});

function plain(room: Room, author: WebSocket, message: Buffer): void {
  for (const client of room.clients.keys()) if (client !== author) client.send(message);
}

function frame(room: Room, author: WebSocket, message: Buffer): void {
  const bytes = encodeFrame(message);
  for (const [client, socket] of room.clients) if (client !== author) socket.write(bytes);
}

function batch(room: Room, _author: WebSocket, message: Buffer): void {
  if (room.pending.push(encodeFrame(message)) > 1) return;
  setImmediate(() => {
    const bytes = room.pending.length === 1 ? room.pending[0]! : Buffer.concat(room.pending);
    room.pending = [];
    for (const socket of room.clients.values()) socket.write(bytes);
  });
}
