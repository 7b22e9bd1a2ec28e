/**
 * The sizes a frame may have, before anything in it is decoded.
 *
 * What an update may hold is the gate's business (`@verso/validation`); these bound what a socket may carry.
 */

export interface FrameLimits {
  /** Bytes of one WebSocket message: the largest sync step 2, with room for its header. */
  readonly messageBytes: number;
  /** Fragments of one WebSocket message. */
  readonly fragments: number;
  /** Bytes of the JSON state of one client's awareness. */
  readonly awarenessStateBytes: number;
  /** Clients in one awareness message. A stock client repeats everyone it knows, so this is not small. */
  readonly awarenessClients: number;
  /** Awareness messages of one session that are relayed in a second; the newest state of a burst is kept. */
  readonly awarenessPerSecond: number;
  /** Bytes of UTF-8 in a document id. */
  readonly documentIdBytes: number;
}

export const defaultFrameLimits: FrameLimits = {
  messageBytes: 64 * 1024 * 1024 + 1024,
  fragments: 1024,
  awarenessStateBytes: 4096,
  awarenessClients: 10_000,
  awarenessPerSecond: 20,
  documentIdBytes: 512,
};
