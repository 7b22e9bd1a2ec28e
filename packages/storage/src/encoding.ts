/**
 * The bytes that records are made of.
 *
 * - `varuint`: an unsigned integer below 2^53, seven bits a byte, least significant first, the high bit set on all but
 *   the last (LEB128).
 * - `block`: a varuint length and as many bytes. `text`: a block of UTF-8.
 * - `fields`: any number of (tag varuint, block), in any order. A reader skips tags that it does not know, so that fields
 *   can be added; what must not be skipped needs a new format version instead.
 * - `seal`: the last four bytes of every value, little-endian CRC-32 (IEEE 802.3) over the key and then the value before
 *   it. Backends read without checking, so each value is checked when it is read, and a value under another's key is
 *   found out as well.
 */

import { crc32 } from "node:zlib";
import { corruptedRecord } from "./errors.js";

/** Collects bytes; made to be used again and again. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** Starts over. */
  reset(): this {
    this.length = 0;
    return this;
  }

  /** What was written, valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, for keeps. */
  take(): Buffer {
    return Buffer.from(this.view());
  }

  byte(value: number): this {
    this.#reserve(1);
    this.bytes[this.length++] = value;
    return this;
  }

  varuint(value: number): this {
    this.#reserve(8);
    this.length = writeVaruint(this.bytes, this.length, value);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  block(bytes: Uint8Array): this {
    return this.varuint(bytes.length).raw(bytes);
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.varuint(length).#reserve(length);
    this.bytes.write(value, this.length);
    this.length += length;
    return this;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + bytes));
    larger.set(this.view());
    this.bytes = larger;
  }
}

/** Writes at an offset and returns the offset behind it; the caller has made room. */
export function writeVaruint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128;
    rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
  }
  bytes[at++] = rest;
  return at;
}

/** How many bytes `writeVaruint` takes. */
export function varuintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes that are not what they should be; wherever records are read it becomes a `corrupted` error. */
export class DecodeError extends Error {}

/** Reads bytes in the order in which they were written; every method throws `DecodeError` at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array, end = bytes.length) {
    this.#bytes = asBuffer(bytes);
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#end) throw new DecodeError("the record ends too early");
    return this.#bytes[this.#at++]!;
  }

  varuint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new DecodeError("a number is too large");
  }

  /** A view of the bytes, not a copy. */
  raw(length: number): Buffer {
    if (length > this.left) throw new DecodeError("the record ends too early");
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  block(): Buffer {
    return this.raw(this.varuint());
  }

  text(): string {
    return this.block().toString("utf8");
  }

  /** Everything to the end as fields. */
  *fields(): Generator<readonly [tag: number, value: Buffer]> {
    while (this.left > 0) yield [this.varuint(), this.block()];
  }
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const SEAL = 4;
/** The CRC-32 of any bytes with their own CRC-32 behind them. */
const RESIDUE = 0x2144df1c;

/** A value of `length` bytes with room for its seal behind them. */
export function allocateSealed(length: number): Buffer {
  return Buffer.allocUnsafe(length + SEAL);
}

/** Writes the seal into the last bytes. */
export function seal(key: Uint8Array, value: Buffer): Buffer {
  const end = value.length - SEAL;
  value.writeUInt32LE(crc32(value.subarray(0, end), crc32(key)), end);
  return value;
}

/** A sealed value with these bytes. */
export function sealed(key: Uint8Array, bytes: Uint8Array): Buffer {
  const value = allocateSealed(bytes.length);
  value.set(bytes);
  return seal(key, value);
}

/**
 * Reads a sealed value.
 *
 * @throws StorageError `corrupted`, when the seal is broken or `read` finds what cannot be.
 */
export function unseal<T>(
  [key, value]: readonly [Uint8Array, Uint8Array],
  place: { readonly what: string; readonly document?: string; readonly sequence?: number },
  read: (reader: ByteReader) => T,
): T {
  if (value.length < SEAL || crc32(value, crc32(key)) !== RESIDUE) {
    throw corruptedRecord(place, "its checksum is wrong");
  }
  try {
    return read(new ByteReader(value, value.length - SEAL));
  } catch (error) {
    if (error instanceof DecodeError) throw corruptedRecord(place, error.message, error);
    throw error;
  }
}
