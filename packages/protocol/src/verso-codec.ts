/**
 * The bytes of the Verso dialect. One binary WebSocket message holds one message: its number, then its fields.
 *
 *     number    lib0 variable-length unsigned integer
 *     flag      number, 0 or 1
 *     bytes     number of bytes, the bytes
 *     text      bytes, in UTF-8
 *     text?     number, 0 for null or 1; after 1 a text
 *     updates   number of updates, each of them bytes
 *     limits    updateBytes, frameBytes, openDocuments: numbers
 *     verdict   number, 0 refused or 1 repaired
 *     issues    text: JSON
 *
 * Reading never throws and never reads on behind a message. Small, since every client carries it.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import {
  malformed,
  type VersoClientMessage,
  type VersoFieldKinds,
  type VersoIssue,
  type VersoMalformed,
  type VersoMessage,
  type VersoMessageTable,
  type VersoServerMessage,
  versoClientMessages,
  versoServerMessages,
} from "./verso-messages.js";

export function encodeVersoClientMessage(message: VersoClientMessage): Uint8Array {
  return encode(versoClientMessages, message, clientWriters);
}

export function encodeVersoServerMessage(message: VersoServerMessage): Uint8Array {
  return encode(versoServerMessages, message, serverWriters);
}

/** Reads what a client sent. The byte arrays are views of the frame: copy what outlives it. */
export function decodeVersoClientMessage(frame: Uint8Array): VersoClientMessage | VersoMalformed {
  return decode(versoClientMessages, frame, clientReaders);
}

/** Reads what a relay sent. The byte arrays are views of the frame: copy what outlives it. */
export function decodeVersoServerMessage(frame: Uint8Array): VersoServerMessage | VersoMalformed {
  return decode(versoServerMessages, frame, serverReaders);
}

/** The kinds of fields that the messages of a table have. */
type KindsOf<Table extends VersoMessageTable> = {
  [Type in keyof Table]: Table[Type]["fields"][keyof Table[Type]["fields"]];
}[keyof Table];

type Writers<Table extends VersoMessageTable> = {
  readonly [Kind in KindsOf<Table>]: (encoder: encoding.Encoder, value: VersoFieldKinds[Kind]) => void;
};

/** They throw what is told as the detail. */
type Readers<Table extends VersoMessageTable> = {
  readonly [Kind in KindsOf<Table>]: (decoder: decoding.Decoder) => VersoFieldKinds[Kind];
};

function encode<Table extends VersoMessageTable>(
  table: Table,
  message: VersoMessage<Table>,
  writers: Writers<Table>,
): Uint8Array {
  const encoder = encoding.createEncoder();
  const layout = table[message.type];
  if (layout === undefined) throw new TypeError(`There is no message ${String(message.type)}.`);
  encoding.writeVarUint(encoder, layout.number);
  // The type of a message is made from its layout, so each field is of the kind that stands there.
  const values = message as Readonly<Record<string, VersoFieldKinds[keyof VersoFieldKinds]>>;
  for (const [field, kind] of Object.entries(layout.fields)) {
    writers[kind as KindsOf<Table>](encoder, values[field] as VersoFieldKinds[KindsOf<Table>]);
  }
  return encoding.toUint8Array(encoder);
}

function decode<Table extends VersoMessageTable>(
  table: Table,
  frame: Uint8Array,
  readers: Readers<Table>,
): VersoMessage<Table> | VersoMalformed {
  const decoder = decoding.createDecoder(frame);
  try {
    const number = readNumber(decoder);
    const [type, layout] = Object.entries(table).find(([, layout]) => layout.number === number) ?? [];
    if (layout === undefined) return malformed(`there is no message ${number}`);
    const message: Record<string, unknown> = { type };
    for (const [field, kind] of Object.entries(layout.fields)) {
      message[field] = readers[kind as KindsOf<Table>](decoder);
    }
    if (decoding.hasContent(decoder)) {
      return malformed(`${frame.length - decoder.pos} bytes behind a message ${type}`);
    }
    return message as VersoMessage<Table>;
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error));
  }
}

// One table for each side and direction, so that a client carries nothing of what only relays write and read.

const clientWriters: Writers<typeof versoClientMessages> = {
  number: encoding.writeVarUint,
  bytes: encoding.writeVarUint8Array,
  text: encoding.writeVarString,
  "text?"(encoder, value) {
    encoding.writeVarUint(encoder, value === null ? 0 : 1);
    if (value !== null) encoding.writeVarString(encoder, value);
  },
};

const clientReaders: Readers<typeof versoClientMessages> = {
  number: readNumber,
  bytes: decoding.readVarUint8Array,
  text: decoding.readVarString,
  "text?": decoder => (readFlag(decoder) ? decoding.readVarString(decoder) : null),
};

const serverWriters: Writers<typeof versoServerMessages> = {
  number: encoding.writeVarUint,
  bytes: encoding.writeVarUint8Array,
  text: encoding.writeVarString,
  flag: (encoder, value) => encoding.writeVarUint(encoder, value ? 1 : 0),
  updates(encoder, updates) {
    encoding.writeVarUint(encoder, updates.length);
    for (const update of updates) encoding.writeVarUint8Array(encoder, update);
  },
  limits(encoder, { updateBytes, frameBytes, openDocuments }) {
    for (const limit of [updateBytes, frameBytes, openDocuments]) encoding.writeVarUint(encoder, limit);
  },
  verdict: (encoder, verdict) => encoding.writeVarUint(encoder, verdict === "refused" ? 0 : 1),
  issues: (encoder, issues) => encoding.writeVarString(encoder, JSON.stringify(issues)),
};

const serverReaders: Readers<typeof versoServerMessages> = {
  number: readNumber,
  bytes: decoding.readVarUint8Array,
  text: decoding.readVarString,
  flag: readFlag,
  updates(decoder) {
    const updates: Uint8Array[] = [];
    // However many are announced, the bytes end sooner.
    for (let left = readNumber(decoder); left > 0; left--) {
      updates.push(decoding.readVarUint8Array(decoder));
    }
    return updates;
  },
  limits: decoder => ({
    updateBytes: readNumber(decoder),
    frameBytes: readNumber(decoder),
    openDocuments: readNumber(decoder),
  }),
  verdict: decoder => (readFlag(decoder) ? "repaired" : "refused"),
  issues(decoder) {
    const issues: unknown = JSON.parse(decoding.readVarString(decoder));
    if (!Array.isArray(issues) || !issues.every(isIssue)) throw new Error("these are no issues");
    return issues;
  },
};

/** Not lib0's own alone: that one gives NaN for enough bytes of continuation, and numbers that are not exact. */
function readNumber(decoder: decoding.Decoder): number {
  const number = decoding.readVarUint(decoder);
  if (!Number.isSafeInteger(number)) throw new Error("a number is too large");
  return number;
}

function readFlag(decoder: decoding.Decoder): boolean {
  const number = readNumber(decoder);
  if (number > 1) throw new Error(`${number} where only 0 or 1 can stand`);
  return number === 1;
}

const issueTexts = ["pointer", "code", "message", "severity"] as const;

function isIssue(value: Partial<VersoIssue> | null): value is VersoIssue {
  return issueTexts.every(member => typeof value?.[member] === "string");
}
