/**
 * LevelDB's table files, checked block by block (its documentation, table_format).
 *
 * A table is blocks, each followed by one byte of compression type and a checksum, and a footer that points to the last
 * two blocks. The lengths stand in an index that is compressed itself; so the end of a block is found by its checksum:
 * the first place where it fits. A place may fit by chance, then the block behind it ends nowhere and the search goes on
 * from there.
 */

import { prefixesWithCrc, unmaskCrc } from "./crc32c.js";

const FOOTER = 48;
const TRAILER = 5;
const TABLE_MAGIC = Buffer.from("57fb808b247547db", "hex");

/** The first damage of a table file. */
export function findTableDamage(
  bytes: Buffer,
): { offset: number; bytes: number; detail: string } | undefined {
  const footer = bytes.length - FOOTER;
  if (footer < 0 || !bytes.subarray(-TABLE_MAGIC.length).equals(TABLE_MAGIC)) {
    return { offset: Math.max(footer, 0), bytes: FOOTER, detail: "the footer of the table is damaged" };
  }
  const endOfBlock = (start: number, from: number): number | undefined => {
    // The checksum covers the block and its type, 0 (plain) or 1 (Snappy).
    for (const end of prefixesWithCrc(bytes, { start, from, limit: footer - TRAILER + 1 }, at =>
      bytes[at - 1]! <= 1 ? unmaskCrc(bytes.readUInt32LE(at)) : -1,
    )) {
      return end + TRAILER - 1;
    }
    return undefined;
  };
  const starts: number[] = [];
  let start = 0;
  while (start < footer) {
    let end = endOfBlock(start, start + 1);
    const previous = starts.at(-1);
    if (end === undefined && previous !== undefined) {
      const longer = endOfBlock(previous, start - TRAILER + 2);
      if (longer !== undefined) {
        starts.pop();
        start = previous;
        end = longer;
      }
    }
    if (end === undefined)
      return { offset: start, bytes: footer - start, detail: "a block's checksum is wrong" };
    starts.push(start);
    start = end;
  }
  const [metaindex, index] = starts.slice(-2);
  if (metaindex === undefined || index === undefined) {
    return { offset: 0, bytes: bytes.length, detail: "the table has no index" };
  }
  const handles = Buffer.alloc(FOOTER - TABLE_MAGIC.length);
  let at = 0;
  for (const handle of [metaindex, index - metaindex - TRAILER, index, footer - index - TRAILER]) {
    for (let rest = handle; ; rest = Math.floor(rest / 128)) {
      handles[at++] = rest < 128 ? rest : (rest % 128) + 128;
      if (rest < 128) break;
    }
  }
  return bytes.subarray(footer, -TABLE_MAGIC.length).equals(handles)
    ? undefined
    : { offset: footer, bytes: FOOTER, detail: "the footer of the table is damaged" };
}
