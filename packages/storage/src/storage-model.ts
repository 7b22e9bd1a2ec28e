/** A backend beside the simplest thing that does the same: a map, sorted when asked. */

import assert from "node:assert/strict";
import {
  type BatchOperation,
  compareBytes,
  type RangeOptions,
  type StorageBackend,
  type StorageEntry,
} from "./backend.js";
import { createRandom } from "./random.js";

/** Random batches and walks on the backend and on a sorted map; returns the backend that is open at the end. */
export async function compareWithModel(
  first: StorageBackend,
  fixture: { open(): Promise<StorageBackend> },
  { cases, seed, persistent }: { cases: number; seed: number; persistent: boolean },
): Promise<StorageBackend> {
  let backend = first;
  const random = createRandom(seed);
  const model = new Map<string, Buffer>();
  // Few bytes of few kinds, so that keys collide and are prefixes of each other.
  const randomKey = () =>
    Buffer.from(
      Array.from({ length: 1 + random.int(4) }, () =>
        random.pick([0, 1, 0x61, 0x62, 0x7f, 0x80, 0xfe, 0xff]),
      ),
    );
  const sorted = () =>
    [...model]
      .map(([hex, value]) => [Buffer.from(hex, "hex"), value] as const)
      .sort((a, b) => compareBytes(a[0], b[0]));

  for (let step = 0; step < cases; step++) {
    const said = `seed ${seed}, step ${step}`;
    const choice = random.int(100);
    if (choice < 50) {
      const operations: BatchOperation[] = [];
      for (let count = random.int(8); count >= 0; count--) {
        const key = randomKey();
        const hex = key.toString("hex");
        if (random.int(3) === 0) {
          operations.push({ type: "delete", key });
          model.delete(hex);
        } else {
          const value = random.bytes(random.int(20));
          operations.push({ type: "put", key, value });
          model.set(hex, value);
        }
      }
      await backend.batch(operations, { durable: random.int(20) === 0 });
    } else if (choice < 70) {
      const key = randomKey();
      const value = model.get(key.toString("hex"));
      const found = await backend.get(key);
      assert.equal(found && Buffer.from(found).toString("hex"), value?.toString("hex"), said);
      assert.equal(await backend.has(key), value !== undefined, said);
    } else if (choice < 99 || !persistent) {
      const bounds: RangeOptions = {
        ...(random.int(3) === 0 ? { gt: randomKey() } : {}),
        ...(random.int(3) === 0 ? { gte: randomKey() } : {}),
        ...(random.int(3) === 0 ? { lt: randomKey() } : {}),
        ...(random.int(3) === 0 ? { lte: randomKey() } : {}),
      };
      const reverse = random.int(2) === 0;
      const limit = random.int(3) === 0 ? random.int(6) : Number.POSITIVE_INFINITY;
      const { gt, gte, lt, lte } = bounds;
      const within = sorted().filter(
        ([key]) =>
          (gt === undefined || compareBytes(key, gt) > 0) &&
          (gte === undefined || compareBytes(key, gte) >= 0) &&
          (lt === undefined || compareBytes(key, lt) < 0) &&
          (lte === undefined || compareBytes(key, lte) <= 0),
      );
      const expected = (reverse ? within.reverse() : within).slice(
        0,
        limit === Number.POSITIVE_INFINITY ? undefined : limit,
      );
      const found: StorageEntry[] = [];
      for await (const entry of backend.range({ ...bounds, reverse, limit })) found.push(entry);
      assert.deepEqual(found.map(hexes), expected.map(hexes), said);
    } else {
      await backend.close();
      backend = await fixture.open();
    }
  }
  return backend;
}

function hexes([key, value]: StorageEntry): string {
  return `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`;
}
