/**
 * Takes out of an update what it has of some clients, byte by byte: the rest stays as it is.
 *
 * A replica holds what it heard from others, and sends all of it with its own. Where a part of that may not come from
 * it, the rest should not have to wait. What refers to the part that is left out must wait all the same, so the rest is
 * a new update that has to be scanned again.
 */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./reader.js";
import { assertRead, readBlocks, unlimited } from "./update.js";

/**
 * The update without the structs of these clients, and without deletions of theirs from the given clocks on: those up
 * to which they are known. A TypeError when the bytes are no update.
 */
export function withoutClients(update: Uint8Array, known: ReadonlyMap<number, number>): Uint8Array {
  const reader = new ByteReader(update);
  const blocks = readBlocks(reader, unlimited, unlimited);
  const ends = [...blocks.slice(1).map(({ at }) => at), reader.pos];
  const rest = encoding.createEncoder();
  encoding.writeVarUint(rest, blocks.filter(({ client }) => !known.has(client)).length);
  for (const [i, { client, at }] of blocks.entries()) {
    if (!known.has(client)) encoding.writeUint8Array(rest, update.subarray(at, ends[i]));
  }
  writeDeletions(rest, reader, known);
  assertRead(reader);
  return encoding.toUint8Array(rest);
}

function writeDeletions(
  rest: encoding.Encoder,
  reader: ByteReader,
  known: ReadonlyMap<number, number>,
): void {
  const deletions: (readonly [client: number, ranges: (readonly [from: number, to: number])[]])[] = [];
  for (let clients = reader.count(); clients > 0 && reader.fault === null; clients--) {
    const client = reader.uint();
    const end = known.get(client) ?? Number.POSITIVE_INFINITY;
    const ranges: (readonly [number, number])[] = [];
    for (let left = reader.count(); left > 0 && reader.fault === null; left--) {
      const from = reader.uint();
      const to = from + reader.uint();
      if (from < end) ranges.push([from, Math.min(to, end)]);
    }
    if (ranges.length > 0) deletions.push([client, ranges]);
  }
  encoding.writeVarUint(rest, deletions.length);
  for (const [client, ranges] of deletions) {
    encoding.writeVarUint(rest, client);
    encoding.writeVarUint(rest, ranges.length);
    for (const [from, to] of ranges) {
      encoding.writeVarUint(rest, from);
      encoding.writeVarUint(rest, to - from);
    }
  }
}
