/**
 * LevelDB's log format, in which its write-ahead log and its manifest are written (its documentation, log_format).
 *
 * A file is blocks of 32 KiB. A record is cut into fragments that fit; each has a header of 7 bytes: masked CRC-32C of type
 * and bytes, length, type. Where no header fits any more, a block ends with zeros.
 */

import { crc32c, maskCrc, prefixesWithCrc, unmaskCrc } from "./crc32c.js";

const BLOCK = 32_768;
const HEADER = 7;
const SECTOR = 512;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

export type LogItem =
  | { readonly type: "record"; readonly offset: number; readonly payload: Buffer }
  | {
      readonly type: "damage" | "torn";
      readonly offset: number;
      readonly bytes: number;
      readonly detail: string;
    };

/** The records of a log file, in order; ends with the first damage or torn tail. */
export function* readLog(bytes: Buffer): Generator<LogItem> {
  const zerosFrom = trailingZeros(bytes);
  /** The record under way: its offset and the fragments read so far. */
  let open: { offset: number; fragments: Buffer[] } | undefined;
  let at = 0;
  const damage = (detail: string): LogItem => ({
    type: "damage",
    offset: at,
    bytes: bytes.length - at,
    detail,
  });
  const torn = (): LogItem => {
    const offset = open?.offset ?? at;
    return { type: "torn", offset, bytes: bytes.length - offset, detail: "the last record is incomplete" };
  };

  while (at < bytes.length) {
    const blockEnd = at - (at % BLOCK) + BLOCK;
    const end = Math.min(blockEnd, bytes.length);
    if (blockEnd - at < HEADER) {
      // Too short for a header: the writer fills it with zeros.
      if (bytes.subarray(at, end).some(byte => byte !== 0))
        return yield damage("the end of a block is not zero");
      at = end;
      continue;
    }
    if (at >= zerosFrom || end - at < HEADER) return yield torn();
    const length = bytes.readUInt16LE(at + 4);
    const type = bytes[at + 6]!;
    const recordEnd = at + HEADER + length;
    const zeroFilled =
      Math.ceil(Math.max(at, zerosFrom) / SECTOR) * SECTOR < Math.min(recordEnd, bytes.length);
    if (recordEnd > end) {
      if (zeroFilled) return yield torn();
      if (recordEnd > blockEnd) return yield damage("a record's length is impossible");
      // An incomplete record has the checksum of bytes that are not there. If the checksum fits a shorter record, it is
      // the length that was damaged.
      const stored = bytes.readUInt32LE(at);
      const seed = crc32c(bytes, { start: at + 6, end: at + HEADER });
      for (const _ of prefixesWithCrc(bytes, { start: at + HEADER, limit: end, crc: seed }, () =>
        unmaskCrc(stored),
      )) {
        return yield damage("a record's length is damaged");
      }
      return yield torn();
    }
    if (maskCrc(crc32c(bytes, { start: at + 6, end: recordEnd })) !== bytes.readUInt32LE(at)) {
      return yield zeroFilled ? torn() : damage("a record's checksum is wrong");
    }
    if (type !== FULL && type !== FIRST && type !== MIDDLE && type !== LAST) {
      return yield damage(`a record has the unknown type ${type}`);
    }
    const continues = type === MIDDLE || type === LAST;
    if (continues !== (open !== undefined))
      return yield damage("the fragments of a record do not fit together");
    open ??= { offset: at, fragments: [] };
    open.fragments.push(bytes.subarray(at + HEADER, recordEnd));
    at = recordEnd;
    if (type === FULL || type === LAST) {
      const [only, ...others] = open.fragments;
      yield {
        type: "record",
        offset: open.offset,
        payload: others.length === 0 ? only! : Buffer.concat(open.fragments),
      };
      open = undefined;
    }
  }
  if (open !== undefined) yield torn();
}

/** Where the zeros at the end of the file begin. */
function trailingZeros(bytes: Buffer): number {
  let from = bytes.length;
  while (from > 0 && bytes[from - 1] === 0) from--;
  return from;
}
