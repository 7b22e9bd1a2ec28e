import { expect, it } from "vitest";
import * as Y from "yjs";
import type { IdRange } from "./answers.js";
import { craftUpdate } from "./craft.js";
import { createFirewall } from "./firewall.js";
import { honestHistory } from "./honest.js";
import { forEachSeed } from "./testing.js";
import { updateRanges } from "./update.js";

/** The same from Yjs's own reader. */
function rangesByYjs(update: Uint8Array): IdRange[] {
  const ranges: { client: number; from: number; to: number }[] = [];
  for (const struct of Y.decodeUpdate(update).structs) {
    if (struct instanceof Y.Skip) continue;
    const { id, length } = struct;
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last.client === id.client && last.to === id.clock) last.to += length;
    else ranges.push({ client: id.client, from: id.clock, to: id.clock + length });
  }
  return ranges;
}

it("updateRanges agrees with Y.decodeUpdate, and what is written with updateRanges", () => {
  forEachSeed(
    seed => {
      const { updates, docs } = honestHistory({ seed });
      const everySecond = updates.filter((_, i) => i % 2 === 0);
      const merged = Y.mergeUpdates(everySecond.length > 0 ? everySecond : [Uint8Array.of(0, 0)]);
      for (const update of [...updates, ...docs.map(doc => Y.encodeStateAsUpdate(doc)), merged]) {
        expect(updateRanges(update)).toEqual(rangesByYjs(update));
      }
      const doc = new Y.Doc();
      const firewall = createFirewall(doc);
      for (const update of updates) {
        const scan = firewall.scan(update, { fullState: false });
        expect(scan).toMatchObject({ type: "pass", writes: updateRanges(update) });
        Y.applyUpdate(doc, update);
      }
    },
    { share: 0.1 },
  );
});

it("ranges advance a state vector over a tail of stored updates", () => {
  const { updates, docs } = honestHistory({ seed: 3 });
  const vector = new Map<number, number>();
  for (const update of updates) for (const { client, to } of updateRanges(update)) vector.set(client, to);
  expect(vector).toEqual(Y.decodeStateVector(Y.encodeStateVector(docs[0]!)));
});

it("a placeholder parts the ranges of a client", () => {
  const update = craftUpdate({
    blocks: [
      { client: 5, clock: 2, structs: [{ string: "ab", parent: "text" }, { skip: 3 }, { collected: 1 }] },
    ],
  });
  expect(updateRanges(update)).toEqual([
    { client: 5, from: 2, to: 4 },
    { client: 5, from: 7, to: 8 },
  ]);
});

it("bytes that are no update are a TypeError that says where", () => {
  expect(() => updateRanges(Uint8Array.of(1, 1))).toThrow(
    new TypeError("Not an update: 1 announced, 0 bytes left (truncated at byte 1)"),
  );
});
