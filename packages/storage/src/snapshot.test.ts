import { expect, test } from "vitest";
import { createMemoryStore } from "./backends/memory.js";
import { documentKey, snapshotKey } from "./keys.js";
import { encodeSnapshot, readSnapshot, thinSnapshots } from "./snapshot.js";

const place = { document: "d", documentKey: documentKey("d"), sequence: 5 };
const context = { hash: Buffer.alloc(32, 3), time: 1_000 };

async function saved(state: Uint8Array) {
  const backend = await createMemoryStore().open();
  const attachments = new Map([["stateVector", Buffer.from("sv")]]);
  const { chunks, description } = encodeSnapshot(
    place.documentKey,
    { sequence: 5, state, attachments },
    context,
  );
  for (const chunk of chunks) await backend.batch([chunk]);
  return { backend, description };
}

test("a snapshot of any size comes back, with what was attached", async () => {
  for (const length of [0, 1, 262_143, 262_144, 262_145, 1_000_000]) {
    const state = Buffer.alloc(length, length % 251);
    const { backend, description } = await saved(state);
    expect(await readSnapshot(backend, place)).toBeUndefined();
    await backend.batch([description]);
    const snapshot = await readSnapshot(backend, place);
    expect(snapshot).toMatchObject({ sequence: 5, revision: "5-030303030303", time: 1_000 });
    expect(Buffer.compare(snapshot!.state, state)).toBe(0);
    expect(snapshot!.attachments.get("stateVector")).toEqual(Buffer.from("sv"));
  }
});

test("a missing or strange chunk is corrupted; chunks behind the last one are not its own", async () => {
  const { backend, description } = await saved(Buffer.alloc(600_000, 1));
  await backend.batch([description]);
  const third = snapshotKey(place.documentKey, 5, 3);
  await backend.batch([
    { type: "put", key: snapshotKey(place.documentKey, 5, 4), value: (await backend.get(third))! },
  ]);
  await expect(readSnapshot(backend, place)).rejects.toMatchObject({
    code: "corrupted",
    document: "d",
    sequence: 5,
  });
  const other = encodeSnapshot(
    place.documentKey,
    { sequence: 5, state: Buffer.alloc(2_000_000, 2) },
    context,
  );
  const chunks = [...other.chunks];
  await backend.batch([chunks[3]!]);
  expect((await readSnapshot(backend, place))?.state).toHaveLength(600_000);
  await backend.batch([chunks[0]!]);
  await expect(readSnapshot(backend, place)).rejects.toThrow("not the one that was saved");
  await backend.batch([{ type: "delete", key: snapshotKey(place.documentKey, 5, 2) }]);
  await expect(readSnapshot(backend, place)).rejects.toThrow("a chunk is missing");
});

test("of many snapshots the latest is kept, and others the sparser the older they are", () => {
  let kept: number[] = [];
  for (let sequence = 100; sequence <= 100_000; sequence += 100) {
    kept = thinSnapshots([...kept, sequence], 6);
    expect(kept.at(-1)).toBe(sequence);
    expect(kept.length).toBeLessThanOrEqual(6);
  }
  const ages = kept.map(sequence => 100_000 - sequence).reverse();
  for (const [index, age] of ages.entries()) {
    if (index > 1) expect(age, String(ages)).toBeGreaterThan(ages[index - 1]! * 1.2);
  }
  expect(ages.at(-1), String(ages)).toBeGreaterThan(20_000);
});

test("at least the latest snapshot is kept", () => {
  expect(thinSnapshots([1, 2, 3], 0)).toEqual([3]);
  expect(thinSnapshots([], 3)).toEqual([]);
  expect(thinSnapshots([1, 2, 3], 3)).toEqual([1, 2, 3]);
});
