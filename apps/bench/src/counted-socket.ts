/** A WebSocket class for providers that counts what its connections put on the wire, handshakes, headers and masks included. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";

export interface SocketCounter {
  readonly WebSocket: new (url: string, protocols?: string | string[]) => WebSocket;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Resolves when every connection that was open at the call has ended. */
  ended(): Promise<void>;
}

export function countSockets(): SocketCounter {
  const sockets = new Set<Socket>();
  return {
    WebSocket: class extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        this.once("upgrade", response => sockets.add(response.socket));
      }
    },
    get bytesSent() {
      return sum(sockets, socket => socket.bytesWritten);
    },
    get bytesReceived() {
      return sum(sockets, socket => socket.bytesRead);
    },
    async ended() {
      const open = [...sockets].filter(socket => !socket.closed);
      await Promise.all(open.map(socket => once(socket, "close")));
    },
  };
}

function sum(sockets: Iterable<Socket>, bytes: (socket: Socket) => number): number {
  let total = 0;
  for (const socket of sockets) total += bytes(socket);
  return total;
}
