import { expect, it } from "vitest";
import * as Y from "yjs";
import { createRandom, honestHistory } from "./honest.js";
import { defaultLimits } from "./limits.js";
import { mutate } from "./mutate.js";

import { checkStateVector } from "./state-vector.js";
import { forEachSeed } from "./testing.js";

const check = (...bytes: number[]) => checkStateVector(Uint8Array.from(bytes), defaultLimits);

it("a state vector of Yjs passes", () => {
  forEachSeed(
    seed => {
      for (const doc of honestHistory({ seed }).docs) {
        const answer = checkStateVector(Y.encodeStateVector(doc), defaultLimits);
        expect(answer).toEqual({ type: "pass", clients: doc.store.clients.size });
      }
    },
    { share: 0.1 },
  );
});

it("an empty one, an unsorted one and one that is ahead of everybody pass", () => {
  expect(check(0)).toEqual({ type: "pass", clients: 0 });
  expect(check(2, 1, 5, 9, 5)).toEqual({ type: "pass", clients: 2 });
  expect(check(1, 1, 0xff, 0xff, 0xff, 0xff, 0x07)).toMatchObject({ type: "pass" });
});

it("what no client sends is barred", () => {
  expect(check()).toMatchObject({ type: "barred", code: "truncated", offset: 0 });
  expect(check(1, 1)).toMatchObject({ type: "barred", code: "truncated" });
  expect(check(0, 0)).toMatchObject({ type: "barred", code: "trailing-bytes", offset: 1 });
  expect(check(2, 7, 1, 7, 2)).toMatchObject({ type: "barred", code: "duplicate-client", offset: 3 });
  expect(check(1, 1, 0x81, 0x80, 0x80, 0x80, 0x08)).toMatchObject({
    type: "barred",
    code: "impossible-clock",
  });
});

it("limits are on bytes and clients", () => {
  const limits = { stateVectorBytes: 5, stateVectorClients: 1 };
  expect(checkStateVector(Uint8Array.of(1, 1, 1), limits)).toMatchObject({ type: "pass" });
  expect(checkStateVector(Uint8Array.of(2, 1, 1, 2, 1), limits)).toMatchObject({ code: "too-many-clients" });
  expect(checkStateVector(new Uint8Array(6), limits)).toMatchObject({ code: "too-many-bytes" });
});

it("what passes, Yjs decodes, whatever the bytes", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const vector = Y.encodeStateVector(
      new Map([
        [seed, 300],
        [77, 5],
        [2 ** 40, 1],
      ]),
    );
    const mutated = mutate(random, vector, [vector]);
    const answer = checkStateVector(mutated, defaultLimits);
    if (answer.type === "pass") expect(Y.decodeStateVector(mutated).size).toBe(answer.clients);
  });
});
