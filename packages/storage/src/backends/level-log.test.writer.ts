/** Writes LevelDB's log format, for the tests that read it. */

import { crc32c, maskCrc } from "./crc32c.js";

/** LevelDB's log format: records cut at blocks of 32 KiB. */
export function writeLog(payloads: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let left = 32_768;
  for (const payload of payloads) {
    let at = 0;
    let begun = false;
    do {
      if (left < 7) {
        parts.push(Buffer.alloc(left));
        left = 32_768;
      }
      const length = Math.min(left - 7, payload.length - at);
      const ended = at + length === payload.length;
      parts.push(writeRecord(begun ? (ended ? 4 : 3) : ended ? 1 : 2, payload.subarray(at, at + length)));
      left -= 7 + length;
      at += length;
      begun = true;
    } while (at < payload.length);
  }
  return Buffer.concat(parts);
}

export function writeRecord(type: number, payload: Buffer): Buffer {
  const record = Buffer.alloc(7 + payload.length);
  record.writeUInt16LE(payload.length, 4);
  record[6] = type;
  record.set(payload, 7);
  record.writeUInt32LE(maskCrc(crc32c(record, { start: 6 })), 0);
  return record;
}
