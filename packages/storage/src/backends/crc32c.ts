/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of LevelDB's files; Node only ships CRC-32. */

const TABLE = /* @__PURE__ */ makeTable();

/** Extends a checksum by bytes; the checksum of nothing is 0. */
export function crc32c(bytes: Uint8Array, { start = 0, end = bytes.length, crc = 0 } = {}): number {
  let state = ~crc;
  for (let index = start; index < end; index++) {
    state = TABLE[(state ^ bytes[index]!) & 0xff]! ^ (state >>> 8);
  }
  return ~state >>> 0;
}

/** LevelDB's mask, which keeps a checksum of bytes that contain checksums from degenerating. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The checksum under the mask. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/**
 * Every `end` for which the bytes from `start` to `end` have the checksum that `expected(end)` gives.
 *
 * One pass: the checksum of each prefix is the state on the way to the next.
 */
export function* prefixesWithCrc(
  bytes: Uint8Array,
  { start, from = start, limit, crc = 0 }: { start: number; from?: number; limit: number; crc?: number },
  expected: (end: number) => number,
): Generator<number> {
  let state = ~crc;
  for (let end = start; end <= limit; end++) {
    if (end >= from && ~state >>> 0 === expected(end)) yield end;
    if (end < limit) state = TABLE[(state ^ bytes[end]!) & 0xff]! ^ (state >>> 8);
  }
}

function makeTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
