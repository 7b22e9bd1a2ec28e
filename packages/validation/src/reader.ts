/**
 * A cursor over bytes of the lib0 encoding, for bytes that nobody vouches for.
 *
 * It never throws and never allocates by an announced size. The first fault sticks: it moves the cursor to the end,
 * every later read gives 0, and loops that check `fault` come to an end. Counts are compared with the bytes that are
 * left before anything is done with them.
 */
import type { Barred, BarredCode, TooLarge, TooLargeCode } from "./answers.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #end: number;
  pos = 0;
  /** The first fault, if any. */
  fault: Barred | TooLarge | null = null;
  /** Where the last text begins and ends. */
  textFrom = 0;
  textTo = 0;
  /** Whether the last text holds characters of two UTF-16 units. */
  astral = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#end = bytes.length;
  }

  get left(): number {
    return this.#end - this.pos;
  }

  /** Gives 0, so that a read can end with it. */
  bar(code: BarredCode, detail: string, offset = this.pos): 0 {
    this.fault ??= { type: "barred", code, offset, detail };
    this.pos = this.#end;
    return 0;
  }

  /** Gives 0, so that a read can end with it. */
  exceed(code: TooLargeCode, detail: string, offset = this.pos): 0 {
    this.fault ??= { type: "too-large", code, offset, detail };
    this.pos = this.#end;
    return 0;
  }

  byte(): number {
    if (this.pos >= this.#end) return this.bar("truncated", "a byte is missing");
    return this.bytes[this.pos++]!;
  }

  /** A variable-length integer up to 2^53 - 1 (lib0 `writeVarUint`: 7 bits a byte, the lowest first). */
  uint(): number {
    const start = this.pos;
    if (start >= this.#end) return this.bar("truncated", "a number is missing");
    let byte = this.bytes[this.pos++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < 8; i++) {
      if (this.pos >= this.#end) return this.bar("truncated", "a number breaks off");
      byte = this.bytes[this.pos++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return value <= Number.MAX_SAFE_INTEGER
          ? value
          : this.bar("malformed-number", "a number above 2^53 - 1", start);
      }
      scale *= 0x80;
    }
    return this.bar("malformed-number", "a number of more than 8 bytes", start);
  }

  /** Skips a signed variable-length integer (lib0 `writeVarInt`). */
  skipInt(): void {
    const start = this.pos;
    for (let i = 0; i < 8; i++) {
      if (this.byte() < 0x80) return;
    }
    this.bar("malformed-number", "a number of more than 8 bytes", start);
  }

  skip(count: number): void {
    if (count > this.left) this.bar("truncated", `${count} bytes announced, ${this.left} left`);
    else this.pos += count;
  }

  /** A number of things that take at least one byte each. */
  count(): number {
    const start = this.pos;
    const count = this.uint();
    return count <= this.left
      ? count
      : this.bar("truncated", `${count} announced, ${this.left} bytes left`, start);
  }

  /** Reads over a text and gives its length in UTF-16 units. */
  text(limit: number, code: "string-too-long" | "key-too-long" = "string-too-long"): number {
    const start = this.pos;
    const length = this.count();
    if (length > limit) return this.exceed(code, `${length} bytes, ${limit} allowed`, start);
    this.textFrom = this.pos;
    this.pos += length;
    this.textTo = this.pos;
    const units = this.#utf16Length(this.textFrom, this.textTo);
    return units >= 0 ? units : this.bar("malformed-text", "text that is not UTF-8", start);
  }

  /** The text between two offsets, which `text` has read. */
  decode(from: number, to: number): string {
    // Calling the platform's decoder costs more than a short name is worth.
    if (to - from > 16) return decoder.decode(this.bytes.subarray(from, to));
    let text = "";
    for (let i = from; i < to; i++) {
      const byte = this.bytes[i]!;
      if (byte >= 0x80) return decoder.decode(this.bytes.subarray(from, to));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** -1 where a fatal `TextDecoder` would throw, which is what lib0 reads with. Also notes `astral`. */
  #utf16Length(from: number, to: number): number {
    const bytes = this.bytes;
    let units = 0;
    let i = from;
    this.astral = false;
    while (i < to) {
      const lead = bytes[i++]!;
      units++;
      if (lead < 0x80) continue;
      // How many bytes follow, and the bounds of the first of them: these shut out overlong forms, surrogates and
      // code points above U+10FFFF (RFC 3629, section 4).
      let following = 1;
      let low = 0x80;
      let high = 0xbf;
      if (lead < 0xc2) return -1;
      if (lead >= 0xe0) {
        following = 2;
        if (lead === 0xe0) low = 0xa0;
        else if (lead === 0xed) high = 0x9f;
        else if (lead >= 0xf0) {
          following = 3;
          units++;
          this.astral = true;
          if (lead === 0xf0) low = 0x90;
          else if (lead === 0xf4) high = 0x8f;
          else if (lead > 0xf4) return -1;
        }
      }
      if (following > to - i) return -1;
      const first = bytes[i++]!;
      if (first < low || first > high) return -1;
      for (let k = 1; k < following; k++) {
        if ((bytes[i++]! & 0xc0) !== 0x80) return -1;
      }
    }
    return units;
  }
}
