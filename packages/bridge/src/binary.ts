/**
 * JSON, strings and numbers as bytes that are stored and hashed for ever.
 *
 * There is exactly one encoding of each value, and readers accept no other: numbers in their shortest form, members of
 * objects in the order of their UTF-16 names. Strings are UTF-8; a lone surrogate, which UTF-8 cannot say, is written
 * as the three bytes that its number would have (WTF-8), since a document may hold one. Unsigned integers are
 * lib0's `varUint`, seven bits to a byte, lowest first.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { BridgeError } from "./errors.js";
import { isArray, type Json, type JsonObject, setMember } from "./json.js";

export type Encoder = encoding.Encoder;
export type Decoder = decoding.Decoder;

/** Encodes with a leading version byte. */
export function encodeVersioned(version: number, write: (encoder: Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, version);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/**
 * Decodes what `encodeVersioned` wrote, to its last byte. Throws `unsupported-version`, and `malformed-bytes` for
 * whatever else is wrong.
 */
export function decodeVersioned<T>(
  bytes: Uint8Array,
  { version, name, read }: { version: number; name: string; read: (decoder: Decoder) => T },
): T {
  if (bytes.length === 0) throw new BridgeError("malformed-bytes", `No bytes are no ${name}.`);
  if (bytes[0]! > version) {
    throw new BridgeError("unsupported-version", `A ${name} of version ${bytes[0]} needs a newer bridge.`);
  }
  try {
    const decoder = decoding.createDecoder(bytes);
    check(decoding.readUint8(decoder) === version);
    const value = read(decoder);
    check(!decoding.hasContent(decoder));
    return value;
  } catch (cause) {
    throw new BridgeError("malformed-bytes", `These bytes are no ${name}.`, { cause });
  }
}

/** Fails the decoding unless the condition holds. */
export function check(condition: boolean): asserts condition {
  if (!condition) throw new BridgeError("malformed-bytes", "Not what the encoder writes.");
}

export function writeByte(encoder: Encoder, byte: number): void {
  encoding.writeUint8(encoder, byte);
}

export function readByte(decoder: Decoder): number {
  check(decoder.pos < decoder.arr.length);
  return decoding.readUint8(decoder);
}

export function writeUint(encoder: Encoder, value: number): void {
  encoding.writeVarUint(encoder, value);
}

export function readUint(decoder: Decoder): number {
  const start = decoder.pos;
  const value = decoding.readVarUint(decoder);
  // A zero in the last byte adds nothing: the number has a shorter form.
  check(Number.isSafeInteger(value) && (decoder.pos === start + 1 || decoder.arr[decoder.pos - 1] !== 0));
  return value;
}

/** Reads how many things follow; each takes a byte at the least, so that a lie cannot cost memory. */
export function readCount(decoder: Decoder): number {
  const count = readUint(decoder);
  check(count <= decoder.arr.length - decoder.pos);
  return count;
}

export function writeText(encoder: Encoder, text: string): void {
  if (isWellFormed(text)) encoding.writeVarString(encoder, text);
  else encoding.writeVarUint8Array(encoder, encodeWtf8(text));
}

export function readText(decoder: Decoder): string {
  const bytes = readBytes(decoder);
  try {
    return utf8.decode(bytes);
  } catch {
    // Not UTF-8: it may still be a string with lone surrogates.
    return decodeWtf8(bytes);
  }
}

export function writeBytes(encoder: Encoder, bytes: Uint8Array): void {
  encoding.writeVarUint8Array(encoder, bytes);
}

/** A view of the bytes, not a copy. */
export function readBytes(decoder: Decoder): Uint8Array {
  return decoding.readUint8Array(decoder, readCount(decoder));
}

const NULL = 0;
const TRUE = 1;
const FALSE = 2;
const POSITIVE = 3;
const NEGATIVE = 4;
const FLOAT = 5;
const STRING = 6;
const ARRAY = 7;
const OBJECT = 8;

export function writeJson(encoder: Encoder, json: Json): void {
  if (json === null) writeByte(encoder, NULL);
  else if (typeof json === "boolean") writeByte(encoder, json ? TRUE : FALSE);
  else if (typeof json === "number") writeNumber(encoder, json);
  else if (typeof json === "string") {
    writeByte(encoder, STRING);
    writeText(encoder, json);
  } else if (isArray(json)) {
    writeByte(encoder, ARRAY);
    writeUint(encoder, json.length);
    for (const element of json) writeJson(encoder, element);
  } else {
    writeByte(encoder, OBJECT);
    const keys = Object.keys(json).sort();
    writeUint(encoder, keys.length);
    for (const key of keys) {
      writeText(encoder, key);
      writeJson(encoder, json[key]!);
    }
  }
}

export function readJson(decoder: Decoder): Json {
  switch (readByte(decoder)) {
    case NULL:
      return null;
    case TRUE:
      return true;
    case FALSE:
      return false;
    case POSITIVE:
      return readUint(decoder);
    case NEGATIVE: {
      const value = readUint(decoder);
      check(value > 0);
      return -value;
    }
    case FLOAT: {
      check(decoder.arr.length - decoder.pos >= 8);
      const value = decoding.readFloat64(decoder);
      check(Number.isFinite(value) && !isVarUint(value));
      return value;
    }
    case STRING:
      return readText(decoder);
    case ARRAY: {
      const elements: Json[] = [];
      for (let count = readCount(decoder); count > 0; count--) elements.push(readJson(decoder));
      return elements;
    }
    case OBJECT:
      return readObject(decoder);
    default:
      check(false);
      return null;
  }
}

function readObject(decoder: Decoder): JsonObject {
  const object: { [key: string]: Json } = {};
  let previous: string | undefined;
  for (let count = readCount(decoder); count > 0; count--) {
    const key = readText(decoder);
    check(previous === undefined || previous < key);
    previous = key;
    setMember(object, key, readJson(decoder));
  }
  return object;
}

function writeNumber(encoder: Encoder, value: number): void {
  if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}.`);
  if (!isVarUint(value)) {
    writeByte(encoder, FLOAT);
    encoding.writeFloat64(encoder, value);
  } else {
    writeByte(encoder, value < 0 ? NEGATIVE : POSITIVE);
    writeUint(encoder, Math.abs(value));
  }
}

function isVarUint(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isWellFormed(text: string): boolean {
  // With the flag `u` a class of surrogates matches only those that are not half of a pair.
  return !/\p{Surrogate}/u.test(text);
}

function encodeWtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f));
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}

function decodeWtf8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++]!;
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let k = 0; k < more; k++) code = (code << 6) | ((bytes[i++] ?? 0) & 0x3f);
    check(code <= 0x10ffff);
    text += String.fromCodePoint(code);
  }
  // Whatever else such bytes may be, they are not what the encoder writes for this text.
  const again = encodeWtf8(text);
  check(!isWellFormed(text) && again.length === bytes.length && again.every((byte, i) => byte === bytes[i]));
  return text;
}
