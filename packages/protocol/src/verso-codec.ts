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
import * as string from "lib0/string";
import {
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
  return encode(versoClientMessages, message);
}

export function encodeVersoServerMessage(message: VersoServerMessage): Uint8Array {
  return encode(versoServerMessages, message);
}

/** Reads what a client sent. The byte arrays are views of the frame: copy what outlives it. */
export function decodeVersoClientMessage(frame: Uint8Array): VersoClientMessage | VersoMalformed {
  return decode(versoClientMessages, frame);
}

/** Reads what a relay sent. The byte arrays are views of the frame: copy what outlives it. */
export function decodeVersoServerMessage(frame: Uint8Array): VersoServerMessage | VersoMalformed {
  return decode(versoServerMessages, frame);
}

function encode<Table extends VersoMessageTable>(table: Table, message: VersoMessage<Table>): Uint8Array {
  const encoder = encoding.createEncoder();
  const layout = table[message.type];
  if (layout === undefined) throw new TypeError(`There is no message ${String(message.type)}.`);
  encoding.writeVarUint(encoder, layout.number);
  // The type of a message is made from its layout, so each field is of the kind that stands there.
  const values = message as Readonly<Record<string, VersoFieldKinds[keyof VersoFieldKinds]>>;
  for (const [field, kind] of Object.entries(layout.fields)) {
    write(encoder, kind, values[field] as VersoFieldKinds[typeof kind]);
  }
  return encoding.toUint8Array(encoder);
}

function decode<Table extends VersoMessageTable>(
  table: Table,
  frame: Uint8Array,
): VersoMessage<Table> | VersoMalformed {
  const decoder = decoding.createDecoder(frame);
  try {
    const number = readNumber(decoder);
    const [type, layout] = Object.entries(table).find(([, layout]) => layout.number === number) ?? [];
    if (layout === undefined) return malformed(`there is no message ${number}`);
    const message: Record<string, unknown> = { type };
    for (const [field, kind] of Object.entries(layout.fields)) message[field] = fields[kind].read(decoder);
    if (decoding.hasContent(decoder)) {
      return malformed(`${frame.length - decoder.pos} bytes behind a message ${type}`);
    }
    return message as VersoMessage<Table>;
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error));
  }
}

interface Field<Value> {
  write(encoder: encoding.Encoder, value: Value): void;
  /** Throws what is told as the detail. */
  read(decoder: decoding.Decoder): Value;
}

const fields: { readonly [Kind in keyof VersoFieldKinds]: Field<VersoFieldKinds[Kind]> } = {
  number: { write: encoding.writeVarUint, read: readNumber },
  flag: {
    write: (encoder, value) => encoding.writeVarUint(encoder, value ? 1 : 0),
    read: decoder => readBelow(2, decoder) === 1,
  },
  bytes: { write: encoding.writeVarUint8Array, read: readBytes },
  text: { write: encoding.writeVarString, read: readText },
  "text?": {
    write(encoder, value) {
      encoding.writeVarUint(encoder, value === null ? 0 : 1);
      if (value !== null) encoding.writeVarString(encoder, value);
    },
    read: decoder => (readBelow(2, decoder) === 0 ? null : readText(decoder)),
  },
  updates: {
    write(encoder, updates) {
      encoding.writeVarUint(encoder, updates.length);
      for (const update of updates) encoding.writeVarUint8Array(encoder, update);
    },
    read(decoder) {
      const updates: Uint8Array[] = [];
      // However many are announced, the bytes end sooner.
      for (let left = readNumber(decoder); left > 0; left--) updates.push(readBytes(decoder));
      return updates;
    },
  },
  limits: {
    write(encoder, { updateBytes, frameBytes, openDocuments }) {
      for (const limit of [updateBytes, frameBytes, openDocuments]) encoding.writeVarUint(encoder, limit);
    },
    read: decoder => ({
      updateBytes: readNumber(decoder),
      frameBytes: readNumber(decoder),
      openDocuments: readNumber(decoder),
    }),
  },
  verdict: {
    write: (encoder, verdict) => encoding.writeVarUint(encoder, verdict === "refused" ? 0 : 1),
    read: decoder => (readBelow(2, decoder) === 0 ? "refused" : "repaired"),
  },
  issues: {
    write: (encoder, issues) => encoding.writeVarString(encoder, JSON.stringify(issues)),
    read(decoder) {
      const issues: unknown = JSON.parse(readText(decoder));
      if (!Array.isArray(issues) || !issues.every(isIssue)) throw new Error("these are no issues");
      return issues;
    },
  },
};

function write<Kind extends keyof VersoFieldKinds>(
  encoder: encoding.Encoder,
  kind: Kind,
  value: VersoFieldKinds[Kind],
): void {
  fields[kind].write(encoder, value);
}

/** Not lib0's own alone: that one gives NaN for enough bytes of continuation, and numbers that are not exact. */
function readNumber(decoder: decoding.Decoder): number {
  const number = decoding.readVarUint(decoder);
  if (!Number.isSafeInteger(number)) throw new Error("a number is too large");
  return number;
}

function readBelow(end: number, decoder: decoding.Decoder): number {
  const number = readNumber(decoder);
  if (number >= end) throw new Error(`${number} where only numbers below ${end} can stand`);
  return number;
}

function readBytes(decoder: decoding.Decoder): Uint8Array {
  return decoding.readUint8Array(decoder, readNumber(decoder));
}

function readText(decoder: decoding.Decoder): string {
  return string.decodeUtf8(readBytes(decoder));
}

function isIssue(value: Partial<VersoIssue> | null): value is VersoIssue {
  return (
    typeof value?.pointer === "string" &&
    typeof value.code === "string" &&
    typeof value.message === "string" &&
    typeof value.severity === "string"
  );
}

function malformed(detail: string): VersoMalformed {
  return { type: "malformed", detail };
}
