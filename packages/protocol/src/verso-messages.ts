/**
 * The messages of the Verso dialect, WebSocket subprotocol `verso.1`: one socket, many documents, every push answered.
 *
 * Each table below is at once the type of what one side says, the layout of its bytes and what `docs/protocol.md`
 * specifies: a message is its number and then its fields, in the order in which they stand here. So the order and the
 * numbers are the wire and do not change under the same subprotocol; `verso-schema.test.ts` holds them to that.
 *
 * A `channel` is a number that the client chooses for a document on this socket. It is free again once either side has
 * closed it.
 */

/** One reason why an edit was taken back; as the gate gives it, and as JSON on the wire. */
export interface VersoIssue {
  /** JSON pointer (RFC 6901) into the document, from its roots. */
  readonly pointer: string;
  /** Never changes its meaning, unlike the words beside it. */
  readonly code: string;
  readonly message: string;
  readonly rule?: string;
  readonly severity: "info" | "warning" | "error";
}

/** What the relay takes on this socket, in bytes and documents. */
export interface VersoLimits {
  /** Of one update. */
  readonly updateBytes: number;
  /** Of one message, put together from its fragments. */
  readonly frameBytes: number;
  /** Documents that are open on one socket at the same time. */
  readonly openDocuments: number;
}

/** The kinds of fields, and what each is in a program. Numbers are integers from 0 to 2^53 - 1. */
export interface VersoFieldKinds {
  readonly number: number;
  readonly flag: boolean;
  readonly text: string;
  readonly "text?": string | null;
  readonly bytes: Uint8Array;
  readonly updates: readonly Uint8Array[];
  readonly limits: VersoLimits;
  readonly verdict: "refused" | "repaired";
  readonly issues: readonly VersoIssue[];
}

export interface VersoMessageLayout {
  readonly number: number;
  readonly fields: Readonly<Record<string, keyof VersoFieldKinds>>;
}

export type VersoMessageTable = Readonly<Record<string, VersoMessageLayout>>;

export const versoSubprotocol = "verso.1";

const channel = "number";
/** A part of a message that is larger than `fragmentBytes`; see `fragmentsOf`. */
const fragment = {
  number: 127,
  fields: { batch: "number", index: "number", count: "number", bytes: "bytes" },
} as const;

/** What a client says. */
export const versoClientMessages = {
  /** Always the first message, and once. `user` is what somebody without a token calls himself. */
  hello: { number: 0, fields: { token: "text?", user: "text?", agent: "text" } },
  /** The token anew, before the last one expires. */
  token: { number: 1, fields: { token: "text" } },
  /** Asks for what a replica lacks, and for every change from then on. `epoch` 0: no epoch is known. */
  open: {
    number: 2,
    fields: {
      channel,
      documentId: "text",
      epoch: "number",
      replicaId: "text",
      stateVector: "bytes",
    },
  },
  /**
   * One transaction of the replica. `clientSequence` begins at 1 and increases, with gaps allowed, over the life of the
   * replica; `madeAt` is the time of the edit, in milliseconds since 1970 by the client's clock.
   */
  push: {
    number: 3,
    fields: { channel, clientSequence: "number", madeAt: "number", update: "bytes" },
  },
  /** Asks again for what the replica lacks. */
  sync: { number: 4, fields: { channel, stateVector: "bytes" } },
  awareness: { number: 5, fields: { channel, update: "bytes" } },
  "query-awareness": { number: 6, fields: { channel } },
  close: { number: 7, fields: { channel } },
  ping: { number: 8, fields: { nonce: "number" } },
  fragment,
} as const satisfies VersoMessageTable;

/** What a relay says. */
export const versoServerMessages = {
  /** The answer to `hello`. `heartbeat`: milliseconds after which whoever has been silent says something. */
  welcome: {
    number: 0,
    fields: { session: "text", user: "text", heartbeat: "number", limits: "limits" },
  },
  /** The socket is closed behind it. */
  denied: { number: 1, fields: { code: "text", message: "text" } },
  /** The token expires in so many milliseconds. */
  "token-wanted": { number: 2, fields: { within: "number" } },
  /**
   * The answer to `open`. Having applied `updates` in their order, the replica has everything up to `sequence`;
   * `stateVector` is the relay's, so what the replica has beyond it the relay lacks.
   */
  opened: {
    number: 3,
    fields: {
      channel,
      epoch: "number",
      sequence: "number",
      writable: "flag",
      stateVector: "bytes",
      updates: "updates",
    },
  },
  /** The push is durable, in the commit `sequence`; where it changed nothing, that is the last one there was. */
  acknowledged: { number: 4, fields: { channel, clientSequence: "number", sequence: "number" } },
  /** All of the push was taken back, or a part of it, by an update that came before this. */
  rejected: {
    number: 5,
    fields: {
      channel,
      clientSequence: "number",
      sequence: "number",
      verdict: "verdict",
      issues: "issues",
    },
  },
  /** What was pushed builds on what is not here: everything beyond this state vector is to be sent again. */
  resync: { number: 6, fields: { channel, stateVector: "bytes" } },
  /** A change, up to the commit `sequence`. */
  update: { number: 7, fields: { channel, sequence: "number", update: "bytes" } },
  /** The answer to `sync`; as `opened`. */
  synced: {
    number: 8,
    fields: { channel, sequence: "number", stateVector: "bytes", updates: "updates" },
  },
  awareness: { number: 9, fields: { channel, update: "bytes" } },
  /** The document is served elsewhere; the channel is closed. */
  moved: { number: 10, fields: { channel, url: "text" } },
  /** The document has begun this epoch, and what the replica holds is of another; the channel is closed. */
  epoch: { number: 11, fields: { channel, epoch: "number" } },
  /** The document is no more, and nothing of it may be kept; the channel is closed. */
  erased: { number: 12, fields: { channel } },
  /** As a socket is closed: 4400 to 4499 for good, 4500 to 4599 and 1012 try again later. */
  closed: { number: 13, fields: { channel, code: "number", reason: "text" } },
  pong: { number: 14, fields: { nonce: "number" } },
  fragment,
} as const satisfies VersoMessageTable;

/** A message of a table, by its `type`. */
export type VersoMessage<Table extends VersoMessageTable> = {
  readonly [Type in keyof Table]: { readonly type: Type } & {
    readonly [Field in keyof Table[Type]["fields"]]: VersoFieldKinds[Table[Type]["fields"][Field]];
  };
}[keyof Table];

export type VersoClientMessage = VersoMessage<typeof versoClientMessages>;
export type VersoServerMessage = VersoMessage<typeof versoServerMessages>;
export type VersoFragment = Extract<VersoClientMessage, { readonly type: "fragment" }>;
/** What was no message. */
export interface VersoMalformed {
  readonly type: "malformed";
  readonly detail: string;
}

export function malformed(detail: string): VersoMalformed {
  return { type: "malformed", detail };
}
