/**
 * Plain values inside an update: lib0's "any" encoding (lib0/encoding.js `writeAny`) and JSON texts.
 *
 * Both are read without recursion and bounded in depth and number before Yjs builds anything of them.
 */
import type { ByteReader } from "./reader.js";

export interface ValueLimits {
  readonly stringBytes: number;
  readonly valueDepth: number;
  /** Arrays, objects and entries of objects in everything that is read with the same `ValueNotes`. */
  readonly values: number;
}

/** What was met in the values read so far. */
export interface ValueNotes {
  values: number;
  /** Where a forbidden key stands, or -1. */
  forbiddenAt: number;
}

/** Names that JavaScript gives a meaning of its own when they are assigned to: `toJSON` would inherit from them. */
const forbiddenKeys = ["__proto__", "constructor", "prototype"];
const forbiddenBytes = forbiddenKeys.map(key => new TextEncoder().encode(key));

export function isForbiddenKey(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (length !== 9 && length !== 11) return false;
  return forbiddenBytes.some(
    key => key.length === length && key.every((byte, i) => byte === bytes[from + i]),
  );
}

export function readAny(reader: ByteReader, limits: ValueLimits, notes: ValueNotes): void {
  // For each open array the elements, for each open object the entries still to come; an object's are negative.
  const open: number[] = [];
  for (;;) {
    const inside = open.length;
    if (inside > 0 && open[inside - 1]! < 0) readKey(reader, limits, notes);
    const at = reader.pos;
    const tag = reader.byte();
    if (reader.fault !== null) return;
    switch (tag) {
      case 127: // undefined
      case 126: // null
      case 121: // false
      case 120: // true
        break;
      case 125:
        reader.skipInt();
        break;
      case 124: // 32-bit float
        reader.skip(4);
        break;
      case 123: // 64-bit float
      case 122: // 64-bit integer
        reader.skip(8);
        break;
      case 119:
        reader.text(limits.stringBytes);
        break;
      case 118:
      case 117: {
        const count = reader.count();
        if (inside >= limits.valueDepth) tooDeep(reader, limits, at);
        notes.values += tag === 118 ? count + 1 : 1;
        if (notes.values > limits.values) tooMany(reader, limits, at);
        if (count > 0) {
          open.push(tag === 118 ? -count : count);
          continue;
        }
        break;
      }
      case 116: // bytes
        reader.skip(reader.uint());
        break;
      default:
        reader.bar("malformed-value", `a plain value of the unknown type ${tag}`, at);
    }
    if (reader.fault !== null) return;
    let last = open.length - 1;
    while (last >= 0) {
      const left = open[last]!;
      open[last] = left < 0 ? left + 1 : left - 1;
      if (open[last] !== 0) break;
      open.pop();
      last--;
    }
    if (last < 0) return;
  }
}

function readKey(reader: ByteReader, limits: ValueLimits, notes: ValueNotes): void {
  reader.text(limits.stringBytes);
  if (isForbiddenKey(reader.bytes, reader.textFrom, reader.textTo)) notes.forbiddenAt = reader.textFrom;
}

/** Reads a text that holds JSON. */
export function readJson(reader: ByteReader, limits: ValueLimits, notes: ValueNotes): void {
  const at = reader.pos;
  reader.text(limits.stringBytes);
  if (reader.fault !== null) return;
  if (!hasBounds(reader, limits, notes)) return;
  let value: unknown;
  try {
    value = JSON.parse(reader.decode(reader.textFrom, reader.textTo));
  } catch {
    // The only way to learn that Yjs, which reads with the same function, would throw.
    reader.bar("malformed-json", "JSON that does not parse", at);
    return;
  }
  if (hasForbiddenKey(value)) notes.forbiddenAt = reader.textFrom;
}

/** Whether depth and number are within bounds; looks only at the marks outside of strings. */
function hasBounds(reader: ByteReader, limits: ValueLimits, notes: ValueNotes): boolean {
  const { bytes, textFrom, textTo } = reader;
  let depth = 0;
  let inString = false;
  for (let i = textFrom; i < textTo; i++) {
    const byte = bytes[i]!;
    if (byte === 0x22 /* " */) inString = !inString;
    else if (inString) {
      if (byte === 0x5c /* \ */) i++;
    } else if (byte === 0x5b /* [ */ || byte === 0x7b /* { */) {
      if (++depth > limits.valueDepth) {
        tooDeep(reader, limits, i);
        return false;
      }
      notes.values++;
    } else if (byte === 0x5d /* ] */ || byte === 0x7d /* } */) depth--;
    else if (byte === 0x3a /* : */) notes.values++;
  }
  if (notes.values > limits.values) tooMany(reader, limits, textFrom);
  return reader.fault === null;
}

function hasForbiddenKey(value: unknown): boolean {
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (forbiddenKeys.some(key => Object.hasOwn(next, key))) return true;
    for (const inner of Object.values(next)) waiting.push(inner);
  }
  return false;
}

function tooDeep(reader: ByteReader, limits: ValueLimits, at: number): void {
  reader.exceed("value-too-deep", `a plain value with more than ${limits.valueDepth} levels`, at);
}

function tooMany(reader: ByteReader, limits: ValueLimits, at: number): void {
  reader.exceed("too-many-values", `more than ${limits.values} arrays, objects and entries`, at);
}
